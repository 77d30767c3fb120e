"""When a period closes, when it is deposited, and which fee is deducted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.calendar import BANK_CALENDAR, HolidayShift
from contracts.vocabulary import Agent, Brand, Yen
from services.card_agent.domain.terms import TERMS, AgentTerms, FeeBasis, Terms
from services.card_agent.settings import Settings

days = st.dates(date(2010, 1, 1), date(2026, 12, 31))
closings = st.sampled_from(["eom", "15/eom", "10/20/eom", "1", "30", "5/10/15/20/25/eom"])
agreed = st.builds(
    AgentTerms,
    brands=st.just((Brand.VISA,)),
    closing_days=closings,
    deposit_business_days=st.integers(1, 20),
    holiday_shift=st.sampled_from(HolidayShift),
    fee_basis=st.sampled_from(FeeBasis),
    fee_per_mille=st.integers(0, 999),
)
terms = st.builds(Terms, agreed, st.just(time(0, 30)), st.just(time(10, 0)))


def uc(**changes: object) -> Terms:
    settings = Settings.model_validate({"agent": Agent.UC, **changes})
    return settings.terms


@pytest.mark.parametrize(
    ("agent", "closed_on", "deposit_on"),
    [
        (Agent.UC, date(2021, 4, 30), date(2021, 5, 18)),  # ゴールデンウィーク
        (Agent.JCB, date(2021, 4, 30), date(2021, 5, 12)),
        (Agent.JCB, date(2021, 12, 31), date(2022, 1, 11)),  # 年末年始・成人の日
        (Agent.UC, date(2021, 7, 31), date(2021, 8, 13)),  # 土曜締め・山の日の振替
    ],
)
def test_a_deposit_comes_business_days_after_the_closing(agent: Agent, closed_on: date, deposit_on: date) -> None:
    assert Settings(agent=agent).terms.deposit_on(closed_on) == deposit_on


@pytest.mark.parametrize(
    ("shift", "deposit_on"),
    [
        (HolidayShift.NONE, date(2021, 8, 13)),
        (HolidayShift.PRECEDING, date(2021, 8, 13)),
        (HolidayShift.FOLLOWING, date(2021, 8, 16)),
    ],
)
def test_a_closing_on_a_saturday_is_shifted_before_days_are_counted(shift: HolidayShift, deposit_on: date) -> None:
    assert uc(holiday_shift=shift).deposit_on(date(2021, 7, 31)) == deposit_on


@given(terms, days)
def test_a_closing_counts_what_was_accepted_up_to_its_day(t: Terms, day: date) -> None:
    closed_on = t.closes_on(day)
    assert day <= closed_on <= day + timedelta(days=31)
    assert t.closes_on(closed_on) == closed_on
    assert t.closes_on(closed_on + timedelta(days=1)) > closed_on


@given(terms, days)
def test_a_period_is_totalled_before_it_is_deposited_on_an_open_day(t: Terms, day: date) -> None:
    closed_on = t.closes_on(day)
    deposit_on = t.deposit_on(closed_on)
    assert BANK_CALENDAR.is_open(deposit_on)
    assert closed_on < deposit_on
    assert t.close_at(closed_on) < t.deposit_at(deposit_on)


@given(terms, days)
def test_the_reason_names_every_closed_day_on_the_way(t: Terms, day: date) -> None:
    closed_on = t.closes_on(day)
    deposit_on = t.deposit_on(closed_on)
    reason = t.deposit_reason(closed_on, deposit_on)
    start = min(closed_on, t.counted_from(closed_on))
    on_the_way = [start + timedelta(days=n) for n in range(1, (deposit_on - start).days + 1)]
    closed = [d for d in on_the_way if not BANK_CALENDAR.is_open(d)]
    weekend = sum(d.weekday() >= 5 for d in closed)
    assert all(f"{d:%m-%d} " in reason for d in closed if d.weekday() < 5)
    assert weekend == 0 or f"{weekend} weekend days" in reason
    assert "[deposit_business_days]" in reason


@given(agreed, st.integers(0, 10**9))
def test_a_fee_is_never_more_than_the_total(a: AgentTerms, amount: int) -> None:
    fee = Terms(a, time(0, 30), time(10)).fee(Yen(amount))
    assert 0 <= fee <= amount
    assert Terms(replace(a, fee_basis=FeeBasis.GROSS), time(0, 30), time(10)).fee(Yen(amount)) == 0


@pytest.mark.parametrize("agent", Agent)
def test_what_is_not_set_is_as_agreed_with_the_agent(agent: Agent) -> None:
    assert Settings(agent=agent).terms.agreed == TERMS[agent]


def test_what_is_set_goes_before() -> None:
    changed = uc(brands=["visa"], closing_days="5/eom", deposit_business_days=3, fee_basis="net", fee_per_mille=12)
    assert changed.agreed == AgentTerms((Brand.VISA,), "5/eom", 3, HolidayShift.NONE, FeeBasis.NET, 12)


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANSHA_AGENT", "jcb")
    monkeypatch.setenv("SANSHA_CLOSING_DAYS", "20")
    monkeypatch.setenv("SANSHA_BRANDS", '["jcb"]')
    settings = Settings.from_environment("card_agent.jcb")
    assert (settings.agent, settings.terms.agreed.closing_days) == (Agent.JCB, "20")
    assert settings.terms.agreed.brands == (Brand.JCB,)


@pytest.mark.parametrize(
    ("setting", "wrong", "says"),
    [
        ("closing_time", "10:00", "must be before deposit_time"),
        ("closing_days", "10/32", "closing day '32' must be 1 to 31 or eom"),
        ("closing_days", "20/10", "must ascend"),
        ("closing_days", "", "must be 1 to 31 or eom"),
        ("deposit_business_days", 0, "greater than or equal to 1"),
        ("fee_per_mille", 1000, "less than 1000"),
        ("brands", [], "at least 1"),
        ("fee_basis", "both", "'gross' or 'net'"),
        ("agent", "amex", "'jcb' or 'uc'"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_would_be_right(setting: str, wrong: object, says: str) -> None:
    with pytest.raises(ValidationError, match=says.replace("'", ".")):
        uc(**{setting: wrong})


def test_a_late_answer_and_a_revocation_have_their_times() -> None:
    issuer = Settings(agent=Agent.UC, late_answer_seconds=31, withdrawal_time=time(9, 0)).issuer
    assert (issuer.answers_late_by, issuer.revokes_at) == (timedelta(seconds=31), time(9, 0))
    assert Settings(agent=Agent.UC).terms.close_at(date(2021, 4, 30)) == datetime.fromisoformat(
        "2021-05-01T00:30:00+09:00"
    )
