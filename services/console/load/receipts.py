"""Receipt data (収納データ, 速報) as the collection centre reports it, written to the topic that the ward reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Final

from contracts import topics
from contracts.events import ReceiptDelivered
from contracts.vocabulary import Method, ReceiptKind, Settler, Yen, business_date
from services.chassis.bus.port import EventBus, Message, Record
from services.chassis.identity import TimeOrderedIdentity
from services.chassis.sealing.port import Sealer
from services.chassis.transaction import Author
from services.console.load.recording import Recorder
from services.console.load.running import Watch
from services.console.load.slips import Payable

ACCEPTED: Final = "accepted"
SETTLERS: Final = (Settler.UC, Settler.JCB)


class Receipts:
    """A receipt for each slip, in turn, paid by card to either agent. Records are encoded when they are sent."""

    stages: Sequence[str] = (ACCEPTED,)
    at_once = 2_000
    ahead = 20_000
    senders = 1  # one batch after the other, which preserves their order on the bus

    def __init__(
        self, bus: EventBus, sealer: Sealer, slips: Sequence[Payable], recorder: Recorder, watch: Watch
    ) -> None:
        self._bus, self._recorder, self._watch = bus, recorder, watch
        self._author = Author(topics.PAYMENT_PROVIDER, TimeOrderedIdentity(), sealer)
        self._slips: Iterator[Payable] = cycle(slips)
        self._settlers = cycle(SETTLERS)
        self._under_way: dict[str, float] = {}
        self.amounts: dict[str, int] = {}
        """Payment id → yen of every receipt sent."""

    async def send(self, intended: Sequence[float]) -> None:
        await self._bus.produce([self._record(at) for at in intended])
        await self._bus.flush()
        now = self._watch.now()
        for at in intended:
            self._recorder.took(ACCEPTED, at, now - at)

    def intended(self, message: Message) -> float | None:
        """The intended time of the receipt in this message."""
        return self._under_way.pop(message.key, None)

    async def observe(self) -> None:
        """Nothing to do: no step lies between sending and registration."""

    def _record(self, at: float) -> Record:
        slip, moment = next(self._slips), self._watch.moment(at)
        receipt = ReceiptDelivered(
            payment_id=self._author.identity.new("payment"),
            kind=ReceiptKind.PRELIMINARY,
            slip_number=slip.slip_number,
            barcode=slip.barcode,
            amount=Yen(slip.amount),
            method=Method.CARD,
            settler=next(self._settlers),
            paid_at=moment,
            received_on=business_date(moment),
            delivered_at=moment,
        )
        self.amounts[receipt.payment_id] = receipt.amount
        self._under_way[receipt.payment_id] = at
        return self._author.record(receipt, topics.RECEIPTS.name, moment)
