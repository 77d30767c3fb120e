"""カード番号入力: a token for a typed card. The number goes no further than this module, and no command sees it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice

from pydantic import BaseModel, ConfigDict

from contracts.http.bulk import RefusedItem, refused_items
from contracts.http.card_agent.cards import CardTokenAnswer, CardTokenRequest, CardTokensAnswer, CardTokensRequest
from contracts.vocabulary import Agent, Brand, Refusal
from services.card_agent.behaviour import outcome_of
from services.card_agent.domain.card import accepted_brand, identity_of, read_expiry, read_number, typed_hash
from services.card_agent.domain.issuer import Outcome
from services.card_agent.store import cards
from services.card_agent.store.cards import StoredCard
from services.chassis.transaction import Transaction


class CardRegistration(BaseModel):
    """A typed card as commands see it: keyed hashes in place of the number."""

    model_config = ConfigDict(frozen=True)

    account_id: str
    card_key: str
    brand: Brand
    last4: str
    expiry_year: int
    expiry_month: int
    outcome: Outcome


class CardRegistrations(BaseModel):
    """Many typed cards: those that are accepted, and why others are refused."""

    model_config = ConfigDict(frozen=True)

    cards: tuple[CardRegistration, ...]
    refused: tuple[RefusedItem, ...]
    typed: str
    """Keyed hash of all that was typed, by which requests differ that differ in refused cards alone."""


def registration_of(
    request: CardTokenRequest, accepted: Collection[Brand], secret: bytes
) -> CardRegistration | Refusal:
    """The typed card, or the reason why it is refused. Pure."""
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
    """Each typed card, or the reason why it is refused. Pure."""
    read = [registration_of(card, accepted, secret) for card in request.cards]
    return CardRegistrations(
        cards=tuple(r for r in read if isinstance(r, CardRegistration)),
        refused=refused_items(read),
        typed=typed_hash(((c.number.get_secret_value(), c.expiry) for c in request.cards), secret),
    )


async def tokenize_many(
    requests: Sequence[CardRegistrations], tx: Transaction, *, agent: Agent
) -> Sequence[CardTokensAnswer]:
    """Each card gets its own answer; a card listed twice gets one token."""
    tokens = iter(await tokenize_cards([card for request in requests for card in request.cards], tx, agent=agent))
    return [CardTokensAnswer(tokens=tuple(islice(tokens, len(r.cards))), refused=r.refused) for r in requests]


async def tokenize_cards(
    requests: Sequence[CardRegistration], tx: Transaction, *, agent: Agent
) -> Sequence[CardTokenAnswer]:
    """A card always gets the same token, however often it is typed."""
    new = [
        StoredCard(**r.model_dump(), card_token=tx.new_id("card-token", r.card_key), tokenized_at=tx.now)
        for r in requests
    ]
    tokens = await cards.add(tx.session, new)
    return [CardTokenAnswer(agent=agent, card_token=tokens[r.card_key], brand=r.brand, last4=r.last4) for r in requests]
