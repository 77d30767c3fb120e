"""Cards and their accounts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import Yen
from services.card_agent.domain.card import Expiry
from services.card_agent.domain.issuer import Card
from services.card_agent.tables import accounts, cards
from services.chassis.bulk import Bulk
from services.chassis.database import among

_CARDS = select(cards).where(among(cards.c.card_token))
_TOKENS = select(cards.c.card_key, cards.c.card_token).where(among(cards.c.card_key))
_HELD = (
    select(accounts.c.account_id, accounts.c.held)
    .where(among(accounts.c.account_id))
    .order_by(accounts.c.account_id)
    .with_for_update()
)
_ADD_ACCOUNTS = Bulk(accounts.insert(), only_missing=True)
_ADD_CARDS = Bulk(cards.insert(), only_missing=True, by=("card_key",))


async def add_cards(session: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """Keep cards that are not known yet. Returns card key → token, of the first time for a known card."""
    holders = [{"account_id": row["account_id"]} for row in rows]
    await _ADD_ACCOUNTS.execute(session, holders)
    await _ADD_CARDS.execute(session, rows)
    found = await session.execute(_TOKENS, {"ids": [row["card_key"] for row in rows]})
    return {card_key: token for card_key, token in found.all()}


async def known_cards(session: AsyncConnection, tokens: Collection[str]) -> Mapping[str, Card]:
    """Cards by token; they never change."""
    found = await session.execute(_CARDS, {"ids": list(tokens)})
    return {
        row.card_token: Card(
            card_token=row.card_token,
            account_id=row.account_id,
            brand=row.brand,
            last4=row.last4,
            expiry=Expiry(row.expiry_year, row.expiry_month),
            outcome=row.outcome,
        )
        for row in found.all()
    }


async def lock_held(session: AsyncConnection, account_ids: Collection[str]) -> dict[str, Yen]:
    """Account → what is held on it, locked."""
    found = await session.execute(_HELD, {"ids": list(account_ids)})
    return {account_id: Yen(held) for account_id, held in found.all()}
