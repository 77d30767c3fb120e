"""丙: settlement anomalies made on request (精算異常), and their correction (精算訂正)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from contracts.http.bodies import Body, GivenDay, WholeNumber
from contracts.vocabulary import ANOMALY_BUSINESS_DAYS, ANOMALY_YEN, SettlementAnomaly


class SettlementAnomalyRequest(Body):
    """異常 of a closing; by default of the next one that is not issued yet."""

    kind: SettlementAnomaly
    closed_on: GivenDay | None = None
    yen: Annotated[WholeNumber, Field(gt=0, le=1_000_000_000)] = ANOMALY_YEN
    """Yen too little or too much; the amount of an unknown payment."""
    business_days: Annotated[WholeNumber, Field(gt=0, le=250)] = ANOMALY_BUSINESS_DAYS
    """A late deposit comes this many bank business days late."""
    payment_id: Annotated[str | None, Field(max_length=64)] = None
    """The payment left out or omitted; the first one of the closing by default."""


class SettlementAnomalyView(Body):
    """An anomaly, and the payment it applied to: none before its closing is issued, or if it concerns the deposit."""

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
    """Yen deposited in addition, and the payments carried over to the next closing."""

    statement_id: str
    deposited: int
    carried_over: tuple[str, ...]
