"""Issues slips at a running ward."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from contracts import topics
from contracts.formats import barcode as barcode_format
from contracts.formats.barcode import Barcode
from contracts.http.ward.slips import SlipRequest
from contracts.vocabulary import ChargeType
from services.console.payers.levy import levy
from services.console.stack.clients import StackClient


async def issue_csv(client: StackClient, csv: bytes) -> Any:
    """Imports assessments from a CSV file's bytes: all lines, or none if one is wrong; the error names that line."""
    headers = {"content-type": "text/csv"}
    return await client.ask("POST", topics.WARD, "/assessments/csv", content=csv, headers=headers)


async def issue_generated(
    client: StackClient, payers: int, year: int, seed: int, charge_type: ChargeType = ChargeType.CARE_INSURANCE
) -> Any:
    """Issues the slips of a made-up fiscal year."""
    slips = levied = 0
    for request in levy(seed, payers, year, charge_type):
        answer = await client.post(topics.WARD, "/assessments", request)
        slips, levied = slips + answer["slips_issued"], levied + answer["amount_levied"]
    return {"slips_issued": slips, "amount_levied": levied}


async def issue_one(client: StackClient, insured: str, amount: int, due: date, charge_type: ChargeType) -> Any:
    """Issues one slip outside the instalment calendar (随時)."""
    request = SlipRequest(insured_number=insured, amount=amount, due_on=due, charge_type=charge_type)
    return await client.post(topics.WARD, "/slips", request)


async def reissue(client: StackClient, slip: str) -> Any:
    """Reissues a slip on new paper (再発行)."""
    return await client.post(topics.WARD, f"/slips/{slip_number(slip)}/reissue", None)


async def printed(client: StackClient, slips: Sequence[str]) -> bytes:
    """Slips as one PDF."""
    return await client.download(topics.WARD, "/slips/pdf", slip_number=[slip_number(slip) for slip in slips])


def slip_number(text: str) -> str:
    """A slip's number, or the one in its barcode."""
    code = barcode_format.decode(text)
    return code.free_area if isinstance(code, Barcode) else text
