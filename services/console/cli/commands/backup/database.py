"""`sansha backup database`: back up a party's database on PostgreSQL."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from rich.markup import escape

from services.chassis.outages import Unusable
from services.console.backup.making import keep_latest
from services.console.backup.manifest import Manifest
from services.console.backup.postgresql import back_up_database, restore_database
from services.console.backup.restoring import NotRestored
from services.console.backup.schedule import keep_making
from services.console.backup.snapshot import CannotBackUp
from services.console.cli.commands.backup import DEFAULT_TO, BackupEvery, Keys, Party, To, keys_of, url_of
from services.console.cli.output import err, fail, out
from services.console.cli.running import run
from services.console.folder import DEFAULT_FOLDER

app = typer.Typer(add_completion=False)


@app.command()
def database(
    party: Party,
    to: To = DEFAULT_TO,
    keys: Keys = None,
    keep: Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="Keep the latest N backups.")] = 14,
    every: BackupEvery = None,
) -> None:
    """Back up a party's database on PostgreSQL while the party runs: at once, or with --every until it is stopped.

    It is the database of SANSHA_<PARTY>_DATABASE_URL, or of the file database_url in SANSHA_SECRETS_DIR.
    """
    make = partial(_one, url_of(party), to, keys_of(keys, DEFAULT_FOLDER), keep)
    try:
        if every is None:
            out.print(f"backed up {escape(party)} into {run(make())}", soft_wrap=True)
        else:
            run(_until_stopped(every, make))
    except (CannotBackUp, Unusable) as wrong:
        fail(str(wrong))
    except (OSError, asyncpg.PostgresError) as failure:
        fail(f"{escape(party)} is not backed up: {failure}")


def restored(backup: Path, url: str, keys: Path) -> Manifest:
    """Restore a backup into the database of a URL. Raises as `restore_database`, with the server's refusals as
    `NotRestored`.
    """
    try:
        return run(restore_database(backup, url, keys))
    except asyncpg.PostgresError as refused:
        raise NotRestored(f"the server refuses ({refused}), and nothing was restored") from None


async def _one(url: str, to: Path, keys: Path, keep: int) -> Path:
    made = await back_up_database(url, to, keys)
    keep_latest(to, keys, keep, "database")
    return made


async def _until_stopped(every: float, make: Callable[[], Awaitable[Path]]) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await keep_making(every, make, stopping, lambda line: err.print(escape(line), soft_wrap=True))
