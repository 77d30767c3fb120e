"""甲: levies (賦課) and payment slips (納付書)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from contracts.bounds import FIRST_DAY, LAST_DAY
from contracts.http.bodies import BarcodeText, Body, GivenSlipYen, SlipNumberText, WholeNumber, WrittenDay, YenAmount
from contracts.vocabulary import ChargeType


class Assessment(Body):
    """賦課: what one insured person owes for one levy year and charge type (科目); issued as instalment slips."""

    insured_number: Annotated[str, Field(pattern=r"^[0-9]{10}$", examples=["0000000123"])]
    levy_year: Annotated[WholeNumber, Field(ge=FIRST_DAY.year, lt=LAST_DAY.year, examples=[2021])]
    annual_amount: Annotated[GivenSlipYen, Field(examples=[74_400])]
    charge_type: ChargeType = ChargeType.CARE_INSURANCE


class AssessmentsRequest(Body):
    assessments: Annotated[tuple[Assessment, ...], Field(min_length=1, max_length=10_000)]


class AssessmentsAnswer(Body):
    slips_issued: int
    amount_levied: int


class SlipRequest(Body):
    """One slip outside the instalment calendar (随時)."""

    insured_number: Annotated[str, Field(pattern=r"^[0-9]{10}$")]
    amount: GivenSlipYen
    due_on: WrittenDay
    charge_type: ChargeType = ChargeType.CARE_INSURANCE


class SlipView(Body):
    """納付書. `barcode` is null above ¥300,000, as none is printed then."""

    slip_number: SlipNumberText
    charge_type: ChargeType = ChargeType.CARE_INSURANCE
    insured_number: str
    levy_year: int
    instalment: int
    amount: YenAmount
    due_on: date
    use_by: date | None
    barcode: BarcodeText | None
    human_readable: str | None
    outstanding: int
    reissue: int = 0
    """再発行区分: the number of times it was reissued."""


class ReissueRequest(Body):
    """再発行: print the slip again, for the same debt."""

    slip_number: SlipNumberText
