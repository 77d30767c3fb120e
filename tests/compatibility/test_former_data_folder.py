"""A data folder written before events and columns had their present names opens, and its events are handled.

`data_folder_before_accepted.tar.xz` was written by `sansha up` of that version with seed 5: four card payments at UC on
2021-07-01, then, with the ward left out, the clock advanced to 2021-07-28, past the closing of 10 July and its deposit.
So the log holds `proxy_payment_taken_on.v1` and, not yet read by the ward, `closing_statement_issued.v1`.
"""

import sqlite3
import tarfile
from contextlib import closing
from datetime import date, time
from pathlib import Path

import pytest

from contracts import topics
from contracts.vocabulary import on_the_clock
from services.console.books.audit import audit
from services.console.sandbox.sandbox import Sandbox

WRITTEN_BEFORE = Path(__file__).parent / "data_folder_before_accepted.tar.xz"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with tarfile.open(WRITTEN_BEFORE) as archive:
        archive.extractall(tmp_path, filter="data")
    for log in (tmp_path / "bus").glob(
        "*.log.sqlite"
    ):  # as if written today: the log drops what is older than its retention
        with closing(sqlite3.connect(log)) as topic, topic:
            topic.execute("UPDATE batches SET appended_at = strftime('%s')")
    with (
        closing(sqlite3.connect(tmp_path / "bus" / "groups.sqlite")) as groups,
        groups,
    ):  # the acceptances are read again
        groups.execute("DELETE FROM offsets WHERE name = 'payment_provider' AND topic LIKE '%.proxy_payments'")
    return tmp_path


async def test_a_data_folder_from_before_the_new_names_opens_and_its_unread_events_are_handled(folder: Path) -> None:
    sandbox = Sandbox(on_the_clock(date(2021, 7, 28), time(0)), seed=5, folder=folder)
    await sandbox.start()
    try:
        before = await sandbox.books()
        assert [p.status for p in before[topics.PAYMENT_PROVIDER].payments] == ["confirmed"] * 4
        assert list(before[topics.WARD].reconciled) == []

        await sandbox.settle()

        books = await sandbox.books()
        (statement,) = books["card_agent.uc"].statements
        assert list(books[topics.WARD].reconciled) == [statement.statement_id]
        assert audit(books).conserved
        assert [letter for service in sandbox.services for letter in await service.dead_letters()] == []
        assert books[topics.PAYMENT_PROVIDER] == before[topics.PAYMENT_PROVIDER]
    finally:
        await sandbox.close()
