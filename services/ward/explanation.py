"""The ward's part of a payment's story, and what is open with the reason: in the section's own words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from typing import Any, Final, NamedTuple

from contracts.channels import CHANNELS
from contracts.http.service import Explanation, Step, Waiting
from contracts.http.ward.settlement import ConcernedPayment, OpenItem
from contracts.vocabulary import Party, ReceiptKind, Stage, business_date, on_the_clock
from services.ward.domain.deeming import JAPANESE as MODE_NAMES
from services.ward.domain.deeming import LegalMode
from services.ward.domain.overpayments import Claim, Given, Use
from services.ward.domain.reconciliation import Concerned, Open, Reason
from services.ward.domain.reminders import crossed
from services.ward.domain.resolution import JAPANESE as ACTION_NAMES
from services.ward.domain.settlement import Statement

_REGISTERED: Final = {
    ReceiptKind.PRELIMINARY: (Stage.PRELIMINARY_REGISTERED, "速報登録 preliminary receipt registered"),
    ReceiptKind.CONFIRMED: (Stage.CONFIRMED_REGISTERED, "確報登録 confirmed receipt registered"),
    ReceiptKind.CANCELLED: (Stage.CANCELLED_REGISTERED, "取消登録 cancellation registered"),
}


class Listed(NamedTuple):
    """A statement that lists a payment, what is open in it, and rows of its deposits and of decisions about it."""

    statement: Statement
    reasons: Sequence[Open]
    deposits: Sequence[Any]
    decisions: Sequence[Any] = ()


class OfSlip(NamedTuple):
    """What else became of a payment and its slip."""

    lapse: Any | None = None
    """The row of how the payment ceased to count as made, if it ever did."""
    reminders: Sequence[Any] = ()
    """Rows, the first first."""
    claim: Claim | None = None
    given: Sequence[Given] = ()


class Rules(NamedTuple):
    """What the ward waits by; each is a setting of this name."""

    deposit_expected_by: time
    confirmation_expected_business_days: int
    statement_expected_days: int


def explain(
    payment_id: str, receipts: Sequence[Any], listed: Sequence[Listed], slip: OfSlip, rules: Rules
) -> Explanation:
    """`receipts` are the rows of the payment's records in the order of their kinds."""
    steps = [*map(_receipt_step, receipts), *(step for one in listed for step in _statement_steps(one))]
    steps += [*_lapse_steps(slip.lapse), *_reminder_steps(receipts, slip.reminders), *_overpayment_steps(slip)]
    return Explanation(
        payment_id=payment_id,
        party=Party.WARD.value,
        steps=tuple(sorted(steps, key=lambda s: (s.at, s.stage))),
        waiting=_waiting({row.kind for row in receipts}, listed, rules) or _waiting_of_slip(slip),
    )


def _step(stage: Stage, event: str, at: datetime, detail: str) -> Step:
    return Step(event=event, party=Party.WARD.value, at=at, stage=stage, detail=detail)


def _receipt_step(row: Any) -> Step:
    stage, event = _REGISTERED[row.kind]
    where = f"slip {row.slip_number}" if row.slip_known else f"不明入金: no slip {row.slip_number} was issued"
    return _step(stage, event, row.registered_at, f"{where}, ¥{row.amount:,}, 収納日 {row.received_on}")


def _statement_steps(listed: Listed) -> Iterator[Step]:
    s = listed.statement
    named = f", designated date (指定日) {s.designated_date}" if s.designated_date else ""
    dates = f"closed {s.closed_on}, deposit planned (入金予定) {s.deposit_on}{named}"
    yield _step(
        Stage.STATEMENT_RECEIVED, "締め明細受領 closing statement received", s.received_at, f"{s.settler}, {dates}"
    )
    for row in listed.deposits:
        where = f", on account {row.account}, which is not the one designated (口座相違)" if row.account else ""
        came = f"¥{row.amount:,} from {row.settler} on {row.deposited_on}{where}"
        yield _step(Stage.DEPOSIT_SEEN, "入金確認 deposit seen", row.seen_at, came)
    if s.overdue_since is not None:
        late = f"not all of ¥{s.expected:,} had come by then [deposit_expected_by]"
        yield _step(Stage.DEPOSIT_OVERDUE, "入金遅延 deposit overdue", s.overdue_since, late)
    for row in listed.decisions:
        said = f"{row.action.value} ¥{row.amount:,} by {row.decided_by}: {row.because}"
        yield _step(Stage.DECIDED, f"{ACTION_NAMES[row.action]} decided", row.decided_at, said)
    if s.reconciled_at is not None:
        counted = f"{s.total_count} payment{'s' * (s.total_count != 1)}, ¥{s.total_amount:,}"
        agreed = f"{counted}: statement, receipts and deposit agree"
        yield _step(Stage.RECONCILED, "消込 reconciled", s.reconciled_at, agreed)


