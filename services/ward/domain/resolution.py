"""差異の処理: possible decisions about a settlement that does not agree, and their bookings.

Each decision is recorded with the person, the reason and the time. One that fits no open difference is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from contracts.vocabulary import Refusal, Settler
from services.ward.domain.ledger import IN_TRANSIT, Account, Transfer, transfer
from services.ward.domain.settlement import Statement, deposit_transfers


class Action(StrEnum):
    """差異の処理: the possible decisions."""

    ACCEPT_DIFFERENCE = "accept_difference"  # 差額承認
    BOOK_AS_FEE = "book_as_fee"  # 手数料計上
    CLAIM_SHORTFALL = "claim_shortfall"  # 不足額請求
    RETURN_EXCESS = "return_excess"  # 過大入金返還
    RETURN_PAYMENT = "return_payment"  # 明細分返還
    ADD_LINE = "add_line"  # 明細補記
    REASSIGN_DEPOSIT = "reassign_deposit"  # 入金付替


JAPANESE: Final[Mapping[Action, str]] = {
    Action.ACCEPT_DIFFERENCE: "差額承認",
    Action.BOOK_AS_FEE: "手数料計上",
    Action.CLAIM_SHORTFALL: "不足額請求",
    Action.RETURN_EXCESS: "過大入金返還",
    Action.RETURN_PAYMENT: "明細分返還",
    Action.ADD_LINE: "明細補記",
    Action.REASSIGN_DEPOSIT: "入金付替",
}


@dataclass(frozen=True, slots=True)
class Decided:
    """The effect of a decision, in yen."""

    amount: int
    effect: int = 0
    """Yen that it adds to the statement's difference."""
    claimed: int = 0
    returned: int = 0
    """Yen paid back to the settler from the ward's account."""
    restored: int = 0
    """Yen that it adds to the money in transit."""
    transfers: tuple[Transfer, ...] = ()


@dataclass(frozen=True, slots=True)
class ListedPayment:
    """A payment as a statement lists it, compared with its receipts. `stated` is None if it is not listed."""

    payment_id: str
    stated: int | None
    registered: int | None
    """The amount of the receipt that stands; None if none does."""
    settler: Settler | None
    elsewhere: bool
    """Whether another statement lists it."""
    decided: bool = False
    """Whether the line was decided about."""
    room: int = 0
    """Yen by which the statement's total exceeds its lines."""


@dataclass(frozen=True, slots=True)
class SeenDeposit:
    """A deposit, with the statement that it counts for."""

    deposit_id: str
    counts_for: str
    settler: Settler
    amount: int
    account: str
    """The account that it was paid into, if not the ward's own; else empty."""


def decide_difference(action: Action, s: Statement) -> Decided | Refusal:
    """A decision about the whole difference between a statement's deposits and its total."""
    short = -s.difference
    match action:
        case _ if not s.is_complete:
            return Refusal(
                "statement_incomplete",
                f"{s.pages_here} of {s.pages} pages of statement {s.statement_id} have come",
                "wait for the other pages; the difference is not known before",
            )
        case Action.ACCEPT_DIFFERENCE if short:
            booked = transfer(Account.ACCEPTED_DIFFERENCES, Account.DEPOSIT_DIFFERENCES, short, s.statement_id)
            return Decided(abs(short), effect=short, transfers=booked)
        case Action.BOOK_AS_FEE if short > 0:
            booked = transfer(Account.SETTLEMENT_FEES, Account.DEPOSIT_DIFFERENCES, short, s.statement_id)
            return Decided(short, effect=short, transfers=booked)
        case Action.CLAIM_SHORTFALL if short > s.booked.claimed:
            return Decided(short, claimed=max(0, short - s.claimed))
        case Action.RETURN_EXCESS if short < 0:
            booked = transfer(Account.DEPOSIT_DIFFERENCES, Account.BANK_ACCOUNT, -short, s.statement_id)
            return Decided(-short, effect=short, returned=-short, transfers=booked)
        case _:
            return nothing_to_resolve(action, s.statement_id, _open_now(s))


