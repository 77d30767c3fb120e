"""The clock: one formula for stepped, scaled and real time; never back; listeners are called on each setting."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.bounds import LAST_INSTANT
from contracts.vocabulary import JST
from services.chassis.clock import Clock, ClockReading, monotonic, pause, real_now

NOON = datetime(2021, 4, 12, 3, 0, tzinfo=UTC)
rates = st.floats(0.001, 1_000)
durations = st.timedeltas(timedelta(0), timedelta(days=400))


@given(durations)
def test_a_stepped_clock_shows_what_it_was_set_to(ahead: timedelta) -> None:
    clock = Clock.stepped(NOON)
    clock.step_to(NOON + ahead)
    assert clock.now() == NOON + ahead
    assert clock.is_stepped


@given(st.integers(-14, 14))
def test_a_clock_set_in_any_zone_shows_utc(hours: int) -> None:
    clock = Clock.stepped(NOON.astimezone(timezone(timedelta(hours=hours))))
    assert clock.now().isoformat() == "2021-04-12T03:00:00+00:00"
    clock.step_to((NOON + timedelta(hours=1)).astimezone(timezone(timedelta(hours=hours))))
    assert clock.now().isoformat() == "2021-04-12T04:00:00+00:00"


async def test_a_stepped_clock_stands_while_real_time_passes() -> None:
    clock = Clock.stepped(NOON)
    began = monotonic()
    await pause(0.001)
    assert monotonic() > began
    assert clock.now() == NOON


@given(rates, durations)
def test_a_running_clock_shows_the_formula(rate: float, running_for: timedelta) -> None:
    began = real_now() - running_for
    clock = Clock(ClockReading(NOON, began, rate))
    earliest = min(NOON + (real_now() - began) * rate, LAST_INSTANT)
    shown = clock.now()
    assert earliest <= shown <= NOON + (real_now() - began) * rate
    assert not clock.is_stepped


def test_a_scaled_clock_starts_at_its_instant_and_runs() -> None:
    before = real_now()
    clock = Clock.scaled(NOON, 86_400)
    assert NOON <= clock.now() <= NOON + (real_now() - before) * 86_400
    assert clock.now() <= clock.now()


def test_a_real_clock_shows_the_machine_s_time() -> None:
    before = real_now()
    shown = Clock.real().now()
    assert before <= shown <= real_now()


@pytest.mark.parametrize("rate", [0, -1])
def test_a_scaled_clock_cannot_stand_or_run_backwards(rate: float) -> None:
    with pytest.raises(ValueError, match="rate above 0"):
        Clock.scaled(NOON, rate)


def test_a_stepped_clock_never_goes_back() -> None:
    clock = Clock.stepped(NOON)
    heard: list[datetime] = []
    clock.on_set(lambda: heard.append(clock.now()))
    with pytest.raises(ValueError, match="cannot go back"):
        clock.step_to(NOON - timedelta(microseconds=1))
    assert clock.now() == NOON
    assert heard == []


def test_a_clock_may_be_set_to_the_instant_it_shows() -> None:
    clock = Clock.stepped(NOON)
    clock.step_to(NOON)
    assert clock.now() == NOON


def test_listeners_are_told_after_each_setting_in_their_order() -> None:
    clock = Clock.stepped(NOON)
    heard: list[tuple[str, datetime]] = []
    clock.on_set(lambda: heard.append(("first", clock.now())))
    clock.on_set(lambda: heard.append(("second", clock.now())))
    clock.step_to(NOON + timedelta(hours=1))
    clock.set(ClockReading(NOON, real_now(), 1.0))
    assert [name for name, _ in heard] == ["first", "second"] * 2
    assert heard[0][1] == heard[1][1] == NOON + timedelta(hours=1)


def test_only_setting_it_brings_a_stepped_clock_to_a_later_instant() -> None:
    clock = Clock.stepped(NOON)
    assert clock.real_seconds_until(NOON + timedelta(seconds=1)) is None
    assert clock.real_seconds_until(NOON) == 0.0
    assert clock.real_seconds_until(NOON - timedelta(days=1)) == 0.0


@given(rates, st.timedeltas(timedelta(days=1_000), timedelta(days=2_000)))
def test_the_wait_on_a_running_clock_shrinks_with_its_rate(rate: float, ahead: timedelta) -> None:
    before = real_now()
    clock = Clock(ClockReading(NOON, before, rate))
    longest = ahead.total_seconds() / rate
    seconds = clock.real_seconds_until(NOON + ahead)
    assert seconds is not None
    passed = (real_now() - before).total_seconds()
    assert max(longest - passed, 0) - 1e-3 <= seconds <= longest + 1e-3


@pytest.mark.parametrize("rate", [0.0, 1.0, 3600.0, 10_000_000.0])
def test_no_clock_shows_a_time_out_of_bounds(rate: float) -> None:
    clock = Clock(ClockReading(LAST_INSTANT, real_now() - timedelta(days=3_000), rate))
    assert clock.now() == LAST_INSTANT
    assert clock.now().astimezone(JST).year == 2099


@pytest.mark.parametrize("at", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)], ids=["1", "9999"])
def test_a_simulated_clock_is_not_set_out_of_bounds(at: datetime) -> None:
    clock = Clock.stepped(NOON)
    with pytest.raises(ValueError, match="out of bounds: give a time from 2000-04-01"):
        clock.step_to(at)
    assert clock.now() == NOON


@pytest.mark.parametrize("rate", [-1.0, 10_000_001.0, float("inf"), float("nan")])
def test_a_rate_that_no_clock_has_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="times as fast as real time"):
        ClockReading(NOON, NOON, rate)
