"""The ward's part of what `sansha explain` says of a payment, and why items are open: in a collection desk's words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from typing import Final, NamedTuple

from contracts.channels import CHANNELS
from contracts.http.service import Explanation, Step, Waiting
from contracts.http.ward.settlement import ConcernedPayment, OpenItem
from contracts.parties import WARD
from contracts.vocabulary import FlowStep, ReceiptKind, Settler, business_date, on_the_clock
from services.ward.domain.as_of import DepositThen
from services.ward.domain.deeming import JAPANESE as MODE_NAMES
from services.ward.domain.deeming import LegalMode
from services.ward.domain.lapses import Lapse
from services.ward.domain.overpayments import Overpayment, OverpaymentUse, Use
from services.ward.domain.reconciliation import Concerned, Open, Reason
from services.ward.domain.reminders import crossed
from services.ward.domain.resolution import JAPANESE as ACTION_NAMES
from services.ward.domain.settlement import Statement
from services.ward.store.rows import (
    OverpaidSlip,
    StoredDeposit,
    StoredDiscrepancy,
    StoredReceipt,
    StoredReminder,
    StoredResolution,
    UndepositedReceipt,
)

_REGISTERED: Final = {
    ReceiptKind.PRELIMINARY: (FlowStep.PRELIMINARY_REGISTERED, "速報登録 preliminary receipt registered"),
    ReceiptKind.CONFIRMED: (FlowStep.CONFIRMED_REGISTERED, "確報登録 confirmed receipt registered"),
    ReceiptKind.CANCELLED: (FlowStep.CANCELLED_REGISTERED, "取消登録 cancellation registered"),
}


class Listed(NamedTuple):
    """A statement that lists a payment, why it is open, its deposits, and the decisions that concern the payment."""

    statement: Statement
    reasons: Sequence[Open]
    deposits: Sequence[StoredDeposit | DepositThen]
    decisions: Sequence[StoredResolution] = ()


class OfSlip(NamedTuple):
    """What else became of a payment and its slip."""

    lapse: Lapse | None = None
    """How the payment ceased to count as made, if it ever did."""
    reminders: Sequence[StoredReminder] = ()
    """The earliest first."""
    undecided: Overpayment | None = None
    uses: Sequence[OverpaymentUse] = ()


class Rules(NamedTuple):
    """The times after which the ward expects something; each is a setting of this name."""

    deposit_expected_by: time
    confirmation_expected_business_days: int
    statement_expected_days: int


def explain(
    payment_id: str, receipts: Sequence[StoredReceipt], listed: Sequence[Listed], slip: OfSlip, rules: Rules
) -> Explanation:
    """`receipts` are the payment's records in the order of their kinds."""
    steps = [*map(_receipt_step, receipts), *(step for one in listed for step in _statement_steps(one))]
    steps += [*_lapse_steps(slip.lapse), *_reminder_steps(receipts, slip.reminders), *_overpayment_steps(slip)]
    return Explanation(
        payment_id=payment_id,
        party=WARD,
        steps=tuple(sorted(steps, key=lambda s: (s.at, s.stage))),
        waiting=_waiting({receipt.kind for receipt in receipts}, listed, rules) or _waiting_of_slip(slip),
    )


def _step(stage: FlowStep, event: str, at: datetime, detail: str) -> Step:
    return Step(event=event, party=WARD, at=at, stage=stage, detail=detail)


def _receipt_step(r: StoredReceipt) -> Step:
    stage, event = _REGISTERED[r.kind]
    where = f"slip {r.slip_number}" if r.slip_known else f"不明入金: no slip {r.slip_number} was issued"
    return _step(stage, event, r.registered_at, f"{where}, ¥{r.amount:,}, 収納日 {r.received_on}")


