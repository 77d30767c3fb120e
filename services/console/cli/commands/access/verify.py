"""`sansha access verify`: is the access log as it was written?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.markup import escape

from contracts.access_log import Checkpoint, Entry, broken, erased
from contracts.parties import NAMES, PARTIES
from services.console.books.access_logs import (
    checkpoints_in_folder,
    forged,
    log_in_folder,
    saved_checkpoints,
    saved_log,
)
from services.console.cli.options import Folder, Json
from services.console.cli.output import emit, fail, out
from services.console.cli.running import run
from services.console.cli.times import in_japan
from services.console.folder import DEFAULT_FOLDER

app = typer.Typer(add_completion=False)


@app.command()
def verify(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]…", help="Saved logs, in place of a data folder.")
    ] = None,
    checkpoints: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Checkpoints that the other parties hold, for one saved log."),
    ] = None,
    database_dir: Folder = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Check that no entry was changed, removed or moved: in a data folder, or in saved logs.

    The checkpoints that other parties hold are checked as well; those of a data folder are found by themselves. Exit
    status 1 if something is wrong. It needs no running stack.
    """
    if checkpoints is not None and len(files or ()) != 1:
        fail("--checkpoints are those of one party: name its one saved log")
    try:
        if files:
            held = saved_checkpoints(checkpoints) if checkpoints is not None else ()
            logs = {str(path): Log(saved_log(path), held) for path in files}
        else:
            logs = run(_in_folder(database_dir))
    except LookupError as unreadable:
        fail(str(unreadable.args[0]))
    found = {name: log.findings for name, log in logs.items()}
    if as_json:
        emit({name: _document(logs[name], wrong) for name, wrong in found.items()})
    else:
        for name, wrong in found.items():
            _print(NAMES[name].name if name in NAMES else name, logs[name], wrong)
    if any(found.values()):
        raise typer.Exit(1)


class Log(NamedTuple):
    """A whole log, and what the other parties hold of it."""

    entries: Sequence[Entry]
    checkpoints: Sequence[Checkpoint]

    @property
    def findings(self) -> Sequence[str]:
        return [*forged(self.checkpoints), *(one.why for one in broken(self.entries, self.checkpoints))]


async def _in_folder(folder: Path) -> dict[str, Log]:
    logs: dict[str, Log] = {}
    for principal in PARTIES:
        held = await checkpoints_in_folder(folder, principal)
        kept = list(dict.fromkeys(checkpoint for of_keeper in held.values() for checkpoint in of_keeper))
        logs[principal] = Log(await log_in_folder(folder, principal), kept)
    return logs


def _document(log: Log, wrong: Sequence[str]) -> dict[str, object]:
    return {
        "entries": len(log.entries),
        "checkpoints": len(log.checkpoints),
        "whole": not wrong,
        "erased": erased(log.entries)._asdict(),
        "findings": [*wrong],
    }


def _print(name: str, log: Log, wrong: Sequence[str]) -> None:
    verdict = "[red]改ざんあり not as written[/]" if wrong else "[green]改ざんなし as written[/]"
    counted = f"{len(log.entries):,} entries, checkpoints: {len(log.checkpoints):,}"
    out.print(f"{escape(name)}  {counted}  {verdict}", soft_wrap=True)
    gone = erased(log.entries)
    if gone.last_at is not None:
        last = in_japan(gone.last_at)
        out.print(f"  対象者消去済 persons erased: {gone.entries:,} entries, the last of {last}; see the certificates")
    for one in wrong:
        out.print(f"  {escape(one)}", soft_wrap=True)
