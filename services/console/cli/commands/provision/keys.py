"""`sansha provision keys`: a party's own keys for sealing, for the months of a contract."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contracts.bounds import FIRST_INSTANT, LAST_INSTANT
from contracts.sealing import is_period, period_of, periods
from services.chassis.sealing.key_files import write_public_keys
from services.chassis.sealing.port import MissingKeys
from services.console.cli.output import fail, out
from services.console.keys import MAKE, keys_file
from services.console.stack.addresses import process_of

app = typer.Typer(add_completion=False)


@app.command()
def keys(
    folder: Annotated[Path, typer.Argument(metavar="DIR", file_okay=False, help="Folder to keep the keys in.")],
    party: Annotated[str, typer.Option(metavar="PARTY", help="Whose keys, like ward or uc.")],
    first: Annotated[str, typer.Option("--from", metavar="MONTH", help="First month, like 2021-04.")] = "",
    last: Annotated[str, typer.Option("--to", metavar="MONTH", help="Last month, like 2022-03.")] = "",
) -> None:
    """Make a party's keys for sealing: its private ones, and the public ones for the other parties.

    Keys that exist stay, and those that were destroyed are not made again. Without months, keys are made for all that
    the clock may show.
    """
    months = first or period_of(FIRST_INSTANT), last or period_of(LAST_INSTANT)
    for month in months:
        if not is_period(month):
            fail(f"{month!r} is no month; write it like 2021-04")
    try:
        principal = process_of(party).principal
        own = keys_file(folder, principal)
        public = MAKE.load()(own, principal, periods(*months))
        handed = folder / "public" / f"{principal}.json"
        write_public_keys(handed, {principal: public})
    except LookupError as unknown:
        fail(str(unknown.args[0]))
    except MissingKeys as wrong:
        fail(str(wrong))
    except OSError as failure:
        fail(f"{failure.filename or folder}: {failure.strerror}; name a folder that can be written")
    out.print(f"{principal} has keys for {len(public)} months", soft_wrap=True)
    out.print(f"private, for itself alone: SANSHA_SEALING_KEYS_FILE={own}", soft_wrap=True)
    out.print(f"public, for the others' SANSHA_SEALING_READERS_FILE (a folder of these): {handed}", soft_wrap=True)