def _lapse_steps(lapse: Any | None) -> Iterator[Step]:
    if lapse is None:
        return
    mode = f"{MODE_NAMES[lapse.mode]} [old_scheme_until]"
    what = {
        LegalMode.DESIGNATED_AGENT: "the debt revives, reminders and arrears run again",
        LegalMode.DESIGNATED_TRUSTEE: "the agent is pursued first, the payer owes nothing more",
    }[lapse.mode]
    gone = f"counted since {lapse.counted_since}; the money had not come by the designated date: {what}; {mode}"
    yield _step(Stage.LAPSED, "みなし納付失効 deeming fell away", lapse.lapsed_at, gone)
    if lapse.restored_at is not None:
        again = f"counts from {lapse.counts_from}; {mode}" if lapse.counts_from else "the receipt was taken back (取消)"
        yield _step(Stage.RESTORED, "納付復活 it counts again", lapse.restored_at, again)


def _reminder_steps(receipts: Sequence[Any], reminders: Sequence[Any]) -> Iterator[Step]:
    """督促: what the payer got although, or because, the payment could not be seen."""
    seen = [row.registered_at for row in receipts if row.kind is not ReceiptKind.CANCELLED]
    for reminder in reminders:
        if not seen or reminder.sent_at >= min(seen):
            continue
        detail = f"督促状 {reminder.number} for ¥{reminder.outstanding:,} [reminder_days]"
        if crossed(receipts[0].paid_at, reminder.sent_at, min(seen)):
            days = (business_date(min(seen)) - business_date(receipts[0].paid_at)).days
            detail += (
                f"; 行き違い: it crossed this payment, which was made before and seen {days} days after it was made"
            )
            yield _step(Stage.REMINDED, "督促の行き違い reminder crossed the payment", reminder.sent_at, detail)
        else:
            yield _step(Stage.REMINDED, "督促 reminder sent", reminder.sent_at, detail)


def _overpayment_steps(slip: OfSlip) -> Iterator[Step]:
    if slip.claim is not None:
        until = f"decided on {business_date(slip.claim.decide_at)} [overpayment_decision_days]"
        detail = f"slip {slip.claim.slip_number} has ¥{slip.claim.amount:,} too much; {until}"
        yield _step(Stage.OVERPAID, "過誤納 overpaid", slip.claim.opened_at, detail)
    for given in slip.given:
        back = f"; ¥{given.withdrawn:,} of it taken back (取消)" if given.withdrawn else ""
        of_slip = f"¥{given.amount:,} of slip {given.slip_number}"
        if given.to_slip is not None:
            detail = f"{of_slip} to slip {given.to_slip} [overpayment_decision_days]{back}"
            yield _step(Stage.OVERPAYMENT_DECIDED, "充当 overpayment applied", given.decided_at, detail)
            continue
        detail = f"{of_slip} [overpayment_decision_days]{back}"
        yield _step(Stage.OVERPAYMENT_DECIDED, "還付決定 refund decided", given.decided_at, detail)
        if given.ended_at is not None and given.use is Use.LAPSED:
            detail = f"¥{given.amount - given.withdrawn:,}: nobody asked for it in time [refund_lapse_years]"
            yield _step(Stage.REFUNDED, "還付時効 refund lapsed", given.ended_at, detail)
        elif given.ended_at is not None:
            owed = f"; ¥{given.reclaimed:,} of it is owed back (返納金)" if given.reclaimed else ""
            detail = f"¥{given.paid:,} to the payer [refund_days]{owed}"
            yield _step(Stage.REFUNDED, "還付 refunded", given.ended_at, detail)


