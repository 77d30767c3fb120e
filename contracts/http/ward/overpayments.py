"""甲: overpayments (過誤納) and the decisions about them."""

from __future__ import annotations

from datetime import datetime

from contracts.http.bodies import Body, GivenTotalYen, SlipNumberText


class RefundRequest(Body):
    """還付決定: refund an overpayment; the whole of it by default."""

    amount: GivenTotalYen | None = None


class RefundOverpayment(RefundRequest):
    """還付決定 on the overpayment of one slip."""

    slip_number: SlipNumberText


class ApplyRequest(RefundRequest):
    """充当決定: apply an overpayment to one slip of the same person; by default to all that are overdue."""

    to_slip: SlipNumberText | None = None


class ApplyOverpayment(ApplyRequest, RefundOverpayment):
    """充当決定 on the overpayment of one slip."""


class UseView(Body):
    """充当・還付: one use of an overpayment. `withdrawn`: yen taken back; `reclaimed`: yen that the payer owes."""

    number: int
    use: str
    """`applied`, `refund_decided`, `refunded` or `lapsed`."""
    amount: int
    to_slip: str | None
    decided_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    withdrawn: int
    reclaimed: int


class OverpaymentView(Body):
    """過誤納 of a slip: the yen not decided on yet, and the decided uses."""

    slip_number: str
    undecided: int
    opened_at: datetime | None
    decide_at: datetime | None
    uses: tuple[UseView, ...]
