"""The simulation: published test cards, and settlements that go wrong. Pure.

A card's number chooses its outcome. The numbers are built, not issued: a brand's leading digits, zeros, two digits for
the outcome, Luhn's check digit. Any other valid number of an accepted brand is approved within the limit
[credit_limit] until it expires.

An anomaly (異常) is asked for a closing, and makes its statement or its deposits differ from what they should be. The
agent's books say what it believes, until it is asked to correct itself. (The chassis' faults are points at which a
process dies.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple

from contracts.formats.card_number import brand_of
from contracts.vocabulary import ANOMALY_BUSINESS_DAYS, ANOMALY_YEN, Brand, SettlementAnomaly, Yen
from services.card_agent.domain.issuer import Outcome
from services.card_agent.domain.settlement import CountedPayment, Part


@dataclass(frozen=True, slots=True)
class PublishedCard:
    """A test card, valid with any future expiry."""

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
    Outcome.WITHDRAWN: "approved and accepted; the next day at 10:00 JST the card company revokes the sale (売上取消)",
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
    published = TEST_CARDS.get(digits)
    return Outcome.APPROVED if published is None else published.outcome


# ---- settlements that go wrong ------------------------------------------------------------------------------


OF_STATEMENTS: Final = frozenset(
    {SettlementAnomaly.PAYMENT_LEFT_OUT, SettlementAnomaly.LINE_OMITTED, SettlementAnomaly.UNKNOWN_PAYMENT}
)
"""Anomalies of the statement; the others are of its deposits."""
OTHER_ACCOUNT: Final = "9999-001-1-7654321"
"""The wrong account for a deposit. No party has this account."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """An anomaly requested for a closing."""

    kind: SettlementAnomaly
    yen: int = ANOMALY_YEN
    business_days: int = ANOMALY_BUSINESS_DAYS
    payment_id: str | None = None
    """The payment left out or omitted; None for the first one."""


Anomalies = Mapping[SettlementAnomaly, Anomaly]
"""The anomalies of one closing."""


class AskedAnomaly(NamedTuple):
    """An anomaly as it was asked for a closing, and what became of it.

    One of a statement meets a payment, of `met_yen`, when that is issued.
    """

    closed_on: date
    kind: SettlementAnomaly
    yen: int
    business_days: int
    payment_id: str | None
    asked_at: datetime
    met_payment_id: str | None = None
    met_yen: int = 0
    corrected_at: datetime | None = None

    @property
    def asked(self) -> Anomaly:
        return Anomaly(self.kind, self.yen, self.business_days, self.payment_id)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as issued."""

    listed: Sequence[CountedPayment]
    """Its lines."""
    counted: Sequence[CountedPayment]
    """The payments of its totals and its deposits."""
    met: Mapping[SettlementAnomaly, CountedPayment]
    """The payment that each anomaly met, by kind."""


def statement_of(payments: Sequence[CountedPayment], anomalies: Anomalies, unknown_id: str) -> Statement:
    """The statement of the payments that a closing counts. An anomaly that meets no payment changes nothing."""
    counted, met = list(payments), dict[SettlementAnomaly, CountedPayment]()
    if (asked := anomalies.get(SettlementAnomaly.PAYMENT_LEFT_OUT)) and (chosen := _chosen(counted, asked)):
        counted.remove(chosen)
        met[asked.kind] = chosen
    if asked := anomalies.get(SettlementAnomaly.UNKNOWN_PAYMENT):
        met[asked.kind] = CountedPayment(unknown_id, Yen(asked.yen), counted[0].brand if counted else None)
        counted = sorted([*counted, met[asked.kind]], key=lambda payment: payment.payment_id)
    listed = list(counted)
    known = [payment for payment in counted if payment.payment_id != unknown_id]
    asked = anomalies.get(SettlementAnomaly.LINE_OMITTED)
    if asked and len(listed) > 1 and (chosen := _chosen(known, asked)):
        listed.remove(chosen)
        met[asked.kind] = chosen
    return Statement(listed, counted, met)


def _chosen(payments: Sequence[CountedPayment], asked: Anomaly) -> CountedPayment | None:
    if asked.payment_id is None:
        return payments[0] if payments else None
    return next((payment for payment in payments if payment.payment_id == asked.payment_id), None)


@dataclass(frozen=True, slots=True)
class Order:
    """A deposit to be made: the amount in the agent's books, and the amount paid."""

    name: str
    """The part of the closing; a second deposit of the same part has another name."""
    believed: int
    """Yen in the agent's books; 0 for a deposit that is not in them."""
    paid: int
    """Yen; 0 for a deposit that is never made."""
    account: str = ""
    business_days_late: int = 0


def orders(parts: Sequence[Part], anomalies: Anomalies) -> Sequence[Order]:
    """The deposits for the parts of a closing.

    Another amount, or a second deposit, meets the first part; every other anomaly meets all parts.
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
    """Yen actually paid for a part, at least 0."""
    paid = int(part.due)
    if short := anomalies.get(SettlementAnomaly.DEPOSIT_SHORT):
        paid -= short.yen
    if over := anomalies.get(SettlementAnomaly.DEPOSIT_OVER):
        paid += over.yen
    if SettlementAnomaly.FEE_TWICE in anomalies:
        paid -= part.fee
    return max(0, paid)
