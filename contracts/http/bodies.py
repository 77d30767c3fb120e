"""The base class of all bodies, and field types that many of them use.

Amounts are whole yen; instants are RFC 3339, dates ISO 8601. A refusal is answered as a `Problem` (`problems.py`)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

PaymentIdText = Annotated[str, Field(examples=["1a28d8ac-6bb6-8051-9532-c132e97fdadf"])]
ConsentIdText = Annotated[str, Field(examples=["01a20a64-1e5d-7e0f-9fce-98fea281937d"])]
TokenText = Annotated[str, Field(examples=["5ebfd2cb-85d5-80cf-9e49-3e7c93f3bfb9"])]
SlipNumberText = Annotated[str, Field(examples=["001044103000123450100"])]
BarcodeText = Annotated[str, Field(examples=["91912345001044103000123450100021080200085001"])]
YenAmount = Annotated[int, Field(examples=[8_500])]
InstantOfTime = Annotated[datetime, Field(examples=["2021-07-01T01:00:00Z"])]


class Body(BaseModel):
    """Base of all bodies. Unknown fields in a request are an error, so that a misspelt one is noticed.

    The docstring below a field is its description in `/docs`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
