"""Cards and their accounts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import Brand, Yen
from services.card_agent.domain.card import Expiry
from services.card_agent.domain.issuer import Card, Outcome
from services.card_agent.tables import accounts, cards
from services.chassis.database.bulk import Bulk
from services.chassis.database.expressions import in_list
from services.chassis.database.lookup import Lookup


class StoredCard(NamedTuple):
    card_token: str
    card_key: str
    account_id: str
    brand: Brand
    last4: str
    expiry_year: int
    expiry_month: int
    outcome: Outcome
    tokenized_at: datetime

    @property
    def card(self) -> Card:
        expiry = Expiry(self.expiry_year, self.expiry_month)
        return Card(self.card_token, self.account_id, self.brand, self.last4, expiry, self.outcome)


_CARDS = select(*(cards.c[name] for name in StoredCard._fields)).where(in_list(cards.c.card_token))
_LOCKED_ACCOUNTS = Lookup(
    _CARDS.add_columns(accounts.c.held)
    .join(accounts, accounts.c.account_id == cards.c.account_id)
    .order_by(accounts.c.account_id)
    .with_for_update(of=accounts)
)
_KNOWN = Lookup(_CARDS, StoredCard)
_TOKENS = Lookup(select(cards.c.card_key, cards.c.card_token).where(in_list(cards.c.card_key)))
_HELD = Lookup(
    select(accounts.c.account_id, accounts.c.held)
    .where(in_list(accounts.c.account_id))
    .order_by(accounts.c.account_id)
    .with_for_update()
)
_ADD_ACCOUNTS = Bulk(accounts.insert(), only_missing=True)
_ADD_CARDS = Bulk(cards.insert(), only_missing=True, by=("card_key",))


async def add(session: AsyncConnection, new: Sequence[StoredCard]) -> Mapping[str, str]:
    """Insert cards that are not known yet. Returns card key → token; a known card has its first token."""
    await _ADD_ACCOUNTS.execute(session, [{"account_id": card.account_id} for card in new])
    await _ADD_CARDS.insert(session, new)
    return dict(await _TOKENS.rows(session, ids=[card.card_key for card in new]))


async def known(session: AsyncConnection, tokens: Collection[str]) -> Mapping[str, Card]:
    """Cards by token, which never change; unknown tokens are missing."""
    return {stored.card_token: stored.card for stored in await _KNOWN.rows(session, ids=list(tokens))}


async def lock_accounts(session: AsyncConnection, tokens: Collection[str]) -> tuple[dict[str, Card], dict[str, Yen]]:
    """Cards by token; and account id → yen held on it, for the cards' accounts, locked."""
    rows = await _LOCKED_ACCOUNTS.rows(session, ids=list(tokens))
    found = [(StoredCard(*stored).card, Yen(held)) for *stored, held in rows]
    return {card.card_token: card for card, _ in found}, {card.account_id: held for card, held in found}


async def lock_held(session: AsyncConnection, account_ids: Collection[str]) -> dict[str, Yen]:
    """Account id → yen held on it, locked."""
    return {account_id: Yen(held) for account_id, held in await _HELD.rows(session, ids=list(account_ids))}
