"""乙 as the collection centre (収納センター): payments outside the app."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from contracts.http.bodies import Body, GivenInstant, GivenSlipYen
from contracts.http.bulk import MOST_AT_ONCE
from contracts.vocabulary import IN_APP, OUTSIDE_APP, Method

BARCODE = "91912345001044103000123450100021080200085001"


def _outside_the_app(method: Method) -> Method:
    if method in IN_APP:
        raise ValueError(f"{method} is paid in the app; the methods outside it are {', '.join(OUTSIDE_APP)}")
    return method


MethodOutsideApp = Annotated[
    Method, AfterValidator(_outside_the_app), WithJsonSchema({"enum": list(OUTSIDE_APP), "type": "string"})
]


class CollectionRequest(Body):
    """収納: a slip was paid outside the app. Named by its barcode; or, if it has none, by its number and amount."""

    method: MethodOutsideApp
    barcode: Annotated[str | None, Field(max_length=200, examples=[BARCODE])] = None
    slip_number: Annotated[str | None, Field(max_length=40)] = None
    issuer: Annotated[str | None, Field(pattern=r"^[0-9]{6}$")] = None
    """請求書発行企業コード, with `slip_number`; the first one of the provider's settings by default."""
    amount: GivenSlipYen | None = None
    """Yen paid; required with `slip_number`."""
    paid_at: GivenInstant | None = None
    """When it was paid; now by default."""

    @model_validator(mode="after")
    def _one_way_to_name_it(self) -> Self:
        if self.barcode is not None and self.slip_number is not None:
            raise ValueError("give a barcode or a slip_number, not both")
        return self


class CollectionsRequest(Body):
    collections: Annotated[tuple[CollectionRequest, ...], Field(min_length=1, max_length=MOST_AT_ONCE)]
