"""The base of published events, and the bounds of their fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

import msgspec

from contracts.bounds import (
    FASTEST_CLOCK,
    LONGEST_ID,
    MOST_OF_DEPOSIT,
    MOST_OF_PAYMENT,
    MOST_OF_STATEMENT,
    MOST_PAYMENTS,
    MOST_REPETITIONS,
)
from contracts.vocabulary import Yen

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_ID)]
"""Without control characters: `cloudevents.Decoder` checks that, as a pattern here would cost too much."""
Text = Annotated[str, msgspec.Meta(max_length=LONGEST_ID)]
PaymentYen = Annotated[Yen, msgspec.Meta(ge=0, le=MOST_OF_PAYMENT)]
DepositYen = Annotated[Yen, msgspec.Meta(ge=0, le=MOST_OF_DEPOSIT)]
TotalYen = Annotated[Yen, msgspec.Meta(ge=0, le=MOST_OF_STATEMENT)]
Count = Annotated[int, msgspec.Meta(ge=0, le=MOST_PAYMENTS)]
Page = Annotated[int, msgspec.Meta(ge=1, le=MOST_PAYMENTS)]
Repetition = Annotated[int, msgspec.Meta(ge=0, le=MOST_REPETITIONS)]
ChangeNumber = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Rate = Annotated[float, msgspec.Meta(ge=0, le=FASTEST_CLOCK)]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all events. `natural_key` identifies an event among those of its type; ids are derived from it."""

    TYPE: ClassVar[str]
    FORMER_TYPES: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    """Types of earlier versions that are still read, each with its renamed fields: former name → current name."""
    SUBJECT_IS_PERSONAL: ClassVar[bool] = False
    """Whether subject and key hold a personal number, so that the bus has pseudonyms in their place."""

    @property
    def subject(self) -> str:
        """Id of the thing the event is about (a payment, a closing statement)."""
        raise NotImplementedError

    @property
    def key(self) -> str:
        """Partition key: events with one key are delivered in order."""
        return self.subject

    @property
    def natural_key(self) -> tuple[str, ...]:
        """Identifies the event among those of its type."""
        return (self.subject,)
