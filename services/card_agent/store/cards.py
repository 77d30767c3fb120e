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

_CARDS = select(
    cards.c.card_token,
    cards.c.account_id,
    cards.c.brand,
    cards.c.last4,
    cards.c.expiry_year,
    cards.c.expiry_month,
    cards.c.outcome,
).where(among(cards.c.card_token))
_LOCKED_ACCOUNTS = (
    _CARDS.add_columns(accounts.c.held)
    .join(accounts, accounts.c.account_id == cards.c.account_id)
    .order_by(accounts.c.account_id)
    .with_for_update(of=accounts)
)
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
    return {row.card_token: _card(row) for row in found.all()}


async def lock_accounts(session: AsyncConnection, tokens: Collection[str]) -> tuple[dict[str, Card], dict[str, Yen]]:
    """Cards by token; and account → what is held on it, of the cards' accounts, locked in order."""
    rows = (await session.execute(_LOCKED_ACCOUNTS, {"ids": list(tokens)})).all()
    return {row.card_token: _card(row) for row in rows}, {row.account_id: Yen(row.held) for row in rows}


async def lock_held(session: AsyncConnection, account_ids: Collection[str]) -> dict[str, Yen]:
    """Account → what is held on it, locked."""
    found = await session.execute(_HELD, {"ids": list(account_ids)})
    return {account_id: Yen(held) for account_id, held in found.all()}


def _card(row: Any) -> Card:
    expiry = Expiry(row.expiry_year, row.expiry_month)
    return Card(row.card_token, row.account_id, row.brand, row.last4, expiry, row.outcome)
