"""甲: registration of receipt files by the ward's terminal (端末), and its work log (作業記録)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from contracts.bounds import MOST_OF_STATEMENT, MOST_PAYMENTS
from contracts.http.bodies import (
    BarcodeText,
    Body,
    GivenDay,
    GivenInstant,
    GivenYen,
    InstantOfTime,
    PaymentIdText,
    SlipNumberText,
    WholeNumber,
)
from contracts.vocabulary import Method, ReceiptKind, Settler


class TransferRequest(Body):
    """受信開始: the terminal begins to receive a file."""

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.-]+$")]
    size: Annotated[WholeNumber, Field(ge=0, le=MOST_OF_STATEMENT)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    terminal_user: Annotated[str, Field(max_length=64)]


class TransferAnswer(Body):
    """`arrives_at` is when the line has transferred the whole file; no record can be registered earlier."""

    name: str
    line: str
    arrives_at: InstantOfTime
    registered_before: bool
    """Whether the same file was received and registered before."""


class ReceiptItem(Body):
    """One record of a file, for registration; its fields are those of the event `ReceiptDelivered`."""

    payment_id: PaymentIdText
    kind: ReceiptKind
    slip_number: SlipNumberText
    barcode: BarcodeText
    amount: GivenYen
    method: Method
    settler: Settler
    paid_at: GivenInstant
    received_on: GivenDay
    delivered_at: GivenInstant


class PageRequest(Body):
    """登録: some records of a file; pages are counted from 1."""

    name: str
    page: Annotated[WholeNumber, Field(ge=1, le=MOST_PAYMENTS)]
    records: Annotated[tuple[ReceiptItem, ...], Field(max_length=1_000)]


class PageAnswer(Body):
    """The number of records that were new to the ward, and of those already registered."""

    new: int
    known: int


class CompletionRequest(Body):
    """登録完了: all pages of the file were sent."""

    name: str
    day: GivenDay
    """データ作成日 of its records."""
    records: Annotated[WholeNumber, Field(ge=0, le=MOST_PAYMENTS)]
    amount: Annotated[WholeNumber, Field(ge=0, le=MOST_OF_STATEMENT)]
    terminal_user: Annotated[str, Field(max_length=64)]


class StepRequest(Body):
    """作業記録: something that happened at the terminal."""

    step: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    file_name: Annotated[str, Field(max_length=100)] = ""
    terminal_user: Annotated[str, Field(max_length=64)]
    detail: Annotated[str, Field(max_length=1_000)] = ""


class StepView(StepRequest):
    """作業記録: a step at the terminal, with the instant at which it was recorded."""

    at: InstantOfTime


class ReceivedFileView(Body):
    """A receipt file at the ward. `new` counts the records that were not registered already."""

    name: str
    sha256: str
    size: int
    line: str
    times_received: int
    begun_at: InstantOfTime
    arrives_at: InstantOfTime
    records: int
    amount: int
    new: int
    registered_at: InstantOfTime | None


class LineView(Body):
    """回線: the line in use on this day between the ward and the collection centre."""

    line: str
    bytes_per_second: int
    opens: str
    closes: str
    is_open: bool
