"""Rows as they are read and written: those of one table have its columns' names, others those of several tables."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Column, Table

from contracts.formats.barcode import in_two_lines
from contracts.vocabulary import ChargeType, Method, ReceiptKind, Settler, SlipNumber
from services.ward.domain.resolution import Action


def columns(table: Table, row: type[NamedTuple]) -> list[Column[Any]]:
    """The columns of which `row` is made, in the order of its fields. Raises `KeyError` for a field without one."""
    return [table.c[name] for name in row._fields]


class StoredAssessment(NamedTuple):
    insured_number: str
    levy_year: int
    annual_amount: int
    charge_type: ChargeType
    assessed_at: datetime


class StoredSlip(NamedTuple):
    """納付書 with what counts towards it by now (`received`)."""

    slip_number: SlipNumber
    charge_type: ChargeType
    insured_number: str
    levy_year: int
    instalment: int
    amount: int
    due_on: date
    use_by: date | None
    barcode: str | None
    reissue: int
    issued_at: datetime
    reissued_at: datetime | None
    received: int

    @property
    def outstanding(self) -> int:
        """収入未済, in yen."""
        return max(0, self.amount - self.received)

    @property
    def human_readable(self) -> str | None:
        """The barcode's digits in the two lines printed below it."""
        return None if self.barcode is None else in_two_lines(self.barcode)


class StoredReceipt(NamedTuple):
    """A receipt record (収納データ) as registered."""

    payment_id: str
    kind: ReceiptKind
    slip_number: str
    slip_known: bool
    amount: int
    method: Method
    settler: Settler
    paid_at: datetime
    received_on: date
    delivered_at: datetime
    registered_at: datetime


class StoredReminder(NamedTuple):
    """督促状 as sent; `outstanding` as the ward knew it then."""

    slip_number: str
    number: int
    sent_at: datetime
    outstanding: int


class StoredPage(NamedTuple):
    """A page of a closing statement (締め明細), counted and added up."""

    statement_id: str
    page: int
    line_count: int
    line_amount: int
    received_at: datetime


class StoredLine(NamedTuple):
    """明細行: a payment as a closing statement lists it; only card agents say when it was approved and entrusted."""

    statement_id: str
    payment_id: str
    amount: int
    approved_at: datetime | None = None
    entrusted_at: datetime | None = None


class StoredDeposit(NamedTuple):
    """入金; `account` is empty for the ward's own, `counts_for` the statement that it counts for."""

    deposit_id: str
    statement_id: str
    counts_for: str
    settler: Settler
    closed_on: date
    amount: int
    deposited_on: date
    seen_at: datetime
    account: str


class StoredResolution(NamedTuple):
    """差異の処理: a decision about a statement, by whom, why and when; amounts are those of `resolution.Decided`."""

    resolution_id: str
    statement_id: str
    action: Action
    payment_id: str | None
    deposit_id: str | None
    amount: int
    effect: int
    claimed: int
    returned: int
    restored: int
    decided_by: str
    because: str
    decided_at: datetime


class StoredDiscrepancy(NamedTuple):
    """Records that contradict each other; `about` says which."""

    kind: str
    subject: str
    about: str
    amount: int
    detail: str
    at: datetime


class StoredFile(NamedTuple):
    """収納データファイル that the terminal fetches; registered once all of it is."""

    name: str
    sha256: str
    size: int
    line: str
    times_received: int
    begun_at: datetime
    arrives_at: datetime
    registered_at: datetime | None


class StoredFilePage(NamedTuple):
    """Records of a receipt file that were registered together."""

    name: str
    page: int
    records: int
    new_records: int
    amount: int
    registered_at: datetime


class FileRecordKey(NamedTuple):
    """Which record is in which receipt file."""

    payment_id: str
    kind: ReceiptKind
    name: str


class StoredStep(NamedTuple):
    """作業記録: something that was done at the terminal."""

    at: datetime
    step: str
    file_name: str
    terminal_user: str
    detail: str


# ---- rows of several tables, for `services.ward.queries` ----------------------------------------------------


class DepositSeen(NamedTuple):
    """入金, with the reconciliation of the statement that it counts for."""

    deposit_id: str
    statement_id: str
    settler: Settler
    closed_on: date
    amount: int
    deposited_on: date
    account: str
    counts_for: str
    reconciled_at: datetime | None


class UndepositedReceipt(NamedTuple):
    """A standing receipt without a deposit, and the dates of the statement that lists it, if any does."""

    payment_id: str
    settler: Settler
    amount: int
    received_on: date
    confirmed: bool
    closed_on: date | None
    deposit_on: date | None


class LeftOutReceipt(NamedTuple):
    """明細漏れ: a standing receipt that no statement lists although its settler has closed on that day or later."""

    payment_id: str
    amount: int
    closed_on: date
    """The closing whose statement should list it."""


class OverpaidSlip(NamedTuple):
    slip_number: str
    amount: int
    received: int
    decide_at: datetime | None
    received_on: date
    """The latest 収納日 of its receipts."""


class SentReminder(NamedTuple):
    """督促状, and whether it crossed a payment."""

    slip_number: str
    number: int
    sent_at: datetime
    outstanding: int
    crossed: bool


class Crossing(NamedTuple):
    """督促の行き違い: a reminder, and a payment that was made before it and registered after it."""

    slip_number: str
    number: int
    sent_at: datetime
    outstanding: int
    payment_id: str
    method: Method
    settler: Settler
    amount: int
    paid_at: datetime
    visible_at: datetime

    @property
    def paid_to_visible_seconds(self) -> int:
        return round((self.visible_at - self.paid_at).total_seconds())

    @property
    def sent_to_visible_seconds(self) -> int:
        return round((self.visible_at - self.sent_at).total_seconds())


class VisiblePayment(NamedTuple):
    """A payment whose receipt stands: when it was made, and when its first record was registered."""

    method: Method
    paid_at: datetime
    visible_at: datetime


class ReceivedFile(NamedTuple):
    """収納データファイル, with how many of its records are registered and how many of them were new."""

    name: str
    sha256: str
    size: int
    line: str
    times_received: int
    begun_at: datetime
    arrives_at: datetime
    registered_at: datetime | None
    records: int
    new: int
    amount: int