def _statement_steps(listed: Listed) -> Iterator[Step]:
    s = listed.statement
    named = f", designated date (指定日) {s.designated_date}" if s.designated_date else ""
    dates = f"closed {s.closed_on}, deposit planned (入金予定) {s.deposit_on}{named}"
    yield _step(
        FlowStep.STATEMENT_RECEIVED, "締め明細受領 closing statement received", s.received_at, f"{s.settler}, {dates}"
    )
    for d in listed.deposits:
        where = f", to account {d.account} instead of the ward's (口座相違)" if d.account else ""
        came = f"¥{d.amount:,} from {d.settler} on {d.deposited_on}{where}"
        yield _step(FlowStep.DEPOSIT_SEEN, "入金確認 deposit seen", d.seen_at, came)
    if s.overdue_since is not None:
        late = f"¥{s.expected:,} not fully deposited by this hour [deposit_expected_by]"
        yield _step(FlowStep.DEPOSIT_OVERDUE, "入金遅延 deposit overdue", s.overdue_since, late)
    for decision in listed.decisions:
        said = f"{decision.action.value} ¥{decision.amount:,} by {decision.decided_by}: {decision.because}"
        yield _step(FlowStep.DECIDED, f"{ACTION_NAMES[decision.action]} decided", decision.decided_at, said)
    if s.reconciled_at is not None:
        counted = f"{s.total_count} payment{'s' * (s.total_count != 1)}, ¥{s.total_amount:,}"
        agreed = f"{counted}: statement, receipts and deposit agree"
        yield _step(FlowStep.RECONCILED, "消込 reconciled", s.reconciled_at, agreed)


def _lapse_steps(lapse: Lapse | None) -> Iterator[Step]:
    if lapse is None:
        return
    mode = f"{MODE_NAMES[lapse.mode]} [old_scheme_until]"
    what = {
        LegalMode.DESIGNATED_AGENT: "the debt revives; reminders and arrears resume",
        LegalMode.DESIGNATED_TRUSTEE: "the ward pursues the agent first; the payer owes nothing more",
    }[lapse.mode]
    lapsed = f"counted since {lapse.counted_since}; not deposited by the designated date (指定日): {what}; {mode}"
    yield _step(FlowStep.LAPSED, "みなし納付失効 deemed payment lapsed", lapse.lapsed_at, lapsed)
    if lapse.restored_at is not None:
        again = f"counts from {lapse.counts_from}; {mode}" if lapse.counts_from else "the receipt was cancelled (取消)"
        yield _step(FlowStep.RESTORED, "納付復活 payment counts again", lapse.restored_at, again)


def _reminder_steps(receipts: Sequence[StoredReceipt], reminders: Sequence[StoredReminder]) -> Iterator[Step]:
    """督促: reminders sent before the ward had registered the payment."""
    seen = [r.registered_at for r in receipts if r.kind is not ReceiptKind.CANCELLED]
    for reminder in reminders:
        if not seen or reminder.sent_at >= min(seen):
            continue
        detail = f"督促状 {reminder.number} for ¥{reminder.outstanding:,} [reminder_days]"
        if crossed(receipts[0].paid_at, reminder.sent_at, min(seen)):
            days = (business_date(min(seen)) - business_date(receipts[0].paid_at)).days
            detail += f"; 行き違い: the payment was already made; the ward registered it {days} days after it was made"
            yield _step(FlowStep.REMINDED, "督促の行き違い reminder crossed the payment", reminder.sent_at, detail)
        else:
            yield _step(FlowStep.REMINDED, "督促 reminder sent", reminder.sent_at, detail)


def _overpayment_steps(slip: OfSlip) -> Iterator[Step]:
    if slip.undecided is not None:
        until = f"decided on {business_date(slip.undecided.decide_at)} [overpayment_decision_days]"
        detail = f"slip {slip.undecided.slip_number} is overpaid by ¥{slip.undecided.amount:,}; {until}"
        yield _step(FlowStep.OVERPAID, "過誤納 overpaid", slip.undecided.opened_at, detail)
    for use in slip.uses:
        back = f"; ¥{use.withdrawn:,} of it taken back (取消)" if use.withdrawn else ""
        of_slip = f"¥{use.amount:,} of slip {use.slip_number}"
        if use.to_slip is not None:
            detail = f"{of_slip} to slip {use.to_slip} [overpayment_decision_days]{back}"
            yield _step(FlowStep.OVERPAYMENT_DECIDED, "充当 overpayment applied", use.decided_at, detail)
            continue
        detail = f"{of_slip} [overpayment_decision_days]{back}"
        yield _step(FlowStep.OVERPAYMENT_DECIDED, "還付決定 refund decided", use.decided_at, detail)
        if use.ended_at is not None and use.use is Use.LAPSED:
            detail = f"¥{use.amount - use.withdrawn:,} not claimed in time [refund_lapse_years]"
            yield _step(FlowStep.REFUNDED, "還付時効 refund lapsed", use.ended_at, detail)
        elif use.ended_at is not None:
            owed = f"; ¥{use.reclaimed:,} of it is owed back (返納金)" if use.reclaimed else ""
            detail = f"¥{use.paid:,} to the payer [refund_days]{owed}"
            yield _step(FlowStep.REFUNDED, "還付 refunded", use.ended_at, detail)


