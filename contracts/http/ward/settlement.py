"""甲: open items of settlement (not settled or not in agreement), and the decisions about them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from contracts.http.bodies import Body, InstantOfTime, PaymentIdText, YenAmount
from contracts.vocabulary import Settler


class ResolutionRequest(Body):
    """差異の処理: a decision about a settlement that does not agree.

    About a statement's deposits: `accept_difference`, `book_as_fee`, `claim_shortfall`, `return_excess`. About one of
    its payments: `return_payment`, `add_line`, `accept_difference`. About a deposit: `reassign_deposit`, to the
    statement `statement_id`.
    """

    action: Literal[
        "accept_difference",
        "book_as_fee",
        "claim_shortfall",
        "return_excess",
        "return_payment",
        "add_line",
        "reassign_deposit",
    ]
    statement_id: Annotated[str | None, Field(max_length=64)] = None
    payment_id: Annotated[str | None, Field(max_length=64)] = None
    deposit_id: Annotated[str | None, Field(max_length=64)] = None
    decided_by: Annotated[str, Field(min_length=1, max_length=64, examples=["会計管理室 staff-0001"])]
    because: Annotated[str, Field(min_length=1, max_length=400, examples=["二重入金のため返還"])]


class ResolutionView(Body):
    """A recorded decision: its yen, by whom, why and when."""

    resolution_id: str
    action: str
    statement_id: str
    payment_id: str | None
    deposit_id: str | None
    amount: int
    decided_by: str
    because: str
    decided_at: InstantOfTime


class ConcernedPayment(Body):
    """A payment that does not agree: yen in the statement and yen registered, each null if there is none."""

    payment_id: PaymentIdText
    code: Annotated[str, Field(examples=["receipt_missing"])]
    stated: int | None = None
    registered: int | None = None


class OpenItem(Body):
    """Something not settled yet, and why. `codes` name the reasons and are stable between versions."""

    kind: str
    subject: str
    settler: Settler | None = None
    amount: YenAmount
    since: date
    because: str
    codes: tuple[str, ...] = ()
    difference: int | None = None
    """Deposits minus what the statement says is due, yen; below 0 if too little was deposited."""
    payments: tuple[ConcernedPayment, ...] = ()


class ReceivedDepositView(Body):
    """入金: a deposit into the ward's account (`account` empty) or another one.

    `counts_for` is the statement it counts for: another than `statement_id` if it was reassigned.
    """

    deposit_id: str
    statement_id: str
    settler: Settler
    closed_on: date
    amount: int
    deposited_on: date
    account: str
    counts_for: str
    reconciled_at: datetime | None
