"""カード番号入力: a token for a typed card. The number ends here, before the command that keeps the card begins."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice

from pydantic import BaseModel, ConfigDict

from contracts.http.bulk import RefusedItem, refused_items
from contracts.http.card_agent.cards import CardTokenAnswer, CardTokenRequest, CardTokensAnswer, CardTokensRequest
from contracts.vocabulary import Agent, Brand, Refusal
from services.card_agent import store
from services.card_agent.behaviour import outcome_of
from services.card_agent.domain.card import accepted_brand, identity_of, read_expiry, read_number, typed_hash
from services.card_agent.domain.issuer import Outcome
from services.chassis.transaction import Transaction


class CardRegistration(BaseModel):
    """A typed card as the command sees it: keyed hashes in place of the number."""

    model_config = ConfigDict(frozen=True)

    account_id: str
    card_key: str
    brand: Brand
    last4: str
    expiry_year: int
    expiry_month: int
    outcome: Outcome


class CardRegistrations(BaseModel):
    """Many of them: those that are taken, and why others are not."""

    model_config = ConfigDict(frozen=True)

    cards: tuple[CardRegistration, ...]
    refused: tuple[RefusedItem, ...]
    typed: str
    """Keyed hash of all that was typed: requests that differ in what is refused are told apart by it."""


def registration_of(
    request: CardTokenRequest, accepted: Collection[Brand], secret: bytes
) -> CardRegistration | Refusal:
    """Pure: the card behind what was typed, or why it is not taken."""
    digits = read_number(request.number.get_secret_value())
    if isinstance(digits, Refusal):
        return digits
    expiry = read_expiry(request.expiry)
    if isinstance(expiry, Refusal):
        return expiry
    brand = accepted_brand(digits, accepted)
    if isinstance(brand, Refusal):
        return brand
    identity = identity_of(digits, expiry, brand, secret)
    return CardRegistration(
        account_id=identity.account_id,
        card_key=identity.card_key,
        brand=brand,
        last4=identity.last4,
        expiry_year=expiry.year,
        expiry_month=expiry.month,
        outcome=outcome_of(digits),
    )


def registrations_of(request: CardTokensRequest, accepted: Collection[Brand], secret: bytes) -> CardRegistrations:
    """Pure: each card behind what was typed, or why it is not taken."""
    read = [registration_of(card, accepted, secret) for card in request.cards]
    return CardRegistrations(
        cards=tuple(r for r in read if isinstance(r, CardRegistration)),
        refused=refused_items(read),
        typed=typed_hash(((c.number.get_secret_value(), c.expiry) for c in request.cards), secret),
    )


async def tokenize_many(
    requests: Sequence[CardRegistrations], tx: Transaction, *, agent: Agent
) -> Sequence[CardTokensAnswer]:
    """Each card for itself; one that comes twice has one token."""
    told = iter(await tokenize_cards([card for request in requests for card in request.cards], tx, agent=agent))
    return [CardTokensAnswer(tokens=tuple(islice(told, len(r.cards))), refused=r.refused) for r in requests]


async def tokenize_cards(
    requests: Sequence[CardRegistration], tx: Transaction, *, agent: Agent
) -> Sequence[CardTokenAnswer]:
    """The same card has the same token, however often it is typed."""
    rows = [
        {**r.model_dump(), "card_token": tx.new_id("card-token", r.card_key), "tokenized_at": tx.now} for r in requests
    ]
    tokens = await store.add_cards(tx.session, rows)
    return [CardTokenAnswer(agent=agent, card_token=tokens[r.card_key], brand=r.brand, last4=r.last4) for r in requests]
