"""Event → handler: the payment provider's table of contents."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from contracts.events import (
    AuthorizationApproved,
    AuthorizationDeclined,
    AuthorizationReversed,
    ProxyPaymentAccepted,
    ProxyPaymentWithdrawn,
)
from services.chassis.consumer import On
from services.payment_provider import timers
from services.payment_provider.domain.channels import Channels
from services.payment_provider.handlers.authorization_answered import end_declined, entrust_approved, note_reversed
from services.payment_provider.handlers.authorization_overdue import give_up_overdue
from services.payment_provider.handlers.confirmation_due import confirm_due
from services.payment_provider.handlers.make_receipt_files import erase_expired
from services.payment_provider.handlers.network_settlement import close_periods, deposit_periods
from services.payment_provider.handlers.payment_fell_away import cancel_anyway, cancel_reversed, cancel_withdrawn
from services.payment_provider.handlers.payment_made import collect_accepted, collect_bank_approved
from services.payment_provider.handlers.preliminary_due import report_due


def subscriptions(channels: Channels) -> Sequence[On]:
    return (
        On(AuthorizationApproved, entrust_approved, natural_key=True),
        On(AuthorizationDeclined, end_declined, natural_key=True),
        On(AuthorizationReversed, note_reversed),
        On(ProxyPaymentAccepted, partial(collect_accepted, channels=channels), natural_key=True),
        On(ProxyPaymentWithdrawn, cancel_withdrawn),
        On(timers.AuthorizationOverdue, give_up_overdue),
        On(timers.BankAnswered, partial(collect_bank_approved, channels=channels)),
        On(timers.BankReversed, cancel_reversed),
        On(timers.PreliminaryDue, report_due),
        On(timers.ConfirmationDue, confirm_due),
        On(timers.CancellationDue, cancel_anyway),
        On(timers.ReceiptFileExpired, erase_expired, natural_key=True),
        On(timers.NetworkClosingDue, partial(close_periods, channels=channels)),
        On(timers.NetworkDepositDue, deposit_periods),
    )
