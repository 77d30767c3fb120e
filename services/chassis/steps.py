"""The rows that a batch of events is about, and the steps that the events take from them.

A handler locks the rows, decides about each event from its row as the events before it left it, and saves what has
changed:

    steps = Steps(await payments.lock(tx.session, subjects(approvals)), tx)
    for approval in approvals:
        payment = steps[approval.payment_id]
        steps.take(approval, approve(payment, tx.now), repeated=payment.approved_at is not None)
    await payments.save(tx.session, steps)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from contracts.events import Event
from services.chassis.transaction import Transaction

Row = TypeVar("Row")


def subjects(events: Iterable[Event]) -> set[str]:
    """The keys of the rows that events are about."""
    return {event.subject for event in events}


class Steps(Mapping[str, Row]):
    """Rows by the subject of their events, each as the steps taken so far have left it.

    `known` has the rows as they were locked, `changed` those that have taken a step, in the order of their first one.
    """

    def __init__(self, known: Mapping[str, Row], tx: Transaction) -> None:
        self.known = known
        self.changed: dict[str, Row] = {}
        self._tx = tx

    def __getitem__(self, key: str) -> Row:
        return self.changed[key] if key in self.changed else self.known[key]

    def __iter__(self) -> Iterator[str]:
        yield from self.known
        yield from (key for key in self.changed if key not in self.known)

    def __len__(self) -> int:
        return len(self.known.keys() | self.changed.keys())

    def put(self, key: str, row: Row) -> Row:
        """Hold the row that results from a step, or a new one."""
        self.changed[key] = row
        return row

    def take(self, event: Event, row: Row | None, *, repeated: bool = False) -> Row | None:
        """Hold the row that an event's step has led to, and return it.

        For None the event changes nothing; `repeated` then says that its effect is there already.
        """
        if row is not None:
            return self.put(event.subject, row)
        if repeated:
            self._tx.repeated.append(event)
        return None
