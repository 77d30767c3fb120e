"""乙: consent, scan, choice of a method, and the resulting payment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from contracts.http.bodies import Body, ConsentIdText, GivenId, InstantOfTime, PaymentIdText, SlipNumberText, YenAmount
from contracts.http.bulk import MOST_AT_ONCE, RefusedItem, in_order, refused_items
from contracts.vocabulary import Agent, Brand, DeclineReason, Method, Refusal


class ConsentRequest(Body):
    """利用規約への同意: using the app counts as consent."""

    app_user: Annotated[GivenId, Field(min_length=1, max_length=64, examples=["user-0001"])]
    terms_version: Annotated[GivenId, Field(examples=["2021-04"])]


class ConsentAnswer(Body):
    consent_id: ConsentIdText
    terms_version: str
    consented_at: InstantOfTime


class ScanRequest(Body):
    """バーコード読取: the text that the scanner read, under a consent."""

    barcode: Annotated[str, Field(max_length=200, examples=["91912345001044103000123450100021080200085001"])]
    consent_id: ConsentIdText


class CardChoiceRequest(Body):
    """Pay by card, with the card agent's token. A card number instead of a token is refused."""

    agent: Agent
    card_token: Annotated[GivenId, Field(max_length=64, pattern=r"[A-Za-z]|^.{32,}$")]
    brand: Brand
    last4: Annotated[str, Field(pattern=r"^[0-9]{4}$")]


class CardChoice(CardChoiceRequest):
    """The card chosen for one payment."""

    payment_id: PaymentIdText


class BankChoiceRequest(Body):
    """Pay by internet banking. `bank_code` is the payer's bank; the code of a test bank determines its answer."""

    bank_code: Annotated[str, Field(pattern=r"^[0-9]{4}$", examples=["0001"])] = "0001"


class BankChoice(BankChoiceRequest):
    """Internet banking chosen for one payment."""

    payment_id: PaymentIdText


class PaymentView(Body):
    """A payment in the provider's records."""

    payment_id: PaymentIdText
    slip_number: SlipNumberText
    amount: YenAmount
    status: Annotated[str, Field(examples=["confirmed"])]
    method: Method | None = None
    agent: Agent | None = None
    brand: Brand | None = None
    last4: str | None = None
    system_fee: int | None = None
    """System fee, yen: paid by the payer on cards; not income of the ward."""
    decline_reason: DeclineReason | None = None
    scanned_at: InstantOfTime


class TestBank(Body):
    """A published bank code that determines the bank's answer."""

    bank_code: str
    story: str


class CardRoute(Body):
    """The brands whose cards an agent accepts."""

    agent: Agent
    brands: tuple[Brand, ...]


class ScansRequest(Body):
    """納付書一括読取."""

    scans: Annotated[tuple[ScanRequest, ...], Field(min_length=1, max_length=MOST_AT_ONCE)]


class CardChoicesRequest(Body):
    """Pay many payments by card."""

    choices: Annotated[tuple[CardChoice, ...], Field(min_length=1, max_length=MOST_AT_ONCE)]


class PaymentsAnswer(Body):
    """The payments accepted, in the order of the request, and the items refused."""

    payments: tuple[PaymentView, ...]
    refused: tuple[RefusedItem, ...]

    def in_order(self) -> Sequence[PaymentView | RefusedItem]:
        """The payment or the refusal of each item of the request."""
        return in_order(self.payments, self.refused)


def payments_answer(answers: Sequence[PaymentView | Refusal]) -> PaymentsAnswer:
    """Combines the answers to a request's items."""
    return PaymentsAnswer(
        payments=tuple(a for a in answers if isinstance(a, PaymentView)), refused=refused_items(answers)
    )
