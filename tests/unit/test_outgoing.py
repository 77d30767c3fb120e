"""Outbox rows in flight while transactions of one process overlap, as they do on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.bus.port import BusError, Record
from services.chassis.messaging.outbox import ROWS_PER_SEND, OutboxRow, Written
from services.chassis.messaging.outgoing import ROWS_QUEUED, Outgoing, Pending
from services.chassis.transaction import Announcements, Timer

NOON = datetime(2021, 4, 12, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


def record(seq: int) -> Record:
    return Record("t", f"key {seq}", b"", ())


def row(seq: int) -> OutboxRow:
    return OutboxRow(seq, [record(seq)])


def begun() -> Outgoing:
    """The state of a process that has read its empty table."""
    outgoing = Outgoing()
    with outgoing.reading():
        outgoing.read([], None)
    return outgoing


def writing(outgoing: Outgoing, seq: int, *, others_unsent: bool = False) -> Pending:
    """A transaction that has published as row `seq` and is about to commit."""
    known, deleted = outgoing.in_hand, outgoing.flushed
    outgoing.committing(seq)
    return Pending(Announcements(published=[record(seq)]), Written(seq, others_unsent), known, deleted)


def scheduling(*at: datetime) -> Pending:
    timers = [Timer(when, "name", record(0)) for when in at]
    return Pending(Announcements(scheduled=timers), Written(), (), ())


def send(outgoing: Outgoing) -> list[int]:
    rows = outgoing.take()
    with outgoing.sending(rows):
        pass
    return [row.seq for row in rows]


def test_a_transaction_that_overlaps_in_one_process_is_not_another_process_and_needs_no_reading() -> None:
    outgoing = begun()
    first, second = writing(outgoing, 1), writing(outgoing, 2)
    assert list(second.known) == [1], "it may see that row before this process learns of its commit"
    outgoing.committed(first, sends=True)
    outgoing.committed(second, sends=True)
    assert not outgoing.must_read
    assert send(outgoing) == [1, 2]


def test_a_commit_that_is_learnt_of_second_though_it_came_first_is_read_from_the_table() -> None:
    outgoing = begun()
    first, second = writing(outgoing, 1), writing(outgoing, 2)
    outgoing.committed(second, sends=True)
    assert outgoing.must_read
    with outgoing.reading():
        outgoing.read([row(1), row(2)], None)
    with outgoing.sending([row(1), row(2)]):
        outgoing.committed(first, sends=True)
    assert outgoing.take() == [], "it was read, and is sent once"
    assert not outgoing.must_read


def test_a_row_of_another_process_is_read_from_the_table() -> None:
    outgoing = begun()
    outgoing.committed(writing(outgoing, 2, others_unsent=True), sends=True)
    assert outgoing.must_read
    assert outgoing.take() == []


def test_a_transaction_whose_commit_was_not_confirmed_is_looked_for_and_no_longer_in_hand() -> None:
    outgoing = begun()
    outgoing.rolled_back(writing(outgoing, 1))
    assert outgoing.must_read
    assert outgoing.in_hand == []


def test_a_process_that_does_not_send_queues_nothing() -> None:
    outgoing = begun()
    outgoing.committed(writing(outgoing, 1), sends=False)
    assert outgoing.take() == []
    assert outgoing.in_hand == []


def test_a_row_is_in_hand_until_it_is_deleted() -> None:
    outgoing = begun()
    outgoing.committed(writing(outgoing, 1), sends=True)
    assert outgoing.in_hand == [1]
    rows = outgoing.take()
    with outgoing.sending(rows):
        assert outgoing.in_hand == [1]
        assert outgoing.sent == []
    assert outgoing.sent == outgoing.unflushed == [1]
    outgoing.made_durable(outgoing.unflushed)
    assert (outgoing.sent, outgoing.unflushed, outgoing.flushed) == ([1], [], [1])
    outgoing.committed(writing(outgoing, 2), sends=True)
    assert outgoing.sent == [], "it was deleted with the next transaction"
    assert outgoing.in_hand == [2]


def test_rows_sent_while_the_bus_is_flushed_are_not_yet_durable() -> None:
    outgoing = begun()
    for seq in (1, 2):
        outgoing.committed(writing(outgoing, seq), sends=True)
        flushing = outgoing.unflushed
        send(outgoing)
    outgoing.made_durable(flushing)
    assert (outgoing.flushed, outgoing.unflushed) == ([1], [2])


def test_what_could_not_be_sent_is_read_from_the_table_again() -> None:
    outgoing = begun()
    outgoing.committed(writing(outgoing, 1), sends=True)
    with pytest.raises(BusError), outgoing.sending(outgoing.take()):
        raise BusError
    assert outgoing.must_read
    assert outgoing.sent == []


def test_a_queue_that_is_not_sent_is_dropped_for_the_table() -> None:
    outgoing = begun()
    for seq in range(1, ROWS_QUEUED + 1):
        outgoing.committed(writing(outgoing, seq), sends=True)
    assert len(outgoing.in_hand) == ROWS_QUEUED
    outgoing.committed(writing(outgoing, ROWS_QUEUED + 1), sends=True)
    assert outgoing.must_read
    assert outgoing.in_hand == []


def test_a_full_reading_is_followed_by_another() -> None:
    outgoing = begun()
    outgoing.read([row(seq) for seq in range(ROWS_PER_SEND)], None)
    assert outgoing.must_read


def test_a_reading_that_fails_is_repeated() -> None:
    outgoing = begun()
    with pytest.raises(BusError), outgoing.reading():
        raise BusError
    assert outgoing.must_read


def test_what_happens_during_a_reading_counts_after_it() -> None:
    outgoing = begun()
    with outgoing.reading():
        outgoing.must_read = True
        outgoing.committed(scheduling(NOON), sends=True)
        outgoing.read([], LATER)
    assert outgoing.must_read
    outgoing.must_read = False
    assert outgoing.next_due(NOON - timedelta(hours=1)) == NOON


def test_the_earliest_timer_is_next_and_makes_the_table_due() -> None:
    outgoing = begun()
    assert outgoing.next_due(NOON) is None
    outgoing.committed(scheduling(LATER, NOON), sends=True)
    assert outgoing.next_due(NOON - timedelta(hours=1)) == NOON
    assert not outgoing.is_table_due(NOON - timedelta(microseconds=1))
    assert outgoing.is_table_due(NOON)
