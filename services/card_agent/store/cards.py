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
from services.chassis.database.bulk import Bulk
from services.chassis.database.expressions import in_list
from services.chassis.database.lookup import Lookup

_CARDS = select(
    cards.c.card_token,
    cards.c.account_id,
    cards.c.brand,
    cards.c.last4,
    cards.c.expiry_year,
    cards.c.expiry_month,
    cards.c.outcome,
).where(in_list(cards.c.card_token))
_LOCKED_ACCOUNTS = Lookup(
    _CARDS.add_columns(accounts.c.held)
    .join(accounts, accounts.c.account_id == cards.c.account_id)
    .order_by(accounts.c.account_id)
    .with_for_update(of=accounts)
)
_KNOWN = Lookup(_CARDS)
_TOKENS = Lookup(select(cards.c.card_key, cards.c.card_token).where(in_list(cards.c.card_key)))
_HELD = Lookup(
    select(accounts.c.account_id, accounts.c.held)
    .where(in_list(accounts.c.account_id))
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
    return dict(await _TOKENS.rows(session, ids=[row["card_key"] for row in rows]))


async def known_cards(session: AsyncConnection, tokens: Collection[str]) -> Mapping[str, Card]:
    """Cards by token; they never change."""
    return {card.card_token: card for card in map(_card, await _KNOWN.rows(session, ids=list(tokens)))}


async def lock_accounts(session: AsyncConnection, tokens: Collection[str]) -> tuple[dict[str, Card], dict[str, Yen]]:
    """Cards by token; and account → what is held on it, of the cards' accounts, locked in order."""
    rows = await _LOCKED_ACCOUNTS.rows(session, ids=list(tokens))
    found = [(_card(card), Yen(held)) for *card, held in rows]
    return {card.card_token: card for card, _ in found}, {card.account_id: held for card, held in found}


async def lock_held(session: AsyncConnection, account_ids: Collection[str]) -> dict[str, Yen]:
    """Account → what is held on it, locked."""
    return {account_id: Yen(held) for account_id, held in await _HELD.rows(session, ids=list(account_ids))}


def _card(row: Sequence[Any]) -> Card:
    token, account_id, brand, last4, year, month, outcome = row
    return Card(token, account_id, brand, last4, Expiry(year, month), outcome)
