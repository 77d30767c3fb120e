"""CloudEvents in binary mode: what is written reads back, and a message that is no event is refused with a reason."""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.cloudevents import (
    Decoder,
    Envelope,
    Headers,
    UndecodableEvent,
    encode_value,
    envelope,
    headers,
    trace_id,
)
from contracts.events import EVENTS, ClockSet, Event, PaymentDeclined, ReceiptDelivered
from contracts.vocabulary import DeclineReason, Method

PAYMENT = "01980000-5a7e-8000-8000-000000000001"
EVENT_ID = "01980000-5a7e-8000-9000-00000000000e"
AT = datetime(2021, 7, 20, 3, 15, 30, 123456, tzinfo=UTC)
DECLINED = PaymentDeclined(payment_id=PAYMENT, method=Method.CARD, reason=DeclineReason.OVER_LIMIT, declined_at=AT)
TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01")

decoder = Decoder()
instants = st.datetimes(timezones=st.integers(-720, 840).map(lambda minutes: timezone(timedelta(minutes=minutes))))


def written(subject: str = PAYMENT) -> Headers:
    event = PaymentDeclined(payment_id=subject, method=Method.CARD, reason=DeclineReason.CARD_LOST, declined_at=AT)
    return headers(EVENT_ID, event, "payment_provider", AT)


@given(st.uuids().map(str), st.text(st.characters(codec="utf-8")), instants)
def test_what_is_written_is_read_again(event_id: str, subject: str, at: datetime) -> None:
    event = PaymentDeclined(payment_id=subject, method=Method.CARD, reason=DeclineReason.CARD_LOST, declined_at=AT)
    assert envelope(headers(event_id, event, "ward", at)) == Envelope(
        id=event_id, type=event.TYPE, source="/sansha/ward", subject=subject, time=at
    )


@given(st.uuids().map(str), st.text(st.characters(codec="utf-8")) | st.uuids().map(str))
@example(EVENT_ID, "z" * 32)
@example(EVENT_ID, "0" * 32)
@example(EVENT_ID, PAYMENT.upper())
@example("not a uuid", "clock")
def test_the_trace_is_well_formed_whatever_the_subject(event_id: str, subject: str) -> None:
    event = PaymentDeclined(payment_id=subject, method=Method.CARD, reason=DeclineReason.CARD_LOST, declined_at=AT)
    written = dict(headers(event_id, event, "ward", AT))
    assert TRACEPARENT.fullmatch(written["traceparent"].decode())


def test_a_payments_whole_story_is_one_trace_named_by_its_id() -> None:
    assert trace_id(PAYMENT) == PAYMENT.replace("-", "")
    assert PAYMENT.replace("-", "").encode() in dict(written())["traceparent"]


def test_subjects_that_end_alike_have_traces_of_their_own() -> None:
    assert trace_id("statement.jcb.2021-07-31.closing") != trace_id("statement.ucc.2021-07-31.closing")
    assert trace_id("jcb, closed on 2021-07-31") != trace_id("uc, closed on 2021-07-31")


def test_other_headers_are_ignored_and_the_subject_may_be_missing() -> None:
    raw = (*((name, value) for name, value in written() if name != "ce_subject"), ("other", b"\xff"))
    assert envelope(raw).subject == ""


@pytest.mark.parametrize("name", ["ce_id", "ce_type", "ce_source", "ce_time"])
def test_a_missing_header_is_named(name: str) -> None:
    with pytest.raises(UndecodableEvent, match=f"header {name} is missing"):
        envelope([header for header in written() if header[0] != name])


@pytest.mark.parametrize("name", ["ce_id", "ce_type", "ce_source", "ce_subject", "ce_time"])
def test_a_header_that_is_not_utf_8_is_named_as_such(name: str) -> None:
    with pytest.raises(UndecodableEvent, match="not UTF-8"):
        envelope([*written(), (name, b"\xff")])


@pytest.mark.parametrize(
    ("time", "wrong"),
    [
        (b"", "not an RFC 3339 time"),
        (b"yesterday", "not an RFC 3339 time"),
        (b"2021-13-01T00:00:00Z", "not an RFC 3339 time"),
        (b"2021-07-20T03:15:30", "no time zone"),
    ],
)
def test_a_time_that_cannot_be_says_why(time: bytes, wrong: str) -> None:
    with pytest.raises(UndecodableEvent, match=wrong):
        envelope([*written(), ("ce_time", time)])


def test_an_event_survives_its_json() -> None:
    assert decoder.decode(DECLINED.TYPE, encode_value(DECLINED)) == DECLINED


def test_unknown_fields_are_tolerated() -> None:
    value = encode_value(DECLINED)[:-1] + b',"since_version_1_1":{"a":[1]}}'
    assert decoder.decode(DECLINED.TYPE, value) == DECLINED


@pytest.mark.parametrize(
    ("event_type", "value", "wrong"),
    [
        ("sansha.ward.nothing.v1", b"{}", "unknown to this version"),
        (DECLINED.TYPE, b"", "truncated"),
        (DECLINED.TYPE, b"{]", "malformed"),
        (DECLINED.TYPE, b"[]", "Expected `object`"),
        (DECLINED.TYPE, b'{"payment_id":"\xff"}', "payment_declined.v1: 'utf-8' codec can't decode"),
        (DECLINED.TYPE, b'{"x":' + b"[" * 100_000, "payment_declined.v1: maximum recursion depth"),
        (DECLINED.TYPE, b"{}", "missing required field `payment_id`"),
        (
            DECLINED.TYPE,
            encode_value(DECLINED).replace(b'"over_limit"', b'"bad_mood"'),
            r"Invalid enum value 'bad_mood' - at `\$.reason`",
        ),
        (ReceiptDelivered.TYPE, b'{"payment_id":1}', r"Expected `str`, got `int` - at `\$.payment_id`"),
        (ClockSet.TYPE, b'{"sequence":"1"}', r"Expected `int`, got `str` - at `\$.sequence`"),
    ],
)
def test_a_value_that_is_no_event_says_why(event_type: str, value: bytes, wrong: str) -> None:
    with pytest.raises(UndecodableEvent, match=wrong):
        decoder.decode(event_type, value)


@given(st.sampled_from(EVENTS), st.binary())
@example(PaymentDeclined, b'{"payment_id":"\xff\xff"}')
@example(PaymentDeclined, b'{"payment_id":"\\ud800"}')
@example(ClockSet, b'{"rate":1e999}')
@example(ClockSet, b'{"x":' + b"[" * 2_000)
def test_any_bytes_give_an_event_or_say_why_not(event_type: type[Event], value: bytes) -> None:
    with suppress(UndecodableEvent):
        assert isinstance(decoder.decode(event_type.TYPE, value), event_type)


def test_a_party_reads_its_private_events_and_nobody_elses() -> None:
    class TimerRang(PaymentDeclined, frozen=True, kw_only=True):
        TYPE = "sansha.ward.timer_rang.v1"

    rang = TimerRang(payment_id=PAYMENT, method=Method.CARD, reason=DeclineReason.CARD_LOST, declined_at=AT)
    assert Decoder(private=[TimerRang]).decode(TimerRang.TYPE, encode_value(rang)) == rang
    with pytest.raises(UndecodableEvent, match="unknown to this version"):
        decoder.decode(TimerRang.TYPE, encode_value(rang))
