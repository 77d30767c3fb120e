"""What anybody who carries the messages sees, keys and headers, holds no personal number, whatever the event."""

from __future__ import annotations

import types
from datetime import UTC, date, datetime
from enum import Enum
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import pytest

from contracts import topics
from contracts.events import EVENTS, Event, StatementLine
from contracts.parties import PARTIES
from services.card_agent import timers as of_agents
from services.chassis.identity import TimeOrderedIdentity
from services.chassis.sealing.pseudonyms import Pseudonyms
from services.chassis.transaction import Announcements, Author, Transaction
from services.payment_provider import timers as of_provider
from services.ward import timers as of_ward
from services.ward.timers import OverpaymentDue, SlipBalanceChanged

AT = datetime(2021, 7, 20, 3, 0, tzinfo=UTC)
NUMBER = "41920211234500019"
"""Stands for a slip number, a barcode or an insured number."""
NAMES_ONLY = frozenset(
    {
        *("payment_id", "statement_id", "deposit_id", "card_token"),
        *("register_id", "training_id", "request_id", "incident_id", "guidance_id", "erasure_id"),
        *("claim_id", "lockout_id", "inspection_id", "party"),
    }
)
"""Pseudonyms themselves: they are drawn, or follow from no personal number; and the name of a party."""


def timers_of(module: types.ModuleType) -> list[type[Event]]:
    found = (kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Event))
    return [kind for kind in found if "TYPE" in vars(kind)]


TIMERS = [*timers_of(of_agents), *timers_of(of_provider), *timers_of(of_ward)]


def filled(name: str, kind: Any) -> Any:
    """A value for a field; every text that is no pseudonym holds the personal number."""
    if get_origin(kind) is Annotated:
        return filled(name, get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return filled(name, get_args(kind)[0])
    if get_origin(kind) is tuple:
        return (StatementLine(payment_id="p", amount=1),)  # type: ignore[arg-type]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    if kind in (datetime, date):
        return AT if kind is datetime else AT.date()
    if kind is str:
        return f"some-{name}" if name in NAMES_ONLY else NUMBER
    return kind(1)


def example(event: type[Event]) -> Event:
    kinds = get_type_hints(event, include_extras=True)
    return event(**{name: filled(name, kinds[name]) for name in event.__struct_fields__})


def author(secret: bytes = b"secret") -> Author:
    return Author(PARTIES[0], TimeOrderedIdentity(), pseudonyms=Pseudonyms(lambda: secret))


@pytest.mark.parametrize("event", [*EVENTS, *TIMERS], ids=lambda event: event.TYPE)
def test_key_and_headers_hold_no_personal_number(event: type[Event]) -> None:
    record = author().record(example(event), topics.RECEIPTS.name, AT)
    shown = [record.key, *(f"{name}: {content.decode()}" for name, content in record.headers)]
    assert [text for text in shown if NUMBER in text] == []


@pytest.mark.parametrize("timer", TIMERS, ids=lambda event: event.TYPE)
def test_the_name_of_a_pending_timer_holds_none_and_still_cancels_it(timer: type[Event]) -> None:
    tx = Transaction(None, AT, author(), announced=Announcements())  # type: ignore[arg-type]
    due = example(timer)
    tx.schedule(due, AT)
    tx.cancel(timer, [due.subject])
    ((_, name, _),) = tx.announced.scheduled
    assert NUMBER not in name
    assert tx.announced.cancelled == [name]


def test_a_pseudonym_follows_from_the_secret_and_from_nothing_less() -> None:
    timer = SlipBalanceChanged(slip_number=NUMBER, cause="receipt")
    first, again, other = (author(secret).record(timer, "t", AT).key for secret in (b"a", b"a", b"b"))
    assert first == again
    assert first != other
    assert author(b"a").record(OverpaymentDue(slip_number=NUMBER, step="refund"), "t", AT).key != first


def test_the_values_do_hold_it() -> None:
    assert sum(NUMBER.encode() in author().record(example(e), "t", AT).value for e in (*EVENTS, *TIMERS)) >= 4
