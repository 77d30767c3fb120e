"""The simulation profile: pure. Test banks choose what they answer; anomalies (異常) are receipt data gone wrong.

An anomaly is asked for (`POST /anomalies`). It concerns what the ward is told, never the money itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from contracts.formats import barcode
from contracts.formats.barcode import Barcode
from contracts.vocabulary import ReceiptAnomaly, ReceiptKind, Yen
from services.payment_provider.domain.payment import Plan


@dataclass(frozen=True, slots=True)
class BankBehaviour:
    """How a bank answers: after `answers_in`, with `approves`, taken back after `reverses_in` where that is set."""

    story: str
    approves: bool = True
    answers_in: timedelta = timedelta(seconds=2)
    reverses_in: timedelta | None = None


TEST_BANKS: dict[str, BankBehaviour] = {
    "0001": BankBehaviour("approves after two seconds"),
    "9001": BankBehaviour("refuses: not enough money on the account", approves=False),
    "9002": BankBehaviour(
        "approves, and takes it back half an hour later (速報取消)", reverses_in=timedelta(minutes=30)
    ),
    "9003": BankBehaviour("approves after ten minutes", answers_in=timedelta(minutes=10)),
}
ORDINARY_BANK = "0001"


def behaviour_of(bank_code: str) -> BankBehaviour:
    """A bank that is not in the table behaves like the ordinary one."""
    return TEST_BANKS.get(bank_code, TEST_BANKS[ORDINARY_BANK])


@dataclass(frozen=True, slots=True)
class AnomalyBehaviour:
    """What an anomaly does to the records of its payment."""

    story: str
    omits: frozenset[ReceiptKind] = frozenset()
    """These are never made."""
    alters: ReceiptKind | None = None
    """This one says another amount."""
    repeats: ReceiptKind | None = None
    """This one is sent again, with another amount."""
    cancels_in: timedelta | None = None
    """So long after 確報 comes a 取消 of money that is on its way all the same."""

    @property
    def touches(self) -> frozenset[ReceiptKind]:
        """The records that must not have been delivered yet when it is asked for."""
        return self.omits | {kind for kind in (self.alters, self.repeats) if kind is not None}

    @property
    def needs_preliminary(self) -> bool:
        """Whether it is one only where the channel has a 速報."""
        return self.omits == {ReceiptKind.PRELIMINARY} or self.alters is ReceiptKind.CONFIRMED


ANOMALIES: Final[dict[ReceiptAnomaly, AnomalyBehaviour]] = {
    ReceiptAnomaly.CONFIRMED_AMOUNT_DIFFERS: AnomalyBehaviour(
        "確報 says another amount than 速報 did", alters=ReceiptKind.CONFIRMED
    ),
    ReceiptAnomaly.CONFIRMED_WITHOUT_PRELIMINARY: AnomalyBehaviour(
        "確報 comes and no 速報 before it", omits=frozenset({ReceiptKind.PRELIMINARY})
    ),
    ReceiptAnomaly.CANCELLED_AFTER_CONFIRMED: AnomalyBehaviour(
        "取消 comes the day after 確報, of a payment that is deposited all the same", cancels_in=timedelta(days=1)
    ),
    ReceiptAnomaly.NEVER_CONFIRMED: AnomalyBehaviour("確報 is never sent", omits=frozenset({ReceiptKind.CONFIRMED})),
    ReceiptAnomaly.NEVER_REPORTED: AnomalyBehaviour(
        "no record is ever sent; the money comes", omits=frozenset({ReceiptKind.PRELIMINARY, ReceiptKind.CONFIRMED})
    ),
    ReceiptAnomaly.SENT_TWICE: AnomalyBehaviour(
        "確報 is sent twice, the second time with another amount", repeats=ReceiptKind.CONFIRMED
    ),
}
OTHER_BY: Final = 1_000
"""A wrong amount is so many yen more; less, where that does not go into six digits."""
MOST_IN_BARCODE: Final = 999_999


def without_omitted(plan: Plan, anomaly: ReceiptAnomaly | None) -> Plan:
    """The plan, without the records that the anomaly leaves out."""
    omits = ANOMALIES[anomaly].omits if anomaly else ()
    return Plan(
        None if ReceiptKind.PRELIMINARY in omits else plan.preliminary_at,
        None if ReceiptKind.CONFIRMED in omits else plan.confirm_at,
    )


def with_other_amount(digits: str) -> tuple[str, Yen]:
    """A barcode that says another amount, and that amount."""
    code = barcode.decode(digits)
    assert isinstance(code, Barcode), "a payment has a barcode that could be read"
    more = code.amount + OTHER_BY
    amount = Yen(more if more <= MOST_IN_BARCODE else code.amount - OTHER_BY)
    return replace(code, amount=amount).digits, amount
