"""CloudEvents in binary mode: what is written reads back, and a message that is no event is refused with a reason."""

import json
import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from typing import get_type_hints

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.bounds import FIRST_INSTANT, LAST_INSTANT, LONGEST_ID
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
from contracts.events import (
    EVENTS,
    ClockSet,
    ClosingStatementIssued,
    DamageMadeGood,
    DamagesClaimed,
    DepositMade,
    Event,
    PaymentDeclined,
    ReceiptDelivered,
)
from contracts.schema_generation import example_of
from contracts.vocabulary import DeclineReason, Method

PAYMENT = "01980000-5a7e-8000-8000-000000000001"
EVENT_ID = "01980000-5a7e-8000-9000-00000000000e"
AT = datetime(2021, 7, 20, 3, 15, 30, 123456, tzinfo=UTC)
DECLINED = PaymentDeclined(payment_id=PAYMENT, method=Method.CARD, reason=DeclineReason.OVER_LIMIT, declined_at=AT)
TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01")

decoder = Decoder()
DAY = timedelta(days=1)
instants = st.datetimes(
    (FIRST_INSTANT + DAY).replace(tzinfo=None),
    (LAST_INSTANT - DAY).replace(tzinfo=None),
    timezones=st.integers(-720, 840).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
subjects = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=LONGEST_ID // 4)


def written(subject: str = PAYMENT) -> Headers:
    event = PaymentDeclined(payment_id=subject, method=Method.CARD, reason=DeclineReason.CARD_LOST, declined_at=AT)
    return headers(EVENT_ID, event, "payment_provider", AT)


@given(st.uuids().map(str), subjects, instants)
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


# ---- bounds ----------------------------------------------------------------------------------------------


def replaced(name: str, content: bytes) -> Headers:
    return tuple((n, content if n == name else c) for n, c in written())


@pytest.mark.parametrize("name", ["ce_id", "ce_type", "ce_source", "ce_subject"])
@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b"a\x00b", r"holds the control character U\+0000"),
        (b"\x1b[2J", r"holds the control character U\+001B"),
        ("\x85".encode(), r"holds the control character U\+0085"),
        (b"x" * 1_001, "has 1,001 bytes; at most 1,000 are allowed"),
        ("字".encode() * 334, "has 1,002 bytes; at most 1,000 are allowed"),
    ],
)
def test_a_header_that_no_database_could_store_is_refused(name: str, content: bytes, wrong: str) -> None:
    with pytest.raises(UndecodableEvent, match=f"{name} {wrong}"):
        envelope(replaced(name, content))


@pytest.mark.parametrize("name", ["ce_id", "ce_type", "ce_source"])
def test_a_header_that_must_be_there_is_not_empty(name: str) -> None:
    with pytest.raises(UndecodableEvent, match=f"{name} is empty"):
        envelope(replaced(name, b""))


@pytest.mark.parametrize("name", ["ce_id", "ce_type", "ce_source", "ce_subject", "ce_time"])
def test_an_attribute_that_is_there_twice_is_refused_whatever_it_says(name: str) -> None:
    with pytest.raises(UndecodableEvent, match=f"header {name} is there 2 times; send it once"):
        envelope([*written(), (name, dict(written())[name])])


def test_headers_that_are_not_ours_may_be_repeated() -> None:
    assert envelope([*written(), ("baggage", b"1"), ("baggage", b"2")]).id == EVENT_ID


@pytest.mark.parametrize(
    "time",
    [
        b"0001-01-01T00:00:00Z",
        b"0001-01-01T00:00:00+09:00",
        b"9999-12-31T23:59:59Z",
        b"9999-12-31T23:59:59-12:00",
        b"2000-03-31T14:59:59Z",
        b"2099-03-31T15:00:00Z",
    ],
)
def test_a_time_out_of_bounds_is_refused_with_the_bounds(time: bytes) -> None:
    with pytest.raises(UndecodableEvent, match=r"ce_time .* is out of bounds: give a time from 2000-04-01"):
        envelope(replaced("ce_time", time))


def changed(event_type: type[Event], field: str, content: str) -> bytes:
    """The schema's example with this JSON in a field."""
    held = json.dumps({**example_of(event_type), field: "held"})
    return held.replace('"held"', content, 1).encode()


OF_DEPOSITS = (DepositMade, DamagesClaimed, DamageMadeGood)
"""Events whose amount is that of a transfer."""


@pytest.mark.parametrize(
    "content", ["-1", "1000000", "4611686018427387904", "9" * 30, "true", '"5"', "5.0", "1e3", "null"]
)
@pytest.mark.parametrize("event_type", [t for t in EVENTS if "amount" in t.__struct_fields__ and t not in OF_DEPOSITS])
def test_an_amount_of_a_payment_is_a_whole_number_of_six_digits(event_type: type[Event], content: str) -> None:
    with pytest.raises(UndecodableEvent, match=r"\$\.amount"):
        decoder.decode(event_type.TYPE, changed(event_type, "amount", content))


