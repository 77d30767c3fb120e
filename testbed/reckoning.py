"""Checks the books once every payment has come to its end."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import httpx

from contracts import topics
from contracts.vocabulary import Agent
from testbed.payer_crowd import Crowd, Order
from testbed.processes import eventually
from testbed.running_stack import Stack

EVERYTHING_DEPOSITED = "2021-08-25"
"""By then a payment of 1 July is confirmed, closed, deposited and matched."""


async def all_settled(stack: Stack, crowd: Crowd, wanted: list[Order]) -> None:
    """Every accepted scan is reconciled or declined, none twice, and the audit finds nothing."""
    answer = await stack.advance(EVERYTHING_DEPOSITED)
    assert answer.status_code == 200, answer.text
    await stack.is_ready()
    assert await eventually(partial(_dead_letters, stack), "parties that show their dead letters") == ([],)
    await _is_audited(stack)
    await _each_ended_once(stack, crowd, wanted)


async def _dead_letters(stack: Stack) -> tuple[list[Any]] | None:
    """None if a party died meanwhile: the entry of its access log was a point at which it was to die."""
    try:
        return (await stack.dead_letters(),)
    except httpx.TransportError:
        return None


async def _is_audited(stack: Stack) -> None:
    audit = await stack.audit()
    assert audit.findings == ()
    assert audit.conserved
    assert (audit.under_way, audit.undeposited_yen) == (0, 0)


async def _each_ended_once(stack: Stack, crowd: Crowd, wanted: list[Order]) -> None:
    books = await stack.books()
    provider, ward = books[topics.PAYMENT_PROVIDER], books[topics.WARD]
    payments = {p.payment_id: p for p in provider.payments}
    assert len(crowd.accepted) == len(set(crowd.accepted.values())) == len(wanted)
    assert set(crowd.accepted.values()) == set(payments), "every slip was scanned once, and no scan is lost"
    ended = {order: payments[payment_id].status for order, payment_id in crowd.accepted.items()}
    assert {status for order, status in ended.items() if order.is_good} == {"confirmed"}
    assert {status for order, status in ended.items() if not order.is_good} <= {"declined"}
    good = {payment_id for order, payment_id in crowd.accepted.items() if order.is_good}
    reconciled = Counter(line.payment_id for line in ward.lines if line.statement_id in set(ward.reconciled))
    assert reconciled == Counter(good), "each good payment is in one deposit that the ward has matched"
    assert Counter(p.slip_number for p in provider.payments if p.status == "confirmed").most_common(1)[0][1] == 1
    accepted = [p.payment_id for agent in Agent for p in books[topics.card_agent(agent)].proxy_payments]
    assert len(accepted) == len(set(accepted))
    assert Counter((r.payment_id, r.kind) for r in ward.receipts) == Counter(
        (payment_id, kind) for payment_id in good for kind in ("01", "02")
    )
