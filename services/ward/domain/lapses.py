"""失効: payments that cease to count as made because their money is missing on the designated date (指定日).

Under the old law the debt revives in the ledger, and is settled again when the money comes. Under the new law the agent
is pursued, and the ledger stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from contracts.vocabulary import business_date
from services.ward.domain.deeming import LegalMode, StandingPayment, deeming, legal_mode
from services.ward.domain.ledger import Account, Transfer, transfer
from services.ward.domain.slip_accounts import Postings


class Lapse(NamedTuple):
    """A payment that did not count any more; it counts again since `restored_at`."""

    payment_id: str
    statement_id: str
    slip_number: str
    amount: int
    mode: LegalMode
    counted_since: date
    lapsed_at: datetime
    restored_at: datetime | None = None
    counts_from: date | None = None

    @property
    def is_active(self) -> bool:
        return self.restored_at is None


class LapseReview:
    """Which payments lapse by now, and which count again; what that books goes to `postings`."""

    def __init__(self, postings: Postings, now: datetime, old_scheme_until: date) -> None:
        self._postings, self._now, self._old_scheme_until = postings, now, old_scheme_until
        self.lapsed: list[Lapse] = []
        self.restored: list[Lapse] = []

    def review(self, payments: Sequence[StandingPayment], known: Mapping[str, Lapse]) -> None:
        """`known` are the lapses of these payments so far, by payment id."""
        self.lapsed += [self._lapse(p) for p in payments if p.payment_id not in known and self._has_lapsed(p)]
        self.restored += [
            self._restore(p, lapse)
            for p in payments
            if (lapse := known.get(p.payment_id)) is not None and lapse.is_active and p.payment.deposited_on is not None
        ]

    def _has_lapsed(self, p: StandingPayment) -> bool:
        found = deeming(p.payment, business_date(self._now), self._old_scheme_until)
        return p.slip_known and not found.counts and not found.is_not_made_yet

    def _lapse(self, p: StandingPayment) -> Lapse:
        mode = legal_mode(p.payment.entrusted_on, self._old_scheme_until)
        assert p.statement_id is not None, "without a statement there is no designated date to miss"
        if mode is LegalMode.DESIGNATED_AGENT:
            owed = transfer(Account.PREMIUM_RECEIVABLE, Account.LAPSED_PROXY_PAYMENTS, p.payment.amount, p.payment_id)
            transfers = (*owed, *self._postings.count(p.slip_number, -p.payment.amount))
            self._postings.book(f"lapse/{p.payment_id}", business_date(self._now), transfers)
        return Lapse(
            payment_id=p.payment_id,
            statement_id=p.statement_id,
            slip_number=p.slip_number,
            amount=p.payment.amount,
            mode=mode,
            counted_since=p.payment.approved_on if mode is LegalMode.DESIGNATED_AGENT else p.payment.entrusted_on,
            lapsed_at=self._now,
        )

    def _restore(self, p: StandingPayment, lapse: Lapse) -> Lapse:
        """It counts again: under the old law from the day of the deposit, under the new one as if never lapsed."""
        if lapse.mode is LegalMode.DESIGNATED_AGENT:
            transfers = _settled(lapse, self._postings)
            self._postings.book(f"restored/{p.payment_id}", business_date(self._now), transfers)
        counts_from = deeming(p.payment, business_date(self._now), self._old_scheme_until).since
        return lapse._replace(restored_at=self._now, counts_from=counts_from)


def restore_before_cancellation(lapse: Lapse, postings: Postings, now: datetime) -> Lapse:
    """取消 takes back all that was posted for a payment: a lapse that is not restored is restored before."""
    if lapse.mode is LegalMode.DESIGNATED_AGENT:
        transfers = _settled(lapse, postings)
        postings.book(f"cancelled/{lapse.payment_id}", business_date(now), transfers, changes_balance=False)
    return lapse._replace(restored_at=now)


def _settled(lapse: Lapse, postings: Postings) -> tuple[Transfer, ...]:
    settled = transfer(Account.LAPSED_PROXY_PAYMENTS, Account.PREMIUM_RECEIVABLE, lapse.amount, lapse.payment_id)
    return (*settled, *postings.count(lapse.slip_number, lapse.amount))