def decide_line(action: Action, s: Statement, line: ListedPayment) -> Decided | Refusal:
    """A decision about one payment that a statement lists or omits."""
    what = _line_now(line)
    if line.decided:
        return nothing_to_resolve(action, line.payment_id, "it is decided about already")
    match action:
        case Action.ADD_LINE:
            return _add_line(s, line)
        case Action.RETURN_PAYMENT if line.stated is not None and (line.registered is None or line.elsewhere):
            if s.difference < 0:
                short = f"statement {s.statement_id} is ¥{-s.difference:,} short; the money has not come"
                return nothing_to_resolve(action, line.payment_id, short)
            in_transit = IN_TRANSIT[s.settler]
            booked = transfer(in_transit, Account.BANK_ACCOUNT, line.stated, line.payment_id)
            return Decided(line.stated, returned=line.stated, restored=line.stated, transfers=booked)
        case Action.ACCEPT_DIFFERENCE if line.stated and line.registered and line.stated != line.registered:
            excess = line.stated - line.registered
            booked = transfer(IN_TRANSIT[s.settler], Account.ACCEPTED_DIFFERENCES, excess, line.payment_id)
            return Decided(abs(excess), restored=excess, transfers=booked)
        case _:
            return nothing_to_resolve(action, line.payment_id, what)


def _add_line(s: Statement, line: ListedPayment) -> Decided | Refusal:
    if line.stated is not None or line.elsewhere:
        return nothing_to_resolve(Action.ADD_LINE, line.payment_id, "a statement lists it already")
    if line.registered is None:
        return nothing_to_resolve(Action.ADD_LINE, line.payment_id, "no receipt of it stands")
    if line.settler is not s.settler:
        return Refusal(
            "settler_differs",
            f"payment {line.payment_id} is settled by {line.settler}, statement {s.statement_id} is of {s.settler}",
            "name a statement of the payment's own settler",
        )
    if line.registered > line.room:
        beyond = f"the total of {s.statement_id} has ¥{max(0, line.room):,} beyond its lines, not ¥{line.registered:,}"
        return nothing_to_resolve(Action.ADD_LINE, line.payment_id, beyond)
    return Decided(line.registered)


def decide_deposit(deposit: SeenDeposit, target: Statement | None, target_id: str) -> Decided | Refusal:
    """入金付替: the deposit counts for another statement, or was transferred from the wrong account to the ward's."""
    if target is None:
        return Refusal(
            "statement_unknown", f"the ward has no statement {target_id}", "list the open ones: GET /open-items"
        )
    if target.settler is not deposit.settler:
        return Refusal(
            "settler_differs",
            f"deposit {deposit.deposit_id} is of {deposit.settler}, statement {target_id} of {target.settler}",
            "name a statement of the deposit's own settler",
        )
    if not deposit.account:
        if deposit.counts_for == target_id:
            return nothing_to_resolve(Action.REASSIGN_DEPOSIT, deposit.deposit_id, f"it counts for {target_id} already")
        return Decided(deposit.amount)
    booked = deposit_transfers(target_id, deposit.settler, deposit.amount)
    return Decided(deposit.amount, transfers=booked)


def nothing_to_resolve(action: Action, subject: str, now: str) -> Refusal:
    return Refusal(
        "nothing_to_resolve",
        f"{action.value} ({JAPANESE[action]}) does not fit {subject}: {now}",
        "list the open items: GET /open-items, sansha open",
    )


def _open_now(s: Statement) -> str:
    if s.difference == 0:
        return "its deposits are complete"
    kind = "too little" if s.difference < 0 else "too much"
    claimed = f", ¥{s.booked.claimed:,} of it claimed" if s.booked.claimed else ""
    return f"¥{abs(s.difference):,} {kind} was deposited{claimed}"


def _line_now(line: ListedPayment) -> str:
    said = "it is not listed" if line.stated is None else f"it is listed with ¥{line.stated:,}"
    here = "no receipt stands" if line.registered is None else f"the receipt is of ¥{line.registered:,}"
    return f"{said}, {here}"
