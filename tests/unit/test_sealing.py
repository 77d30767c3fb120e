"""What is sealed is opened by its reader alone, and only as it was sealed: no part of it can be changed or moved."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import topics
from contracts.bounds import FIRST_INSTANT, LAST_INSTANT
from contracts.cloudevents import Headers, headers
from contracts.events import ProxyPaymentAccepted
from contracts.parties import PARTIES, PAYMENT_PROVIDER, WARD
from contracts.sealing import (
    CONTENT_TYPE,
    READERS,
    SEALED,
    SEALED_FOR,
    UnopenableEvent,
    as_bytes,
    as_text,
    opened_headers,
    period_of,
    periods,
    read_sealed_for,
)
from contracts.vocabulary import Agent, Yen
from services.chassis.sealing.choosing import opener_for, sealer_for
from services.chassis.sealing.key_files import read_private_keys, read_public_keys
from services.chassis.sealing.port import Keyless, MissingKeys, Opener, Unsealed
from services.console.keys import keys_file, make_folder_of_keys, readers_file

AT = datetime(2021, 7, 20, 3, 0, tzinfo=UTC)
TOPIC, OTHER_TOPIC = topics.RECEIPTS.name, topics.BANK_SETTLEMENTS.name
KEY = "0190b0a0-0000-7000-8000-000000000001"
VALUE = b'{"slip_number":"41920211234500019"}'
PLAIN: Headers = headers(
    "event-1",
    ProxyPaymentAccepted(
        payment_id=KEY,
        agent=Agent.UC,
        amount=Yen(1),
        accepted_at=AT,
        closes_on=AT.date(),
        deposit_on=AT.date(),
    ),
    PAYMENT_PROVIDER,
    AT,
)
BOUND = ("ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", SEALED_FOR)


@pytest.fixture(scope="module")
def ward(keys: Path) -> Opener:
    return opener_for(WARD, keys_file(keys, WARD))


@pytest.fixture(scope="module")
def sealed(keys: Path) -> tuple[Headers, bytes]:
    """A message on the topic of receipts, under `KEY`."""
    return sealer_for(readers_file(keys)).seal(TOPIC, KEY, PLAIN, AT, VALUE)


# ---- events


def test_its_reader_opens_what_was_sealed(ward: Opener, sealed: tuple[Headers, bytes]) -> None:
    marks, value = sealed
    assert dict(marks)[CONTENT_TYPE] == SEALED
    assert VALUE not in value
    assert b"41920211234500019" not in b"".join((value, *(content for _, content in marks)))
    assert ward.open(TOPIC, KEY, marks, value) == VALUE
    assert set(opened_headers(marks)) == set(PLAIN)


@pytest.mark.parametrize("reader", [party for party in PARTIES if party != WARD])
def test_nobody_else_opens_it(reader: str, keys: Path, sealed: tuple[Headers, bytes]) -> None:
    with pytest.raises(UnopenableEvent, match=f"it is sealed for ward, not for {reader}"):
        opener_for(reader, keys_file(keys, reader)).open(TOPIC, KEY, *sealed)
    with pytest.raises(UnopenableEvent, match="there are no private keys"):
        Keyless().open(TOPIC, KEY, *sealed)


@given(data=st.data())
def test_a_value_changed_in_any_bit_is_refused(
    ward: Opener, sealed: tuple[Headers, bytes], data: st.DataObject
) -> None:
    marks, value = sealed
    bit = data.draw(st.integers(0, 8 * len(value) - 1))
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(UnopenableEvent, match="altered"):
        ward.open(TOPIC, KEY, marks, bytes(changed))


@given(cut=st.integers(0, len(VALUE) + 27), more=st.binary(min_size=1, max_size=20))
def test_a_value_cut_or_lengthened_is_refused(
    ward: Opener, sealed: tuple[Headers, bytes], cut: int, more: bytes
) -> None:
    marks, value = sealed
    for changed in (value[:cut], value + more):
        with pytest.raises(UnopenableEvent, match=r"altered|fewer than a nonce"):
            ward.open(TOPIC, KEY, marks, changed)


@given(data=st.data())
def test_a_header_that_is_bound_and_changed_is_refused(
    ward: Opener, sealed: tuple[Headers, bytes], data: st.DataObject
) -> None:
    marks, value = sealed
    name = data.draw(st.sampled_from(BOUND))
    content = data.draw(st.binary(max_size=200).filter(lambda other: other != dict(marks)[name]))
    changed = tuple((n, content if n == name else c) for n, c in marks)
    with pytest.raises(UnopenableEvent):
        ward.open(TOPIC, KEY, changed, value)


@given(data=st.data())
def test_a_wrapped_key_changed_in_any_bit_is_refused(
    ward: Opener, sealed: tuple[Headers, bytes], data: st.DataObject
) -> None:
    marks, value = sealed
    period, wrapped = read_sealed_for(dict(marks)[SEALED_FOR])
    bit = data.draw(st.integers(0, 8 * len(wrapped[WARD]) - 1))
    changed = bytearray(wrapped[WARD])
    changed[bit // 8] ^= 1 << bit % 8
    text = f"{period} ward={as_text(bytes(changed))}".encode()
    with pytest.raises(UnopenableEvent, match="altered"):
        ward.open(TOPIC, KEY, tuple((n, text if n == SEALED_FOR else c) for n, c in marks), value)


@given(key=st.text(max_size=50).filter(lambda key: key != KEY))
def test_another_key_or_topic_is_refused(ward: Opener, sealed: tuple[Headers, bytes], key: str) -> None:
    with pytest.raises(UnopenableEvent, match="altered"):
        ward.open(TOPIC, key, *sealed)
    with pytest.raises(UnopenableEvent, match="altered, or wrapped for something else"):
        ward.open(OTHER_TOPIC, KEY, *sealed)


def test_a_value_of_another_event_under_the_same_data_key_is_refused(ward: Opener, keys: Path) -> None:
    sealer = sealer_for(readers_file(keys))
    others = tuple((n, b"event-2" if n == "ce_id" else c) for n, c in PLAIN)
    (marks, value), (other_marks, other_value) = (sealer.seal(TOPIC, KEY, h, AT, VALUE) for h in (PLAIN, others))
    assert dict(marks)[SEALED_FOR] == dict(other_marks)[SEALED_FOR], "one data key, so one header"
    assert value[:12] != other_value[:12], "a nonce is never used twice"
    for swapped in ((marks, other_value), (other_marks, value)):
        with pytest.raises(UnopenableEvent, match="belongs to another event"):
            ward.open(TOPIC, KEY, *swapped)


def test_what_is_not_sealed_stays_as_it_is(ward: Opener) -> None:
    assert ward.open(TOPIC, KEY, PLAIN, VALUE) == VALUE
    assert Keyless().open(TOPIC, KEY, PLAIN, VALUE) == VALUE
    assert Unsealed().seal(TOPIC, KEY, PLAIN, AT, VALUE) == (PLAIN, VALUE)


def test_every_topic_but_the_clock_is_sealed_for_its_readers_or_else_for_its_owner() -> None:
    expected = {topic.name: topic.readers or (topic.owner,) for topic in topics.TOPICS}
    assert {**expected, topics.CLOCK.name: ()} == READERS
    assert READERS[topics.SCANS.name] == (PAYMENT_PROVIDER,)


def test_the_clock_stays_plain(keys: Path) -> None:
    assert sealer_for(readers_file(keys)).seal(topics.CLOCK.name, "clock", PLAIN, AT, b"{}") == (PLAIN, b"{}")


@pytest.mark.parametrize(
    "text", [b"", b"2021-07", b"2021-13 ward=AAAA", b"2021-07 ward", b"2021-07 ward=A", b"2021-07 ward=AA=AA",
             b"2021-07 ward=AAAA ward=AAAA", b"\xff", b"2021-07 " + b"x" * 5_000, b"2021-07 ward=AB"]
)  # fmt: skip
def test_a_header_that_says_nothing_is_refused_with_the_right_form(
    text: bytes, ward: Opener, sealed: tuple[Headers, bytes]
) -> None:
    marks = tuple((n, text if n == SEALED_FOR else c) for n, c in sealed[0])
    with pytest.raises(UnopenableEvent, match="does not say for whom it is sealed; right is: 2021-07 ward=BASE64URL"):
        ward.open(TOPIC, KEY, marks, sealed[1])


@given(raw=st.binary(max_size=100))
def test_base64url_has_one_form(raw: bytes) -> None:
    assert as_bytes(as_text(raw)) == raw


# ---- months


def test_a_period_is_a_month_of_japan() -> None:
    assert period_of(datetime(2021, 6, 30, 14, 59, 59, tzinfo=UTC)) == "2021-06"
    assert period_of(datetime(2021, 6, 30, 15, 0, tzinfo=UTC)) == "2021-07"


def test_there_is_a_period_for_every_instant_of_the_clock_and_for_timers_beyond() -> None:
    every = list(periods())
    assert len(every) == 1_188
    assert (every[0], every[-1]) == (period_of(FIRST_INSTANT), period_of(LAST_INSTANT)) == ("2000-04", "2099-03")
    assert period_of(LAST_INSTANT + timedelta(days=200)) == "2099-03"
    assert list(periods("2021-11", "2022-02")) == ["2021-11", "2021-12", "2022-01", "2022-02"]


def test_a_month_without_a_key_of_the_reader_is_named(keys: Path) -> None:
    with pytest.raises(MissingKeys, match=r"no public key of ward for 2031-07: have it made .*sansha provision keys"):
        sealer_for(readers_file(keys)).seal(TOPIC, KEY, PLAIN, AT.replace(year=2031), VALUE)


def test_a_message_of_a_month_without_a_private_key_is_set_aside(tmp_path: Path) -> None:
    make_folder_of_keys(tmp_path, ["2021-07"])
    sealed = sealer_for(readers_file(tmp_path)).seal(TOPIC, KEY, PLAIN, AT, VALUE)
    keys_file(tmp_path, WARD).unlink()
    readers_file(tmp_path).unlink()
    make_folder_of_keys(tmp_path, ["2021-08"])
    with pytest.raises(UnopenableEvent, match=r"the key of ward for 2021-07 is not in .*ward\.json"):
        opener_for(WARD, keys_file(tmp_path, WARD)).open(TOPIC, KEY, *sealed)


# ---- destruction


def own(keys: Path, folder: Path) -> Path:
    return Path(shutil.copytree(keys, folder / "own"))


def test_what_was_sealed_in_a_destroyed_month_opens_no_more_and_what_came_later_does(
    keys: Path, tmp_path: Path
) -> None:
    folder, august = own(keys, tmp_path), AT.replace(month=8)
    changes: list[str] = []
    sealer, path = sealer_for(readers_file(folder)), keys_file(folder, WARD)
    opener, replica = opener_for(WARD, path, lambda: changes.append("own")), opener_for(WARD, path)
    before, after = (sealer.seal(TOPIC, KEY, PLAIN, at, VALUE) for at in (AT, august))
    for one in (opener, replica):
        assert one.open(TOPIC, KEY, *before) == VALUE, "the data key is in its memory"
    opener.destroy("2021-08", AT)
    replica.refresh()
    for one in (opener, replica, opener_for(WARD, path)):
        with pytest.raises(UnopenableEvent, match=r"the key of ward for 2021-07 was destroyed on 2021-07-20T03:00:00"):
            one.open(TOPIC, KEY, *before)
        assert one.open(TOPIC, KEY, *after) == VALUE
    assert changes == ["own"]
    held = read_private_keys(path)
    assert min(held.private_keys) == "2021-08"
    assert [(one.before, one.at) for one in held.destroyed] == [("2021-08", AT)]
    assert path.stat().st_mode & 0o777 == 0o600


def test_destroying_again_changes_nothing_and_making_keys_brings_none_back(keys: Path, tmp_path: Path) -> None:
    folder = own(keys, tmp_path)
    path = keys_file(folder, WARD)
    opener = opener_for(WARD, path)
    opener.destroy("2021-08", AT)
    destroyed = path.read_bytes()
    opener.destroy("2021-08", AT + timedelta(days=1))
    opener.destroy("2021-05", AT + timedelta(days=1))
    assert path.read_bytes() == destroyed
    readers_file(folder).unlink()
    make_folder_of_keys(folder, ["2021-07", "2021-08", "2024-01"])
    assert set(read_private_keys(path).private_keys) & {"2021-07", "2024-01"} == {"2024-01"}


# ---- the files of keys


def test_files_of_keys_that_cannot_be_used_are_named(keys: Path, tmp_path: Path) -> None:
    folder = own(keys, tmp_path)
    path, readers = keys_file(folder, WARD), readers_file(folder)
    with pytest.raises(MissingKeys, match=r"has the keys of ward, not of payment_provider"):
        opener_for(PAYMENT_PROVIDER, path)
    path.chmod(0o644)
    with pytest.raises(MissingKeys, match="set its mode to 0600"):
        opener_for(WARD, path)
    path.chmod(0o600)
    for damaged in ("{", '{"principal":"ward","private_keys":{"2021-07":"AAAA"}}', '{"principal":"ward"}'):
        path.write_text(damaged)
        with pytest.raises(MissingKeys, match="is damaged"):
            opener_for(WARD, path)
    readers.write_text('{"ward":{"July":"AAAA"}}')
    with pytest.raises(MissingKeys, match=r"'July' is no month; write it like 2021-07"):
        sealer_for(readers)
    readers.unlink()
    with pytest.raises(MissingKeys, match="make keys with: sansha provision keys"):
        sealer_for(readers)


def test_public_keys_may_be_files_of_a_folder_as_the_parties_hand_them_over(keys: Path, tmp_path: Path) -> None:
    whole = read_public_keys(readers_file(keys))
    for principal, own_keys in whole.items():
        document = ", ".join(f'"{month}": "{key}"' for month, key in own_keys.items())
        (tmp_path / f"{principal}.json").write_text(f'{{"{principal}": {{{document}}}}}')
    assert read_public_keys(tmp_path) == whole
