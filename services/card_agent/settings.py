"""Settings of a card agent; each assumption of the domain is one of them (docs/assumptions.md).

Terms that are not set are those of `domain.terms.TERMS` for the agent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time, timedelta
from typing import Annotated, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from contracts.bounds import MOST_OF_DEPOSIT
from contracts.calendar import HolidayShift, parse_closing_days
from contracts.vocabulary import Agent, Brand, Yen
from services.card_agent.domain.issuer import Issuer
from services.card_agent.domain.terms import TERMS, AgentTerms, DepositSplit, DesignatedDateRule, FeeBasis, Terms
from services.chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """In the environment e.g. `SANSHA_CARD_AGENT_FEE_BASIS` for both, `SANSHA_CARD_AGENT_UC_CLOSING_DAYS` for one."""

    renamed: ClassVar[Mapping[str, str]] = {
        "named_day_rule": "designated_date_rule",
        "named_day_business_days": "designated_date_business_days",
    }

    agent: Agent
    """Which of the agents this instance is."""
    brands: Annotated[tuple[Brand, ...] | None, Field(min_length=1)] = None
    """Card brands that the agent accepts."""
    closing_days: str | None = None
    """締日: days of the month on which a period closes, as in `10/20/eom`; calendar days, never shifted."""
    deposit_business_days: Annotated[int | None, Field(ge=1, le=250)] = None
    """入金日: this many bank business days after the closing day; at least 1, for a period is totalled before that."""
    holiday_shift: HolidayShift | None = None
    """休日調整: the day from which the business days of a deposit are counted if banks are closed on the closing day.

    `none` counts from the closing day itself, `following` from the next open day (the deposit comes one business day
    later), `preceding` from the last open day (the same deposit day as `none`).
    """
    fee_basis: FeeBasis | None = None
    """`gross` deposits the whole total, `net` the total less the fee."""
    fee_per_mille: Annotated[int | None, Field(ge=0, lt=1000)] = None
    """The fee in thousandths of the amount that a deposit is for, rounded down to whole yen; only with `net`."""
    deposit_split: DepositSplit | None = None
    """入金単位: `closing` deposits a closing in one sum, `brand` in one for each brand of card."""
    designated_date_rule: DesignatedDateRule | None = None
    """指定日: `after_deposit` is `designated_date_business_days` after the planned deposit; `end_of_month` is the end
    of its month, or the next bank business day."""
    designated_date_business_days: Annotated[int | None, Field(ge=0, le=250)] = None
    """With `after_deposit`: this many bank business days after the planned deposit; 0 for the day of the deposit."""
    credit_limit: Annotated[int, Field(ge=0, le=MOST_OF_DEPOSIT)] = 1_000_000
    """利用限度額 of every card account, in yen. A hold counts until the deposit: the bill is assumed paid by then."""
    closing_time: time = time(0, 30)
    """A period is totalled at this time of Japan on the day after its closing day."""
    deposit_time: time = time(10, 0)
    """Deposits are made at this time of Japan."""
    withdrawal_time: time = time(10, 0)
    """The sale of a `withdrawn` test card is revoked at this time of Japan on the next day."""
    late_answer_seconds: Annotated[int, Field(gt=0, le=31_622_400)] = 90
    """The card company of a `late_approval` test card answers after this many seconds."""

    @field_validator("closing_days")
    @classmethod
    def _closing_days_are_readable(cls, value: str | None) -> str | None:
        if value is not None:
            parse_closing_days(value)
        return value

    @model_validator(mode="after")
    def _a_period_is_totalled_before_it_is_deposited(self) -> Self:
        if self.closing_time >= self.deposit_time:
            raise ValueError(f"closing_time {self.closing_time} must be before deposit_time {self.deposit_time}")
        return self

    @property
    def terms(self) -> Terms:
        """The settings; for one that is not set, the term agreed with this agent (`TERMS`)."""
        default = TERMS[self.agent]
        agreed = AgentTerms(
            brands=default.brands if self.brands is None else self.brands,
            closing_days=self.closing_days or default.closing_days,
            deposit_business_days=self.deposit_business_days or default.deposit_business_days,
            holiday_shift=self.holiday_shift or default.holiday_shift,
            fee_basis=self.fee_basis or default.fee_basis,
            fee_per_mille=_or(self.fee_per_mille, default.fee_per_mille),
            deposit_split=self.deposit_split or default.deposit_split,
            designated_date_rule=self.designated_date_rule or default.designated_date_rule,
            designated_date_business_days=_or(
                self.designated_date_business_days, default.designated_date_business_days
            ),
        )
        return Terms(agreed, self.closing_time, self.deposit_time)

    @property
    def issuer(self) -> Issuer:
        late = timedelta(seconds=self.late_answer_seconds)
        return Issuer(self.terms.agreed.brands, Yen(self.credit_limit), late, self.withdrawal_time)


def _or(given: int | None, default: int) -> int:
    return default if given is None else given
