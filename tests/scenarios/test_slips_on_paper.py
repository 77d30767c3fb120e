"""Slips on paper in the sandbox: several charge types, a lost one reissued, a photograph instead of digits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, time

import pytest

from contracts.http.payment_provider.payments import BankChoice
from contracts.http.ward.slips import Assessment, AssessmentsRequest, ReissueRequest, SlipView
from contracts.vocabulary import ChargeType, Method, Refusal, on_the_clock
from services.console.books.audit import audit
from services.console.payers.paying import expect
from services.console.payers.plan import PlannedPayment
from services.console.sandbox.channels import payers_of
from services.console.sandbox.sandbox import Sandbox
from tests.slip_pictures import PAPER, Photograph, as_file, rasterised

PERSON = "0000000001"
GOOD_CARD = "4000000000000002"
SEEDS = (1, 7, 42)


def at(month: int, day: int, hour: int = 12) -> datetime:
    return on_the_clock(date(2021, month, day), time(hour))


@pytest.fixture(params=SEEDS)
async def sandbox(request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    opened = Sandbox(at(5, 1), seed=request.param)
    await opened.start()
    yield opened
    await opened.close()


async def slips_of(sandbox: Sandbox, *charge_types: ChargeType) -> list[SlipView]:
    """The first slip of each charge type."""
    owed = Assessment(insured_number=PERSON, levy_year=2021, annual_amount=48_000)
    each = tuple(owed.model_copy(update={"charge_type": c}) for c in charge_types)
    expect(await sandbox.ward.commands.assess(AssessmentsRequest(assessments=each)))
    return [(await sandbox.ward.queries.slips(PERSON, charge_type=c, limit=1))[0] for c in charge_types]


async def settled(sandbox: Sandbox) -> None:
    await sandbox.advance(at(12, 1))
    assert audit(await sandbox.books()).conserved
    assert await sandbox.ward.queries.open_items() == []


async def test_one_person_pays_a_slip_of_every_charge_type(sandbox: Sandbox) -> None:
    slips, payers = await slips_of(sandbox, *ChargeType), payers_of(sandbox)
    for slip in slips:
        expect(await payers.pay(PlannedPayment(at(5, 1), slip, Method.CARD, GOOD_CARD)))
    await settled(sandbox)
    for slip in slips:
        assert expect(await sandbox.ward.queries.slip(slip.slip_number)).outstanding == 0
    registered = {receipt.payment_id: receipt.amount for receipt in (await sandbox.books())["ward"].receipts}
    assert sum(registered.values()) == sum(slip.amount for slip in slips)


async def test_a_lost_slip_is_reissued_and_paid_once_whichever_paper_is_scanned(sandbox: Sandbox) -> None:
    (lost,), payers = await slips_of(sandbox, ChargeType.RESIDENT_TAX), payers_of(sandbox)
    reissued = expect(await sandbox.ward.commands.reissue_slip(ReissueRequest(slip_number=lost.slip_number)))
    assert (reissued.slip_number, reissued.reissue) == (lost.slip_number, 1)
    assert reissued.barcode != lost.barcode
    expect(await payers.pay(PlannedPayment(at(5, 1), reissued, Method.INTERNET_BANKING)))
    await sandbox.advance(at(5, 2))
    found_again = await payers.pay(PlannedPayment(at(5, 2), lost, Method.CARD, GOOD_CARD))
    assert isinstance(found_again, Refusal)
    assert found_again.code == "slip_already_paid"
    await settled(sandbox)
    assert expect(await sandbox.ward.queries.slip(lost.slip_number)).outstanding == 0


async def test_paper_too_old_for_the_app_is_reissued_and_paid(sandbox: Sandbox) -> None:
    (slip,), payers = await slips_of(sandbox, ChargeType.LIGHT_VEHICLE_TAX), payers_of(sandbox)
    await sandbox.advance(at(12, 1))
    refused = await payers.pay(PlannedPayment(at(12, 1), slip, Method.CARD, GOOD_CARD))
    assert isinstance(refused, Refusal)
    assert refused.code == "slip_past_use_by"
    reissued = expect(await sandbox.ward.commands.reissue_slip(ReissueRequest(slip_number=slip.slip_number)))
    assert reissued.use_by == date(2022, 1, 1)
    expect(await payers.pay(PlannedPayment(at(12, 1), reissued, Method.CARD, GOOD_CARD)))
    await sandbox.advance(on_the_clock(date(2022, 2, 1), time(0)))
    assert expect(await sandbox.ward.queries.slip(slip.slip_number)).outstanding == 0
    assert audit(await sandbox.books()).conserved


async def test_a_printed_slip_is_photographed_and_paid(sandbox: Sandbox) -> None:
    (slip,), payers = await slips_of(sandbox, ChargeType.HEALTH_INSURANCE), payers_of(sandbox)
    paper = expect(await sandbox.ward.queries.print_slips([slip.slip_number]))
    photo = Photograph(angle=-4, blur=0.4, noise=0.05, contrast=0.6).of(rasterised(paper).crop(PAPER))
    view = expect(await sandbox.provider.commands.scan_picture(as_file(photo, "JPEG"), await payers.consent(PERSON)))
    assert (view.slip_number, view.amount) == (slip.slip_number, slip.amount)
    expect(await sandbox.provider.commands.choose_bank(BankChoice(payment_id=view.payment_id)))
    await settled(sandbox)
    assert expect(await sandbox.ward.queries.slip(slip.slip_number)).outstanding == 0
