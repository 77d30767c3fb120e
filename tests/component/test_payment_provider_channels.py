"""乙: slips paid at tills, counters and from accounts; each channel's records, closings and deposits."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from contracts.events import ClosingStatementIssued, DepositMade, ReceiptDelivered, SlipScanned
from contracts.http.payment_provider.collections import CollectionRequest, CollectionsRequest
from contracts.vocabulary import OUTSIDE_APP, Method, Settler
from services.payment_provider.domain.network import NetworkTerms
from services.payment_provider.domain.reporting import Reporting
from services.payment_provider.settings import Settings
from tests.component.driven import accepted, jst, refused
from tests.component.driven_provider import NOON, DrivenProvider, slip
from tests.component.home import Home

STORE, COUNTER = Method.CONVENIENCE_STORE, Method.COUNTER
BANK_COUNTER, DEBIT = Method.BANK_COUNTER, Method.DIRECT_DEBIT
SLIP_NUMBER = "131044210000000001021"
END = jst("2021-05-31T00:00")


async def statements(driven: DrivenProvider) -> list[tuple[Settler, date, date, int]]:
    """(settler, closed on, deposit on, yen) of each statement. Asserts that each was deposited on its day, in full."""
    pages = await driven.published(ClosingStatementIssued)
    made = {d.statement_id: d for d in await driven.published(DepositMade)}
    for page in pages:
        deposit = made[page.statement_id]
        announced = (page.settler, page.closed_on, page.total_amount, page.deposit_on)
        assert (deposit.settler, deposit.closed_on, deposit.amount, deposit.deposited_on) == announced
    assert len(made) == len(pages)
    return sorted((page.settler, page.closed_on, page.deposit_on, page.total_amount) for page in pages)


def report(method: Method, **named: Any) -> CollectionRequest:
    return CollectionRequest.model_validate({"method": method, **named})


# ---- what is accepted ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", OUTSIDE_APP)
async def test_a_collected_slip_is_a_payment_that_the_ward_has_yet_to_be_told_of(method: Method, home: Home) -> None:
    driven = await DrivenProvider.started(home)
    view = accepted(await driven.collect(method))
    assert (view.status, view.method, view.amount, view.system_fee, view.agent) == ("collected", method, 8_500, 0, None)
    await driven.settle()
    assert await driven.published(ReceiptDelivered) == []
    assert await driven.published(SlipScanned) == [], "the app is not involved"
    await driven.advance(END)
    assert await driven.status(view.payment_id) == "confirmed"
    (*_, last) = await driven.published(ReceiptDelivered)
    assert (last.method, last.settler) == (method, Settler(method.value))
    assert (last.paid_at, last.received_on) == (NOON, NOON.date())
    assert [settler for settler, *_ in await statements(driven)] == [Settler(method.value)]


@pytest.mark.parametrize(
    ("method", "named", "code"),
    [
        (STORE, {"barcode": slip()[:-1]}, "barcode_wrong_length"),
        (STORE, {"barcode": slip(use_by=date(2021, 4, 11))}, "slip_past_use_by"),
        (STORE, {"barcode": slip(amount=300_001)}, "barcode_over_limit"),
        (STORE, {"barcode": slip(), "amount": 8_499}, "collection_amount_differs"),
        (STORE, {"slip_number": SLIP_NUMBER, "amount": 8_500}, "collection_needs_barcode"),
        (STORE, {"barcode": slip(), "paid_at": NOON + timedelta(seconds=1)}, "collection_in_future"),
        (COUNTER, {"barcode": slip(amount=0)}, "barcode_zero_amount"),
        (COUNTER, {"slip_number": SLIP_NUMBER}, "collection_amount_missing"),
        (COUNTER, {"slip_number": SLIP_NUMBER, "amount": 1_000_000}, "collection_amount_missing"),
        (COUNTER, {"slip_number": "12345", "amount": 8_500}, "collection_slip_malformed"),
        (COUNTER, {"amount": 8_500}, "collection_needs_barcode"),
        (BANK_COUNTER, {"slip_number": SLIP_NUMBER, "amount": 8_500, "issuer": "111111"}, "issuer_unknown"),
        (DEBIT, {"barcode": slip(), "amount": 1}, "collection_amount_differs"),
    ],
)
async def test_what_a_channel_cannot_take_is_refused_by_name(
    method: Method, named: dict[str, Any], code: str, home: Home
) -> None:
    driven = await DrivenProvider.started(home)
    refusal = refused(await driven.service.commands.collect(report(method, **named)))
    assert refusal.code == code
    assert refusal.remedy
    await driven.advance(END)
    assert (await driven.service.books()).payments == []


@pytest.mark.parametrize("method", [COUNTER, BANK_COUNTER, DEBIT])
async def test_the_limits_of_the_barcode_bind_the_till_alone(method: Method, home: Home) -> None:
    driven = await DrivenProvider.started(home)
    for barcode in (slip(1, 300_001), slip(2, use_by=date(2021, 4, 11))):
        assert await driven.status(await driven.collected(method, barcode)) == "collected"
    printed = accepted(await driven.service.commands.collect(report(method, slip_number=SLIP_NUMBER, amount=999_999)))
    assert (printed.slip_number, printed.amount) == (SLIP_NUMBER, 999_999)


def test_a_request_names_its_slip_in_one_way_and_its_channel_is_outside_the_app() -> None:
    for wrong in (
        {"method": STORE, "barcode": slip(), "slip_number": SLIP_NUMBER},
        {"method": Method.CARD, "barcode": slip()},
        {"method": STORE, "barcode": slip(), "paid_at": datetime(2021, 4, 12)},  # noqa: DTZ001 (that is what is wrong)
    ):
        with pytest.raises(ValidationError):
            CollectionRequest.model_validate(wrong)


async def test_channels_do_not_know_of_each_other_and_the_app_knows_of_itself_alone(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    payments = [await driven.collected(method) for method in (STORE, STORE, COUNTER)]
    payments.append(await driven.paid_by_bank())
    assert refused(await driven.scan()).code == "slip_already_paid"
    payments.append(await driven.collected(BANK_COUNTER))
    assert len(set(payments)) == 5
    made = await driven.service.queries.payments_of(
        accepted(await driven.service.queries.payment(payments[0])).slip_number
    )
    assert [view.payment_id for view in made] == payments
    await driven.advance(END)
    books = await driven.service.books()
    assert [p.attempt for p in sorted(books.payments, key=lambda p: p.attempt)] == [1, 2, 3, 4, 5]
    assert sum(d.amount for d in books.deposits) == 5 * 8_500


async def test_the_same_report_under_one_key_is_one_payment(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    first, again = await driven.collect(STORE, key="k"), await driven.collect(STORE, key="k")
    assert first == again
    assert refused(await driven.collect(COUNTER, key="k")).code == "idempotency_key_reused"
    assert len((await driven.service.books()).payments) == 1


async def test_reports_that_come_at_once_are_all_taken(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    answers = await asyncio.gather(*(driven.collect(OUTSIDE_APP[n % 4], slip(n % 7 + 1)) for n in range(28)))
    assert len({accepted(a).payment_id for a in answers}) == 28
    await driven.advance(END)
    books = await driven.service.books()
    assert sum(s.amount for s in books.statements) == 28 * 8_500 == sum(d.amount for d in books.deposits)


async def test_a_bulk_takes_each_slip_for_itself(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    reports = (
        report(STORE, barcode=slip(1)),
        report(STORE, barcode=slip(2, 300_001)),
        report(BANK_COUNTER, barcode=slip(1)),
        report(COUNTER, barcode="nonsense"),
    )
    request = CollectionsRequest(collections=reports)
    answer = accepted(await driven.service.commands.collect_many(request, "k"))
    assert [p.method for p in answer.payments] == [STORE, BANK_COUNTER]
    assert [(r.place, r.code) for r in answer.refused] == [(1, "barcode_over_limit"), (3, "barcode_not_digits")]
    assert accepted(await driven.service.commands.collect_many(request, "k")) == answer
    assert len((await driven.service.books()).payments) == 2


# ---- when ---------------------------------------------------------------------------------------------------


async def test_each_network_closes_and_deposits_by_its_own_terms(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    for method in OUTSIDE_APP:
        await driven.collected(method, slip(1))
    await driven.paid_by_bank(slip(2))
    await driven.advance(jst("2021-04-21T12:00"))
    await driven.collected(STORE, slip(3, 1_000))
    await driven.advance(END)
    assert await statements(driven) == [
        (Settler.BANK, date(2021, 4, 12), date(2021, 4, 14), 8_500),
        (Settler.BANK_COUNTER, date(2021, 4, 12), date(2021, 4, 16), 8_500),
        (Settler.CONVENIENCE_STORE, date(2021, 4, 20), date(2021, 5, 7), 8_500),
        (Settler.CONVENIENCE_STORE, date(2021, 4, 30), date(2021, 5, 18), 1_000),
        (Settler.COUNTER, date(2021, 4, 12), date(2021, 4, 13), 8_500),
        (Settler.DIRECT_DEBIT, date(2021, 4, 12), date(2021, 4, 16), 8_500),
    ]


@pytest.mark.parametrize("method", OUTSIDE_APP)
async def test_every_delay_of_a_channel_is_a_setting(method: Method, home: Home) -> None:
    terms: dict[str, Any] = {
        "preliminary_delay_days": 2,
        "confirmation_business_days": 6,
        "confirmation_time": "11:00",
        "closing_days": "15/eom",
        "deposit_business_days": 3,
        "deposit_time": "13:00",
    }
    settings: dict[str, Any] = {f"{method}_{term}": value for term, value in terms.items()}
    driven = await DrivenProvider.started(home, preliminary_time="08:00", **settings)
    payment_id = await driven.collected(method)
    waiting = await driven.waiting(payment_id)
    assert waiting is not None
    assert (waiting.until, waiting.waits_for[:2]) == (jst("2021-04-14T08:00"), "速報")
    assert f"[{method}_preliminary_delay_days] [preliminary_time]" in waiting.because
    await driven.advance(jst("2021-04-14T08:00"))
    assert await driven.status(payment_id) == "paid"
    waiting = await driven.waiting(payment_id)
    assert waiting is not None
    assert (waiting.until, waiting.waits_for[:2]) == (jst("2021-04-20T11:00"), "確報")
    assert f"[{method}_confirmation_business_days]" in waiting.because
    await driven.advance(jst("2021-04-20T12:59"))
    waiting = await driven.waiting(payment_id)
    assert waiting is not None
    assert (waiting.until, waiting.waits_for[:2]) == (jst("2021-04-20T13:00"), "入金")
    assert f"3 bank business days after 2021-04-15 [{method}_deposit_business_days]" in waiting.because
    await driven.advance(END)
    assert await statements(driven) == [(Settler(method.value), date(2021, 4, 15), date(2021, 4, 20), 8_500)]
    (story,) = (await driven.service.queries.explain([payment_id])).values()
    assert [step.event.split()[0] for step in story.steps] == ["収納", "速報", "締め", "確報", "入金"]
    assert f"[{method}_closing_days]" in story.steps[2].detail
    assert story.waiting is None


async def test_a_channel_without_preliminary_records_says_so(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    waiting = await driven.waiting(await driven.collected(BANK_COUNTER))
    assert waiting is not None
    assert waiting.because.startswith("this channel has no 速報 [bank_counter_preliminary_delay_days]; 確報 4 bank")


@pytest.mark.parametrize(("days", "kinds"), [(None, ["02"]), (0, ["01", "02"]), (3, ["01", "02"]), (30, ["01", "02"])])
async def test_a_preliminary_record_comes_before_its_confirmation_or_with_it(
    days: int | None, kinds: list[str], home: Home
) -> None:
    driven = await DrivenProvider.started(home, convenience_store_preliminary_delay_days=days)
    payment_id = await driven.collected(STORE)
    await driven.advance(END)
    delivered = await driven.receipts(payment_id)
    assert [kind for kind, _ in delivered] == kinds
    assert delivered[-1] == ("02", jst("2021-04-19T09:00"))
    if days is not None:
        expected = {0: NOON, 3: jst("2021-04-15T09:00"), 30: jst("2021-04-19T09:00")}
        assert delivered[0] == ("01", expected[days])


async def test_a_payment_reported_late_is_counted_in_a_period_that_is_still_open(home: Home) -> None:
    """Paid on 1 April, reported on the 12th: its 速報 and 確報 are overdue, and the closing of the 10th is over."""
    driven = await DrivenProvider.started(home)
    reported = report(STORE, barcode=slip(), paid_at=jst("2021-04-01T10:00"))
    view = accepted(await driven.service.commands.collect(reported))
    await driven.settle()
    assert (await driven.status(view.payment_id), view.scanned_at) == ("confirmed", jst("2021-04-01T10:00"))
    assert await driven.receipts(view.payment_id) == [("01", NOON), ("02", NOON)]
    await driven.advance(END)
    assert await statements(driven) == [(Settler.CONVENIENCE_STORE, date(2021, 4, 20), date(2021, 5, 7), 8_500)]
    (first, *_) = await driven.published(ReceiptDelivered)
    assert (first.paid_at, first.received_on) == (jst("2021-04-01T10:00"), date(2021, 4, 1))


async def test_a_late_report_counts_by_the_use_by_date_of_the_day_it_was_paid(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    barcode = slip(use_by=date(2021, 4, 11))
    accepted(await driven.service.commands.collect(report(STORE, barcode=barcode, paid_at=jst("2021-04-11T23:59:59"))))
    late = await driven.service.commands.collect(report(STORE, barcode=barcode, paid_at=jst("2021-04-12T00:00")))
    assert refused(late).code == "slip_past_use_by"


async def test_what_comes_again_or_after_a_restart_changes_nothing(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    for method in OUTSIDE_APP:
        await driven.collected(method, slip(1))
    await driven.crash()
    await driven.advance(jst("2021-04-14T00:00"))
    await driven.crash()
    await driven.advance(END)
    before = await driven.service.books()
    assert await driven.redeliver_timers() > 0
    assert await driven.service.books() == before
    assert (len(before.receipts), len(before.deposits)) == (5, 4)
    assert await driven.service.dead_letters() == []


# ---- withdrawn before the ward has a record --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "kinds"),
    [(timedelta(minutes=30), []), (timedelta(days=1), ["01", "03"]), (timedelta(days=2), ["01", "03"])],
)
async def test_of_what_it_was_never_told_the_ward_hears_no_cancellation(
    after: timedelta, kinds: list[str], home: Home
) -> None:
    """速報 is due a day later at noon; a payment withdrawn at that moment is reported first."""
    driven = await DrivenProvider.started(home, preliminary_delay_days=1, preliminary_time="12:00")
    payment_id = await driven.paid()
    assert await driven.status(payment_id) == "collected"
    if after == timedelta(days=1):
        driven.clock.step_to(NOON + after)  # the withdrawal comes before the timer of the same moment
    else:
        await driven.advance(NOON + after)
    await driven.send(driven.withdrawal(payment_id))
    await driven.advance(END)
    assert [kind for kind, _ in await driven.receipts(payment_id)] == kinds
    assert await driven.status(payment_id) == "cancelled"


# ---- settings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"counter_closing_days": "32"}, "closing day '32'"),
        ({"convenience_store_deposit_business_days": 0}, "greater than or equal to 1"),
        ({"direct_debit_deposit_time": "00:30"}, "must be before direct_debit_deposit_time"),
        ({"deposit_time": "00:10"}, "bank_closing_time 00:30:00 must be before deposit_time"),
        ({"preliminary_delay_days": -1}, "greater than or equal to 0"),
    ],
)
def test_terms_that_cannot_be_are_refused(named: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings(seed=1, **named)


def test_none_is_said_in_words_where_the_environment_has_only_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANSHA_PAYMENT_PROVIDER_CONVENIENCE_STORE_PRELIMINARY_DELAY_DAYS", "none")
    monkeypatch.setenv("SANSHA_PAYMENT_PROVIDER_BANK_COUNTER_PRELIMINARY_DELAY_DAYS", "2")
    reporting = Settings.from_environment("payment_provider").channels.reporting
    assert reporting[Method.CONVENIENCE_STORE].preliminary_delay_days is None
    assert reporting[Method.BANK_COUNTER].preliminary_delay_days == 2


def test_every_term_of_every_channel_is_read_from_the_setting_it_names() -> None:
    settings = Settings(seed=1)
    each: list[Reporting | NetworkTerms] = [
        *settings.channels.reporting.values(),
        *settings.channels.networks.values(),
    ]
    for terms in each:
        for term, name in terms.names.items():
            assert getattr(terms, term) == getattr(settings, name)
