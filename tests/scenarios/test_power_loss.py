"""停電: the machine loses power in the middle of a day. Every answered request and every booking survives, once.

The disk is simulated: each file has either what was last flushed or all that was written. The groups' offsets, which
are never flushed, may be those of any earlier time.
"""

from __future__ import annotations

import shutil
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from contracts import topics
from contracts.http.ward.slips import AssessmentsRequest
from contracts.parties import PARTIES
from contracts.vocabulary import Method, on_the_clock
from services.chassis.bus.sqlite_log import SqliteLog
from services.chassis.database import journal
from services.chassis.identity import Chance
from services.chassis.identity import chance as chance_of
from services.chassis.messaging import relay
from services.console.books.audit import audit
from services.console.payers.cards import card_number
from services.console.payers.paying import Payers, expect
from services.console.payers.plan import PlannedPayment
from services.console.sandbox.channels import payers_of
from services.console.sandbox.sandbox import Sandbox
from services.ward.app import generate_assessments

START = on_the_clock(date(2021, 7, 1), time(8))
SEED = 7
PAYMENTS = 14
DURABLE = {principal: {"database_durable": True} for principal in PARTIES}


class Disk:
    """What a loss of power leaves of a folder."""

    def __init__(self, folder: Path, on_disk: Path, chance: Chance) -> None:
        self._folder, self._on_disk, self._chance = folder, on_disk, chance

    def flushed(self, journal: Path) -> None:
        """Note that the whole file is on disk."""
        self.keep(journal.with_name(journal.name.removesuffix("-wal")))

    def keep(self, file: Path) -> None:
        """Record the file's present content as what is on disk."""
        self._copy(file, self._on_disk)

    def keep_all(self) -> None:
        for file in self._files():
            self.keep(file)

    def left(self, to: Path) -> Path:
        """A folder with the files as a power loss leaves them."""
        shutil.copytree(self._on_disk, to)
        for file in self._files():
            if self._chance.random() < 0.5:
                self._copy(file, to)
        return to

    def _files(self) -> list[Path]:
        return sorted(path for kind in ("*.db", "*.sqlite") for path in self._folder.rglob(kind))

    def _copy(self, file: Path, to: Path) -> None:
        place = to / file.relative_to(self._folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{file}{suffix}", f"{place}{suffix}")


@pytest.fixture(autouse=True)
def _few_rows_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "SENT_ROWS_KEPT", 4)


async def begun(folder: Path, sandbox: Sandbox) -> Payers:
    await sandbox.bus.close()
    sandbox.bus = SqliteLog(folder / "bus")  # durable, as between processes
    await sandbox.start()
    return payers_of(sandbox)


@pytest.mark.parametrize("fate", range(6))
async def test_after_a_loss_of_power_every_payment_is_registered_once(
    fate: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, folder = chance_of(fate, "power"), tmp_path / "machine"
    disk, really = Disk(folder, tmp_path / "disk", chance), journal.Journal.flush

    def flush(flushing: journal.Journal) -> None:
        really(flushing)
        if flushing._path.is_relative_to(folder):
            disk.flushed(flushing._path)

    monkeypatch.setattr(journal.Journal, "flush", flush)
    sandbox = Sandbox(START, SEED, folder, DURABLE)
    payers = await begun(folder, sandbox)
    assessed = tuple(generate_assessments(SEED, 3, 2021))
    expect(await sandbox.ward.commands.assess(AssessmentsRequest(assessments=assessed)))
    disk.keep_all()
    slips = await sandbox.ward.queries.slips(limit=PAYMENTS)

    def planned(number: int) -> PlannedPayment:
        return PlannedPayment(sandbox.clock.now(), slips[number], Method.CARD, card_number(SEED, str(number)))

    accepted, stalled = [], chance.choice(list(sandbox.services))  # events for it wait in the log
    for number in range(PAYMENTS - 2):
        accepted.append(expect(await payers.pay(planned(number))).payment_id)
        sandbox.clock.step_to(sandbox.clock.now() + timedelta(seconds=chance.randrange(2)))
        for _ in range(chance.randrange(12)):
            service = chance.choice(list(sandbox.services))
            if service is not stalled or number < PAYMENTS / 3:
                await service.step()
            if chance.random() < 0.1:
                disk.keep(folder / "bus" / "groups.sqlite")
    left = disk.left(tmp_path / "left")
    for service in sandbox.services:
        await service.abandon()
    await sandbox.bus.close()

    sandbox = Sandbox(sandbox.clock.now(), SEED, left, DURABLE)
    payers = await begun(left, sandbox)
    accepted += [expect(await payers.pay(planned(number))).payment_id for number in range(PAYMENTS - 2, PAYMENTS)]
    await sandbox.advance(sandbox.clock.now() + timedelta(days=5))
    books = await sandbox.books()
    found = audit(books)
    assert (found.findings, found.under_way, found.untold_yen) == ((), 0, 0)
    ended = {p.payment_id: p.status for p in books[topics.PAYMENT_PROVIDER].payments}
    assert {ended[payment_id] for payment_id in accepted} <= {"paid", "confirmed", "declined"}
    assert found.receipts_registered == sum(status != "declined" for status in ended.values()) > PAYMENTS / 2
    for service in sandbox.services:
        assert await service.dead_letters() == []
    await sandbox.close()
