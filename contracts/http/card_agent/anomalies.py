"""丙: settlements that go wrong on request (精算異常), and their correction (精算訂正)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from contracts.http.bodies import Body
from contracts.vocabulary import ANOMALY_BUSINESS_DAYS, ANOMALY_YEN, SettlementAnomaly


class SettlementAnomalyRequest(Body):
    """異常 for a closing: the next one that is not issued unless a day is named."""

    kind: SettlementAnomaly
    closed_on: date | None = None
    yen: Annotated[int, Field(gt=0, le=1_000_000_000)] = ANOMALY_YEN
    """How much too little or too much; what an unknown payment is of."""
    business_days: Annotated[int, Field(gt=0, le=250)] = ANOMALY_BUSINESS_DAYS
    """How late a deposit is, in bank business days."""
    payment_id: Annotated[str | None, Field(max_length=64)] = None
    """Which payment is left out or omitted; the first of the closing unless it is named."""


class SettlementAnomalyView(Body):
    """An anomaly, and the payment that it met: none before its closing is issued, or where it concerns the deposit."""

    kind: SettlementAnomaly
    closed_on: date
    yen: int
    business_days: int
    payment_id: str | None
    asked_at: datetime
    met_payment_id: str | None
    met_yen: int
    corrected_at: datetime | None


class CorrectionRequest(Body):
    """精算訂正 of one statement."""

    statement_id: str


class CorrectionAnswer(Body):
    """What was deposited in addition, in yen, and the payments that count for the next closing now."""

    statement_id: str
    deposited: int
    carried_over: tuple[str, ...]
