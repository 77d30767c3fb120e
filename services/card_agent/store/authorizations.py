"""Authorizations: what was approved, taken on, and how it ended."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import Yen
from services.card_agent.domain.authorization import Authorization, AuthorizationStatus, hold_changes
from services.card_agent.domain.issuer import Outcome
from services.card_agent.domain.settlement import Line
from services.card_agent.store.cards import lock_held
from services.card_agent.tables import accounts, authorizations, cards
from services.chassis.database.bulk import Bulk, Changes
from services.chassis.database.expressions import in_list
from services.chassis.database.lookup import Lookup

_HOLD = Bulk(
    update(accounts)
    .where(accounts.c.account_id == bindparam("of_account"))
    .values(held=accounts.c.held + bindparam("change"))
)
_AUTHORIZATIONS = select(*(authorizations.c[name] for name in Authorization._fields)).order_by(
    authorizations.c.payment_id
)
_BY_ID = _AUTHORIZATIONS.where(in_list(authorizations.c.payment_id))
_COUNTED = _AUTHORIZATIONS.where(
    authorizations.c.closes_on == bindparam("closing"), authorizations.c.status == AuthorizationStatus.ACCEPTED
)
_LINES = _COUNTED.with_only_columns(
    authorizations.c.payment_id,
    authorizations.c.amount,
    cards.c.brand,
    authorizations.c.answered_at,
    authorizations.c.entrusted_at,
).select_from(authorizations.outerjoin(cards, cards.c.card_token == authorizations.c.card_token))
_LOCKED_WITH_OUTCOME = Lookup(
    _BY_ID.add_columns(cards.c.outcome)
    .outerjoin(cards, cards.c.card_token == authorizations.c.card_token)
    .with_for_update(of=authorizations)
)
_FOUND, _LOCKED_BY_ID = Lookup(_BY_ID, Authorization), Lookup(_BY_ID.with_for_update(), Authorization)
_LOCKED_COUNTED = Lookup(_COUNTED.with_for_update(), Authorization)
_ADD, _CHANGES = Bulk(authorizations.insert()), Changes(authorizations)


async def lock(session: AsyncConnection, ids: Collection[str]) -> dict[str, Authorization]:
    """Authorizations by payment id, locked; one that is unknown is missing from the answer."""
    return await _authorizations(session, _LOCKED_BY_ID, ids=list(ids))


async def lock_with_outcomes(
    session: AsyncConnection, ids: Collection[str]
) -> tuple[dict[str, Authorization], dict[str, Outcome]]:
    """The same; and by payment id how the card company treats the card, where it is known."""
    rows = await _LOCKED_WITH_OUTCOME.rows(session, ids=list(ids))
    found = [(Authorization(*row[:-1]), row[-1]) for row in rows]
    return {a.payment_id: a for a, _ in found}, {a.payment_id: outcome for a, outcome in found if outcome}


async def lock_accepted(session: AsyncConnection, closed_on: date) -> dict[str, Authorization]:
    """The authorizations that a closing counts, locked."""
    return await _authorizations(session, _LOCKED_COUNTED, closing=closed_on)


async def find(session: AsyncConnection, ids: Collection[str]) -> dict[str, Authorization]:
    """Authorizations by payment id, to look at."""
    return await _authorizations(session, _FOUND, ids=list(ids))


async def save(
    session: AsyncConnection,
    before: Mapping[str, Authorization],
    after: Mapping[str, Authorization],
    *,
    locked: Collection[str] = (),
) -> None:
    """Write what differs between `before` and `after`, and move the holds of the accounts by the difference.

    Accounts are locked first, unless all of them are among those `locked` by now.
    """
    changed = [a for payment_id, a in after.items() if a != before.get(payment_id)]
    await _ADD.insert(session, [a for a in changed if a.payment_id not in before])
    await _CHANGES.save(session, ((before[a.payment_id], a) for a in changed if a.payment_id in before))
    moved = hold_changes(before, changed)
    if moved:
        if not moved.keys() <= set(locked):
            await lock_held(session, moved)
        await _HOLD.execute(session, [{"of_account": i, "change": change} for i, change in moved.items()])


async def closing_lines(session: AsyncConnection, closed_on: date) -> Sequence[Line]:
    """What a closing counts, by payment id."""
    found = await session.execute(_LINES, {"closing": closed_on})
    return [Line(payment_id, Yen(amount), *rest) for payment_id, amount, *rest in found.all()]


async def _authorizations(
    session: AsyncConnection, query: Lookup[Authorization], **bound: Any
) -> dict[str, Authorization]:
    return {a.payment_id: a for a in await query.rows(session, **bound)}