def _waiting_of_slip(slip: OfSlip) -> Waiting | None:
    """What comes next of what is too much."""
    if slip.claim is not None:
        because = f"¥{slip.claim.amount:,} too much (過誤納) [overpayment_decision_days]"
        return Waiting(waits_for="充当・還付 decision on the overpayment", until=slip.claim.decide_at, because=because)
    for given in slip.given:
        if given.use is Use.REFUND_DECIDED and given.standing:
            because = (
                f"¥{given.standing:,} decided on {business_date(given.decided_at)} [refund_days, refund_lapse_years]"
            )
            return Waiting(waits_for="還付 refund", until=given.due_at, because=because)
    return None


def _waiting(kinds: set[ReceiptKind], listed: Sequence[Listed], rules: Rules) -> Waiting | None:
    """What comes next, as far as the ward can know."""
    if ReceiptKind.CANCELLED in kinds or not all(one.reasons for one in listed):
        return None
    if not kinds:
        because = "a statement lists it; no receipt came [no time limit: it comes, or somebody decides (差異の処理)]"
        return Waiting(waits_for="収納データ receipt data", until=None, because=because)
    if not listed:
        return _waiting_for_statement(rules) if ReceiptKind.CONFIRMED in kinds else _waiting_for_confirmation(rules)
    first = listed[0]
    if not first.deposits:
        s = first.statement
        until = on_the_clock(s.deposit_on, rules.deposit_expected_by)
        because = f"{s.settler} closed (締め) on {s.closed_on} and deposits on {s.deposit_on} [deposit_expected_by]"
        return Waiting(waits_for=f"入金 deposit of {s.settler}", until=until, because=because)
    because = f"{'; '.join(map(str, first.reasons))} [消込: statement, receipts and deposit have to agree]"
    return Waiting(waits_for="消込 reconciliation", until=None, because=because)


def _waiting_for_confirmation(rules: Rules) -> Waiting:
    because = (
        "preliminary only: the payment provider confirms after its agreed business days; overdue (確報未着) after "
        f"{rules.confirmation_expected_business_days} bank business days [confirmation_expected_business_days]"
    )
    return Waiting(waits_for="確報 confirmed receipt data", until=None, because=because)


def _waiting_for_statement(rules: Rules) -> Waiting:
    because = (
        "the settler has not closed the period yet; its statement says when it deposits, and is expected within "
        f"{rules.statement_expected_days} days after the end of the month [statement_expected_days]"
    )
    return Waiting(waits_for="締め明細 closing statement of the settler", until=None, because=because)


# ---- what is open -----------------------------------------------------------------------------------------


def receipt_item(row: Any, left_out_of: date | None) -> OpenItem:
    """A standing receipt whose money has not come; `left_out_of` is the closing whose statement should list it."""
    why = [] if row.confirmed else ["preliminary only; 確報 not yet here"]
    if left_out_of is not None:
        detail = f"the statement of {row.settler} that closed on {left_out_of} is here and does not list it"
        why.append(str(Open(Reason.RECEIPT_UNLISTED, detail)))
    if row.closed_on is not None:
        why.append(f"締め {row.closed_on} の後、入金予定 {row.deposit_on}")
    elif row.confirmed and left_out_of is None:
        why.append(f"waits for the closing statement (締め明細) of {row.settler}")
    item = _item("receipt_not_deposited", row.payment_id, row, row.amount, row.received_on, "; ".join(why))
    return item if left_out_of is None else item.model_copy(update={"codes": (Reason.RECEIPT_UNLISTED.value,)})


