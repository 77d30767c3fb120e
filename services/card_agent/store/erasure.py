"""消去: every statement that erases a card agent's rows, by the rules of `domain.erasure`."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.duties.erasing import ERASED, Cut
from services.card_agent.domain.erasure import ACCOUNTS, AUTHORIZATIONS, CARDS, ENDED, RULES, SETTLED
from services.card_agent.tables import accounts, authorizations, cards
from services.chassis.database.emptying import emptied
from services.chassis.erasure.data import Gone, PartyData

_a: Final = authorizations.c
_MADE_AT: Final = func.coalesce(_a.accepted_at, _a.asked_at, _a.reversal_asked_at)
_SETTLED: Final = or_(_a.status.in_(ENDED), and_(_a.status == SETTLED, _a.deposited_at.is_not(None)))


def _of(cut: Cut) -> ColumnElement[bool]:
    return and_(_a.erased_at.is_(None), cut.before > _MADE_AT)


def _unused(cut: Cut) -> ColumnElement[bool]:
    """Cards made up to the last day that no authorization names any more."""
    return and_(cards.c.tokenized_at < cut.before, ~exists().where(_a.card_token == cards.c.card_token))


async def holds(session: AsyncConnection, cut: Cut) -> bool:
    found = (
        select(_a.payment_id).where(_of(cut)).limit(1),
        select(cards.c.card_token).where(cards.c.tokenized_at < cut.before).limit(1),
    )
    return any([(await session.execute(query)).first() is not None for query in found])


async def erase(session: AsyncConnection, cut: Cut, now: datetime) -> Gone:
    """Authorizations are locked by payment id, then accounts by id, as always."""
    settled = select(_a.payment_id).where(_of(cut), _SETTLED).order_by(_a.payment_id).with_for_update()
    erased = (await session.execute(settled)).scalars().all()
    values = {**emptied(authorizations, AUTHORIZATIONS, ERASED + _a.payment_id), "erased_at": now}
    await session.execute(update(authorizations).where(_of(cut), _SETTLED).values(values))
    left = select(_a.payment_id).where(_of(cut)).order_by(_a.payment_id)
    kept = (await session.execute(left)).scalars().all()
    gone_cards = (await session.execute(delete(cards).where(_unused(cut)))).rowcount
    needed = or_(
        exists().where(cards.c.account_id == accounts.c.account_id),
        exists().where(_a.account_id == accounts.c.account_id),
        accounts.c.held != 0,
    )
    gone_accounts = (await session.execute(delete(accounts).where(~needed))).rowcount
    return Gone({AUTHORIZATIONS: len(erased), CARDS: gone_cards, ACCOUNTS: gone_accounts}, kept, erased)


DATA: Final = PartyData(RULES, holds, erase)
