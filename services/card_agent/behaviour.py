"""The simulation: the card companies' published test cards, and settlements that go wrong. Pure.

A card's number chooses its outcome. The numbers are built, not issued: a brand's leading digits, zeros, two digits for
the outcome, Luhn's check digit. Any other number that is a card's of an accepted brand is approved within the limit
[credit_limit] while it is valid.

An anomaly (異常) is asked for a closing, and makes its statement or its deposits differ from what they should be. The
agent's books go on saying what it believes, until it is asked to correct itself. (The chassis' faults are another
thing: points at which a process dies.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.vocabulary import ANOMALY_BUSINESS_DAYS, ANOMALY_YEN, Brand, SettlementAnomaly, Yen
from services.card_agent.domain.card import brand_of
from services.card_agent.domain.issuer import Outcome
from services.card_agent.domain.settlement import Line, Part


@dataclass(frozen=True, slots=True)
class PublishedCard:
    """A test card, to be typed with any expiry of the future."""

    number: str
    brand: Brand
    outcome: Outcome
    story: str


_STORIES: Final[Mapping[Outcome, str]] = {
    Outcome.APPROVED: "approved at once, within the limit [credit_limit]",
    Outcome.EXPIRED: "declined card_expired, whatever the expiry typed",
    Outcome.OVER_LIMIT: "declined over_limit, whatever the amount: nothing is left of its limit",
    Outcome.LOST: "declined card_lost: reported lost or stolen",
    Outcome.ISSUER_DOWN: "declined issuer_unavailable: the card company cannot be reached",
    Outcome.TIMEOUT: "the card company never answers: the provider gives up and has it reversed",
    Outcome.LATE_APPROVAL: "the card company answers late [late_answer_seconds]: what the provider gave up is undone",
    Outcome.WITHDRAWN: "approved and taken on; the next day at 10:00 JST the card company revokes the sale (売上取消)",
}
_NUMBERS: Final[Mapping[Outcome, tuple[str, ...]]] = {
    Outcome.APPROVED: (
        "4000000000000002",
        "5200000000000007",
        "3530000000000003",
        "370000000000002",
        "36000000000008",
    ),
    Outcome.EXPIRED: ("4000000000000010", "5200000000000015", "3530000000000011"),
    Outcome.OVER_LIMIT: ("4000000000000028", "5200000000000023", "3530000000000029"),
    Outcome.LOST: ("4000000000000036", "5200000000000031", "3530000000000037"),
    Outcome.ISSUER_DOWN: ("4000000000000044", "5200000000000049", "3530000000000045"),
    Outcome.TIMEOUT: ("4000000000000051", "5200000000000056", "3530000000000052"),
    Outcome.LATE_APPROVAL: ("4000000000000069", "5200000000000064", "3530000000000060"),
    Outcome.WITHDRAWN: ("4000000000000077", "5200000000000072", "3530000000000078"),
}

TEST_CARDS: Final[Mapping[str, PublishedCard]] = {
    number: PublishedCard(number, brand, outcome, _STORIES[outcome])
    for outcome, numbers in _NUMBERS.items()
    for number in numbers
    if (brand := brand_of(number)) is not None
}
"""By number."""


def outcome_of(digits: str) -> Outcome:
    """What becomes of a card with this number."""
    published = TEST_CARDS.get(digits)
    return Outcome.APPROVED if published is None else published.outcome


# ---- settlements that go wrong ------------------------------------------------------------------------------


OF_STATEMENTS: Final = frozenset(
    {SettlementAnomaly.PAYMENT_LEFT_OUT, SettlementAnomaly.LINE_OMITTED, SettlementAnomaly.UNKNOWN_PAYMENT}
)
"""Those that concern the statement; the others concern its deposits."""
OTHER_ACCOUNT: Final = "9999-001-1-7654321"
"""The account that a deposit to the wrong one goes to: nobody's."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One anomaly of one closing, as it was asked for."""

    kind: SettlementAnomaly
    yen: int = ANOMALY_YEN
    business_days: int = ANOMALY_BUSINESS_DAYS
    payment_id: str | None = None
    """Which payment is left out; the first one unless it is said."""


