"""Event → handler: the ward's table of contents."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.events import ClosingStatementIssued, DepositMade, ReceiptDelivered
from services.chassis.consumer import On
from services.ward.handlers.match_deposits import match_deposits
from services.ward.handlers.receive_statements import receive_statements
from services.ward.handlers.register_receipts import leave_to_files, register_receipts


def subscriptions(receipts_arrive_by: str = "events") -> Sequence[On]:
    """What arrives, and what is done with it."""
    return (
        On(ReceiptDelivered, register_receipts if receipts_arrive_by == "events" else leave_to_files),
        On(ClosingStatementIssued, receive_statements),
        On(DepositMade, match_deposits),
    )
