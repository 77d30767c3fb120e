"""What a letter of the register is made of, and how its parts are worded. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from contracts.duties.clauses import BY_NUMBER
from contracts.parties import CONSOLE, NAMES, PAYMENT_PROVIDER, WARD
from services.chassis.duties.register import Registered
from services.chassis.paper.eras import japanese_date, japanese_time
from services.chassis.paper.letter import Grid, Section

BY: Final = "特記事項に基づき、次のとおり"
"""How a letter opens."""
Facts = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Matter:
    """What a letter is made of: the record, the one that it answers if that is known, and who answers for it."""

    entry: Registered
    asked: Registered | None
    responsible: str
    fingerprint: Callable[[str], str]
    """Of a public key."""

    @property
    def content(self) -> Mapping[str, Any]:
        return self.entry.content

    @property
    def before(self) -> Mapping[str, Any]:
        """The message that it answers; empty if that is not known."""
        return {} if self.asked is None else self.asked.content


@dataclass(frozen=True, slots=True)
class Form:
    """How a kind of record is written."""

    title: str
    english: str
    opening: str
    facts: Callable[[Matter], Facts]
    by_contractor: bool = True
    """Whether the contractor writes to the ward; else the ward to the contractor."""
    grid: Callable[[Matter], Grid | None] = lambda _: None
    sections: Callable[[Matter], Sequence[Section]] = lambda _: ()
    signature: Callable[[Matter], Facts] = lambda _: ()


def party_name(principal: str) -> str:
    """甲　介護保険課"""
    names = NAMES[principal]
    agent = "" if principal in (WARD, PAYMENT_PROVIDER, CONSOLE) else f"（{names.english}）"
    return f"{names.sign}　{names.japanese}{agent}"


def day(text: object) -> str:
    return japanese_date(date.fromisoformat(str(text))) if text else ""


def time(text: object) -> str:
    return japanese_time(datetime.fromisoformat(str(text))) if text else ""


def yen(amount: object) -> str:
    return f"金{int(str(amount)):,}円" if amount is not None else ""


def duty(number: str) -> str:
    return f"{number}　{BY_NUMBER[number].japanese}" if number in BY_NUMBER else number
