"""指定日経過: a payment whose money is missing on the designated date stops counting as made, until the money comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import replace
from datetime import date

from contracts.vocabulary import business_date
from services.chassis.transaction import Transaction
from services.ward import store
from services.ward.domain.deeming import LegalMode, deeming, legal_mode
from services.ward.domain.ledger import Entry, Transfer
from services.ward.domain.overpayments import A_MOMENT
from services.ward.domain.receipts import SlipAccount, is_upset, restore, revive
from services.ward.store import Lapse, Made
from services.ward.timers import DeemingReview, SlipBalanceChanged

Slips = Mapping[str, SlipAccount]
Transfers = tuple[Transfer, ...]


async def review_deemings(due: Sequence[DeemingReview], tx: Transaction, *, old_scheme_until: date) -> None:
    """By the old law the debt revives in the ledger, and is settled again when the money comes; by the new one the
    agent is pursued, and the debt stays as it is. Slips are locked first, then the statements."""
    ids = {timer.statement_id for timer in due}
    listed = {made.slip_number for made in await store.payments_of_statements(tx.session, ids)}
    slips = await store.lock_slip_accounts(tx.session, listed)
    statements = await store.lock_statements(tx.session, ids)
    found = [m for m in await store.payments_of_statements(tx.session, ids) if m.slip_number in slips]
    known = await store.lapses_of(tx.session, [made.payment_id for made in found])
    review = _Review(slips, business_date(tx.now), old_scheme_until)
    lapsed = [review.lapse(m, tx) for m in found if m.payment_id not in known and review.has_lapsed(m)]
    restored = [
        review.restore(made, lapse, tx)
        for made in found
        if (lapse := known.get(made.payment_id)) is not None
        and lapse.restored_at is None
        and made.payment.deposited_on is not None
    ]
    await store.add_lapses(tx.session, lapsed)
    await store.save_lapses(tx.session, restored)
    await store.book(tx.session, review.entries, tx.now)
    await store.save_slip_accounts(tx.session, review.changed)
    for upset in review.upset:
        tx.schedule(upset, tx.now + A_MOMENT)
    first_time = {lapse.statement_id for lapse in lapsed}
    noted = [replace(s, lapsed_at=tx.now) for i, s in statements.items() if i in first_time and s.lapsed_at is None]
    await store.save_settled(tx.session, noted)


class _Review:
    """What changes in the ledger and on the slips."""

    def __init__(self, slips: Slips, today: date, old_scheme_until: date) -> None:
        self._slips, self._today, self._old_scheme_until = slips, today, old_scheme_until
        self.entries: list[Entry] = []
        self.changed: MutableMapping[str, SlipAccount] = {}
        self.upset: list[SlipBalanceChanged] = []

    def has_lapsed(self, made: Made) -> bool:
        """Whether it counted as made, and does not any more."""
        found = deeming(made.payment, self._today, self._old_scheme_until)
        return made.slip_known and not found.counts and not found.is_not_made_yet

    def lapse(self, made: Made, tx: Transaction) -> Lapse:
        """失効."""
        mode = legal_mode(made.payment.entrusted_on, self._old_scheme_until)
        old = mode is LegalMode.DESIGNATED_AGENT
        since = made.payment.approved_on if old else made.payment.entrusted_on
        assert made.statement_id is not None, "who told no designated date cannot miss it"
        if old:
            self._book(made, revive, made.payment.amount, f"lapse/{made.payment_id}")
        return Lapse(
            payment_id=made.payment_id,
            statement_id=made.statement_id,
            slip_number=made.slip_number,
            amount=made.payment.amount,
            mode=mode,
            counted_since=since,
            lapsed_at=tx.now,
        )

    def restore(self, made: Made, lapse: Lapse, tx: Transaction) -> Lapse:
        """It counts again: by the old law from the day of the deposit, by the new one as if nothing had been."""
        if lapse.mode is LegalMode.DESIGNATED_AGENT:
            self._book(made, restore, lapse.amount, f"restored/{made.payment_id}")
        counts_from = deeming(made.payment, self._today, self._old_scheme_until).since
        return replace(lapse, restored_at=tx.now, counts_from=counts_from)

    def _book(self, made: Made, how: Callable[[str, str, SlipAccount, int], Transfers], amount: int, why: str) -> None:
        slip = self._slips[made.slip_number]
        stood = slip.excess, slip.outstanding
        self.entries.append(Entry(why, self._today, how(made.payment_id, made.slip_number, slip, amount)))
        self.changed[made.slip_number] = slip
        if is_upset(slip, *stood):
            self.upset.append(SlipBalanceChanged(slip_number=made.slip_number, cause=why))


async def forget_lapses(cancelled: Iterable[str], slips: Slips, tx: Transaction) -> Mapping[str, SlipAccount]:
    """取消 of payments takes back all that was posted for them: what had lapsed is put back before. Their slips are
    locked already. Returns the slips that change."""
    known = await store.lapses_of(tx.session, list(cancelled))
    active = [lapse for lapse in known.values() if lapse.restored_at is None]
    entries, changed = [], {}
    for lapse in active:
        if lapse.mode is LegalMode.DESIGNATED_AGENT:
            slip = slips[lapse.slip_number]
            transfers = restore(lapse.payment_id, lapse.slip_number, slip, lapse.amount)
            entries.append(Entry(f"cancelled/{lapse.payment_id}", business_date(tx.now), transfers))
            changed[lapse.slip_number] = slip
    await store.book(tx.session, entries, tx.now)
    await store.save_lapses(tx.session, [replace(lapse, restored_at=tx.now) for lapse in active])
    return changed
