"""Event → handler: the ward's table of contents."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.events import ClosingStatementIssued, DepositMade, ReceiptDelivered
from services.chassis.consumer import On
from services.ward.handlers.match_deposits import match_deposits
from services.ward.handlers.receive_statements import receive_statements
from services.ward.handlers.register_receipts import register_receipts


def subscriptions() -> Sequence[On]:
    """What arrives, and what is done with it."""
    return (
        On(ReceiptDelivered, register_receipts),
        On(ClosingStatementIssued, receive_statements),
        On(DepositMade, match_deposits),
    )
