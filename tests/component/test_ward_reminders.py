"""甲: who is reminded (督促), which reminders crossed a payment (行き違い), and what a late payment costs (延滞金)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import httpx
import pytest
from sqlalchemy import text

from contracts.http.ward.slips import AssessmentsRequest, SlipRequest, SlipView
from contracts.vocabulary import Method, ReceiptKind, Settler
from services.ward.app import generate_assessments
from tests.component.driven import accepted
from tests.component.driven_ward import DrivenWard, receipt
from tests.component.home import Home

P, C, X = ReceiptKind.PRELIMINARY, ReceiptKind.CONFIRMED, ReceiptKind.CANCELLED
HOUR = datetime.fromisoformat("2021-08-20T09:00:00+09:00")
"""When the reminders of the first instalment go out."""
MOMENT = timedelta(milliseconds=1)


async def reminded(ward: DrivenWard, crossed: bool | None = None) -> list[tuple[str, int, int]]:
    """(slip, number, outstanding) of reminders in the order in which they were sent."""
    return [(r.slip_number, r.number, r.outstanding) for r in await ward.service.queries.reminders(crossed=crossed)]


async def ward_with_slips(home: Home | None = None) -> tuple[DrivenWard, list[SlipView]]:
    ward = await DrivenWard.started(home)
    return ward, list(await ward.assess())


async def test_whoever_has_not_paid_as_far_as_the_ward_knows_is_reminded_once(home: Home) -> None:
    ward, slips = await ward_with_slips(home)
    asked = SlipRequest(insured_number="0000000124", amount=5_000, due_on=date(2021, 8, 2))
    other = accepted(await ward.service.commands.issue_slip(asked))
    await ward.send(receipt("p1", other, amount=2_000))
    await ward.advance(HOUR)
    assert await reminded(ward) == []
    await ward.advance(HOUR + timedelta(days=20))
    assert await reminded(ward) == [(slips[0].slip_number, 1, 10_000), (other.slip_number, 1, 3_000)]
    await ward.advance(datetime.fromisoformat("2021-10-31T00:00:00+09:00"))
    assert [slip for slip, _, _ in await reminded(ward)] == [
        slips[0].slip_number,
        other.slip_number,
        slips[1].slip_number,
        slips[2].slip_number,
    ]


async def test_who_has_paid_is_not_reminded(home: Home) -> None:
    ward, slips = await ward_with_slips(home)
    await ward.send(receipt("p1", slips[0]))
    await ward.advance(HOUR + timedelta(days=1))
    assert await reminded(ward) == []


async def test_a_due_date_has_one_timer_however_many_slips_it_has(home: Home) -> None:
    ward = await DrivenWard.started(home)
    for year_of in (generate_assessments(3, 40, 2021), generate_assessments(3, 80, 2021)):
        accepted(await ward.service.commands.assess(AssessmentsRequest(assessments=tuple(year_of))))
    async with ward.service.reading() as session:
        timers = (await session.execute(text("SELECT count(*) FROM outbox WHERE timer IS NOT NULL"))).scalar_one()
    assert (len(await ward.service.queries.slips()), timers) == (720, 9)


async def test_many_reminders_go_out_page_by_page_at_the_same_time(home: Home) -> None:
    ward = await DrivenWard.started(home)
    people = generate_assessments(3, 1_001, 2021)
    accepted(await ward.service.commands.assess(AssessmentsRequest(assessments=tuple(people))))
    await ward.advance(HOUR + timedelta(days=1))
    sent = await ward.service.queries.reminders()
    assert len({r.slip_number for r in sent}) == len(sent) == 1_001
    assert {r.sent_at for r in sent} == {HOUR + MOMENT}


async def test_a_debt_levied_after_its_due_date_is_reminded_of_later(home: Home) -> None:
    at = datetime.fromisoformat("2021-12-01T12:00:00+09:00")
    ward = await DrivenWard.started(home, at)
    slips = await ward.assess()
    await ward.advance(datetime.fromisoformat("2021-12-21T12:00:00+09:00"))
    late = [slip.slip_number for slip in slips if slip.due_on < date(2021, 12, 1)]
    assert sorted(slip for slip, _, _ in await reminded(ward)) == late
    assert len(late) == 5


# ---- crossing --------------------------------------------------------------------------------------------


async def test_a_payment_that_becomes_visible_after_the_reminder_has_crossed_it(home: Home) -> None:
    ward, slips = await ward_with_slips(home)
    paid_at = HOUR - timedelta(days=2)
    await ward.advance(HOUR + timedelta(days=3))
    await ward.send(receipt("p1", slips[0], settler=Settler.BANK, paid_at=paid_at))
    await ward.send(receipt("p1", slips[0], C, settler=Settler.BANK, paid_at=paid_at))
    found = await ward.service.queries.crossings()
    assert (found.reminders, found.crossed) == (1, 1)
    (crossing,) = found.crossings
    assert (crossing.slip_number, crossing.payment_id, crossing.outstanding) == (slips[0].slip_number, "p1", 10_000)
    assert crossing.paid_to_visible_seconds == 5 * 86_400
    assert crossing.sent_to_visible_seconds == 3 * 86_400
    (channel,) = found.by_channel
    assert (channel.method, channel.crossings) == (Method.INTERNET_BANKING, 1)
    assert [(d.days, d.crossings) for d in found.by_delay] == [(5, 1)]
    assert await reminded(ward, crossed=True) == [(slips[0].slip_number, 1, 10_000)]
    assert await reminded(ward, crossed=False) == []
    steps = (await ward.service.queries.explain(["p1"]))["p1"].steps
    assert steps[0].event.startswith("督促の行き違い")
    assert "registered it 5 days after it was made" in steps[0].detail
    assert "[reminder_days]" in steps[0].detail


async def test_who_pays_because_of_the_reminder_has_not_crossed_it(home: Home) -> None:
    ward, slips = await ward_with_slips(home)
    await ward.advance(HOUR + timedelta(days=3))
    await ward.send(receipt("p1", slips[0], paid_at=HOUR + timedelta(days=1)))
    found = await ward.service.queries.crossings()
    assert (found.reminders, found.crossed, found.crossings) == (1, 0, ())
    assert (await ward.service.queries.explain(["p1"]))["p1"].steps[0].event == "督促 reminder sent"


async def test_a_part_that_was_seen_before_the_reminder_has_not_crossed_it(home: Home) -> None:
    ward, slips = await ward_with_slips(home)
    await ward.advance(HOUR - timedelta(days=3))
    await ward.send(receipt("p1", slips[0], amount=4_000))
    await ward.advance(HOUR + timedelta(days=1))
    assert await reminded(ward, crossed=False) == [(slips[0].slip_number, 1, 6_000)]
    assert (await ward.service.queries.crossings()).crossed == 0


async def test_a_payment_that_fell_away_crossed_nothing(home: Home) -> None:
    ward, slips = await ward_with_slips(home)
    await ward.advance(HOUR + timedelta(days=1))
    await ward.send(receipt("p1", slips[0]))
    assert (await ward.service.queries.crossings()).crossed == 1
    await ward.send(receipt("p1", slips[0], X))
    assert (await ward.service.queries.crossings()).crossed == 0


async def test_what_is_registered_on_the_hour_of_the_reminders_is_known_to_them(home: Home) -> None:
    ward, slips = await ward_with_slips(home)
    await ward.advance(HOUR)
    await ward.send(receipt("p1", slips[0]))
    await ward.advance(HOUR + timedelta(days=1))
    assert await reminded(ward) == []


async def test_it_tells_how_long_it_did_not_know_of_payments(home: Home) -> None:
    ward, slips = await ward_with_slips(home)
    assert (await ward.service.queries.visibility()).overall is None
    await ward.advance(HOUR)
    for n, hours in enumerate((1, 4, 2, 3)):
        await ward.send(receipt(f"c{n}", slips[n], paid_at=HOUR - timedelta(hours=hours)))
    await ward.send(receipt("b", slips[4], settler=Settler.BANK, paid_at=HOUR - timedelta(hours=9)))
    await ward.send(receipt("x", slips[5], paid_at=HOUR - timedelta(hours=50)))
    await ward.send(receipt("x", slips[5], X, paid_at=HOUR - timedelta(hours=50)))
    await ward.advance(HOUR + timedelta(days=1))
    await ward.send(receipt("c0", slips[0], C, paid_at=HOUR - timedelta(hours=1)))
    found = await ward.service.queries.visibility()
    card, bank = found.by_channel
    assert (card.method, bank.method) == (Method.CARD, Method.INTERNET_BANKING)
    seconds = (card.median_seconds, card.p95_seconds, card.longest_seconds)
    assert (card.payments, *(s // 3600 for s in seconds)) == (4, 2, 4, 4)
    assert found.overall is not None
    assert (found.overall.payments, found.overall.median_seconds, found.overall.p95_seconds) == (5, 3 * 3600, 9 * 3600)


async def test_crossings_are_counted_by_channel_and_by_delay(home: Home) -> None:
    ward, slips = await ward_with_slips(home)
    asked = SlipRequest(insured_number="0000000124", amount=5_000, due_on=date(2021, 8, 2))
    other = accepted(await ward.service.commands.issue_slip(asked))
    await ward.advance(HOUR + timedelta(hours=1))
    await ward.send(receipt("p1", slips[0], paid_at=HOUR - timedelta(days=1)))
    await ward.send(receipt("p2", slips[0], paid_at=HOUR - timedelta(days=3), settler=Settler.BANK))
    await ward.send(receipt("p3", other, paid_at=HOUR - timedelta(days=3)))
    found = await ward.service.queries.crossings(limit=1)
    assert (found.reminders, found.crossed, len(found.crossings)) == (2, 2, 1)
    assert [(c.method, c.crossings) for c in found.by_channel] == [(Method.CARD, 2), (Method.INTERNET_BANKING, 1)]
    assert [(d.days, d.crossings) for d in found.by_delay] == [(1, 1), (3, 2)]


# ---- debts that revive -----------------------------------------------------------------------------------


async def test_a_debt_that_revives_after_its_reminders_went_out_is_reminded_of_anew(home: Home) -> None:
    ward, slips = await ward_with_slips(home)
    await ward.send(receipt("p1", slips[0]))
    await ward.advance(HOUR + timedelta(days=3))
    await ward.send(receipt("p1", slips[0], X))
    friday = HOUR + timedelta(days=21)  # within twenty days of 08-23; 09-12 is a Sunday
    await ward.advance(friday)
    assert await reminded(ward) == []
    await ward.advance(friday + MOMENT)
    assert await reminded(ward) == [(slips[0].slip_number, 1, 10_000)]


async def test_a_debt_that_revives_after_it_was_reminded_of_has_a_second_reminder(home: Home) -> None:
    ward, slips = await ward_with_slips(home)
    await ward.advance(HOUR + timedelta(days=1))
    await ward.send(receipt("p1", slips[0]))
    await ward.advance(HOUR + timedelta(days=3))
    await ward.send(receipt("p1", slips[0], X))
    await ward.advance(HOUR + timedelta(days=25))
    assert await reminded(ward) == [(slips[0].slip_number, 1, 10_000), (slips[0].slip_number, 2, 10_000)]


async def test_a_debt_that_revives_before_its_reminders_is_reminded_of_with_the_others(home: Home) -> None:
    ward, slips = await ward_with_slips(home)
    await ward.send(receipt("p1", slips[0]))
    await ward.advance(HOUR - timedelta(days=8))
    await ward.send(receipt("p1", slips[0], X))
    await ward.advance(HOUR + timedelta(days=1))
    assert await reminded(ward) == [(slips[0].slip_number, 1, 10_000)]


# ---- arrears ---------------------------------------------------------------------------------------------


async def test_arrears_of_a_slip_run_until_it_is_paid(home: Home) -> None:
    ward = await DrivenWard.started(home)
    slip = (await ward.assess(2_700_000))[0]
    await ward.send(receipt("p1", slip, amount=200_000, paid_at=datetime.fromisoformat("2021-10-01T12:00:00+09:00")))
    found = accepted(await ward.service.queries.arrears(slip.slip_number, date(2021, 11, 2)))
    # 300,000 × 2.5 % × 60 / 365 = 1,232.9; then 100,000 × 2.5 % × 32 / 365 = 219.2
    assert (found.arrears, found.outstanding, [s.days for s in found.stretches]) == (1_400, 100_000, [60, 32])


@pytest.mark.parametrize("path", ["/slips/{}/arrears?on=2022-08-02", "/reminders?crossed=false&limit=5"])
async def test_what_is_asked_over_http_is_answered(path: str, home: Home) -> None:
    ward = await DrivenWard.started(home)
    slip = (await ward.assess(2_700_000))[0]
    await ward.advance(HOUR + timedelta(days=1))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(ward.http), base_url="http://ward") as http:
        answer = (await http.get(path.format(slip.slip_number))).json()
        counted = (await http.get("/reminders/crossings")).json()
        assert (await http.get(f"/slips/{'9' * 21}/arrears")).status_code == 404
        assert (await http.get("/visibility")).json() == {"overall": None, "by_channel": []}
    assert (counted["reminders"], counted["crossed"]) == (1, 0)
    if "arrears" in path:
        # 300,000 × (25 × 92 + 88 × 59 + 87 × 214) / 365,000 = 21,460.3
        assert answer["arrears"] == 21_400
    else:
        assert answer[0]["slip_number"] == slip.slip_number
        assert answer[0]["crossed"] is False
