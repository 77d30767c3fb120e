"""指定日経過: a payment whose money is missing on the designated date stops counting as made, until the money comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from services.chassis.transaction import Transaction
from services.ward.domain.lapses import LapseReview
from services.ward.domain.slip_accounts import Postings
from services.ward.handlers.post_to_slips import save_postings
from services.ward.store import lapses, proxy_payments, slips, statements
from services.ward.timers import DeemingReview


async def review_deemings(due: Sequence[DeemingReview], tx: Transaction, *, old_scheme_until: date) -> None:
    """Slips are locked before statements, so they are found first from what the statements list."""
    ids = {timer.statement_id for timer in due}
    listed = {p.slip_number for p in await proxy_payments.of_statements(tx.session, ids)}
    accounts = await slips.lock_accounts(tx.session, listed)
    locked = await statements.lock(tx.session, ids)
    payments = [p for p in await proxy_payments.of_statements(tx.session, ids) if p.slip_number in accounts]
    postings = Postings(accounts)
    review = LapseReview(postings, tx.now, old_scheme_until)
    review.review(payments, await lapses.of_payments(tx.session, [p.payment_id for p in payments]))
    await lapses.add(tx.session, review.lapsed)
    await lapses.save(tx.session, review.restored)
    await save_postings(postings, tx)
    lapsing = {lapse.statement_id for lapse in review.lapsed}
    first_time = [s for i, s in locked.items() if i in lapsing and s.lapsed_at is None]
    await statements.save(tx.session, [replace(s, lapsed_at=tx.now) for s in first_time])
