"""The demo's payers: which slip is paid when, and with what. Pure: it follows from the seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from contracts.http.card_agent.cards import TestCard
from contracts.http.payment_provider.collections import CollectionRequest
from contracts.http.ward.slips import SlipView
from contracts.vocabulary import Method, on_the_clock
from services.chassis.identity import chance
from services.console.payers.cards import card_number

DECLINED_IN = 25
"""One in this many card payments is made with a card that is declined."""
PAYS_IN_APP_FROM, PAYS_IN_APP_HOURS = 7, 15
"""The app is used from this hour on, for this many hours."""


@dataclass(frozen=True, slots=True)
class ByCard:
    """`expiry` is MM/YY."""

    number: str
    expiry: str = "12/29"


@dataclass(frozen=True, slots=True)
class ByBank:
    """By internet banking; `bank_code` is the payer's bank (4 digits)."""

    bank_code: str = "0001"


@dataclass(frozen=True, slots=True)
class PlannedPayment:
    """A payment that a payer will make."""

    at: datetime
    slip: SlipView
    method: Method
    card_number: str | None = None
    expiry: str = "12/29"
    bank_code: str = "0001"

    @property
    def means(self) -> ByCard | ByBank:
        """What an app payment is made with."""
        if self.method is Method.CARD:
            return ByCard(self.card_number or "", self.expiry)
        return ByBank(self.bank_code)


def collection_of(payment: PlannedPayment) -> CollectionRequest:
    """The report of a store, counter or bank on a payment outside the app."""
    slip = payment.slip
    named = {"slip_number": slip.slip_number, "amount": slip.amount} if slip.barcode is None else {}
    return CollectionRequest.model_validate(
        {"method": payment.method, "barcode": slip.barcode, "paid_at": payment.at, **named}
    )


def plan(
    slips: Sequence[SlipView], cards: int, banks: int, seed: int, cards_to_try: Sequence[TestCard]
) -> list[PlannedPayment]:
    """`cards` card payments and `banks` internet-banking payments over these slips, in order of time.

    Raises `ValueError` if there are fewer payable slips than payments.
    """
    payable = [slip for slip in slips if slip.barcode is not None]
    if len(payable) < cards + banks:
        raise ValueError(f"{cards + banks} payments need as many slips with a barcode; there are {len(payable)}")
    chosen = chance(seed, "who pays in the app").sample(payable, cards + banks)
    bad = [card for card in cards_to_try if card.outcome in ("expired", "over_limit", "lost", "timeout")]
    plans = [_by_card(slip, n, seed, bad) for n, slip in enumerate(chosen[:cards])]
    plans += [PlannedPayment(_when(slip, seed), slip, Method.INTERNET_BANKING) for slip in chosen[cards:]]
    return sorted(plans, key=lambda p: (p.at, p.slip.slip_number))


def _by_card(slip: SlipView, n: int, seed: int, bad: Sequence[TestCard]) -> PlannedPayment:
    at = _when(slip, seed)
    if bad and n % DECLINED_IN == DECLINED_IN - 1:
        card = bad[n // DECLINED_IN % len(bad)]
        return PlannedPayment(at, slip, Method.CARD, card.number)
    return PlannedPayment(at, slip, Method.CARD, card_number(seed, slip.insured_number))


def _when(slip: SlipView, seed: int) -> datetime:
    """Early, near the due date or late, on the hour; never after the slip's use-by date."""
    draw = chance(seed, "when", slip.slip_number)
    habit = draw.random()
    if habit < 0.25:
        days = -draw.randint(12, 20)  # early
    elif habit < 0.85:
        days = -draw.randint(0, 9)  # towards the due date
    else:
        days = draw.randint(1, 15)  # late
    day = slip.due_on + timedelta(days=days)
    if slip.use_by is not None:
        day = min(day, slip.use_by)
    return on_the_clock(day, time(PAYS_IN_APP_FROM + draw.randrange(PAYS_IN_APP_HOURS)))
