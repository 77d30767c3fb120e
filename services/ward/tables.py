"""Tables of the ward."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Date, Index, Integer, MetaData, String, Table

from contracts.vocabulary import ChargeType, Method, ReceiptKind, Settler
from services.chassis.database.columns import Instant, words
from services.ward.domain.deeming import LegalMode
from services.ward.domain.ledger import Account
from services.ward.domain.overpayments import Use
from services.ward.domain.resolution import Action

metadata = MetaData()

assessments = Table(
    "assessments",
    metadata,
    Column("insured_number", String, primary_key=True),
    Column("levy_year", Integer, primary_key=True),
    Column("charge_type", words(ChargeType), primary_key=True, server_default=ChargeType.CARE_INSURANCE.value),
    Column("annual_amount", BigInteger, nullable=False),
    Column("assessed_at", Instant, nullable=False),
)

slips = Table(
    "slips",
    metadata,
    Column("slip_number", String, primary_key=True),
    Column("insured_number", String, nullable=False),
    Column("levy_year", Integer, nullable=False),
    Column("instalment", Integer, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("use_by", Date),
    Column("barcode", String),
    Column("issued_at", Instant, nullable=False),
    Column("received", BigInteger, nullable=False, server_default="0"),
    Column("charge_type", words(ChargeType), nullable=False, server_default=ChargeType.CARE_INSURANCE.value),
    Column("reissue", Integer, nullable=False, server_default="0"),
    Column("reissued_at", Instant),
    Column("remind_on", Date, index=True),
    Index("slips_of_person", "insured_number", "levy_year"),
    postgresql_with={"fillfactor": 50},
)
"""Nearly every slip is paid: the fill factor leaves room for that update on each page, so that no index is written.
`received` are yen that count towards the slip: its standing receipts and amounts applied, less amounts used of its
overpayment. `barcode` and `use_by` are those of the last reissue. `remind_on` is the day on which it is reminded of
unless it is paid; null once it was."""

receipts = Table(
    "receipts",
    metadata,
    Column("payment_id", String, primary_key=True),
    Column("kind", words(ReceiptKind), primary_key=True),
    Column("slip_number", String, nullable=False),
    Column("slip_known", Boolean, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("method", words(Method), nullable=False),
    Column("settler", words(Settler), nullable=False),
    Column("paid_at", Instant, nullable=False),
    Column("received_on", Date, nullable=False),
    Column("delivered_at", Instant, nullable=False),
    Column("registered_at", Instant, nullable=False),
    Index("receipts_of_month", "settler", "received_on"),
)
"""Receipt records. Each kind of a payment occurs at most once: the primary key prevents a second registration."""

transfers = Table(
    "transfers",
    metadata,
    Column("source", String, primary_key=True),
    Column("entry", Integer, primary_key=True),
    Column("debit", words(Account), nullable=False),
    Column("credit", words(Account), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("subject", String, nullable=False),
    Column("booked_on", Date, nullable=False),
    Column("booked_at", Instant, nullable=False),
    CheckConstraint("amount > 0", name="transfers_amount"),
    CheckConstraint("debit <> credit", name="transfers_sides"),
)
"""The premium ledger. `source` names what caused the entries, `entry` counts them: a source cannot be booked twice."""

reminder_days = Table(
    "reminder_days",
    metadata,
    Column("remind_on", Date, primary_key=True),
    Column("planned_at", Instant, nullable=False),
)
"""Days on which reminders (督促状) are sent: each has one timer, however many slips it is for."""

reminders = Table(
    "reminders",
    metadata,
    Column("slip_number", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("sent_at", Instant, nullable=False),
    Column("outstanding", BigInteger, nullable=False),
)
"""督促状 as sent; `outstanding` as the ward knew it then."""

overpayments = Table(
    "overpayments",
    metadata,
    Column("slip_number", String, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("decide_at", Instant, nullable=False),
)
"""過誤納金 that is not decided on."""

overpayment_uses = Table(
    "overpayment_uses",
    metadata,
    Column("slip_number", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("use", words(Use), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("to_slip", String, index=True),
    Column("decided_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("ended_at", Instant),
    Column("withdrawn", BigInteger, nullable=False, server_default="0"),
    Column("reclaimed", BigInteger, nullable=False, server_default="0"),
)
"""充当・還付: what overpayments were used for, in the columns of `domain.overpayments.OverpaymentUse`."""

discrepancies = Table(
    "discrepancies",
    metadata,
    Column("kind", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("about", String, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("detail", String, nullable=False),
    Column("at", Instant, nullable=False),
)
"""Records that contradict each other; `about` says which (for receipts their kinds, e.g. 01/02)."""

statements = Table(
    "statements",
    metadata,
    Column("statement_id", String, primary_key=True),
    Column("settler", words(Settler), nullable=False),
    Column("closed_on", Date, nullable=False),
    Column("deposit_on", Date, nullable=False),
    Column("total_count", Integer, nullable=False),
    Column("total_amount", BigInteger, nullable=False),
    Column("fee", BigInteger, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("booked_fee", BigInteger, nullable=False, server_default="0"),
    Column("booked_difference", BigInteger, nullable=False, server_default="0"),
    Column("booked_claim", BigInteger, nullable=False, server_default="0"),
    Column("designated_date", Date),
    Column("overdue_since", Instant),
    Column("lapsed_at", Instant),
    Column("settled_at", Instant),
    Column("reconciled_at", Instant, index=True),
)
"""`settled_at`: since when all pages and a deposit have come; `reconciled_at`: since when all agrees; `lapsed_at`: when
payments of it first ceased to count, not deposited by the designated date."""

statement_pages = Table(
    "statement_pages",
    metadata,
    Column("statement_id", String, primary_key=True),
    Column("page", Integer, primary_key=True),
    Column("line_count", Integer, nullable=False),
    Column("line_amount", BigInteger, nullable=False),
    Column("received_at", Instant, nullable=False),
)

statement_lines = Table(
    "statement_lines",
    metadata,
    Column("statement_id", String, primary_key=True),
    Column("payment_id", String, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("approved_at", Instant),
    Column("entrusted_at", Instant),
    Column("decided", words(Action)),
    Index("statement_lines_of_payment", "payment_id"),
)
"""`decided`: the decision about this line, if any."""

deposits = Table(
    "deposits",
    metadata,
    Column("deposit_id", String, primary_key=True),
    Column("statement_id", String, nullable=False),
    Column("counts_for", String, nullable=False, index=True),
    Column("settler", words(Settler), nullable=False),
    Column("closed_on", Date, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("deposited_on", Date, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("account", String, nullable=False, server_default=""),
)
"""`counts_for`: the statement that it counts for, its own unless it was reassigned; `account`: empty for the ward's."""

