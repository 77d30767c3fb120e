"""The chain of the access log: an entry that was changed, removed or moved is found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from contracts.access_log import FIRST_MARK, Access, Checkpoint, Entry, broken, chained, erased

NOON = datetime(2021, 4, 12, 3, tzinfo=UTC)
texts = st.text(st.characters(codec="utf-8"), max_size=8)
accesses = st.lists(
    st.builds(
        Access,
        at=st.timedeltas(timedelta(0), timedelta(days=400)).map(lambda ahead: NOON + ahead),
        user=texts,
        roles=st.lists(texts, max_size=2).map(tuple),
        what=texts,
        whose=st.lists(texts, max_size=3).map(tuple),
        why=texts,
    ),
    min_size=1,
    max_size=12,
)


def held(entry: Entry) -> Checkpoint:
    return Checkpoint("ward", date(2021, 4, 12), entry.number, entry.mark, "", "")


def log_of(reads: list[Access]) -> list[Entry]:
    return list(chained(reads, salts()))


def salts() -> Callable[[], bytes]:
    numbers = count()
    return lambda: next(numbers).to_bytes(16, "big")


@given(accesses)
def test_a_log_as_it_was_written_is_right(reads: list[Access]) -> None:
    log = log_of(reads)
    assert broken(log) == []
    assert broken(log, [held(entry) for entry in log]) == []
    whole = msgspec.convert(msgspec.to_builtins(log), list[Entry])
    assert broken(whole) == [], "as JSON too"


@given(accesses, st.integers(1, 11))
def test_a_log_written_in_parts_is_the_same(reads: list[Access], parts: int) -> None:
    written, number, mark, new_salt = list[Entry](), 0, FIRST_MARK, salts()
    for start in range(0, len(reads), parts):
        written += chained(reads[start : start + parts], new_salt, number, mark)
        number, mark = written[-1].number, bytes.fromhex(written[-1].mark)
    assert written == log_of(reads)


@given(accesses, st.data())
def test_an_entry_changed_in_any_field_is_found(reads: list[Access], data: st.DataObject) -> None:
    log = log_of(reads)
    n = data.draw(st.integers(0, len(log) - 1))
    field = data.draw(st.sampled_from(Access._fields))
    values = log[n].access._asdict()
    old = values[field]
    values[field] = old + (timedelta(microseconds=1) if field == "at" else "x" if isinstance(old, str) else ("x",))
    log[n] = msgspec.structs.replace(log[n], access=Access(**values))
    assert broken(log)[0].number == n + 1


@given(accesses.filter(lambda reads: len(reads) > 1), st.data())
def test_an_entry_removed_or_moved_is_found(reads: list[Access], data: st.DataObject) -> None:
    log = log_of(reads)
    n = data.draw(st.integers(0, len(log) - 2))
    assert broken([*log[:n], *log[n + 1 :]])[0].number == n + 2
    moved = [*log[:n], log[n + 1], log[n], *log[n + 2 :]]
    assert broken(moved) != []
    renumbered = [msgspec.structs.replace(entry, number=i) for i, entry in enumerate(moved, 1)]
    assert broken(renumbered) != []


@given(accesses.filter(lambda reads: len(reads) > 1), st.data())
def test_a_log_written_anew_differs_from_the_checkpoint_that_others_hold(
    reads: list[Access], data: st.DataObject
) -> None:
    log = log_of(reads)
    kept = log[data.draw(st.integers(0, len(log) - 1))]
    checkpoint = [held(kept)]
    forged = log_of([reads[0]._replace(user=f"{reads[0].user}x"), *reads[1:]])
    assert broken(forged) == []
    assert "differs from the checkpoint" in broken(forged, checkpoint)[0].why
    assert "is missing" in broken(log[: kept.number - 1], checkpoint)[0].why


def test_checkpoints_that_contradict_each_other_are_found() -> None:
    log = log_of([Access(NOON, "suzuki", (), "GET /slips", (), "")])
    assert broken(log, [held(log[0]), msgspec.structs.replace(held(log[0]), mark="0" * 64)]) != []


def without_persons(entry: Entry) -> Entry:
    return msgspec.structs.replace(entry, access=entry.access._replace(whose=()), salt="")


@given(accesses, st.data())
def test_persons_can_be_erased_and_the_chain_still_holds(reads: list[Access], data: st.DataObject) -> None:
    log = log_of(reads)
    gone = data.draw(st.sets(st.integers(0, len(log) - 1), min_size=1))
    log = [without_persons(entry) if n in gone else entry for n, entry in enumerate(log)]
    assert broken(log, [held(entry) for entry in log]) == []
    assert erased(log) == (len(gone), max(reads[n].at for n in gone))


@given(accesses.filter(lambda reads: any(read.whose for read in reads)), st.data())
def test_persons_put_back_or_taken_out_without_their_salt_are_found(reads: list[Access], data: st.DataObject) -> None:
    log = log_of(reads)
    n = data.draw(st.sampled_from([n for n, read in enumerate(reads) if read.whose]))
    gone = without_persons(log[n])
    put_back = msgspec.structs.replace(gone, access=log[n].access)
    taken_out = msgspec.structs.replace(gone, salt=log[n].salt)
    salted = msgspec.structs.replace(put_back, salt="00" * 16 if log[n].salt != "00" * 16 else "11" * 16)
    for forged in (put_back, taken_out, salted, msgspec.structs.replace(log[n], salt="no salt")):
        found = broken([*log[:n], forged, *log[n + 1 :]])
        assert [(one.number, one.why) for one in found] == [(n + 1, f"the persons of entry {n + 1} were changed")]
