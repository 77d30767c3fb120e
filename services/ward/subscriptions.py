"""Event → handler: the ward's table of contents."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from contracts.events import ClosingStatementIssued, DepositMade, ReceiptDelivered
from services.chassis.consumer import On
from services.ward import timers
from services.ward.domain.overpayments import OverpaymentTerms
from services.ward.domain.reminders import ReminderRule
from services.ward.handlers.match_deposits import match_deposits
from services.ward.handlers.receive_statements import receive_statements
from services.ward.handlers.register_receipts import register_receipts
from services.ward.handlers.send_reminders import send_reminders
from services.ward.handlers.settle_overpayments import settle_due, settle_upset


def subscriptions(overpayments: OverpaymentTerms, reminders: ReminderRule) -> Sequence[On]:
    """What arrives, and what is done with it."""
    return (
        On(ReceiptDelivered, register_receipts),
        On(ClosingStatementIssued, receive_statements),
        On(DepositMade, match_deposits),
        On(timers.RemindersDue, send_reminders),
        On(timers.SlipUpset, partial(settle_upset, terms=overpayments, reminders=reminders)),
        On(timers.OverpaymentDue, partial(settle_due, terms=overpayments, reminders=reminders)),
    )
