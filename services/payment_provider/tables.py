"""Tables of the payment provider."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, Integer, LargeBinary, MetaData, String, Table, UniqueConstraint

from contracts.vocabulary import Agent, Brand, DeclineReason, Method, ReceiptAnomaly, ReceiptKind, Settler
from services.chassis.database.columns import Instant, words
from services.payment_provider.domain.payment import PaymentStatus

metadata = MetaData()

consents = Table(
    "consents",
    metadata,
    Column("consent_id", String, primary_key=True),
    Column("app_user", String, nullable=False),
    Column("terms_version", String, nullable=False),
    Column("consented_at", Instant, nullable=False),
)

payments = Table(
    "payments",
    metadata,
    Column("payment_id", String, primary_key=True),
    Column("slip_number", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("barcode", String, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("consent_id", String),
    Column("scanned_at", Instant, nullable=False),
    Column("status", words(PaymentStatus), nullable=False),
    Column("method", words(Method)),
    Column("settler", words(Settler)),
    Column("agent", words(Agent)),
    Column("card_token", String),
    Column("brand", words(Brand)),
    Column("last4", String),
    Column("bank_code", String),
    Column("decline_reason", words(DeclineReason)),
    Column("method_chosen_at", Instant),
    Column("approved_at", Instant),
    Column("paid_at", Instant),
    Column("received_on", Date),
    Column("preliminary_at", Instant),
    Column("confirm_at", Instant),
    Column("ended_at", Instant),
    Column("closes_on", Date, index=True),
    Column("deposit_on", Date),
    Column("anomaly", words(ReceiptAnomaly)),
    Column("erased_at", Instant),
    UniqueConstraint("slip_number", "attempt"),
)
"""`attempt` counts all payments of a slip; those without `consent_id` were made outside the app. Once
`erased_at` is set, the slip number is a pseudonym, and everything else that leads to a person is gone."""

receipts = Table(
    "receipts",
    metadata,
    Column("payment_id", String, primary_key=True),
    Column("kind", words(ReceiptKind), primary_key=True),
    Column("repetition", Integer, primary_key=True, server_default="0"),
    Column("amount", BigInteger, nullable=False),
    Column("received_on", Date, nullable=False),
    Column("delivered_at", Instant, nullable=False),
    Column("file_name", String),
    Index("receipts_of_file", "file_name", "delivered_at"),
)
"""`file_name`: the receipt file that has the record; NULL until the file of its day is made."""

closings = Table(
    "closings",
    metadata,
    Column("settler", words(Settler), primary_key=True),
    Column("closed_on", Date, primary_key=True),
    Column("statement_id", String, nullable=False, unique=True),
    Column("deposit_on", Date, nullable=False),
    Column("payment_count", Integer, nullable=False, server_default="0"),
    Column("amount", BigInteger, nullable=False, server_default="0"),
    Column("issued_at", Instant),
    Column("deposit_id", String),
    Column("deposited_on", Date),
)
"""Closings of the networks. (Card agents have their own.)"""

anomalies = Table(
    "anomalies",
    metadata,
    Column("anomaly_id", String, primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("kind", words(ReceiptAnomaly), nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("payment_id", String, index=True),
    Column("struck_at", Instant),
)
"""異常 asked for, each for one payment, in the order of `number`; one without a payment waits for the next."""

receipt_files = Table(
    "receipt_files",
    metadata,
    Column("name", String, primary_key=True),
    Column("day", Date, nullable=False, index=True),
    Column("layout", String, nullable=False),
    Column("records", Integer, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("kept_until", Instant, nullable=False),
    Column("erased_at", Instant),
)
"""`made_at` is the agreed time, whenever the file was first asked for."""

receipt_file_parts = Table(
    "receipt_file_parts",
    metadata,
    Column("name", String, primary_key=True),
    Column("starts_at", BigInteger, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)
"""The bytes of files, in parts; deleted when their retention ends."""

terminal_accesses = Table(
    "terminal_accesses",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("terminal_user", String, nullable=False),
    Column("certificate", String, nullable=False),
    Column("what", String, nullable=False),
    Column("outcome", String, nullable=False),
)
"""接続記録: which user, with which certificate (its SHA-256), asked for what, and with which outcome."""