def _waiting_of_slip(slip: OfSlip) -> Waiting | None:
    """What comes next of the slip's overpayment."""
    if slip.undecided is not None:
        because = f"overpaid by ¥{slip.undecided.amount:,} (過誤納) [overpayment_decision_days]"
        until = slip.undecided.decide_at
        return Waiting(waits_for="充当・還付 decision on the overpayment", until=until, because=because)
    for use in slip.uses:
        if use.use is Use.REFUND_DECIDED and use.standing:
            decided_on = business_date(use.decided_at)
            because = f"¥{use.standing:,} decided on {decided_on} [refund_days, refund_lapse_years]"
            return Waiting(waits_for="還付 refund", until=use.due_at, because=because)
    return None


def _waiting(kinds: set[ReceiptKind], listed: Sequence[Listed], rules: Rules) -> Waiting | None:
    """What comes next, as far as the ward can know."""
    if ReceiptKind.CANCELLED in kinds or not all(one.reasons for one in listed):
        return None
    if not kinds:
        because = "a statement lists it, but no receipt data has come [no time limit: 差異の処理 decides otherwise]"
        return Waiting(waits_for="収納データ receipt data", until=None, because=because)
    if not listed:
        return _waiting_for_statement(rules) if ReceiptKind.CONFIRMED in kinds else _waiting_for_confirmation(rules)
    first = listed[0]
    if not first.deposits:
        s = first.statement
        until = on_the_clock(s.deposit_on, rules.deposit_expected_by)
        because = f"{s.settler} closed (締め) on {s.closed_on} and deposits on {s.deposit_on} [deposit_expected_by]"
        return Waiting(waits_for=f"入金 deposit of {s.settler}", until=until, because=because)
    because = f"{'; '.join(map(str, first.reasons))} [消込: statement, receipts and deposit must agree]"
    return Waiting(waits_for="消込 reconciliation", until=None, because=because)


def _waiting_for_confirmation(rules: Rules) -> Waiting:
    because = (
        "速報 only: the payment provider sends 確報 after its agreed business days; overdue (確報未着) after "
        f"{rules.confirmation_expected_business_days} bank business days [confirmation_expected_business_days]"
    )
    return Waiting(waits_for="確報 confirmed receipt data", until=None, because=because)


def _waiting_for_statement(rules: Rules) -> Waiting:
    because = (
        "the settler has not closed the period yet; its statement gives the deposit date, and is expected within "
        f"{rules.statement_expected_days} days after the end of the month [statement_expected_days]"
    )
    return Waiting(waits_for="締め明細 closing statement of the settler", until=None, because=because)


# ---- open items -------------------------------------------------------------------------------------------


def receipt_item(r: UndepositedReceipt, left_out_of: date | None) -> OpenItem:
    """`left_out_of` is the closing whose statement should list the receipt and does not."""
    why = [] if r.confirmed else ["速報 only; 確報 has not come"]
    if left_out_of is not None:
        detail = f"the statement of {r.settler} closed on {left_out_of} does not list it"
        why.append(str(Open(Reason.RECEIPT_UNLISTED, detail)))
    if r.closed_on is not None:
        why.append(f"締め {r.closed_on}、入金予定 {r.deposit_on}")
    elif r.confirmed and left_out_of is None:
        why.append(f"waits for the closing statement (締め明細) of {r.settler}")
    item = _item("receipt_not_deposited", r.payment_id, r.settler, r.amount, r.received_on, "; ".join(why))
    return item if left_out_of is None else item.model_copy(update={"codes": (Reason.RECEIPT_UNLISTED.value,)})


