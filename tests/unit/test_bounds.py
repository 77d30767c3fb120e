"""The bounds of the contract: what is inside can be used everywhere, what is outside says so."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.bounds import (
    FIRST_DAY,
    FIRST_INSTANT,
    LAST_DATE,
    LAST_DAY,
    LAST_INSTANT,
    LONGEST_ID,
    control_character,
    shown,
    unstorable_character,
    wrong_day,
    wrong_id,
    wrong_instant,
    wrong_text,
)
from contracts.calendar import BankCalendar
from contracts.vocabulary import JST, business_date

zones = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=zones))
@example(datetime.min.replace(tzinfo=JST))
@example(datetime.max.replace(tzinfo=timezone(-timedelta(hours=23))))
@example(FIRST_INSTANT)
@example(LAST_INSTANT)
@example(LAST_INSTANT + timedelta(microseconds=1))
def test_an_instant_in_bounds_has_a_day_of_japan_in_bounds_and_one_outside_is_refused(at: datetime) -> None:
    if wrong := wrong_instant(at):
        assert "2000-04-01T00:00:00+09:00 to 2099-03-31T23:59:59+09:00" in wrong
        assert not FIRST_INSTANT <= at <= LAST_INSTANT
    else:
        assert wrong_day(business_date(at)) == ""
        assert at.astimezone(UTC) == at


def test_an_instant_without_a_zone_is_refused() -> None:
    assert "no time zone" in wrong_instant(datetime(2021, 7, 1))  # noqa: DTZ001


@given(st.dates())
@example(FIRST_DAY)
@example(LAST_DAY)
@example(LAST_DAY + timedelta(days=1))
def test_a_day_is_in_bounds_or_told_which_they_are(day: date) -> None:
    wrong = wrong_day(day)
    assert (wrong == "") == (FIRST_DAY <= day <= LAST_DAY)
    assert not wrong or f"from {FIRST_DAY} to {LAST_DAY}" in wrong


def test_what_follows_from_the_last_day_is_still_within_the_bank_calendar() -> None:
    assert BankCalendar().add(LAST_DAY, 100) <= LAST_DATE


@given(st.text(st.characters(), max_size=1_500))
@example("")
@example("字" * 334)
@example("x" * 1_000)
@example("x" * 1_001)
def test_a_text_is_an_id_if_every_database_can_store_and_index_it(text: str) -> None:
    if wrong_id(text):
        assert not text or control_character(text) or len(text.encode()) > LONGEST_ID
    else:
        assert 0 < len(text.encode()) <= LONGEST_ID
        assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in text)
    assert wrong_text(text) == ("" if not text else wrong_id(text))


@pytest.mark.parametrize(("text", "named"), [("a\x00", "U+0000"), ("\x1b[2J", "U+001B"), ("\x85", "U+0085")])
def test_a_control_character_is_named(text: str, named: str) -> None:
    assert named in wrong_id(text)


@given(st.text(st.characters()))
def test_only_a_nul_and_a_lone_surrogate_cannot_be_stored(text: str) -> None:
    storable = "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
    assert (unstorable_character(text) == "") == storable


@given(st.text(st.characters(), max_size=300))
@example("\x1b]0;title\x07")
@example("x" * 100_000)
def test_what_is_shown_is_short_and_moves_no_cursor(text: str) -> None:
    made = shown(text)
    assert control_character(made) == ""
    assert len(made) <= 6 * 80 + 40
    made.encode()
