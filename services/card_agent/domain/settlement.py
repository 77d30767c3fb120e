"""What a closing comes to: its lines, the deposits they are paid by, the fee of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from contracts.vocabulary import Brand, Yen
from services.card_agent.domain.terms import DepositSplit, Terms

WHOLE = "closing"
"""The name of the one part of a closing that is deposited in one sum."""


class Line(NamedTuple):
    """One payment that a closing counts."""

    payment_id: str
    amount: Yen
    brand: Brand | None = None
    approved_at: datetime | None = None
    entrusted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What one deposit is for: the whole closing, or its payments by cards of one brand."""

    name: str
    amount: Yen
    fee: Yen

    @property
    def due(self) -> Yen:
        """What is deposited for it."""
        return Yen(self.amount - self.fee)


def total(lines: Iterable[Line]) -> Yen:
    """The sum of the lines."""
    return Yen(sum(line.amount for line in lines))


def parts(lines: Sequence[Line], terms: Terms) -> Sequence[Part]:
    """The parts of a closing, in the order of their names; none for no lines.

    The fee is taken from each deposit by itself, so that the parts add up to the closing to the yen.
    """
    if terms.agreed.deposit_split is DepositSplit.CLOSING:
        named = [(WHOLE, list(lines))] if lines else []
    else:
        ordered = sorted(lines, key=_brand_name)
        named = [(name, list(some)) for name, some in groupby(ordered, key=_brand_name)]
    return [Part(name, amount := total(some), terms.fee(amount)) for name, some in named]


def _brand_name(line: Line) -> str:
    return WHOLE if line.brand is None else line.brand.value
