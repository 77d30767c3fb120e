"""カード番号入力: a token for a typed card. The number ends here, before the command that keeps the card begins."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pydantic import BaseModel, ConfigDict

from contracts.http import CardTokenAnswer, CardTokenRequest
from contracts.vocabulary import Agent, Brand, Refusal
from services.card_agent import store
from services.card_agent.behaviour import outcome_of
from services.card_agent.domain.card import accepted_brand, identity_of, read_expiry, read_number
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


async def tokenize_cards(
    requests: Sequence[CardRegistration], tx: Transaction, *, agent: Agent
) -> Sequence[CardTokenAnswer | Refusal]:
    """The same card has the same token, however often it is typed."""
    rows = [
        {**r.model_dump(), "card_token": tx.new_id("card-token", r.card_key), "tokenized_at": tx.now} for r in requests
    ]
    tokens = await store.add_cards(tx.session, rows)
    return [CardTokenAnswer(agent=agent, card_token=tokens[r.card_key], brand=r.brand, last4=r.last4) for r in requests]
