"""The base class of all bodies, and field types that many of them use.

Amounts are whole yen; instants are RFC 3339, dates ISO 8601. A refusal is answered as a `Problem` (`problems.py`).
Types named `Given…` are those of requests, within `contracts.bounds`: a word, a truth or a fraction is no amount, a
number is no date.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict

from contracts.bounds import (
    FIRST_DAY,
    LAST_DAY,
    MOST_OF_DEPOSIT,
    MOST_OF_PAYMENT,
    MOST_OF_SLIP,
    wrong_day,
    wrong_id,
    wrong_instant,
)

Given = TypeVar("Given")

PaymentIdText = Annotated[str, Field(examples=["1a28d8ac-6bb6-8051-9532-c132e97fdadf"])]
ConsentIdText = Annotated[str, Field(examples=["01a20a64-1e5d-7e0f-9fce-98fea281937d"])]
TokenText = Annotated[str, Field(examples=["5ebfd2cb-85d5-80cf-9e49-3e7c93f3bfb9"])]
SlipNumberText = Annotated[str, Field(examples=["001044103000123450100"])]
BarcodeText = Annotated[str, Field(examples=["91912345001044103000123450100021080200085001"])]
YenAmount = Annotated[int, Field(examples=[8_500])]
InstantOfTime = Annotated[datetime, Field(examples=["2021-07-01T01:00:00Z"])]


def _text(given: object) -> object:
    """A number would be read as seconds since 1970."""
    if isinstance(given, (str, date)):  # a datetime is a date
        if isinstance(given, str) and "-" not in given[1:]:
            raise ValueError("write it as text, like 2021-08-02 or 2021-08-02T09:00:00+09:00")
        return given
    raise ValueError("write it as text, like 2021-08-02 or 2021-08-02T09:00:00+09:00")


def _day(given: date) -> date:
    return _right(given, wrong_day(given))


def _instant(given: datetime) -> datetime:
    return _right(given, wrong_instant(given)).astimezone(UTC)


def _id(given: str) -> str:
    return _right(given, wrong_id(given))


def _right(given: Given, wrong: str) -> Given:
    if wrong:
        raise ValueError(wrong)
    return given


WholeNumber = Annotated[int, Strict()]
GivenYen = Annotated[WholeNumber, Field(gt=0, le=MOST_OF_PAYMENT, examples=[8_500])]
"""Of one payment."""
GivenSlipYen = Annotated[WholeNumber, Field(gt=0, le=MOST_OF_SLIP, examples=[8_500])]
GivenTotalYen = Annotated[WholeNumber, Field(gt=0, le=MOST_OF_DEPOSIT)]
WrittenDay = Annotated[date, BeforeValidator(_text)]
"""Whatever day: the use case itself refuses one out of bounds, by name."""
GivenDay = Annotated[
    WrittenDay,
    AfterValidator(_day),
    Field(json_schema_extra={"formatMinimum": FIRST_DAY.isoformat(), "formatMaximum": LAST_DAY.isoformat()}),
]
GivenInstant = Annotated[
    datetime, BeforeValidator(_text), AfterValidator(_instant), Field(examples=["2021-07-01T01:00:00Z"])
]
"""With a zone; held in UTC."""
GivenId = Annotated[str, AfterValidator(_id)]


class Body(BaseModel):
    """Base of all bodies. Unknown fields in a request are an error, so that a misspelt one is noticed.

    The docstring below a field is its description in `/docs`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
