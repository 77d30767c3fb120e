"""A batch's rows: each event sees the changes of those before it, and only changed rows are saved."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from contracts import topics
from contracts.events import AuthorizationApproved
from contracts.vocabulary import Agent, Yen
from services.chassis.identity import SeededIdentity
from services.chassis.steps import Steps, subjects
from services.chassis.transaction import Author, Transaction

NOON = datetime(2021, 4, 1, 3, tzinfo=UTC)


def approval(payment_id: str) -> AuthorizationApproved:
    return AuthorizationApproved(
        payment_id=payment_id, agent=Agent.UC, amount=Yen(8_500), approval_code="000001", approved_at=NOON
    )


@pytest.fixture
def tx() -> Transaction:
    return Transaction(cast("Any", None), NOON, Author(topics.PAYMENT_PROVIDER, SeededIdentity(1)))


def test_events_are_about_the_rows_that_they_name(tx: Transaction) -> None:
    assert subjects([approval("a"), approval("b"), approval("a")]) == {"a", "b"}


def test_the_second_event_of_a_row_sees_what_the_first_left(tx: Transaction) -> None:
    steps = Steps({"a": 1, "b": 2}, tx)
    for event in (approval("a"), approval("a")):
        steps.take(event, steps["a"] + 10)
    assert (steps["a"], steps["b"], steps.known["a"]) == (21, 2, 1)
    assert steps.changed == {"a": 21}


def test_a_row_that_is_new_is_there_from_then_on(tx: Transaction) -> None:
    steps = Steps[int]({"a": 1}, tx)
    assert steps.get("c") is None
    steps.put("c", 3)
    assert (dict(steps), len(steps), steps.changed) == ({"a": 1, "c": 3}, 2, {"c": 3})


def test_an_event_that_leads_nowhere_is_a_repetition_only_where_its_effect_is_there(tx: Transaction) -> None:
    steps, repeated, too_late = Steps({"a": 1, "b": 2}, tx), approval("a"), approval("b")
    assert steps.take(repeated, None, repeated=True) is None
    assert steps.take(too_late, None) is None
    assert steps.take(approval("b"), 3, repeated=True) == 3
    assert tx.repeated == [repeated]
    assert steps.changed == {"b": 3}
