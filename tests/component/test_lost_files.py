"""A database that is gone, or older than it was, is noticed at the start instead of begun anew."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from services.chassis.outages import Unusable
from testbed.processes import environment
from tests.component.home import Home
from tests.component.tiny_party import Driven, Entry


async def lose_the_database(home: Home, driven: Driven) -> None:
    await driven.service.abandon()
    url = await home.url(driven.principal)
    if home.server is None:
        for file in home.folder.glob(f"{driven.principal}.db*"):
            file.unlink()
        return
    name = url.rpartition("/")[2]
    await home.server.drop(name)
    await home.server.execute(f'CREATE DATABASE "{name}"')


async def test_a_new_database_in_the_place_of_one_that_has_handled_events_is_refused_each_time(home: Home) -> None:
    driven = await Driven.started(home)
    await driven.send(Entry(account="a", name="one"))
    await driven.settle()
    await lose_the_database(home, driven)
    for _ in range(2):
        with pytest.raises(
            Unusable, match=r"is new, and its consumer group payment_provider has handled 1 events before"
        ):
            await driven.start()


async def test_a_new_database_of_a_group_that_was_set_back_or_has_handled_nothing_begins(home: Home) -> None:
    driven = await Driven.started(home)
    await driven.send(Entry(account="a", name="one"))
    await driven.settle()
    done = await driven.bus.committed(driven.principal, driven.service.topics)
    await lose_the_database(home, driven)
    await driven.bus.reset(driven.principal, dict.fromkeys(done, 0))
    await driven.start()
    await driven.settle()
    assert await driven.names() == ["one"], "all that the log holds is handled again"


async def test_a_group_without_offsets_is_delivered_everything_again_and_nothing_twice(home: Home) -> None:
    driven = await Driven.started(home)
    await driven.send(Entry(account="a", name="one"))
    await driven.settle()
    done = await driven.bus.committed(driven.principal, driven.service.topics)
    await driven.service.abandon()
    await driven.bus.reset(driven.principal, dict.fromkeys(done, 0))
    await driven.bus.produce([driven.record(Entry(account="a", name="two"))])
    await driven.start()
    await driven.settle()
    assert sorted(await driven.names()) == ["one", "two"]


def without_the_journal(journal: Path) -> None:
    journal.unlink()


def with_half_of_the_journal(journal: Path) -> None:
    content = journal.read_bytes()
    journal.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize("damage", [without_the_journal, with_half_of_the_journal])
async def test_a_file_whose_journal_is_lost_after_a_kill_is_refused(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    running = await durable(tmp_path / "running")
    await running.send(*(Entry(account="a", name=str(n)) for n in range(50)))
    await running.settle()
    await running.service.database.mark()
    for copy in ("whole", "damaged"):  # as a kill leaves it: a clean end removes the journal
        shutil.copytree(tmp_path / "running", tmp_path / copy)
    await running.service.close()

    whole = await durable(tmp_path / "whole")
    assert len(await whole.names()) == 50
    await whole.service.close()
    database = tmp_path / "damaged" / "payment_provider.db"
    damage(database.with_name(database.name + "-wal"))
    with pytest.raises(Unusable, match=rf"{database} is older than it was .* restore the whole folder"):
        await durable(tmp_path / "damaged")


async def test_an_older_copy_is_refused_until_its_mark_is_deleted(tmp_path: Path) -> None:
    driven = await durable(tmp_path)
    await driven.service.close()
    database = tmp_path / "payment_provider.db"
    older = database.read_bytes()
    await driven.start(database_durable=True)
    await driven.send(Entry(account="a", name="one"))
    await driven.settle()
    await driven.service.close()

    await driven.start(database_durable=True)
    assert await driven.names() == ["one"], "a clean stop leaves nothing to refuse"
    await driven.service.close()
    database.write_bytes(older)
    with pytest.raises(Unusable, match="is older than it was"):
        await driven.start(database_durable=True)
    await driven.service.abandon()
    (tmp_path / "payment_provider.db.mark").unlink()
    await driven.start(database_durable=True)
    assert await driven.names() == []
    await driven.service.close()


async def durable(folder: Path) -> Driven:
    driven = Driven(Home(folder))
    await driven.start(database_durable=True)
    return driven


@pytest.mark.processes
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("secret",), "there is neither SANSHA_DATABASE_URL nor a file database_url"),
        (("database_url",), "there is neither SANSHA_SECRET nor a file secret"),
    ],
)
def test_a_secret_s_file_that_is_gone_ends_the_start_in_one_line(
    tmp_path: Path, given: tuple[str, ...], said: str
) -> None:
    content = {"secret": "a secret of the first start", "database_url": f"sqlite:///{tmp_path}/ward.db"}
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in given:
        (secrets / name).write_text(content[name])
    settings = {"SANSHA_SECRETS_DIR": str(secrets), "SANSHA_BUS_URL": f"embedded:{tmp_path}/bus"}
    command = [sys.executable, "-P", "-m", "services.ward"]
    done = subprocess.run(command, env=environment(**settings), capture_output=True, text=True, timeout=60, check=False)
    lines = [line for line in done.stderr.splitlines() if line.startswith("sansha: ")]
    assert (done.returncode, len(lines)) == (2, 1), done.stderr
    assert said in lines[0]
    assert not list(tmp_path.glob("ward.db*")), "nothing was begun"
