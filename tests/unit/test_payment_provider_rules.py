"""The payment provider's decisions: whether a slip can be paid, which agent gets the card, fees, allowed steps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.formats.barcode import Barcode
from contracts.vocabulary import (
    OUTSIDE_APP,
    Agent,
    Brand,
    DeclineReason,
    Method,
    Refusal,
    Settler,
    SlipNumber,
    Yen,
    on_the_clock,
)
from services.payment_provider.domain import payment as steps
from services.payment_provider.domain.collection import PresentedSlip, read_presented
from services.payment_provider.domain.payment import STANDING, UNDER_WAY, Payment, PaymentStatus
from services.payment_provider.domain.reporting import ReportTimes
from services.payment_provider.domain.routing import refuse_route, system_fee
from services.payment_provider.domain.scan import SlipRules, read_slip, refuse_second_payment
from services.payment_provider.handlers.choose_method import CardRules
from services.payment_provider.settings import BRAND_ROUTES, Settings

NOW = datetime(2021, 8, 1, 3, 0, tzinfo=UTC)
USE_BY = date(2021, 8, 2)
ISSUERS = ("912345", "929023")
RULES = SlipRules(ISSUERS)
SLIP = "91912345001044103000123450100021080200085001"
ROUTES = dict(BRAND_ROUTES)
S = PaymentStatus


def payment(status: PaymentStatus = S.SCANNED) -> Payment:
    return Payment("p1", "131044210000012345021", 1, SLIP, Yen(8_500), "c1", NOW, status)


# ---- the slip ---------------------------------------------------------------------------------------------


def noon(day: date) -> datetime:
    return on_the_clock(day, time(12))


def code(text: str, today: date = USE_BY) -> str:
    read = read_slip(text, RULES, noon(today))
    return read.code if isinstance(read, Refusal) else "readable"


def test_a_slip_is_read_as_digits_and_as_a_scanner_sends_it() -> None:
    read = read_slip(SLIP, RULES, noon(USE_BY))
    assert isinstance(read, Barcode)
    assert (read.amount, read.use_by, read.issuer) == (8_500, USE_BY, "912345")
    for sent in (f"]C1{SLIP}", f"(91){SLIP[2:]}", f"\x1d{SLIP}", f" {SLIP}\n"):
        assert read_slip(sent, RULES, noon(USE_BY)) == read


def other_slip(amount: int = 8_500, issuer: str = "912345", use_by: date | None = None, stamp: bool = False) -> str:
    return Barcode(issuer, SlipNumber("131044210000012345021"), 0, use_by, Yen(amount), stamp).digits


@pytest.mark.parametrize(
    ("text", "today", "expected"),
    [
        (SLIP, USE_BY, "readable"),
        (SLIP, USE_BY + timedelta(days=1), "slip_past_use_by"),
        (other_slip(), date(2098, 12, 31), "readable"),
        (other_slip(300_000), USE_BY, "readable"),
        (other_slip(300_001), USE_BY, "barcode_over_limit"),
        (other_slip(1), USE_BY, "readable"),
        (other_slip(0), USE_BY, "barcode_zero_amount"),
        (other_slip(stamp=True), USE_BY, "barcode_stamp_duty"),
        (other_slip(issuer="942386"), USE_BY, "issuer_unknown"),
        (SLIP[:-1] + "2", USE_BY, "barcode_check_digit"),
        (SLIP[:-1], USE_BY, "barcode_wrong_length"),
        ("", USE_BY, "barcode_empty"),
        ("9" * 44, USE_BY, "barcode_wrong_identifier"),
        ("9191234500104410300012345010002108020008500x", USE_BY, "barcode_not_digits"),
    ],
)
def test_a_slip_that_cannot_be_paid_is_refused_by_name(text: str, today: date, expected: str) -> None:
    assert code(text, today) == expected


@pytest.mark.parametrize(
    ("until", "at", "expected"),
    [
        (time(0), time(23, 59, 59, 999_999), "readable"),
        (time(23, 30), time(23, 29, 59), "readable"),
        (time(23, 30), time(23, 30), "slip_past_use_by"),
    ],
)
def test_the_last_day_ends_at_midnight_or_at_the_hour_that_was_agreed(until: time, at: time, expected: str) -> None:
    read = read_slip(SLIP, SlipRules(ISSUERS, use_by_until=until), on_the_clock(USE_BY, at))
    assert (read.code if isinstance(read, Refusal) else "readable") == expected


def test_two_digits_of_a_year_are_of_the_century_that_was_agreed() -> None:
    read = read_slip(SLIP, SlipRules(ISSUERS, century=2022), noon(date(2099, 1, 1)))
    assert isinstance(read, Barcode)
    assert read.use_by == date(2121, 8, 2)


def test_an_unknown_issuer_is_told_which_issuers_have_a_contract() -> None:
    refusal = read_slip(other_slip(issuer="942386"), RULES, noon(USE_BY))
    assert isinstance(refusal, Refusal)
    assert "942386" in refusal.detail
    assert all(issuer in refusal.remedy for issuer in ISSUERS)


@pytest.mark.parametrize("status", PaymentStatus)
def test_a_slip_is_free_unless_its_last_payment_stands_or_is_under_way(status: PaymentStatus) -> None:
    refusal = refuse_second_payment(payment(status))
    expected = "slip_already_paid" if status in STANDING else "payment_in_progress" if status in UNDER_WAY else None
    assert (refusal and refusal.code) == expected


def test_a_slip_never_scanned_is_free() -> None:
    assert refuse_second_payment(None) is None


# ---- the card ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("brand", "agent"),
    [
        (Brand.JCB, Agent.JCB),
        (Brand.AMEX, Agent.JCB),
        (Brand.DINERS, Agent.JCB),
        (Brand.VISA, Agent.UC),
        (Brand.MASTERCARD, Agent.UC),
    ],
)
def test_each_brand_goes_to_its_agent_and_to_no_other(brand: Brand, agent: Agent) -> None:
    assert refuse_route(ROUTES, brand, agent) is None
    (other,) = set(Agent) - {agent}
    refusal = refuse_route(ROUTES, brand, other)
    assert refusal is not None
    assert refusal.code == "brand_not_accepted"
    assert f"agent {agent} does" in refusal.detail


def test_a_brand_without_a_route_is_refused() -> None:
    refusal = refuse_route({}, Brand.VISA, Agent.UC)
    assert refusal is not None
    assert "no agent does" in refusal.detail


def fee(amount: int) -> int:
    s = Settings(seed=1)
    return system_fee(Yen(amount), s.system_fees, s.system_fee_step, s.system_fee_per_step)


@pytest.mark.parametrize(
    ("amount", "charged"),
    [
        (1, 27),
        (5_000, 27),
        (5_001, 82),
        (10_000, 82),
        (10_001, 165),
        (20_000, 165),
        (20_001, 275),
        (30_000, 275),
        (30_001, 385),
        (40_000, 385),
        (40_001, 495),
        (300_000, 3_245),
    ],
)
def test_the_system_fee_is_the_published_one(amount: int, charged: int) -> None:
    assert fee(amount) == charged


def test_a_charge_type_may_have_a_table_of_its_own() -> None:
    s = Settings.model_validate({"seed": 1, "issuer_system_fees": {"912346": [[10_000, 40], [50_000, 400]]}})
    steps_above = s.system_fee_step, s.system_fee_per_step
    rules = CardRules(s.card_routes, timedelta(seconds=30), s.system_fees, s.issuer_system_fees, *steps_above)
    slips = [payment()._replace(amount=Yen(30_000), barcode=other_slip(issuer=i)) for i in ("912345", "912346")]
    assert [slip.issuer for slip in slips] == ["912345", "912346"]
    assert [rules.fee(slip) for slip in slips] == [275, 400]
    assert rules.fee(slips[1]._replace(amount=Yen(50_001))) == 510


@pytest.mark.parametrize("table", [[], [[10, 1], [5, 2]], [[5, 1], [5, 2]], [[0, 1]], [[5, -1]]])
def test_a_table_of_fees_ascends(table: object) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"seed": 1, "system_fees": table})
    with pytest.raises(ValidationError):
        Settings.model_validate({"seed": 1, "issuer_system_fees": {"912346": table}})


@given(st.integers(1, 300_000))
def test_a_higher_amount_never_costs_less(amount: int) -> None:
    assert fee(amount) <= fee(amount + 1)


# ---- the steps --------------------------------------------------------------------------------------------

Step = Callable[[Payment], Payment | None]
STEPS: dict[str, Step] = {
    "approve": lambda p: steps.approve(p, NOW),
    "decline": lambda p: steps.decline(p, DeclineReason.CARD_EXPIRED, NOW),
    "collect": lambda p: steps.collect(p, ReportTimes(NOW, NOW), NOW),
    "report": lambda p: steps.report(p._replace(preliminary_at=NOW)),
    "confirm": lambda p: steps.confirm(p._replace(confirm_at=NOW)),
    "cancel": lambda p: steps.cancel(p, NOW),
}
ALLOWED = {
    ("approve", S.AUTHORIZING): S.ENTRUSTED,
    ("decline", S.AUTHORIZING): S.DECLINED,
    ("decline", S.AT_BANK): S.DECLINED,
    ("collect", S.ENTRUSTED): S.COLLECTED,
    ("collect", S.AT_BANK): S.COLLECTED,
    ("report", S.COLLECTED): S.PAID,
    ("confirm", S.COLLECTED): S.CONFIRMED,
    ("cancel", S.COLLECTED): S.CANCELLED,
    ("confirm", S.PAID): S.CONFIRMED,
    ("cancel", S.PAID): S.CANCELLED,
    ("cancel", S.CONFIRMED): S.CANCELLED,
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("status", PaymentStatus)
def test_a_payment_takes_the_allowed_steps_and_no_other(step: str, status: PaymentStatus) -> None:
    after = STEPS[step](payment(status))
    assert (after.status if after else None) == ALLOWED.get((step, status))


@given(st.sampled_from([S.AUTHORIZING, S.AT_BANK]), st.lists(st.sampled_from(sorted(STEPS))))
def test_whatever_arrives_in_whatever_order_money_is_promised_once(start: PaymentStatus, tried: list[str]) -> None:
    current, seen = payment(start), [start]
    for step in tried:
        after = STEPS[step](current)
        if after is not None:
            assert ALLOWED[step, current.status] is after.status
            current = after
            seen.append(after.status)
    assert len(seen) == len(set(seen))
    ended_without_money = S.DECLINED in seen
    assert not (ended_without_money and S.COLLECTED in seen)
    assert (current.paid_at is not None) == (S.COLLECTED in seen)


def test_choosing_a_card_or_a_bank_names_who_settles() -> None:
    by_card = steps.authorize(payment(), Agent.UC, "token", Brand.VISA, "0002", NOW)
    assert (by_card.status, by_card.method, by_card.settler) == (S.AUTHORIZING, Method.CARD, Settler.UC)
    by_bank = steps.ask_bank(payment(), "0001", NOW)
    assert (by_bank.status, by_bank.method, by_bank.settler) == (S.AT_BANK, Method.INTERNET_BANKING, Settler.BANK)
    assert steps.abandon(payment(), NOW).status is S.ABANDONED


# ---- outside the app --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", OUTSIDE_APP)
@pytest.mark.parametrize(
    ("text", "on", "at_till", "elsewhere"),
    [
        (SLIP, USE_BY, None, None),
        (SLIP, USE_BY + timedelta(days=1), "slip_past_use_by", None),
        (other_slip(300_001), USE_BY, "barcode_over_limit", None),
        (other_slip(stamp=True), USE_BY, "barcode_stamp_duty", "barcode_stamp_duty"),
        (other_slip(issuer="942386"), USE_BY, "issuer_unknown", "issuer_unknown"),
        (SLIP[:-1] + "2", USE_BY, "barcode_check_digit", "barcode_check_digit"),
    ],
)
def test_the_limits_of_the_barcode_are_the_till_s_and_not_the_debt_s(
    method: Method, text: str, on: date, at_till: str | None, elsewhere: str | None
) -> None:
    read = read_presented(PresentedSlip(method, text, None, "912345", None), RULES, on)
    expected = at_till if method is Method.CONVENIENCE_STORE else elsewhere
    assert (read.code if isinstance(read, Refusal) else None) == expected


@given(st.integers(1, 999_999), st.integers(0, 10**21 - 1).map(lambda n: f"{n:021d}"))
def test_a_slip_without_a_barcode_is_told_by_the_digits_it_would_have(amount: int, number: str) -> None:
    given = PresentedSlip(Method.COUNTER, None, number, "912345", amount)
    read = read_presented(given, RULES, USE_BY)
    assert isinstance(read, Barcode)
    assert (read.free_area, read.amount, read.issuer, read.use_by) == (number, amount, "912345", None)
