"""充当・還付: bring the overpayments of persons up to date, when due or by a decision of the staff."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from contracts.http.ward.overpayments import ApplyOverpayment, OverpaymentView, RefundOverpayment
from contracts.vocabulary import Refusal
from services.chassis.transaction import Transaction
from services.ward.domain.overpayment_settlement import Settling
from services.ward.domain.overpayments import OverpaymentTerms, PersonSlip
from services.ward.domain.reminders import ReminderRule
from services.ward.handlers.plan_reminders import remind_again
from services.ward.store import ledger, overpayments, slips
from services.ward.timers import OverpaymentDue, SlipBalanceChanged
from services.ward.views import overpayment_view, slip_unknown


async def settle_changed_balances(
    changed: Sequence[SlipBalanceChanged], tx: Transaction, *, terms: OverpaymentTerms, reminders: ReminderRule
) -> None:
    """Receipts have changed overpayments of slips, or revived their debts."""
    numbers = {timer.slip_number for timer in changed}
    await _save(await _up_to_date(numbers, tx, terms), tx, reminders, changed=numbers)


async def settle_due(
    due: Sequence[OverpaymentDue], tx: Transaction, *, terms: OverpaymentTerms, reminders: ReminderRule
) -> None:
    """Make decisions and pay refunds that are due; those settled meanwhile do not change."""
    settling = await _up_to_date({timer.slip_number for timer in due}, tx, terms)
    await _save(settling, tx, reminders)


async def apply_by_hand(
    requests: Sequence[ApplyOverpayment], tx: Transaction, *, terms: OverpaymentTerms, reminders: ReminderRule
) -> Sequence[OverpaymentView | Refusal]:
    """充当: decided by the staff before it is due, or applied to a debt that is not overdue."""
    settling = await _up_to_date({r.slip_number for r in requests}, tx, terms)
    refusals = [
        settling[r.slip_number].apply(r.slip_number, r.to_slip, r.amount)
        if r.slip_number in settling
        else slip_unknown(r.slip_number)
        for r in requests
    ]
    await _save(settling, tx, reminders)
    return _answers(requests, refusals, settling)


async def refund_by_hand(
    requests: Sequence[RefundOverpayment], tx: Transaction, *, terms: OverpaymentTerms, reminders: ReminderRule
) -> Sequence[OverpaymentView | Refusal]:
    """還付: decided by the staff before it is due, or although another debt is overdue."""
    settling = await _up_to_date({r.slip_number for r in requests}, tx, terms)
    refusals = [
        settling[r.slip_number].refund(r.slip_number, r.amount)
        if r.slip_number in settling
        else slip_unknown(r.slip_number)
        for r in requests
    ]
    await _save(settling, tx, reminders)
    return _answers(requests, refusals, settling)


def _answers(
    requests: Sequence[RefundOverpayment], refusals: Sequence[Refusal | None], settling: Mapping[str, Settling]
) -> Sequence[OverpaymentView | Refusal]:
    return [
        refusal or overpayment_view(r.slip_number, settling[r.slip_number].person)
        for r, refusal in zip(requests, refusals, strict=True)
    ]


async def _up_to_date(
    slip_numbers: Collection[str], tx: Transaction, terms: OverpaymentTerms
) -> Mapping[str, Settling]:
    """Slip number → its person's settling, for every slip of the persons concerned."""
    by_slip: dict[str, Settling] = {}
    for person in await overpayments.lock_people(tx.session, slip_numbers):
        settling = Settling(person, tx.now, terms)
        settling.bring_up_to_date()
        by_slip |= dict.fromkeys(person.slips, settling)
    return by_slip


async def _save(
    by_slip: Mapping[str, Settling], tx: Transaction, reminders: ReminderRule, changed: Collection[str] = ()
) -> None:
    settled = list({id(s): s for s in by_slip.values()}.values())
    await slips.save_accounts(tx.session, {n: s.person.slips[n] for s in settled for n in s.changed_slips})
    await overpayments.change_undecided(
        tx.session, [n for s in settled for n in s.undecided_ended], [o for s in settled for o in s.undecided_new]
    )
    await overpayments.add_uses(tx.session, [use for s in settled for use in s.new_uses])
    await overpayments.save_uses(tx.session, [use for s in settled for use in s.changed_uses])
    await ledger.book(tx.session, [e for s in settled for e in s.entries], tx.now)
    for due in (d for s in settled for d in s.due):
        tx.schedule(OverpaymentDue(slip_number=due.slip_number, step=due.step), due.at)
    owed = {n: s.person.slips[n] for s in settled for n in s.person.slips if n in changed or n in s.owed_again}
    unpaid = {n: slip.due_on for n, slip in owed.items() if slip.outstanding and not _is_ahead(slip, tx, reminders)}
    if unpaid:
        await remind_again(unpaid, tx, reminders)


def _is_ahead(slip: PersonSlip, tx: Transaction, reminders: ReminderRule) -> bool:
    """Whether its reminder is still to come anyway."""
    return slip.remind_on is not None and reminders.sent_at(slip.remind_on) > tx.now