Anomalies = Mapping[SettlementAnomaly, Anomaly]
"""The anomalies of one closing."""


@dataclass(frozen=True, slots=True)
class Told:
    """A statement as it is issued."""

    lines: Sequence[Line]
    """What its pages list."""
    counted: Sequence[Line]
    """What its totals and its deposits are of."""
    concerned: Mapping[SettlementAnomaly, Line]
    """The payment that each anomaly met."""


def tell(lines: Sequence[Line], anomalies: Anomalies, unknown_id: str) -> Told:
    """The statement that is made of what a closing counts. An anomaly that meets no payment changes nothing."""
    counted, concerned = list(lines), dict[SettlementAnomaly, Line]()
    if (asked := anomalies.get(SettlementAnomaly.PAYMENT_LEFT_OUT)) and (line := _chosen(counted, asked)):
        counted.remove(line)
        concerned[asked.kind] = line
    if asked := anomalies.get(SettlementAnomaly.UNKNOWN_PAYMENT):
        concerned[asked.kind] = Line(unknown_id, Yen(asked.yen), counted[0].brand if counted else None)
        counted = sorted([*counted, concerned[asked.kind]], key=lambda line: line.payment_id)
    listed = list(counted)
    known = [line for line in counted if line.payment_id != unknown_id]
    if (asked := anomalies.get(SettlementAnomaly.LINE_OMITTED)) and len(listed) > 1 and (line := _chosen(known, asked)):
        listed.remove(line)
        concerned[asked.kind] = line
    return Told(listed, counted, concerned)


def _chosen(lines: Sequence[Line], asked: Anomaly) -> Line | None:
    if asked.payment_id is None:
        return lines[0] if lines else None
    return next((line for line in lines if line.payment_id == asked.payment_id), None)


@dataclass(frozen=True, slots=True)
class Order:
    """A transfer to the ward: what the agent believes it pays, and what is paid."""

    name: str
    """Its part of the closing; a second transfer of the same part has a name of its own."""
    believed: int
    """In yen; 0 for one that the agent knows nothing of."""
    paid: int
    """In yen; 0 for one that is never made."""
    account: str = ""
    business_days_late: int = 0


def orders(parts: Sequence[Part], anomalies: Anomalies) -> Sequence[Order]:
    """The transfers that are made for the parts of a closing.

    Another amount, or a second transfer, meets the first part; all the rest meets every part.
    """
    late = anomalies.get(SettlementAnomaly.DEPOSIT_LATE)
    account = OTHER_ACCOUNT if SettlementAnomaly.WRONG_ACCOUNT in anomalies else ""
    made = []
    for n, part in enumerate(parts):
        paid = _paid(part, anomalies) if n == 0 else part.due
        paid = 0 if SettlementAnomaly.DEPOSIT_MISSING in anomalies else paid
        made.append(Order(part.name, part.due, paid, account, late.business_days if late else 0))
    if SettlementAnomaly.DEPOSIT_DOUBLED in anomalies and made and made[0].paid:
        again = made[0]
        made.append(Order(f"{again.name}/again", 0, again.paid, again.account, again.business_days_late))
    return made


def _paid(part: Part, anomalies: Anomalies) -> int:
    """What is really paid for a part: never below 0."""
    paid = int(part.due)
    if short := anomalies.get(SettlementAnomaly.DEPOSIT_SHORT):
        paid -= short.yen
    if over := anomalies.get(SettlementAnomaly.DEPOSIT_OVER):
        paid += over.yen
    if SettlementAnomaly.FEE_TWICE in anomalies:
        paid -= part.fee
    return max(0, paid)
