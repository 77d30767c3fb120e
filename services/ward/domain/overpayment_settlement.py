"""充当・還付: bring one person's overpayments up to date, by the same steps in the same order for any cause."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from contracts.vocabulary import Refusal, business_date
from services.ward.domain.ledger import Account, Entry, Transfer, transfer
from services.ward.domain.overpayments import (
    TAKEN_BACK_FROM,
    Overpayment,
    OverpaymentTerms,
    OverpaymentUse,
    Person,
    Use,
)
from services.ward.domain.slip_accounts import count_towards


class Due(NamedTuple):
    """A decision or a refund that is due later."""

    slip_number: str
    step: str
    at: datetime


class Settling:
    """Changes `person`, and holds the consequences: ledger entries, later due steps, changed slips and uses."""

    def __init__(self, person: Person, now: datetime, terms: OverpaymentTerms) -> None:
        self.person, self._now, self._terms = person, now, terms
        self.entries: list[Entry] = []
        self.due: list[Due] = []
        self._owed = {number: slip.outstanding for number, slip in person.slips.items()}
        self._counted = {number: slip.received for number, slip in person.slips.items()}
        self._undecided_before = dict(person.undecided)
        self._known = {(g.slip_number, g.number): (g.use, g.withdrawn, g.reclaimed) for g in person.uses}

    @property
    def changed_slips(self) -> list[str]:
        """Slips that have received more or less than before."""
        return [n for n, slip in self.person.slips.items() if slip.received != self._counted[n]]

    @property
    def owed_again(self) -> list[str]:
        """Slips that were paid before and now are not."""
        return [n for n, slip in self.person.slips.items() if slip.outstanding and not self._owed[n]]

    @property
    def undecided_ended(self) -> list[str]:
        """Slips whose overpayment ended, or has changed."""
        return [n for n, claim in self._undecided_before.items() if self.person.undecided.get(n) != claim]

    @property
    def undecided_new(self) -> list[Overpayment]:
        """Overpayments that are new, or have changed."""
        return [claim for n, claim in self.person.undecided.items() if self._undecided_before.get(n) != claim]

    @property
    def new_uses(self) -> list[OverpaymentUse]:
        return [g for g in self.person.uses if (g.slip_number, g.number) not in self._known]

    @property
    def changed_uses(self) -> list[OverpaymentUse]:
        known = ((g, self._known.get((g.slip_number, g.number))) for g in self.person.uses)
        return [g for g, was in known if was is not None and was != (g.use, g.withdrawn, g.reclaimed)]

    @property
    def _today(self) -> date:
        return business_date(self._now)

    def bring_up_to_date(self) -> None:
        """Take back used amounts that a slip now lacks, pay or end due refunds, await the decision on overpayments."""
        self._take_back()
        self._end_refunds()
        self._decide()
        self._open_or_close()

    # ---- by hand ------------------------------------------------------------------------------------------

    def apply(self, slip_number: str, to_slip: str | None, amount: int | None) -> Refusal | None:
        """充当: to one debt, due or not, or to all that are overdue; all of the overpayment, or `amount`."""
        refusal = self._not_that_much(slip_number, amount) or self._not_to(slip_number, to_slip, amount)
        if refusal is not None:
            return refusal
        left = self.person.excess(slip_number) if amount is None else amount
        targets = self.person.overdue(slip_number, self._today) if to_slip is None else [to_slip]
        owed = sum(self.person.slips[target].outstanding for target in targets)
        if amount is not None and amount > owed:
            wrong = f"¥{owed:,} is owed, less than ¥{amount:,}"
            return Refusal("more_than_owed", wrong, "apply less, or name no amount; the rest can be refunded")
        self._apply(slip_number, targets, left)
        self._open_or_close()
        return None

    def refund(self, slip_number: str, amount: int | None) -> Refusal | None:
        """還付: decide on it now; all of the overpayment, or `amount`."""
        refusal = self._not_that_much(slip_number, amount)
        if refusal is None:
            self._give(slip_number, self.person.excess(slip_number) if amount is None else amount)
            self._open_or_close()
        return refusal

    def _not_that_much(self, slip_number: str, amount: int | None) -> Refusal | None:
        excess = self.person.excess(slip_number)
        if not excess:
            wrong = f"slip {slip_number} is not overpaid"
            return Refusal("nothing_overpaid", wrong, "list the overpayments: GET /overpayments")
        if amount is not None and amount > excess:
            wrong = f"slip {slip_number} is overpaid by ¥{excess:,}, less than ¥{amount:,}"
            return Refusal("more_than_overpaid", wrong, "name a smaller amount, or none for all of it")
        return None

    def _not_to(self, slip_number: str, to_slip: str | None, amount: int | None) -> Refusal | None:
        if to_slip is None:
            if self.person.overdue(slip_number, self._today):
                return None
            wrong = "this person has no overdue debt of this charge (科目)"
            return Refusal("nothing_overdue", wrong, "name the slip to apply it to, or refund it")
        target = self.person.slips.get(to_slip)
        if target is None:
            wrong = f"slips {to_slip} and {slip_number} are not of the same person"
            return Refusal("slip_of_another", wrong, "an overpayment is applied to debts of the same person")
        if target.charge_type is not self.person.slips[slip_number].charge_type:
            wrong = f"slips {slip_number} and {to_slip} are of different charges (科目)"
            return Refusal("slip_of_another", wrong, "an overpayment is applied to debts of the same charge (科目)")
        if not target.outstanding:
            return Refusal("nothing_owed", f"slip {to_slip} is paid", "apply it to another slip, or refund it")
        return None

    # ---- step by step ---------------------------------------------------------------------------------------

    def _take_back(self) -> None:
        """取消: repeats until no slip lacks an amount used of it, since the slip it is taken from may then lack it."""
        while lacking := [n for n, slip in sorted(self.person.slips.items()) if slip.outstanding and self._was_used(n)]:
            for slip_number in lacking:
                for given in self.person.reclaimable(slip_number):
                    self._take(given, min(given.standing, self.person.slips[slip_number].outstanding))

    def _was_used(self, slip_number: str) -> bool:
        return bool(self.person.reclaimable(slip_number))

    def _take(self, given: OverpaymentUse, amount: int) -> None:
        if not amount:
            return
        if given.use is Use.REFUNDED:
            given.reclaimed += amount
        else:
            given.withdrawn += amount
        booked = self._count(given.slip_number, amount, TAKEN_BACK_FROM[given.use])
        if given.to_slip is not None:
            booked = (*booked, *self._count(given.to_slip, -amount, Account.APPLICATIONS))
        self._book(given, f"back/{given.withdrawn + given.reclaimed}", booked)

    def _end_refunds(self) -> None:
        """還付・時効: pay refunds whose day has come, or let them lapse."""
        for given in self.person.uses:
            is_due = given.due_at is not None and given.due_at <= self._now
            if given.use is not Use.REFUND_DECIDED or not is_due or not given.standing:
                continue
            lapsed = self._today >= self._terms.lapses_on(given.decided_at)
            given.use, given.ended_at = Use.LAPSED if lapsed else Use.REFUNDED, self._now
            goes_to = Account.LAPSED_REFUNDS if lapsed else Account.BANK_ACCOUNT
            booked = transfer(Account.REFUNDS_PAYABLE, goes_to, given.standing, given.slip_number)
            self._book(given, given.use.value, booked)

    def _decide(self) -> None:
        """決定: 充当 first, 還付 of the rest."""
        due = [c for c in self.person.undecided.values() if c.decide_at <= self._now]
        for claim in sorted(due, key=lambda c: (c.decide_at, c.slip_number)):
            targets = self.person.overdue(claim.slip_number, self._today)
            left = self._apply(claim.slip_number, targets, self.person.excess(claim.slip_number))
            if left:
                self._give(claim.slip_number, left)

    def _open_or_close(self) -> None:
        for number in self.person.slips:
            excess, claim = self.person.excess(number), self.person.undecided.pop(number, None)
            if claim is None and excess:
                claim = Overpayment(number, excess, self._now, self._terms.decide_at(self._now))
                self.due.append(Due(number, f"decision/{claim.decide_at.isoformat()}", claim.decide_at))
            if claim is not None and excess:
                self.person.undecided[number] = claim._replace(amount=excess)

    def _apply(self, slip_number: str, targets: list[str], left: int) -> int:
        """Apply up to `left` yen. Returns the rest."""
        for target in targets:
            amount = min(left, self.person.slips[target].outstanding)
            if amount:
                self._give(slip_number, amount, target)
                left -= amount
        return left

    def _give(self, slip_number: str, amount: int, to_slip: str | None = None) -> None:
        use = Use.REFUND_DECIDED if to_slip is None else Use.APPLIED
        number = 1 + max((g.number for g in self.person.uses if g.slip_number == slip_number), default=0)
        due_at = self._terms.refund_due_at(self._now) if to_slip is None else None
        given = OverpaymentUse(slip_number, number, use, amount, to_slip, self._now, due_at)
        self.person.uses.append(given)
        booked = self._count(slip_number, -amount, TAKEN_BACK_FROM[use])
        if to_slip is not None:
            booked = (*booked, *self._count(to_slip, amount, Account.APPLICATIONS))
        self._book(given, use.value, booked)
        if due_at is not None:
            self.due.append(Due(slip_number, f"refund/{number}", due_at))

    def _count(self, slip_number: str, amount: int, account: Account) -> tuple[Transfer, ...]:
        """Count `amount` of an account towards a slip; a negative one goes back to the account."""
        slip = self.person.slips[slip_number]
        received = transfer(account, Account.PREMIUM_RECEIVABLE, amount, slip_number)
        return (*received, *count_towards(slip_number, slip, amount))

    def _book(self, given: OverpaymentUse, step: str, transfers: tuple[Transfer, ...]) -> None:
        source = f"overpayment/{given.slip_number}/{given.number}/{step}"
        self.entries.append(Entry(source, self._today, transfers))
