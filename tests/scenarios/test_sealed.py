"""A sealed year is the same year; its receipt files are opened by the ward's terminal, and by nobody on the way."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from contracts import topics
from contracts.parties import PARTIES
from contracts.sealing import CONTENT_TYPE, FILE_MARK, SEALED
from services.chassis.sealing.port import Keyless
from services.console.books.digest import digest
from services.console.demo.year import DemoOptions, opened_sandbox, play, run_demo
from services.console.keys import key_settings
from services.console.sandbox.scene import SandboxScene
from services.console.sandbox.terminal import terminal_of
from services.ward.terminal import Terminal
from tests.scenarios.test_receipt_files import BY_FILE, a_slip, at, contents, copies, paid, sandbox_at

A_SUMMER = DemoOptions(cards=12, banks=8, first_day=date(2021, 6, 1), last_day=date(2021, 9, 30), stories=0)


async def test_the_same_seed_gives_the_same_digest_sealed_or_not(keys: Path) -> None:
    plain = await run_demo(A_SUMMER)
    overrides = {principal: key_settings(keys, principal) for principal in PARTIES}
    async with opened_sandbox(A_SUMMER, overrides) as sandbox:
        sealed = await play(SandboxScene(sandbox), A_SUMMER, began=0.0)
        assert digest(await sandbox.books()) == sealed.digest == plain.digest
        for topic in topics.TOPICS:
            for message in await sandbox.bus.read(topic.name, max_records=100_000):
                assert dict(message.headers)[CONTENT_TYPE] == SEALED, topic.name


async def test_a_sealed_file_is_fetched_opened_and_registered_and_no_line_of_it_is_ever_on_a_disk_in_clear(
    keys: Path, tmp_path: Path
) -> None:
    overrides = {principal: key_settings(keys, principal) for principal in PARTIES}
    overrides[topics.WARD] |= BY_FILE[topics.WARD]
    async with sandbox_at(at(date(2021, 7, 1), 9), overrides) as sandbox:
        slip = await a_slip(sandbox, date(2021, 7, 30))
        assert slip.barcode is not None
        payment_id = await paid(sandbox, slip, at(date(2021, 7, 5), 12))
        await sandbox.advance(at(date(2021, 7, 6), 10))
        ((name, content),) = (await contents(sandbox)).items()
        assert content.startswith(f"{FILE_MARK} 2021-07 ward=".encode())
        assert slip.slip_number.encode() not in content
        assert slip.barcode.encode() not in content

        terminal = terminal_of(sandbox, tmp_path)
        (waiting,) = await terminal.pull()
        assert (waiting.name, waiting.outcome) == (name, "receipt_file_on_the_line")
        (copy,) = copies(tmp_path)
        assert (tmp_path / copy).read_bytes() == content, "the copy at the terminal is sealed, too"
        await sandbox.advance(at(date(2021, 7, 6), 11))
        (done,) = await terminal.pull()
        assert (done.outcome, done.records, done.new) == ("registered", 1, 1)
        assert copies(tmp_path) == []
        assert (await sandbox.ward.books()).receipts[0].payment_id == payment_id


async def test_a_terminal_without_the_ward_s_keys_registers_nothing_and_says_why(keys: Path, tmp_path: Path) -> None:
    overrides = {principal: key_settings(keys, principal) for principal in PARTIES}
    async with sandbox_at(at(date(2021, 7, 1), 9), overrides) as sandbox:
        await paid(sandbox, await a_slip(sandbox, date(2021, 7, 30)), at(date(2021, 7, 5), 12))
        await sandbox.advance(at(date(2021, 7, 6), 10))
        terminal = terminal_of(sandbox, tmp_path)
        centre, desk, user = terminal._centre, terminal._desk, terminal._user
        (refused,) = await Terminal(centre, desk, tmp_path, user, Keyless()).pull()
        assert refused.outcome == "receipt_file_unopenable"
        assert "there are no private keys (SANSHA_SEALING_KEYS_FILE) to open it" in refused.detail
        assert copies(tmp_path) == []
