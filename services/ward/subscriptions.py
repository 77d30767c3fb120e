"""Event → handler: the ward's table of contents."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from contracts.events import ClosingStatementIssued, DepositMade, ReceiptDelivered
from services.chassis.consumer import On
from services.ward import timers
from services.ward.handlers.deposit_expected import find_overdue_deposits
from services.ward.handlers.match_deposits import match_deposits
from services.ward.handlers.receive_statements import receive_statements
from services.ward.handlers.register_receipts import leave_to_files, register_receipts
from services.ward.handlers.review_deeming import review_deemings
from services.ward.handlers.send_reminders import send_reminders
from services.ward.handlers.settle_overpayments import settle_changed_balances, settle_due
from services.ward.handlers.statements_expected import StatementWatch, find_unlisted_receipts
from services.ward.settings import Settings


def subscriptions(s: Settings) -> Sequence[On]:
    """A receipt record is deduplicated by its payment and kind (`natural_key`), all others by event id."""
    terms, rule = s.overpayment_terms, s.reminder_rule
    register = partial(register_receipts, watch=StatementWatch(s.statement_expected_days))
    return (
        On(ReceiptDelivered, register if s.receipts_arrive_by == "events" else leave_to_files, natural_key=True),
        On(ClosingStatementIssued, partial(receive_statements, expected_by=s.deposit_expected_by)),
        On(DepositMade, match_deposits),
        On(timers.DepositExpected, find_overdue_deposits),
        On(timers.DeemingReview, partial(review_deemings, old_scheme_until=s.old_scheme_until)),
        On(timers.RemindersDue, send_reminders),
        On(timers.SlipBalanceChanged, partial(settle_changed_balances, terms=terms, reminders=rule)),
        On(timers.OverpaymentDue, partial(settle_due, terms=terms, reminders=rule)),
        On(timers.StatementsExpected, partial(find_unlisted_receipts, expected_days=s.statement_expected_days)),
    )
