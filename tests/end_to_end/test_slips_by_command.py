"""`sansha slip` and `sansha pay --image` on a running stack: issued, printed, photographed, paid, reissued."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts import topics
from testbed.processes import eventually
from testbed.running_stack import Stack
from tests.slip_pictures import PAPER, Photograph, as_file, rasterised, text_of

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]

ISSUE_ONE = ("slip", "issue", "--insured", "0000000001", "--due", "2021-10-29", "--charge", "resident_tax", "--json")


async def done(stack: Stack, *arguments: str) -> str:
    ended = await stack.sansha(*arguments)
    assert ended.status == 0, ended.err
    return ended.out


async def refused(stack: Stack, *arguments: str) -> str:
    ended = await stack.sansha(*arguments)
    assert ended.status == 2
    return ended.err


async def test_what_cannot_be_printed_or_scanned_is_said_in_one_line(stepped_stack: Stack, tmp_path: Path) -> None:
    text = tmp_path / "no-picture.txt"
    text.write_text("no picture")
    assert "no_picture: " in await refused(stepped_stack, "pay", "--image", str(text), "--bank")
    assert "slip_unknown: " in await refused(stepped_stack, "slip", "print", "1")
    assert "give either the BARCODE's digits or --image" in await refused(stepped_stack, "pay", "--bank")
    assert "give either the BARCODE's digits or --image" in await refused(
        stepped_stack, "pay", "1", "--image", str(text), "--bank"
    )


async def test_a_slip_from_its_issue_over_paper_to_its_payment(stepped_stack: Stack, tmp_path: Path) -> None:
    first, second = [
        json.loads(await done(stepped_stack, *ISSUE_ONE, "--amount", amount)) for amount in ("24000", "300001")
    ]
    assert first["charge_type"] == "resident_tax"
    assert second["barcode"] is None

    paper = tmp_path / "slips.pdf"
    await done(stepped_stack, "slip", "print", first["barcode"], second["slip_number"], "--out", str(paper))
    assert paper.stat().st_mode & 0o777 == 0o600
    (page,) = text_of(paper.read_bytes())
    assert page.count("特別区民税・都民税") == 2
    photo = tmp_path / "slip.jpg"
    photo.write_bytes(
        as_file(Photograph(angle=4, blur=0.4, contrast=0.6).of(rasterised(paper.read_bytes()).crop(PAPER)))
    )

    again = json.loads(await done(stepped_stack, "slip", "reissue", first["slip_number"], "--json"))
    assert (again["slip_number"], again["reissue"]) == (first["slip_number"], 1)

    paid = json.loads(await done(stepped_stack, "pay", "--image", str(photo), "--card", "visa/approved", "--json"))
    assert (paid["slip_number"], paid["amount"]) == (first["slip_number"], 24_000)

    async def registered() -> bool:
        return bool((await stepped_stack.get(topics.WARD, f"/slips/{first['slip_number']}"))["outstanding"] == 0)

    await eventually(registered, "the payment at the ward")
    assert "slip_already_paid" in await refused(stepped_stack, "pay", again["barcode"], "--bank")
    assert "slip_already_paid" in await refused(stepped_stack, "slip", "reissue", first["slip_number"])
