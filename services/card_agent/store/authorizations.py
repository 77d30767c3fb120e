"""Authorizations: approved, accepted, and how each ended."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.card_agent.domain.authorization import Authorization, AuthorizationStatus, hold_changes
from services.card_agent.domain.issuer import Outcome
from services.card_agent.domain.settlement import CountedPayment
from services.card_agent.store.cards import lock_held
from services.card_agent.tables import accounts, authorizations, cards
from services.chassis.database.bulk import Bulk, Changes
from services.chassis.database.expressions import in_list
from services.chassis.database.lookup import Lookup
from services.chassis.steps import Steps

_HOLD = Bulk(
    update(accounts)
    .where(accounts.c.account_id == bindparam("of_account"))
    .values(held=accounts.c.held + bindparam("change"))
)
_AUTHORIZATIONS = select(*(authorizations.c[name] for name in Authorization._fields)).order_by(
    authorizations.c.payment_id
)
_BY_ID = _AUTHORIZATIONS.where(in_list(authorizations.c.payment_id))
_OF_CLOSING = _AUTHORIZATIONS.where(
    authorizations.c.closes_on == bindparam("closing"), authorizations.c.status == AuthorizationStatus.ACCEPTED
)
_OF_CLOSINGS = _AUTHORIZATIONS.where(
    in_list(authorizations.c.closes_on, "days"), authorizations.c.status == AuthorizationStatus.ACCEPTED
)
_WITH_CARDS = authorizations.outerjoin(cards, cards.c.card_token == authorizations.c.card_token)
_COUNTED = Lookup(
    _OF_CLOSING.with_only_columns(
        authorizations.c.payment_id,
        authorizations.c.amount,
        cards.c.brand,
        authorizations.c.answered_at,
        authorizations.c.entrusted_at,
    ).select_from(_WITH_CARDS),
    CountedPayment,
)
_LOCKED_WITH_OUTCOME = Lookup(
    _BY_ID.add_columns(cards.c.outcome).select_from(_WITH_CARDS).with_for_update(of=authorizations)
)
_FOUND, _LOCKED = Lookup(_BY_ID, Authorization), Lookup(_BY_ID.with_for_update(), Authorization)
_LOCKED_OF_CLOSINGS = Lookup(_OF_CLOSINGS.with_for_update(), Authorization)
_ADD, _CHANGES = Bulk(authorizations.insert()), Changes(authorizations)


async def find(session: AsyncConnection, ids: Collection[str]) -> dict[str, Authorization]:
    """Authorizations by payment id, without a lock; unknown ids are missing."""
    return await _by_id(session, _FOUND, ids=list(ids))


async def lock(session: AsyncConnection, ids: Collection[str]) -> dict[str, Authorization]:
    """Authorizations by payment id, locked; unknown ids are missing."""
    return await _by_id(session, _LOCKED, ids=list(ids))


async def lock_with_outcomes(
    session: AsyncConnection, ids: Collection[str]
) -> tuple[dict[str, Authorization], dict[str, Outcome]]:
    """Authorizations by payment id, locked; and by payment id the outcome of the card, if the card is known."""
    rows = await _LOCKED_WITH_OUTCOME.rows(session, ids=list(ids))
    found = [(Authorization(*row[:-1]), row[-1]) for row in rows]
    return {a.payment_id: a for a, _ in found}, {a.payment_id: outcome for a, outcome in found if outcome}


async def lock_counted(session: AsyncConnection, days: Collection[date]) -> dict[str, Authorization]:
    """The authorizations that the closings of these days count, by payment id, locked."""
    return await _by_id(session, _LOCKED_OF_CLOSINGS, days=list(days))


async def counted(session: AsyncConnection, closed_on: date) -> Sequence[CountedPayment]:
    """The payments of a closing, by payment id."""
    return await _COUNTED.rows(session, closing=closed_on)


async def save(session: AsyncConnection, steps: Steps[Authorization], *, locked: Collection[str] = ()) -> None:
    """Write what steps have changed, and move the holds of the accounts by the difference.

    Accounts are locked first, unless all of them are among those `locked` already.
    """
    known = steps.known
    changed = {i: a for i, a in steps.changed.items() if a != known.get(i)}
    await _ADD.insert(session, [a for i, a in changed.items() if i not in known])
    await _CHANGES.save(session, ((known[i], a) for i, a in changed.items() if i in known))
    moved = hold_changes(known, changed.values())
    if moved:
        if not moved.keys() <= set(locked):
            await lock_held(session, moved)
        await _HOLD.execute(session, [{"of_account": i, "change": change} for i, change in moved.items()])


async def _by_id(session: AsyncConnection, query: Lookup[Authorization], **bound: Any) -> dict[str, Authorization]:
    return {a.payment_id: a for a in await query.rows(session, **bound)}
