"""`sansha access verify`: is the access log as it was written?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from contracts.access_log import Broken, Entry, broken
from contracts.parties import NAMES, PARTIES
from services.console.books.access_logs import log_in_folder, saved_log
from services.console.cli.options import Folder, Json
from services.console.cli.output import emit, fail, out
from services.console.cli.running import run
from services.console.folder import DEFAULT_FOLDER

app = typer.Typer(add_completion=False)


@app.command()
def verify(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]…", help="Saved logs, in place of a data folder.")
    ] = None,
    database_dir: Folder = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Check that no entry was changed, removed or moved: in a data folder, or in saved logs.

    Exit status 1 if one was. It needs no running stack.
    """
    try:
        logs = {str(path): saved_log(path) for path in files} if files else run(_in_folder(database_dir))
    except LookupError as unreadable:
        fail(str(unreadable.args[0]))
    found = {name: broken(entries) for name, entries in logs.items()}
    if as_json:
        emit({name: _document(logs[name], wrong) for name, wrong in found.items()})
    else:
        for name, wrong in found.items():
            _print(NAMES[name].name if name in NAMES else name, len(logs[name]), wrong)
    if any(found.values()):
        raise typer.Exit(1)


async def _in_folder(folder: Path) -> Mapping[str, Sequence[Entry]]:
    return {principal: await log_in_folder(folder, principal) for principal in PARTIES}


def _document(entries: Sequence[Entry], wrong: Sequence[Broken]) -> dict[str, object]:
    return {"entries": len(entries), "whole": not wrong, "findings": [one._asdict() for one in wrong]}


def _print(name: str, entries: int, wrong: Sequence[Broken]) -> None:
    verdict = "[red]改ざんあり not as written[/]" if wrong else "[green]改ざんなし as written[/]"
    out.print(f"{escape(name)}  {entries:,} entries  {verdict}", soft_wrap=True)
    for one in wrong:
        out.print(f"  {escape(one.why)}", soft_wrap=True)
