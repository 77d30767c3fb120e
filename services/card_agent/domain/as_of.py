"""An authorization as it stood at a past instant: later steps are undone."""

from __future__ import annotations

from datetime import datetime

from services.card_agent.domain.authorization import Authorization, AuthorizationStatus


def as_it_stood(a: Authorization, then: datetime) -> Authorization | None:
    """The authorization at the instant `then`; None before this agent received anything about it."""

    def been(at: datetime | None) -> datetime | None:
        return at if at is not None and at <= then else None

    if not (been(a.asked_at) or been(a.reversal_asked_at)):
        return None
    answered, accepted = been(a.answered_at), been(a.accepted_at)
    stood = a._replace(
        asked_at=been(a.asked_at),
        answered_at=answered,
        decline_reason=a.decline_reason if answered else None,
        approval_code=a.approval_code if answered else None,
        reversal_asked_at=been(a.reversal_asked_at),
        reversed_at=been(a.reversed_at),
        entrusted_at=a.entrusted_at if accepted else None,
        accepted_at=accepted,
        closes_on=a.closes_on if accepted else None,
        withdrawn_at=been(a.withdrawn_at),
        withdrawal_missed_at=been(a.withdrawal_missed_at),
        deposited_at=been(a.deposited_at),
    )
    return stood._replace(status=_status(stood))


def _status(a: Authorization) -> AuthorizationStatus:
    """The status that follows from its instants."""
    if a.withdrawn_at:
        return AuthorizationStatus.WITHDRAWN
    if a.accepted_at:
        return AuthorizationStatus.ACCEPTED
    if a.decline_reason or (a.erased_at and a.answered_at and a.status is AuthorizationStatus.DECLINED):
        return AuthorizationStatus.DECLINED
    if a.reversed_at:
        return AuthorizationStatus.REVERSED
    return AuthorizationStatus.APPROVED if a.answered_at else AuthorizationStatus.PENDING
