"""The ward's terminal driven by hand, between a ward and a centre whose files and line the test controls."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

import httpx

from contracts.formats import receipt_file
from contracts.formats.barcode import Barcode
from contracts.formats.receipt_file import FileHeader
from contracts.formats.receipt_record import ReceiptRecord, reference_of
from contracts.http.payment_provider.receipt_files import ReceiptFileView
from contracts.http.ward.slips import SlipView
from contracts.http.ward.terminal import ReceiptItem, TransferRequest
from contracts.vocabulary import Method, ReceiptKind, Settler, SlipNumber, Yen, on_the_clock
from services.ward.terminal import Fetched, Terminal
from tests.component.driven_ward import NOON, DrivenWard
from tests.component.home import Home

USER = "ward-terminal"
DAY = date(2021, 7, 12)
FIRST, SECOND = (f"00000000-0000-8000-8000-00000000000{n}" for n in (1, 2))
HEADER = FileHeader(date(2021, 7, 13), "00680", "00104", "")
MORNING = on_the_clock(date(2021, 7, 13), time(10))


def record(
    payment_id: str, slip: SlipView, kind: ReceiptKind = ReceiptKind.PRELIMINARY, amount: int = 0
) -> ReceiptRecord:
    """The record, in a file, of the payment whose event is `driven_ward.receipt`."""
    barcode = slip.barcode or ""
    if amount:
        barcode = Barcode("912345", SlipNumber(slip.slip_number), 0, None, Yen(amount)).digits
    return ReceiptRecord(
        kind=kind,
        paid_on=DAY,
        paid_time=time(12),
        barcode=barcode,
        reference=reference_of(payment_id),
        shop="JCB",
        created_on=DAY + timedelta(days=int(kind) - 1),
        transfer_on=None,
        accounted_on=DAY,
        channel="0680",
    )


@dataclass
class Centre:
    """The collection centre's side of the line. An entry of `cuts` ends an answer after that many bytes."""

    files: dict[str, bytes] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def add(self, name: str, *records: ReceiptRecord, content: bytes | None = None) -> ReceiptFileView:
        self.files[name] = b"".join(receipt_file.write([(HEADER, records)])) if content is None else content
        return self.view(name)

    def view(self, name: str) -> ReceiptFileView:
        content = self.files[name]
        found: list[ReceiptRecord] = []
        try:
            found.extend(receipt_file.records([content]))
        except ValueError:
            found = [record for record in _as_far_as_readable(content)]
        return ReceiptFileView(
            name=name,
            day=DAY,
            layout="fixed",
            records=len(found),
            amount=sum(r.amount for r in found),
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            made_at=NOON,
            kept_until=NOON + timedelta(days=60),
        )

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/login":
            return httpx.Response(201, json={"session": "s", "valid_until": (NOON + timedelta(days=9)).isoformat()})
        if path == "/receipt-files":
            views = [self.view(name).model_dump(mode="json") for name in sorted(self.files)]
            return httpx.Response(200, json=views)
        content, wanted = self.files[path.rpartition("/")[2]], request.headers.get("Range", "")
        self.asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-") or 0)
        return httpx.Response(206 if wanted else 200, stream=self._stream(content[start:]))

    def _stream(self, content: bytes) -> httpx.AsyncByteStream:
        return _Stream(content, self.cuts.pop(0) if self.cuts else None)


def _as_far_as_readable(content: bytes) -> Iterator[ReceiptRecord]:
    reading = receipt_file.records([content])
    while True:
        try:
            yield next(reading)
        except (ValueError, StopIteration):
            return


class _Stream(httpx.AsyncByteStream):
    def __init__(self, content: bytes, cut_after: int | None) -> None:
        self._content, self._cut_after = content, cut_after

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._cut_after is None:
            yield self._content
            return
        yield self._content[: self._cut_after]
        raise httpx.ReadError("cut")


class Scene:
    """A ward with slips, a centre, and the terminal between them."""

    def __init__(self, ward: DrivenWard, slips: Sequence[SlipView], folder: Path) -> None:
        self.ward, self.slips, self.centre, self.folder = ward, slips, Centre(), folder

    async def pull(self, *, again: bool = False) -> Sequence[Fetched]:
        """One session at the terminal."""
        transport = httpx.MockTransport(self.centre.answer)
        async with httpx.AsyncClient(transport=transport, base_url="https://centre") as line:
            return await Terminal(line, self.ward.service.desk, self.folder, USER, self.ward.service.opener).pull(
                again=again
            )

    async def pulled(self) -> Fetched:
        """The outcome of the one file, once the line has carried it."""
        await self.pull()
        self.ward.clock.step_to(self.ward.clock.now() + timedelta(minutes=1))
        (one,) = await self.pull()
        return one

    @property
    def copies(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.exists() else []

    async def steps(self) -> list[str]:
        return [step.step for step in reversed(await self.ward.service.queries.terminal_steps(100))]

    async def registered(self) -> list[tuple[str, str, int]]:
        books = await self.ward.service.books()
        return sorted((row.payment_id, row.kind, row.amount) for row in books.receipts)


@asynccontextmanager
async def scene(home: Home, folder: Path, at: datetime = MORNING, **settings: object) -> AsyncIterator[Scene]:
    ward = await DrivenWard.started(home, at, **settings)
    yield Scene(ward, await ward.assess(), folder / "copies")


def item(payment_id: str, slip: SlipView) -> ReceiptItem:
    return ReceiptItem(
        payment_id=payment_id,
        kind=ReceiptKind.PRELIMINARY,
        slip_number=slip.slip_number,
        barcode=slip.barcode or "",
        amount=slip.amount,
        method=Method.CARD,
        settler=Settler.JCB,
        paid_at=NOON,
        received_on=DAY,
        delivered_at=NOON,
    )


def transfer(name: str = "A.txt", size: int = 1_000, sha256: str = "0" * 64) -> TransferRequest:
    return TransferRequest(name=name, size=size, sha256=sha256, terminal_user=USER)
