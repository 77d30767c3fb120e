"""The payments of the slips that a batch is about: each attempt to pay a slip is one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from contracts.calendar import fiscal_year
from contracts.vocabulary import business_date
from services.chassis.steps import Steps
from services.chassis.transaction import Transaction
from services.payment_provider.domain.payment import Payment


class Attempts(Steps[Payment]):
    """Payments by id, those that the batch opens included."""

    def __init__(self, known: Iterable[Payment], tx: Transaction) -> None:
        super().__init__({payment.payment_id: payment for payment in known}, tx)
        self._of_slips: defaultdict[str, list[str]] = defaultdict(list)
        for payment in sorted(self.known.values(), key=lambda p: p.attempt):
            self._of_slips[payment.slip_number].append(payment.payment_id)

    def of_slip(self, slip_number: str) -> Sequence[Payment]:
        """A slip's payments, by attempt."""
        return [self[payment_id] for payment_id in self._of_slips[slip_number]]

    def new_id(self, slip_number: str, attempt: int) -> str:
        """The id of an attempt made now. It depends on the fiscal year: attempts of earlier ones may be erased."""
        year = fiscal_year(business_date(self._tx.now))
        return self._tx.new_id("payment", slip_number, str(attempt), str(year))

    def open(self, payment: Payment) -> Payment:
        """Hold a new payment, the next attempt of its slip."""
        self._of_slips[payment.slip_number].append(payment.payment_id)
        return self.put(payment.payment_id, payment)
