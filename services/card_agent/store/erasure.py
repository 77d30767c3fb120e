"""消去: every statement that erases a card agent's rows, by the rules of `domain.erasure`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Delete, and_, bindparam, delete, func, or_, select, update
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
    gone_cards = await _erase_cards(session, cut)
    gone_accounts = await _erase_accounts(session)
    return Gone({AUTHORIZATIONS: len(erased), CARDS: gone_cards, ACCOUNTS: gone_accounts}, kept, erased)


async def _erase_cards(session: AsyncConnection, cut: Cut) -> int:
    """Those that no authorization names any more. Compared here: no index leads from a card to its authorizations."""
    c = cards.c
    made = (await session.execute(select(c.card_token).where(c.tokenized_at < cut.before))).scalars().all()
    query = select(_a.card_token).where(_a.erased_at.is_(None)).distinct()
    needed = set((await session.execute(query)).scalars()) if made else set()
    return await _erased(session, delete(cards).where(c.card_token == bindparam("unused")), set(made) - needed)


async def _erase_accounts(session: AsyncConnection) -> int:
    """Those without a card or an authorization, and with nothing held."""
    idle = (await session.execute(select(accounts.c.account_id).where(accounts.c.held == 0))).scalars().all()
    needed = set((await session.execute(select(cards.c.account_id).distinct())).scalars())
    needed |= set((await session.execute(select(_a.account_id).where(_a.account_id.is_not(None)).distinct())).scalars())
    one = delete(accounts).where(accounts.c.account_id == bindparam("unused"))
    return await _erased(session, one, set(idle) - needed)


async def _erased(session: AsyncConnection, one: Delete, ids: Collection[str]) -> int:
    if ids:
        await session.execute(one, [{"unused": name} for name in sorted(ids)])
    return len(ids)


DATA: Final = PartyData(RULES, holds, erase)
