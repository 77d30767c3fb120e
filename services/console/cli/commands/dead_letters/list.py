"""`sansha dead-letters list`: the dead letters of every party."""

from __future__ import annotations

import json
from typing import Any

import typer
from rich.markup import escape

from contracts.bounds import shown
from services.console.cli.options import Json, PortBase
from services.console.cli.output import emit, err, out
from services.console.cli.running import on_stack
from services.console.stack.addresses import DEFAULT_PORT_BASE, PROCESSES
from services.console.stack.clients import StackClient, Unreachable

LONGEST_VALUE = 2_000
"""Characters of a value on the screen; `--json` prints all of it."""

app = typer.Typer(add_completion=False)


@app.command("list")
def list_letters(port_base: PortBase = DEFAULT_PORT_BASE, as_json: Json = False) -> None:
    """List the dead letters of every party.

    Exits with 1 if there are any.
    """
    rows = on_stack(_of_all_parties, port_base)
    if as_json:
        emit(rows)
    else:
        for row in rows:
            out.print(
                f"[red]{row['party']}[/] {escape(row['id'])}  {escape(row['event_type'])}  {row['failed_at']}"
                f"\n  {escape(row['reason'])}"
            )
            out.print(f"  {escape(_one_line(row['value']))}")
        out.print(
            "no dead letters"
            if not rows
            else f"{len(rows)} dead letters; replay with: sansha dead-letters replay PARTY ID"
        )
    raise typer.Exit(1 if rows else 0)


def _one_line(value: Any) -> str:
    """Escaped where it would move the cursor; a long value is cut."""
    return shown(json.dumps(value, ensure_ascii=False), LONGEST_VALUE)


async def _of_all_parties(client: StackClient) -> list[dict[str, Any]]:
    """Of the parties that answer; the others are named on stderr. Raises `Unreachable` if none answers."""
    found, silent = [], []
    for process in PROCESSES:
        try:
            letters = await client.get(process.principal, "/ops/dead-letters")
        except Unreachable as no_answer:
            silent.append(no_answer)
        else:
            found += [{"party": process.principal, **row} for row in letters]
    if len(silent) == len(PROCESSES):
        raise silent[0]
    for unreachable in silent:
        err.print(f"not asked: {unreachable}", soft_wrap=True)
    return found