resolutions = Table(
    "resolutions",
    metadata,
    Column("resolution_id", String, primary_key=True),
    Column("statement_id", String, nullable=False, index=True),
    Column("action", words(Action), nullable=False),
    Column("payment_id", String),
    Column("deposit_id", String),
    Column("amount", BigInteger, nullable=False),
    Column("effect", BigInteger, nullable=False),
    Column("claimed", BigInteger, nullable=False),
    Column("returned", BigInteger, nullable=False),
    Column("restored", BigInteger, nullable=False),
    Column("decided_by", String, nullable=False),
    Column("because", String, nullable=False),
    Column("decided_at", Instant, nullable=False),
)
"""差異の処理: decisions about statements, by whom, why and when; the figures are those of `resolution.Decided`."""

lapses = Table(
    "lapses",
    metadata,
    Column("payment_id", String, primary_key=True),
    Column("statement_id", String, nullable=False, index=True),
    Column("slip_number", String, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("mode", words(LegalMode), nullable=False),
    Column("counted_since", Date, nullable=False),
    Column("lapsed_at", Instant, nullable=False),
    Column("restored_at", Instant),
    Column("counts_from", Date),
)
"""失効: proxy payments that ceased to count, not deposited by the designated date, and since when they count again."""

watched_months = Table(
    "watched_months",
    metadata,
    Column("settler", words(Settler), primary_key=True),
    Column("month", Date, primary_key=True),
)
"""Months (their first day) of receipts for whose statements a timer is set."""

received_files = Table(
    "received_files",
    metadata,
    Column("name", String, primary_key=True),
    Column("sha256", String, nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("line", String, nullable=False),
    Column("times_received", Integer, nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("arrives_at", Instant, nullable=False),
    Column("registered_at", Instant),
)
"""Receipt files (収納データファイル) that the terminal fetches. `arrives_at`: when all of it has come."""

received_pages = Table(
    "received_pages",
    metadata,
    Column("name", String, primary_key=True),
    Column("page", Integer, primary_key=True, autoincrement=False),
    Column("records", Integer, nullable=False),
    Column("new_records", Integer, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("registered_at", Instant, nullable=False),
)
"""Pages of a receipt file that are registered, each once."""

received_records = Table(
    "received_records",
    metadata,
    Column("payment_id", String, primary_key=True),
    Column("kind", words(ReceiptKind), primary_key=True),
    Column("name", String, primary_key=True),
)
"""Which record is in which file: a record known from an event and in no file of its day is missing there."""

terminal_steps = Table(
    "terminal_steps",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("step", String, nullable=False),
    Column("file_name", String, nullable=False),
    Column("terminal_user", String, nullable=False),
    Column("detail", String, nullable=False),
)
"""作業記録: the work done at the terminal, from login to the deletion of the temporary copy."""

LOCK_ORDER = (received_files, slips, watched_months, statements, reminder_days)
"""The order in which a transaction locks rows, within a table by primary key: so that replicas do not deadlock. Of
watched_months and reminder_days it inserts rows that another transaction may insert too, which waits like a lock.

All other rows are inserted under keys that no two use cases share, or changed only while a row of these is locked:
pages, lines, deposits and decisions with their statement; lapses, overpayments and their uses with their slips.
One exception: the further slip of a payment whose records contradict each other is known, and locked, only after the
slips of its transaction. PostgreSQL then breaks a deadlock, and the transaction is retried.
"""
