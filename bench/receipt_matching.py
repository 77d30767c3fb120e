"""Records of one receipt file matched in the ward's ledger per second, and the peak memory.

It measures the terminal's whole work on a file of the collection centre: fetch it, check it for damage, hand it over
page by page, register it with durable commits, delete it. The file holds 速報 and 確報 of each payment;
each payment is for another slip.
"""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

import httpx
import msgspec

from bench.receipt_files import HEADER, ROOT, most_resident_kib
from contracts.calendar import PREMIUM_MONTHS
from contracts.formats import receipt_file
from contracts.formats.receipt_record import ReceiptRecord, reference_of
from contracts.http.payment_provider.receipt_files import ReceiptFileView, TerminalSession
from contracts.http.ward.slips import AssessmentsRequest
from contracts.http.ward.terminal import TransferRequest
from contracts.vocabulary import ReceiptKind
from services.chassis.bus.memory import MemoryBus
from services.chassis.clock import Clock
from services.chassis.collector import keep_what_is_loaded
from services.chassis.identity import SeededIdentity
from services.ward.app import Settings, Ward, create_app, generate_assessments
from services.ward.terminal import Terminal

NOW = datetime(2021, 10, 20, 3, 0, tzinfo=UTC)
DAY = date(2021, 10, 19)
KINDS = (ReceiptKind.PRELIMINARY, ReceiptKind.CONFIRMED)
CARD_CHANNEL = "0680"
AT_ONCE, PIECE_BYTES = 1_000, 65_536
CONTENT, LISTED = "receipts.txt", "listed.json"
A_LINE_WITHOUT_END = 10**12
"""Bytes a second: enough that the line is never the bottleneck."""


@dataclass(frozen=True, slots=True)
class MatchingFigure:
    """Seconds of the terminal's work on a file, and the growth of memory in MiB meanwhile."""

    records: int
    megabytes: float
    seconds: float
    grown_mib: float

    def lines(self) -> Iterator[str]:
        name = f"fixed, {self.megabytes:.0f} MB: fetched, checked, registered"
        yield f"  {name:47} {self.records:9,} in {self.seconds:6.2f} s = {self.records / self.seconds:9,.0f} /s"
        yield f"  {'memory grown meanwhile':47} {self.grown_mib:9.1f} MiB"


def measure(folder: Path, records: int) -> MatchingFigure:
    """Issue the slips and write the file in one process; match it in another, which does nothing else.

    Raises `CalledProcessError` if the ledger is not right to the yen.
    """
    _apart("make", folder, records)
    return msgspec.json.decode(_apart("match", folder, records), type=MatchingFigure)


def _apart(what: str, folder: Path, records: int) -> bytes:
    command = [sys.executable, "-m", "bench.receipt_matching", what, str(folder), str(records)]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout


@asynccontextmanager
async def _ward(folder: Path) -> AsyncIterator[Ward]:
    settings = Settings(
        seed=1,
        database_url=f"sqlite:///{folder / 'ward.db'}",
        lgwan_bytes_per_second=A_LINE_WITHOUT_END,
        receipts_arrive_by="files",
    )
    ward = create_app(settings, MemoryBus(), Clock.stepped(NOW))
    await ward.start()
    try:
        yield ward
    finally:
        await ward.close()


# ---- the file ------------------------------------------------------------------------------------------------


async def _make(folder: Path, records: int) -> None:
    payments = records // len(KINDS)
    async with _ward(folder) as ward:
        assessed = generate_assessments(1, -(-payments // len(PREMIUM_MONTHS)), DAY.year)
        for n in range(0, len(assessed), AT_ONCE):
            await ward.commands.assess(AssessmentsRequest(assessments=tuple(assessed[n : n + AT_ONCE])))
        made = [record async for record in _records(ward, payments)]
    content = folder / CONTENT
    with content.open("wb") as file:
        file.writelines(receipt_file.write([(HEADER, made)]))
    with content.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    view = ReceiptFileView(
        name="SHUNO20211019.txt",
        day=DAY,
        layout="fixed",
        records=len(made),
        amount=sum(record.amount for record in made),
        size=content.stat().st_size,
        sha256=sha256,
        made_at=NOW,
        kept_until=NOW,
    )
    (folder / LISTED).write_text(view.model_dump_json())


async def _records(ward: Ward, payments: int) -> AsyncIterator[ReceiptRecord]:
    """速報 and 確報 of one payment for each of the first slips."""
    identity, after, left = SeededIdentity(1), None, payments
    while left:
        slips = await ward.queries.slips(after=after, limit=min(left, AT_ONCE))
        left -= len(slips)
        after = slips[-1].slip_number
        for slip in slips:
            assert slip.barcode is not None, "a generated instalment is never above ¥300,000"
            reference = reference_of(identity.new("bench payment", slip.slip_number))
            for kind in KINDS:
                transfer_on = DAY if kind is ReceiptKind.CONFIRMED else None
                yield ReceiptRecord(
                    kind, DAY, clock_time(9), slip.barcode, reference, "UC", DAY, transfer_on, DAY, CARD_CHANNEL
                )


# ---- matching it ---------------------------------------------------------------------------------------------


async def _match(folder: Path) -> MatchingFigure:
    file = ReceiptFileView.model_validate_json((folder / LISTED).read_text())
    async with _ward(folder) as ward:
        user = ward.settings.terminal_user
        wanted = TransferRequest(name=file.name, size=file.size, sha256=file.sha256, terminal_user=user)
        await ward.commands.begin_transfer(wanted)
        ward.clock.step_to(NOW + timedelta(minutes=1))  # by then the line has carried it
        terminal = Terminal(_centre(file, folder / CONTENT), ward.desk, folder / "terminal", user, ward.opener)
        keep_what_is_loaded()
        before, began = most_resident_kib(), time.perf_counter()
        (fetched,) = await terminal.pull()
        seconds = time.perf_counter() - began
        grown = (most_resident_kib() - before) / 1024
        assert (fetched.outcome, fetched.records, fetched.new) == ("registered", file.records, file.records), fetched
        balances = {view.account: view.balance for view in await ward.queries.balances()}
        assert balances["in_transit_uc"] == file.amount // len(KINDS), "the ledger is not right to the yen"
        return MatchingFigure(file.records, file.size / 1e6, seconds, grown)


def _centre(file: ReceiptFileView, content: Path) -> httpx.AsyncClient:
    """The collection centre's side of the requests that a terminal makes."""

    async def pieces() -> AsyncIterator[bytes]:
        with content.open("rb") as source:
            while piece := source.read(PIECE_BYTES):
                yield piece

    def answer(request: httpx.Request) -> httpx.Response:
        match request.url.path:
            case "/login":
                return httpx.Response(200, text=TerminalSession(session="s", valid_until=NOW).model_dump_json())
            case "/receipt-files":
                return httpx.Response(200, text=f"[{file.model_dump_json()}]")
            case _:
                return httpx.Response(200, content=pieces())

    return httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="https://centre")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["make", folder, records]:
            asyncio.run(_make(Path(folder), int(records)))
        case ["match", folder, _]:
            sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(_match(Path(folder)))))
        case other:
            raise SystemExit(f"make or match FOLDER RECORDS, not {other}")
