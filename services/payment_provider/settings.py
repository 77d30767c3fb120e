"""Settings of the payment provider; each assumption of the domain is one of them (docs/assumptions.md)."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Self

from pydantic import Field, model_validator

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
    """In the environment e.g. `SANSHA_PAYMENT_PROVIDER_CONFIRMATION_BUSINESS_DAYS`."""

    issuers: tuple[str, ...] = ("912345", "929023")
    """Issuer company codes under contract (請求書発行企業コード)."""
    terms_version: str = "2021-04"
    """The terms of use (利用規約) that a payer must have accepted."""
    card_routes: dict[Brand, Agent] = Field(default_factory=lambda: dict(BRAND_ROUTES))
    """Routing by brand."""
    authorization_timeout_seconds: Annotated[int, Field(gt=0)] = 30
    """After this the provider gives an authorization up and has it reversed."""
    confirmation_business_days: Annotated[int, Field(ge=0, le=250)] = 3
    """確報 this many bank business days after the day of receipt."""
    confirmation_time: time = time(9, 0)
    """The hour at which 確報 records are made, in Japan."""
    system_fees: Fees = ((5_000, 27), (10_000, 82), (20_000, 165), (30_000, 275))
    """(up to, fee): システム利用料 on cards, borne by the payer."""
    system_fee_step: int = 10_000
    """Above the table the fee grows with each started step of so many yen …"""
    system_fee_per_step: int = 110
    """… by this much."""
    bank_deposit_business_days: Annotated[int, Field(ge=1, le=250)] = 2
    """The bank network deposits a day's payments this many bank business days later."""
    bank_closing_time: time = time(0, 30)
    """The hour, in Japan, at which the bank network totals the day before."""
    deposit_time: time = time(10, 0)
    """The hour at which deposits are made, in Japan."""

    @model_validator(mode="after")
    def _a_day_is_totalled_before_it_is_deposited(self) -> Self:
        if self.bank_closing_time >= self.deposit_time:
            raise ValueError(
                f"bank_closing_time {self.bank_closing_time} must be before deposit_time {self.deposit_time}"
            )
        return self
