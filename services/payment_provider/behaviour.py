"""The simulation: test banks, and anomalies (異常) of receipt data. Pure.

A bank's code chooses its answer. An anomaly is asked for (`POST /anomalies`); it changes the reports to the ward,
never the money.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from contracts.formats import barcode
from contracts.formats.barcode import Barcode
from contracts.vocabulary import ReceiptAnomaly, ReceiptKind, Yen
from services.payment_provider.domain.reporting import ReportTimes


@dataclass(frozen=True, slots=True)
class BankBehaviour:
    """What a bank answers, and after how long; `reverses_in` after an approval it cancels that."""

    story: str
    approves: bool = True
    answers_in: timedelta = timedelta(seconds=2)
    reverses_in: timedelta | None = None


TEST_BANKS: dict[str, BankBehaviour] = {
    "0001": BankBehaviour("approves after two seconds"),
    "9001": BankBehaviour("refuses: not enough money on the account", approves=False),
    "9002": BankBehaviour(
        "approves, and cancels the approval half an hour later (速報取消)", reverses_in=timedelta(minutes=30)
    ),
    "9003": BankBehaviour("approves after ten minutes", answers_in=timedelta(minutes=10)),
}
ORDINARY_BANK = "0001"


def behaviour_of(bank_code: str) -> BankBehaviour:
    """A bank that is not in the table answers like the ordinary one."""
    return TEST_BANKS.get(bank_code, TEST_BANKS[ORDINARY_BANK])


@dataclass(frozen=True, slots=True)
class AnomalyBehaviour:
    """What an anomaly does to its payment's receipt records."""

    story: str
    omits: frozenset[ReceiptKind] = frozenset()
    """Kinds that are never made."""
    alters: ReceiptKind | None = None
    """The kind that has another amount."""
    repeats: ReceiptKind | None = None
    """The kind that is sent a second time, with another amount."""
    cancels_in: timedelta | None = None
    """This long after 確報 a 取消 is sent, though the money is deposited."""

    @property
    def touches(self) -> frozenset[ReceiptKind]:
        """The kinds that must not have been delivered when it is asked for."""
        return self.omits | {kind for kind in (self.alters, self.repeats) if kind is not None}

    @property
    def needs_preliminary(self) -> bool:
        """Whether it needs a channel that has 速報."""
        return self.omits == {ReceiptKind.PRELIMINARY} or self.alters is ReceiptKind.CONFIRMED


class AskedAnomaly(NamedTuple):
    """An anomaly that was asked for, for one payment; without a payment it waits for the next that it fits."""

    anomaly_id: str
    number: int
    kind: ReceiptAnomaly
    asked_at: datetime
    payment_id: str | None = None
    struck_at: datetime | None = None


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
"""A wrong amount is this many yen more, or less if more would need a seventh digit."""
MOST_IN_BARCODE: Final = 999_999


def without_omitted(times: ReportTimes, anomaly: ReceiptAnomaly) -> ReportTimes:
    """None in place of the times of records that the anomaly omits."""
    omits = ANOMALIES[anomaly].omits
    return ReportTimes(
        None if ReceiptKind.PRELIMINARY in omits else times.preliminary_at,
        None if ReceiptKind.CONFIRMED in omits else times.confirm_at,
    )


def with_other_amount(digits: str) -> tuple[str, Yen]:
    """The barcode with another amount, and that amount."""
    code = barcode.decode(digits)
    assert isinstance(code, Barcode), "a payment is opened by a readable barcode"
    more = code.amount + OTHER_BY
    amount = Yen(more if more <= MOST_IN_BARCODE else code.amount - OTHER_BY)
    return replace(code, amount=amount).digits, amount