def statement_item(
    statement: Statement, reasons: Sequence[Open], concerned: Sequence[Concerned], today: date
) -> OpenItem:
    """A statement that is not reconciled, with the payments concerned."""
    why = [str(reason) for reason in reasons]
    if any(reason.reason in (Reason.DEPOSIT_MISSING, Reason.DEPOSIT_OVERDUE) for reason in reasons):
        overdue = "was due" if statement.deposit_on < today else "is planned"
        why.append(f"入金予定: the deposit {overdue} on {statement.deposit_on}")
    amount, since = statement.total_amount, statement.closed_on
    item = _item("statement_open", statement.statement_id, statement, amount, since, "; ".join(why))
    named = [
        ConcernedPayment(payment_id=c.payment_id, code=c.reason.value, stated=c.stated, registered=c.registered)
        for c in concerned
    ]
    codes = tuple(reason.reason.value for reason in reasons)
    return item.model_copy(update={"codes": codes, "difference": statement.difference, "payments": tuple(named)})


def lapse_item(row: Any) -> OpenItem:
    """A proxy payment that does not count as made."""
    owed = "debt revived" if row.mode is LegalMode.DESIGNATED_AGENT else "agent to be pursued"
    because = f"みなし納付失効: the money had not come by the designated date; {owed} ({MODE_NAMES[row.mode]})"
    return _item("proxy_payment_lapsed", row.payment_id, None, row.amount, business_date(row.lapsed_at), because)


def deposit_item(row: Any) -> OpenItem:
    """A deposit without a statement."""
    because = f"{Open(Reason.DEPOSIT_WITHOUT_STATEMENT, f'deposit {row.deposit_id}; no page of its statement is here')}"
    return _item("deposit_without_statement", row.statement_id, row, row.amount, row.deposited_on, because)


def overpayment_item(row: Any) -> OpenItem:
    """A slip with more than it owes."""
    decided = "" if row.decide_at is None else f", decided on {business_date(row.decide_at)}"
    what = f"¥{row.received:,} received for a slip of ¥{row.amount:,}"
    because = f"過誤納: {what}; to be applied (充当) or refunded (還付){decided} [overpayment_decision_days]"
    return _item("overpayment", row.slip_number, None, row.received - row.amount, row.received_on, because)


def refund_item(row: Any) -> OpenItem:
    """A refund that is decided and not paid."""
    because = f"還付未済: decided on {business_date(row.decided_at)}, due on {business_date(row.due_at)} [refund_days]"
    return _item(
        "refund_payable", row.slip_number, None, row.amount - row.withdrawn, business_date(row.decided_at), because
    )


def repayment_item(row: Any) -> OpenItem:
    """A refund that turned out not to be owed."""
    because = f"返納金: refunded on {business_date(row.ended_at)}, then a receipt of the slip was cancelled (取消)"
    return _item("repayment_claim", row.slip_number, None, row.reclaimed, business_date(row.ended_at), because)


def unknown_item(row: Any) -> OpenItem:
    """A receipt of a slip never issued."""
    because = f"不明入金: no slip {row.slip_number} was issued when it came"
    return _item("unknown_receipt", row.payment_id, row, row.amount, row.received_on, because)


def unannounced_item(row: Any) -> OpenItem:
    """確報 without 速報."""
    because = f"速報なし確報: {CHANNELS[row.method].name} has 速報, and none came [channels_with_preliminary]"
    return _item("confirmed_without_preliminary", row.payment_id, row, row.amount, row.received_on, because)


def unconfirmed_item(row: Any, business_days: int) -> OpenItem:
    """速報 whose 確報 does not come."""
    because = (
        f"確報未着: none within {business_days} bank business days of 収納日 {row.received_on} "
        "[confirmation_expected_business_days]"
    )
    return _item("confirmation_overdue", row.payment_id, row, row.amount, row.received_on, because)


def discrepancy_item(row: Any) -> OpenItem:
    """Facts that contradict each other."""
    because = f"{row.kind} ({row.about}): {row.detail}"
    return _item("discrepancy", row.subject, None, row.amount, business_date(row.at), because)


def _item(kind: str, subject: str, settled_by: Any, amount: int, since: date, because: str) -> OpenItem:
    settler = None if settled_by is None else settled_by.settler
    return OpenItem(kind=kind, subject=subject, settler=settler, amount=amount, since=since, because=because)
