"""乙: migration of a database from before channels were added: its payments, records and closings."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from sqlalchemy import text

from contracts.books import DepositRow, ReceiptRow, StatementRow
from services.chassis.bus.memory import MemoryBus
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.migrations import History, Schema
from services.chassis.migrations.up_to_date import migrate
from services.payment_provider.app import Settings, create_app
from services.payment_provider.migrations import HISTORY
from services.payment_provider.tables import metadata
from tests.component.driven import accepted
from tests.component.driven_provider import NOON, DrivenProvider, slip
from tests.component.home import Home

PAYMENT = """
    INSERT INTO payments (payment_id, slip_number, attempt, barcode, amount, consent_id, scanned_at, status, method,
        settler, bank_code, paid_at, received_on, confirm_at, closes_on, deposit_on)
    VALUES ('p1', :slip, 1, :barcode, 8500, 'c1', 1618196400000000, 'paid', 'internet_banking', 'bank', '0001',
        1618196402000000, '2021-04-12', 1618444800000000, '2021-04-12', '2021-04-14')
"""
RECEIPT = "INSERT INTO receipts VALUES ('p1', '01', 8500, '2021-04-12', 1618196402000000)"
CLOSING = """
    INSERT INTO bank_closings
    VALUES ('2021-04-12', 's1', '2021-04-14', 1, 8500, 1618241400000000, 'd1', '2021-04-14')
"""


async def test_payments_records_and_closings_of_the_bank_network_are_taken_over(home: Home, tmp_path: Path) -> None:
    before = tmp_path / "before"
    before.mkdir()
    shutil.copy(HISTORY.folder / "0001_tables.py", before)
    database = Database(await home.url("provider"))
    async with database.begin() as session:
        # at no revision, so that only the revisions make the tables
        await session.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)"))
    chassis, _ = create_app(
        Settings(seed=1, database_url="sqlite:///nowhere.db"), MemoryBus(), Clock.stepped(NOON)
    ).schemas
    await migrate(database, (chassis, Schema(metadata, History(HISTORY.name, 1, before))))
    async with database.begin() as session:
        await session.execute(text(PAYMENT), {"slip": slip()[8:29], "barcode": slip()})
        await session.execute(text(RECEIPT))
        await session.execute(text(CLOSING))
    await database.close()

    driven = await DrivenProvider.started(home)
    books = await driven.service.books()
    assert books.receipts == [ReceiptRow("p1", "01", 8_500, date(2021, 4, 12))]
    assert books.statements == [StatementRow("s1", "bank", date(2021, 4, 12), date(2021, 4, 14), 1, 8_500, 0)]
    assert books.deposits == [DepositRow("d1", "s1", "bank", 8_500, date(2021, 4, 14))]
    (payment,) = books.payments
    assert (payment.payment_id, payment.status, payment.settler) == ("p1", "paid", "bank")
    assert accepted(await driven.service.queries.payment("p1")).amount == 8_500
    waiting = await driven.waiting("p1")
    assert waiting is not None
    assert waiting.waits_for.startswith("確報")
