"""Settings of the payment provider; each assumption of the domain is one of them (docs/assumptions.md)."""

from __future__ import annotations

from datetime import time
from typing import Annotated

from pydantic import Field

from contracts.vocabulary import Agent, Brand
from services.chassis.settings import ServiceSettings

Fees = tuple[tuple[int, int], ...]


BRAND_ROUTES = (
    (Brand.JCB, Agent.JCB),
    (Brand.AMEX, Agent.JCB),
    (Brand.DINERS, Agent.JCB),
    (Brand.VISA, Agent.UC),
    (Brand.MASTERCARD, Agent.UC),
)


class Settings(ServiceSettings):
    """Environment variables carry the prefix `SANSHA_`, e.g. `SANSHA_CONFIRMATION_BUSINESS_DAYS`."""

    issuers: tuple[str, ...] = ("912345", "929023")
    """Issuer company codes under contract (請求書発行企業コード)."""
    terms_version: str = "2021-04"
    """The terms of use (利用規約) that a payer must have accepted."""
    card_routes: dict[Brand, Agent] = Field(default_factory=lambda: dict(BRAND_ROUTES))
    """Routing by brand."""
    authorization_timeout_seconds: Annotated[int, Field(gt=0)] = 30
    """After this the provider gives an authorization up and has it reversed."""
    confirmation_business_days: Annotated[int, Field(ge=0)] = 3
    """確報 this many bank business days after the day of receipt."""
    confirmation_time: time = time(9, 0)
    """The hour at which 確報 records are made, in Japan."""
    system_fees: Fees = ((5_000, 27), (10_000, 82), (20_000, 165), (30_000, 275))
    """(up to, fee): システム利用料 on cards, borne by the payer."""
    system_fee_step: int = 10_000
    system_fee_per_step: int = 110
    """Above the table: this much more for each started step."""
    bank_deposit_business_days: Annotated[int, Field(ge=0)] = 2
    """The bank network deposits a day's payments this many bank business days later."""
    deposit_time: time = time(10, 0)
    """The hour at which deposits are made, in Japan."""
