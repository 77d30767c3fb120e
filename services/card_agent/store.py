"""Every query of a card agent. Set-based: a sequence in, one statement.

Rows are locked in one order, so that replicas never wait for each other in a circle: closings, authorizations,
accounts, each by id. New cards are inserted by the card's key.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import Yen
from services.card_agent.domain.authorization import OWED, Authorization, AuthorizationStatus, hold_changes
from services.card_agent.domain.card import Expiry
from services.card_agent.domain.issuer import Card
from services.card_agent.tables import accounts, authorizations, cards, closings
from services.chassis.bulk import Bulk
from services.chassis.database import among, insert

_CHANGING = [f.name for f in fields(Authorization) if f.name != "payment_id"]
_SAVE = Bulk(
    update(authorizations)
    .where(authorizations.c.payment_id == bindparam("saved_id"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGING})
)
_HOLD = Bulk(
    update(accounts)
    .where(accounts.c.account_id == bindparam("of_account"))
    .values(held=accounts.c.held + bindparam("change"))
)


_CARDS = select(cards).where(among(cards.c.card_token))
_TOKENS = select(cards.c.card_key, cards.c.card_token).where(among(cards.c.card_key))
_HELD = (
    select(accounts.c.account_id, accounts.c.held)
    .where(among(accounts.c.account_id))
    .order_by(accounts.c.account_id)
    .with_for_update()
)
_AUTHORIZATIONS = select(authorizations).order_by(authorizations.c.payment_id)
_BY_ID = _AUTHORIZATIONS.where(among(authorizations.c.payment_id))
_COUNTED = _AUTHORIZATIONS.where(
    authorizations.c.closes_on == bindparam("closing"), authorizations.c.status == AuthorizationStatus.TAKEN_ON
)
_LOCKED_BY_ID, _LOCKED_COUNTED = _BY_ID.with_for_update(), _COUNTED.with_for_update()
_ADD = Bulk(authorizations.insert())
_ADD_ACCOUNTS = Bulk(accounts.insert(), only_missing=True)
_ADD_CARDS = Bulk(cards.insert(), only_missing=True, by=("card_key",))
_CLOSINGS = select(closings).order_by(closings.c.closed_on)
_CLOSINGS_OF_DAYS = _CLOSINGS.where(among(closings.c.closed_on, "days"))
_LOCKED_CLOSINGS_OF_DAYS = _CLOSINGS_OF_DAYS.with_for_update()


@dataclass(frozen=True, slots=True)
class Closing:
    """A closing period: open until `issued_at`; deposited where it has a `deposit_id`."""

    closed_on: date
    statement_id: str
    deposit_on: date
    count: int = 0
    amount: int = 0
    fee: int = 0
    issued_at: datetime | None = None
    deposit_id: str | None = None
    deposited_on: date | None = None


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


async def lock(session: AsyncConnection, ids: Collection[str]) -> dict[str, Authorization]:
    """Authorizations by payment id, locked; one that is unknown is missing from the answer."""
    return await _authorizations(session, _LOCKED_BY_ID, ids=list(ids))


async def lock_taken_on(session: AsyncConnection, closed_on: date) -> dict[str, Authorization]:
    """The authorizations that a closing counts, locked."""
    return await _authorizations(session, _LOCKED_COUNTED, closing=closed_on)


async def find(session: AsyncConnection, ids: Collection[str]) -> dict[str, Authorization]:
    """Authorizations by payment id, to look at."""
    return await _authorizations(session, _BY_ID, ids=list(ids))


async def find_owed(session: AsyncConnection) -> Sequence[Authorization]:
    """All that was ever taken on, withdrawn or not."""
    return list((await _authorizations(session, _AUTHORIZATIONS.where(authorizations.c.status.in_(OWED)))).values())


async def save(
    session: AsyncConnection, before: Mapping[str, Authorization], after: Mapping[str, Authorization]
) -> None:
    """Write what differs between `before` and `after`, and move the holds of the accounts by the difference."""
    changed = [a for payment_id, a in after.items() if a != before.get(payment_id)]
    new = [asdict(a) for a in changed if a.payment_id not in before]
    old = [
        {"saved_id": a.payment_id, **{f"new_{name}": getattr(a, name) for name in _CHANGING}}
        for a in changed
        if a.payment_id in before
    ]
    await _ADD.execute(session, new)
    await _SAVE.execute(session, old)
    moved = hold_changes(before, changed)
    if moved:
        await lock_held(session, moved)
        await _HOLD.execute(session, [{"of_account": i, "change": change} for i, change in moved.items()])


async def add_closing(session: AsyncConnection, closing: Closing) -> bool:
    """Open a closing; False where another transaction has opened it by now."""
    statement = insert(session, closings).values(asdict(closing)).on_conflict_do_nothing()
    made = await session.execute(statement.returning(closings.c.closed_on))
    return made.one_or_none() is not None


async def lock_closings(session: AsyncConnection, days: Collection[date]) -> dict[date, Closing]:
    """Closings by closing day, locked."""
    return await _closings(session, _LOCKED_CLOSINGS_OF_DAYS, days=list(days))


async def lock_statement(session: AsyncConnection, statement_id: str) -> Closing:
    """The closing of a statement, locked. Raises `LookupError` where there is none."""
    query = _CLOSINGS.where(closings.c.statement_id == statement_id).with_for_update()
    found = await _closings(session, query)
    if not found:
        raise LookupError(f"there is no closing for statement {statement_id}")
    return next(iter(found.values()))


async def find_closings(session: AsyncConnection, days: Collection[date]) -> dict[date, Closing]:
    """Closings by closing day, to look at."""
    return await _closings(session, _CLOSINGS_OF_DAYS, days=list(days))


async def all_closings(session: AsyncConnection) -> Sequence[Closing]:
    """Every closing, the first first."""
    return list((await _closings(session, _CLOSINGS)).values())


async def closing_lines(session: AsyncConnection, closed_on: date) -> Sequence[tuple[str, Yen]]:
    """(payment id, amount) of what a closing counts, by payment id."""
    query = _COUNTED.with_only_columns(authorizations.c.payment_id, authorizations.c.amount)
    found = await session.execute(query, {"closing": closed_on})
    return [(payment_id, Yen(amount)) for payment_id, amount in found.all()]


async def save_closing(session: AsyncConnection, closing: Closing) -> None:
    """Write a closing back."""
    query = update(closings).where(closings.c.closed_on == closing.closed_on).values(asdict(closing))
    await session.execute(query)


async def _authorizations(session: AsyncConnection, query: Any, **bound: Any) -> dict[str, Authorization]:
    found = await session.execute(query, bound)
    return {row["payment_id"]: Authorization(**row) for row in found.mappings()}


async def _closings(session: AsyncConnection, query: Any, **bound: Any) -> dict[date, Closing]:
    found = await session.execute(query, bound)
    return {row["closed_on"]: Closing(**row) for row in found.mappings()}