def statement_item(
    statement: Statement, reasons: Sequence[Open], concerned: Sequence[Concerned], today: date
) -> OpenItem:
    """`concerned` are the payments that do not agree."""
    why = [str(reason) for reason in reasons]
    if any(reason.reason in (Reason.DEPOSIT_MISSING, Reason.DEPOSIT_OVERDUE) for reason in reasons):
        overdue = "was due" if statement.deposit_on < today else "is planned"
        why.append(f"入金予定: the deposit {overdue} on {statement.deposit_on}")
    amount, since = statement.total_amount, statement.closed_on
    item = _item("statement_open", statement.statement_id, statement.settler, amount, since, "; ".join(why))
    named = [
        ConcernedPayment(payment_id=c.payment_id, code=c.reason.value, stated=c.stated, registered=c.registered)
        for c in concerned
    ]
    codes = tuple(reason.reason.value for reason in reasons)
    return item.model_copy(update={"codes": codes, "difference": statement.difference, "payments": tuple(named)})


def lapse_item(lapse: Lapse) -> OpenItem:
    owed = "debt revived" if lapse.mode is LegalMode.DESIGNATED_AGENT else "agent to be pursued"
    because = f"みなし納付失効: not deposited by the designated date (指定日); {owed} ({MODE_NAMES[lapse.mode]})"
    return _item("proxy_payment_lapsed", lapse.payment_id, None, lapse.amount, business_date(lapse.lapsed_at), because)


def deposit_item(d: StoredDeposit) -> OpenItem:
    because = str(Open(Reason.DEPOSIT_WITHOUT_STATEMENT, f"deposit {d.deposit_id}; its statement has not come"))
    return _item("deposit_without_statement", d.statement_id, d.settler, d.amount, d.deposited_on, because)


def overpayment_item(slip: OverpaidSlip) -> OpenItem:
    decided = "" if slip.decide_at is None else f", decided on {business_date(slip.decide_at)}"
    what = f"¥{slip.received:,} received for a slip of ¥{slip.amount:,}"
    because = f"過誤納: {what}; to be applied (充当) or refunded (還付){decided} [overpayment_decision_days]"
    return _item("overpayment", slip.slip_number, None, slip.received - slip.amount, slip.received_on, because)


def refund_item(use: OverpaymentUse) -> OpenItem:
    decided_on = business_date(use.decided_at)
    due = "" if use.due_at is None else f", due on {business_date(use.due_at)}"
    because = f"還付未済: decided on {decided_on}{due} [refund_days]"
    return _item("refund_payable", use.slip_number, None, use.amount - use.withdrawn, decided_on, because)


def repayment_item(use: OverpaymentUse) -> OpenItem:
    refunded_on = business_date(use.ended_at or use.decided_at)
    because = f"返納金: refunded on {refunded_on}, then a receipt of the slip was cancelled (取消)"
    return _item("repayment_claim", use.slip_number, None, use.reclaimed, refunded_on, because)


def unknown_item(r: StoredReceipt) -> OpenItem:
    because = f"不明入金: no slip {r.slip_number} had been issued when it was registered"
    return _item("unknown_receipt", r.payment_id, r.settler, r.amount, r.received_on, because)


def unannounced_item(r: StoredReceipt) -> OpenItem:
    because = f"速報なし確報: {CHANNELS[r.method].name} sends 速報, but none came [channels_with_preliminary]"
    return _item("confirmed_without_preliminary", r.payment_id, r.settler, r.amount, r.received_on, because)


def unconfirmed_item(r: StoredReceipt, business_days: int) -> OpenItem:
    because = (
        f"確報未着: none within {business_days} bank business days of 収納日 {r.received_on} "
        "[confirmation_expected_business_days]"
    )
    return _item("confirmation_overdue", r.payment_id, r.settler, r.amount, r.received_on, because)


def discrepancy_item(d: StoredDiscrepancy) -> OpenItem:
    return _item("discrepancy", d.subject, None, d.amount, business_date(d.at), f"{d.kind} ({d.about}): {d.detail}")


def _item(kind: str, subject: str, settler: Settler | None, amount: int, since: date, because: str) -> OpenItem:
    return OpenItem(kind=kind, subject=subject, settler=settler, amount=amount, since=since, because=because)
