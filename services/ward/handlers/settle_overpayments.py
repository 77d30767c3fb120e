"""充当・還付: bring the overpayments of persons up to date, by themselves or because somebody decided."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from contracts.http.ward.overpayments import ApplyOverpayment, OverpaymentView, RefundOverpayment
from contracts.vocabulary import Refusal
from services.chassis.transaction import Transaction
from services.ward import store
from services.ward.domain.overpayment_settlement import Settling
from services.ward.domain.overpayments import OverpaymentTerms, PersonSlip
from services.ward.domain.reminders import ReminderRule
from services.ward.handlers.plan_reminders import remind_anew
from services.ward.timers import OverpaymentDue, SlipBalanceChanged
from services.ward.views import overpayment_view


async def settle_upset(
    upset: Sequence[SlipBalanceChanged], tx: Transaction, *, terms: OverpaymentTerms, reminders: ReminderRule
) -> None:
    """Receipts have made slips overpaid, or less so, or owed again."""
    numbers = {timer.slip_number for timer in upset}
    settling = await _up_to_date(numbers, tx, terms)
    await _save(settling, tx, reminders, upset=numbers)


async def settle_due(
    due: Sequence[OverpaymentDue], tx: Transaction, *, terms: OverpaymentTerms, reminders: ReminderRule
) -> None:
    """Decisions and refunds whose time has come; what was settled meanwhile is left as it is."""
    settling = await _up_to_date({timer.slip_number for timer in due}, tx, terms)
    await _save(settling, tx, reminders)


async def apply_by_hand(
    requests: Sequence[ApplyOverpayment], tx: Transaction, *, terms: OverpaymentTerms, reminders: ReminderRule
) -> Sequence[OverpaymentView | Refusal]:
    """充当: somebody decides before the time, or to apply it to a debt that is not overdue."""
    settling = await _up_to_date({r.slip_number for r in requests}, tx, terms)
    done = [
        settling[r.slip_number].apply(r.slip_number, r.to_slip, r.amount) if r.slip_number in settling else _unknown(r)
        for r in requests
    ]
    await _save(settling, tx, reminders)
    return _answers(requests, done, settling)


async def refund_by_hand(
    requests: Sequence[RefundOverpayment], tx: Transaction, *, terms: OverpaymentTerms, reminders: ReminderRule
) -> Sequence[OverpaymentView | Refusal]:
    """還付: somebody decides before the time, or to refund although something is overdue."""
    settling = await _up_to_date({r.slip_number for r in requests}, tx, terms)
    done = [
        settling[r.slip_number].refund(r.slip_number, r.amount) if r.slip_number in settling else _unknown(r)
        for r in requests
    ]
    await _save(settling, tx, reminders)
    return _answers(requests, done, settling)


def _unknown(request: RefundOverpayment) -> Refusal:
    return Refusal("slip_unknown", f"no slip {request.slip_number} was issued", "list the slips: GET /slips")


def _answers(
    requests: Sequence[RefundOverpayment], done: Sequence[Refusal | None], settling: Mapping[str, Settling]
) -> Sequence[OverpaymentView | Refusal]:
    return [
        refusal or overpayment_view(r.slip_number, settling[r.slip_number].person)
        for r, refusal in zip(requests, done, strict=True)
    ]


async def _up_to_date(
    slip_numbers: Collection[str], tx: Transaction, terms: OverpaymentTerms
) -> Mapping[str, Settling]:
    """Slip number → its person's settling, for every slip of the persons concerned."""
    by_slip: dict[str, Settling] = {}
    for person in await store.lock_people(tx.session, slip_numbers):
        settling = Settling(person, tx.now, terms)
        settling.bring_up_to_date()
        by_slip |= dict.fromkeys(person.slips, settling)
    return by_slip


async def _save(
    by_slip: Mapping[str, Settling], tx: Transaction, reminders: ReminderRule, upset: Collection[str] = ()
) -> None:
    settled = list({id(s): s for s in by_slip.values()}.values())
    changed = {n: s.person.slips[n] for s in settled for n in s.changed_slips}
    await store.save_slip_accounts(tx.session, changed)
    await store.change_claims(
        tx.session, [n for s in settled for n in s.claims_gone], [c for s in settled for c in s.claims_new]
    )
    await store.add_uses(tx.session, [g for s in settled for g in s.new])
    await store.save_uses(tx.session, [g for s in settled for g in s.changed])
    await store.book(tx.session, [e for s in settled for e in s.entries], tx.now)
    for due in (d for s in settled for d in s.due):
        tx.schedule(OverpaymentDue(slip_number=due.slip_number, step=due.step), due.at)
    owed = {n: s.person.slips[n] for s in settled for n in s.person.slips if n in upset or n in s.owed_again}
    anew = {n: slip.due_on for n, slip in owed.items() if slip.outstanding and not _is_ahead(slip, tx, reminders)}
    if anew:
        await remind_anew(anew, tx, reminders)


def _is_ahead(slip: PersonSlip, tx: Transaction, reminders: ReminderRule) -> bool:
    """Whether its reminder is still to come anyway."""
    return slip.remind_on is not None and reminders.sent_at(slip.remind_on) > tx.now
