"""Event → handler: the payment provider's table of contents."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from contracts.events import (
    AuthorizationApproved,
    AuthorizationDeclined,
    AuthorizationReversed,
    ProxyPaymentTakenOn,
    ProxyPaymentWithdrawn,
)
from services.chassis.consumer import On
from services.payment_provider import timers
from services.payment_provider.domain.timing import Timing
from services.payment_provider.handlers.authorization_answered import end_declined, entrust_approved, note_reversed
from services.payment_provider.handlers.authorization_overdue import give_up_overdue
from services.payment_provider.handlers.bank_settlement import close_bank_days, deposit_bank_days
from services.payment_provider.handlers.confirmation_due import confirm_due
from services.payment_provider.handlers.payment_fell_away import cancel_reversed, cancel_withdrawn
from services.payment_provider.handlers.payment_taken import take_bank_answers, take_proxy_paid


def subscriptions(timing: Timing) -> Sequence[On]:
    """What arrives, and what is done with it."""
    return (
        On(AuthorizationApproved, entrust_approved),
        On(AuthorizationDeclined, end_declined),
        On(AuthorizationReversed, note_reversed),
        On(ProxyPaymentTakenOn, partial(take_proxy_paid, timing=timing)),
        On(ProxyPaymentWithdrawn, cancel_withdrawn),
        On(timers.AuthorizationOverdue, give_up_overdue),
        On(timers.BankAnswered, partial(take_bank_answers, timing=timing)),
        On(timers.BankReversed, cancel_reversed),
        On(timers.ConfirmationDue, confirm_due),
        On(timers.BankClosingDue, partial(close_bank_days, timing=timing)),
        On(timers.BankDepositDue, deposit_bank_days),
    )