@pytest.mark.parametrize(
    ("event_type", "field", "content"),
    [
        (DepositMade, "amount", "10000000000"),
        (DepositMade, "amount", "-1"),
        (DepositMade, "amount", "4611686018427387904"),
        (ClosingStatementIssued, "total_amount", "1000000000000"),
        (ClosingStatementIssued, "fee", "-1"),
        (ClosingStatementIssued, "fee", "1000000000000"),
        (ClosingStatementIssued, "total_count", "100000000"),
        (ClosingStatementIssued, "page", "0"),
        (ClosingStatementIssued, "pages", "2147483648"),
        (ClosingStatementIssued, "lines", '[["p",10000000000,null,null]]'),
        (ClosingStatementIssued, "lines", "[" + ",".join(['["p",1]'] * 501) + "]"),
        (ReceiptDelivered, "repetition", "-1"),
        (ReceiptDelivered, "payment_id", '""'),
        (ReceiptDelivered, "payment_id", json.dumps("x" * 1_001)),
        (ReceiptDelivered, "slip_number", json.dumps("x" * 1_001)),
        (ClockSet, "rate", "1e308"),
        (ClockSet, "rate", "-1"),
        (ClockSet, "rate", "1e400"),
        (ClockSet, "sequence", "-1"),
    ],
)
def test_a_number_or_a_text_out_of_bounds_is_refused_with_its_field(
    event_type: type[Event], field: str, content: str
) -> None:
    with pytest.raises(UndecodableEvent, match=rf"\$\.{field}"):
        decoder.decode(event_type.TYPE, changed(event_type, field, content))


INSTANTS = [
    (t, name) for t in EVENTS for name, kind in get_type_hints(t).items() if kind in (datetime, datetime | None)
]
DATES = [(t, name) for t in EVENTS for name, kind in get_type_hints(t).items() if kind in (date, date | None)]


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "2099-03-31T15:00:00Z"])
@pytest.mark.parametrize(("event_type", "field"), INSTANTS)
def test_an_instant_out_of_bounds_is_refused_with_its_field(event_type: type[Event], field: str, text: str) -> None:
    with pytest.raises(UndecodableEvent, match=f"^{field} .* is out of bounds"):
        decoder.decode(event_type.TYPE, changed(event_type, field, json.dumps(text)))


@pytest.mark.parametrize(("event_type", "field"), INSTANTS)
def test_an_instant_without_a_zone_is_refused_and_one_of_japan_is_held_in_utc(
    event_type: type[Event], field: str
) -> None:
    with pytest.raises(UndecodableEvent, match=f"^{field} .* has no time zone"):
        decoder.decode(event_type.TYPE, changed(event_type, field, '"2021-07-20T12:00:00"'))
    event = decoder.decode(event_type.TYPE, changed(event_type, field, '"2021-07-20T12:00:00+09:00"'))
    assert getattr(event, field).isoformat() == "2021-07-20T03:00:00+00:00"


@pytest.mark.parametrize("text", ["0001-01-01", "2000-03-31", "2100-01-01", "9999-12-31"])
@pytest.mark.parametrize(("event_type", "field"), DATES)
def test_a_date_out_of_bounds_is_refused_with_its_field(event_type: type[Event], field: str, text: str) -> None:
    with pytest.raises(UndecodableEvent, match=f"^{field} {text} is out of bounds"):
        decoder.decode(event_type.TYPE, changed(event_type, field, json.dumps(text)))


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00Z", "2021-07-20T12:00:00"])
def test_the_instants_of_a_statements_lines_have_the_same_bounds(instant: str) -> None:
    line = json.dumps([["p", 1, instant, None]])
    with pytest.raises(UndecodableEvent, match="approved_at"):
        decoder.decode(ClosingStatementIssued.TYPE, changed(ClosingStatementIssued, "lines", line))
    japan = json.dumps([["p", 1, "2021-07-20T12:00:00+09:00", None]])
    read = decoder.decode(ClosingStatementIssued.TYPE, changed(ClosingStatementIssued, "lines", japan))
    assert isinstance(read, ClosingStatementIssued)
    assert read.lines[0].approved_at == datetime(2021, 7, 20, 3, tzinfo=UTC)


TEXTS = [(t, name) for t in EVENTS for name, kind in get_type_hints(t).items() if kind is str]


@pytest.mark.parametrize("escaped", [r"\u0000", r"a\u001bb", r"\n", "\x7f", "\x85"])
@pytest.mark.parametrize(("event_type", "field"), TEXTS)
def test_a_control_character_in_any_text_is_refused(event_type: type[Event], field: str, escaped: str) -> None:
    with pytest.raises(UndecodableEvent, match=f"{field} holds the control character"):
        decoder.decode(event_type.TYPE, changed(event_type, field, f'"{escaped}"'))


def test_an_escape_that_is_no_control_character_is_read() -> None:
    event = decoder.decode(ReceiptDelivered.TYPE, changed(ReceiptDelivered, "payment_id", r'"\u7d0d\/\""'))
    assert event.subject == '納/"'


def test_a_control_character_in_a_line_of_a_statement_is_refused() -> None:
    with pytest.raises(UndecodableEvent, match="payment_id holds the control character"):
        decoder.decode(
            ClosingStatementIssued.TYPE, changed(ClosingStatementIssued, "lines", r'[["p\u0000",1,null,null]]')
        )
