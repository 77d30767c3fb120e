"""収納データファイル: files carry the same records as events, over the era's line; registered once, then deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts import cloudevents, topics
from contracts.events import ReceiptDelivered
from contracts.formats import receipt_csv, receipt_file
from contracts.formats.receipt_record import METHOD_OF_CHANNEL, SETTLER_OF_SHOP, ReceiptRecord, payment_of
from contracts.http.payment_provider.anomalies import ReceiptAnomalyRequest
from contracts.http.ward.receipts import ReceiptView
from contracts.http.ward.slips import SlipRequest, SlipView
from contracts.vocabulary import Method, ReceiptAnomaly, Refusal, business_date, on_the_clock
from services.console.books.audit import audit
from services.console.demo.year import DemoOptions, play
from services.console.payers.cards import card_number
from services.console.payers.paying import expect
from services.console.payers.plan import PlannedPayment
from services.console.sandbox.channels import payers_of
from services.console.sandbox.sandbox import Sandbox
from services.console.sandbox.scene import SandboxScene
from services.console.sandbox.terminal import terminal_of
from services.ward.terminal import Fetched

VISA, REVERSING_BANK = "4000000000000002", "9002"
KEPT = {"payment_provider": {"receipt_file_retention_days": 400}}
BY_FILE = {"ward": {"receipts_arrive_by": "files"}}


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return on_the_clock(day, time(hour, minute))


@asynccontextmanager
async def sandbox_at(start: datetime, overrides: dict[str, dict[str, Any]] | None = None) -> AsyncIterator[Sandbox]:
    sandbox = Sandbox(start, seed=7, overrides=overrides)
    await sandbox.start()
    try:
        yield sandbox
    finally:
        await sandbox.close()


async def a_slip(sandbox: Sandbox, due_on: date, amount: int = 8_500, person: int = 1) -> SlipView:
    request = SlipRequest(insured_number=f"{person:010d}", amount=amount, due_on=due_on)
    return expect(await sandbox.ward.commands.issue_slip(request))


async def paid(sandbox: Sandbox, slip: SlipView, when: datetime, bank: str | None = None) -> str:
    """The id of a payment by card, or by a bank."""
    await sandbox.advance(when)
    method, number = (Method.INTERNET_BANKING, None) if bank else (Method.CARD, VISA)
    payment = PlannedPayment(when, slip, method, number, bank_code=bank or "0001")
    payment_id = expect(await payers_of(sandbox).pay(payment)).payment_id
    await sandbox.settle()
    return payment_id


async def contents(sandbox: Sandbox) -> dict[str, bytes]:
    """Every file that can be fetched."""
    found = {}
    for file in await sandbox.provider.centre.files():
        parts = [part async for part in sandbox.provider.centre.content(file.name, 0, file.size)]
        found[file.name] = b"".join(parts)
    return found


def copies(folder: Path) -> list[str]:
    """What the terminal holds."""
    return sorted(path.name for path in folder.iterdir())


def facts_of_file(record: ReceiptRecord) -> tuple[Any, ...]:
    paid_at = datetime.combine(record.paid_on, record.paid_time)
    return (
        payment_of(record.reference),
        record.kind.value,
        record.slip_number,
        record.amount,
        paid_at,
        record.accounted_on,
        record.created_on,
        SETTLER_OF_SHOP[record.shop],
        METHOD_OF_CHANNEL[record.channel],
    )


async def facts_of_events(sandbox: Sandbox) -> list[tuple[Any, ...]]:
    decoder, found = cloudevents.Decoder(), []
    for message in await sandbox.bus.read(topics.RECEIPTS.name, max_records=1_000_000):
        event = decoder.decode(cloudevents.envelope(message.headers).type, message.value)
        assert isinstance(event, ReceiptDelivered)
        paid_at = event.paid_at.astimezone(UTC) + timedelta(hours=9)
        found.append(
            (
                event.payment_id,
                event.kind.value,
                event.slip_number,
                int(event.amount),
                paid_at.replace(second=0, microsecond=0, tzinfo=None),
                event.received_on,
                business_date(event.delivered_at),
                event.settler,
                event.method,
            )
        )
    return found


# ---- events and files carry the same facts ----------------------------------------------------------------


@pytest.mark.parametrize("layout", ["fixed", "csv"])
async def test_the_files_of_a_fiscal_period_hold_what_its_events_said_to_the_yen(layout: str, tmp_path: Path) -> None:
    overrides = {"payment_provider": {"receipt_file_layout": layout, "receipt_file_retention_days": 400}}
    options = DemoOptions(cards=40, banks=20, first_day=date(2021, 6, 1), last_day=date(2021, 12, 31))
    read = receipt_file.records if layout == "fixed" else receipt_csv.read
    async with sandbox_at(at(options.first_day, 0), overrides) as sandbox:
        await play(SandboxScene(sandbox), options, began=0.0)
        await sandbox.advance(at(date(2022, 1, 5), 10))
        files = await contents(sandbox)
        by_file = [facts_of_file(record) for content in files.values() for record in read([content])]
        by_event = await facts_of_events(sandbox)
        assert len(by_event) > 100
        assert sorted(by_file, key=str) == sorted(by_event, key=str)

        before = (await sandbox.books())["ward"]
        fetched = await fetched_later(sandbox, tmp_path / "terminal")
        assert {one.outcome for one in fetched} == {"registered"}
        assert sum(one.records for one in fetched) == len(by_event)
        assert sum(one.new for one in fetched) == 0  # all were known by event
        assert (await sandbox.books())["ward"] == before
        assert [item for item in await sandbox.ward.queries.open_items() if item.kind == "discrepancy"] == []


@pytest.mark.parametrize("layout", ["fixed", "csv"])
async def test_every_channels_records_and_those_that_contradict_themselves_come_by_file(
    layout: str, tmp_path: Path
) -> None:
    """収納チャネル all; and 異常: 確報 of another amount, a record sent twice."""
    day = date(2021, 10, 1)
    overrides = {"payment_provider": {"receipt_file_layout": layout}, **BY_FILE}
    read = receipt_file.records if layout == "fixed" else receipt_csv.read
    async with sandbox_at(at(day, 9), overrides) as sandbox:
        for kind in (ReceiptAnomaly.SENT_TWICE, ReceiptAnomaly.CONFIRMED_AMOUNT_DIFFERS):
            expect(await sandbox.provider.commands.inject_anomaly(ReceiptAnomalyRequest(kind=kind, next=1)))
        for person, method in enumerate([*Method, Method.CARD], 1):
            slip = await a_slip(sandbox, date(2021, 11, 1), 1_000 * person, person)
            number = card_number(7, slip.insured_number) if method is Method.CARD else None
            expect(await payers_of(sandbox).pay(PlannedPayment(sandbox.clock.now(), slip, method, number)))
            await sandbox.settle()
        await sandbox.advance(at(date(2021, 10, 15), 10))
        files = await contents(sandbox)
        by_file = [facts_of_file(record) for content in files.values() for record in read([content])]
        by_event = await facts_of_events(sandbox)
        assert sorted(by_file, key=str) == sorted(by_event, key=str)
        assert {facts[-1] for facts in by_file} == set(Method)
        assert {one.outcome for one in await fetched_later(sandbox, tmp_path)} == {"registered"}
        discrepancies = {
            i.because.partition(" ")[0] for i in await sandbox.ward.queries.open_items() if i.kind == "discrepancy"
        }
        assert discrepancies == {"receipt_amount_differs"}
        received = expect_all(
            [await sandbox.ward.queries.receipt(payment_id) for payment_id in {f[0] for f in by_event}]
        )
        assert {receipt.confirmed for receipt in received} == {True}


async def test_receipts_that_arrive_by_file_alone_give_the_same_ledger_as_by_event(tmp_path: Path) -> None:
    options = DemoOptions(cards=20, banks=10, first_day=date(2021, 6, 1), last_day=date(2021, 9, 30))
    ledgers = []
    for overrides in (None, BY_FILE | KEPT):
        async with sandbox_at(at(options.first_day, 0), overrides) as sandbox:
            await play(SandboxScene(sandbox), options, began=0.0)
            if overrides:
                await sandbox.advance(at(options.last_day + timedelta(days=1), 10))
                fetched = await fetched_later(sandbox, tmp_path / "terminal")
                assert sum(one.new for one in fetched) == sum(one.records for one in fetched) > 40
            books = await sandbox.books()
            assert audit(books).conserved
            ledgers.append((sorted(books["ward"].receipts), sorted(books["ward"].transfers)))
    assert ledgers[0][0] == ledgers[1][0]
    assert {t for t in ledgers[0][1] if "receivable" in t.credit} == {
        t for t in ledgers[1][1] if "receivable" in t.credit
    }


# ---- the line decides when --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paid_on", "opens", "line"),
    [(date(2021, 8, 30), 9, "isdn"), (date(2021, 8, 31), 8, "lgwan")],
    ids=["isdn until August 2021", "lgwan from September 2021"],
)
async def test_a_receipt_is_registered_when_the_line_of_the_era_brings_it(
    paid_on: date, opens: int, line: str, tmp_path: Path
) -> None:
    async with sandbox_at(at(paid_on, 9), BY_FILE) as sandbox:
        payment_id = await paid(sandbox, await a_slip(sandbox, date(2021, 8, 31)), at(paid_on, 20))
        terminal, morrow = terminal_of(sandbox, tmp_path), paid_on + timedelta(days=1)
        assert await terminal.pull() == []  # its day's file is not made yet

        await sandbox.advance(at(morrow, opens) - timedelta(minutes=1))
        assert [one.outcome for one in await terminal.pull()] == ["line_closed"]
        await sandbox.advance(at(morrow, opens))
        (first,) = await terminal.pull()
        size = 4 * 122
        seconds = 1 if line == "lgwan" else -(-size // 8_000)
        assert (first.outcome, first.arrives_at) == (
            "receipt_file_on_the_line",
            at(morrow, opens) + timedelta(seconds=seconds),
        )
        assert len(copies(tmp_path)) == 1  # stored until it may be registered

        await sandbox.advance(at(morrow, opens, 1))
        assert [(one.outcome, one.new) for one in await terminal.pull()] == [("registered", 1)]
        (record,) = expect(await sandbox.ward.queries.receipt(payment_id)).records
        assert record.registered_at == at(morrow, opens, 1)
        (file,) = await sandbox.ward.queries.received_files(10)
        assert (file.line, file.records, file.new, file.amount) == (line, 1, 1, 8_500)
        assert copies(tmp_path) == []


async def test_every_step_at_the_terminal_is_recorded_from_login_to_deletion(tmp_path: Path) -> None:
    day = date(2021, 10, 1)
    async with sandbox_at(at(day, 9), BY_FILE) as sandbox:
        await paid(sandbox, await a_slip(sandbox, date(2021, 11, 1)), at(day, 20))
        terminal = terminal_of(sandbox, tmp_path)
        for minute in (0, 1):
            await sandbox.advance(at(day + timedelta(days=1), 9, minute))
            await terminal.pull()
        steps = [(s.step, s.file_name) for s in reversed(await sandbox.ward.queries.terminal_steps(100))]
        name = "SHUNO20211001.txt"
        assert steps == [("logged_in", ""), ("begun", name), ("logged_in", ""), ("registered", name), ("deleted", name)]
        accesses = [(a.what, a.outcome) for a in reversed(await sandbox.provider.queries.terminal_accesses(100))]
        assert accesses == [
            ("login", "admitted"),
            ("list", "admitted"),
            (f"file {name}", "admitted"),
            ("login", "admitted"),
            ("list", "admitted"),
        ]


# ---- files that go wrong ----------------------------------------------------------------------------------


async def fetched_later(sandbox: Sandbox, folder: Path, *, again: bool = False) -> Sequence[Fetched]:
    """Begin a transfer, wait until the line has carried it, register."""
    terminal = terminal_of(sandbox, folder)
    await terminal.pull(again=again)
    await sandbox.advance(sandbox.clock.now() + timedelta(minutes=5))
    return await terminal.pull()


async def test_a_file_fetched_again_is_registered_once_and_noticed(tmp_path: Path) -> None:
    day = date(2021, 10, 1)
    async with sandbox_at(at(day, 9), BY_FILE) as sandbox:
        await paid(sandbox, await a_slip(sandbox, date(2021, 11, 1)), at(day, 20))
        await sandbox.advance(at(day + timedelta(days=1), 9))
        assert [(one.records, one.new) for one in await fetched_later(sandbox, tmp_path)] == [(1, 1)]
        books = (await sandbox.books())["ward"]

        terminal = terminal_of(sandbox, tmp_path)
        assert await terminal.pull() == []  # nothing new
        (again,) = await fetched_later(sandbox, tmp_path, again=True)
        assert (again.outcome, again.records, again.new) == ("registered", 1, 0)
        assert again.detail == "received again: every record was known"
        assert (await sandbox.books())["ward"] == books
        (file,) = await sandbox.ward.queries.received_files(10)
        assert (file.times_received, file.records, file.new) == (2, 1, 1)


async def test_a_payment_taken_back_the_same_day_leaves_nothing_outstanding_paid(tmp_path: Path) -> None:
    """速報 and 取消 of one payment in one file."""
    day = date(2021, 10, 1)
    async with sandbox_at(at(day, 9), BY_FILE) as sandbox:
        slip = await a_slip(sandbox, date(2021, 11, 1))
        payment_id = await paid(sandbox, slip, at(day, 15), REVERSING_BANK)
        await sandbox.advance(at(day + timedelta(days=1), 9))
        (file,) = await fetched_later(sandbox, tmp_path)
        assert (file.outcome, file.records, file.new) == ("registered", 2, 2)
        receipt = expect(await sandbox.ward.queries.receipt(payment_id))
        assert not receipt.stands
        assert expect(await sandbox.ward.queries.slip(slip.slip_number)).outstanding == 8_500


async def test_a_file_is_fetched_until_its_retention_ends(tmp_path: Path) -> None:
    day = date(2021, 10, 1)
    overrides = {"payment_provider": {"receipt_file_retention_days": 10}}
    async with sandbox_at(at(day, 9), overrides) as sandbox:
        await paid(sandbox, await a_slip(sandbox, date(2021, 11, 1)), at(day, 20))
        await sandbox.advance(at(date(2021, 10, 12), 0, 59))
        assert "SHUNO20211001.txt" in await contents(sandbox)
        await sandbox.advance(at(date(2021, 10, 12), 1))
        assert "SHUNO20211001.txt" not in await contents(sandbox)
        assert expect_code(await sandbox.provider.centre.file("SHUNO20211001.txt")) == "receipt_file_no_longer_kept"


def expect_all(answers: Sequence[ReceiptView | Refusal]) -> list[ReceiptView]:
    return [expect(answer) for answer in answers]


def expect_code(answer: object) -> str:
    return str(getattr(answer, "code", answer))
