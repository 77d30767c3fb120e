"""Tables of a card agent. There is no column for a card number."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, Integer, MetaData, String, Table

from contracts.vocabulary import Brand, DeclineReason, SettlementAnomaly
from services.card_agent.domain.authorization import AuthorizationStatus
from services.card_agent.domain.issuer import Outcome
from services.chassis.database.columns import Instant, words

metadata = MetaData()

accounts = Table(
    "accounts",
    metadata,
    Column("account_id", String, primary_key=True),
    Column("held", BigInteger, nullable=False, server_default="0"),
)

cards = Table(
    "cards",
    metadata,
    Column("card_token", String, primary_key=True),
    Column("card_key", String, nullable=False, unique=True),
    Column("account_id", String, nullable=False),
    Column("brand", words(Brand), nullable=False),
    Column("last4", String, nullable=False),
    Column("expiry_year", Integer, nullable=False),
    Column("expiry_month", Integer, nullable=False),
    Column("outcome", words(Outcome), nullable=False),
    Column("tokenized_at", Instant, nullable=False),
)

authorizations = Table(
    "authorizations",
    metadata,
    Column("payment_id", String, primary_key=True),
    Column("card_token", String, nullable=False),
    Column("status", words(AuthorizationStatus), nullable=False),
    Column("account_id", String),
    Column("amount", BigInteger, nullable=False),
    Column("asked_at", Instant),
    Column("answer_due_at", Instant),
    Column("answered_at", Instant),
    Column("decline_reason", words(DeclineReason)),
    Column("approval_code", String),
    Column("entrusted_at", Instant),
    Column("reversal_asked_at", Instant),
    Column("reversed_at", Instant),
    Column("accepted_at", Instant),
    Column("closes_on", Date),
    Column("withdrawn_at", Instant),
    Column("withdrawal_missed_at", Instant),
    Column("deposited_at", Instant),
    Column("erased_at", Instant),
    Index("authorizations_by_closing", "closes_on", "status"),
)

closings = Table(
    "closings",
    metadata,
    Column("closed_on", Date, primary_key=True),
    Column("statement_id", String, nullable=False, unique=True),
    Column("deposit_on", Date, nullable=False),
    Column("count", Integer, nullable=False, server_default="0"),
    Column("amount", BigInteger, nullable=False, server_default="0"),
    Column("fee", BigInteger, nullable=False, server_default="0"),
    Column("issued_at", Instant),
    Column("deposited_on", Date),
)
"""`deposited_on`: when the agent believes that it deposited the closing."""

deposits = Table(
    "deposits",
    metadata,
    Column("deposit_id", String, primary_key=True),
    Column("statement_id", String, nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("believed", BigInteger, nullable=False),
    Column("believed_on", Date, nullable=False),
    Column("paid", BigInteger, nullable=False),
    Column("paid_on", Date),
    Column("account", String, nullable=False),
)
"""Transfers to the ward: `believed` and `believed_on` are what the agent's books say, `paid` and `paid_on` facts."""

anomalies = Table(
    "anomalies",
    metadata,
    Column("closed_on", Date, primary_key=True),
    Column("kind", words(SettlementAnomaly), primary_key=True),
    Column("yen", BigInteger, nullable=False),
    Column("business_days", Integer, nullable=False),
    Column("payment_id", String),
    Column("asked_at", Instant, nullable=False),
    Column("met_payment_id", String),
    Column("met_yen", BigInteger, nullable=False, server_default="0"),
    Column("corrected_at", Instant),
)
"""異常 asked for closings; `met_payment_id` is the payment that an anomaly of a statement met."""
