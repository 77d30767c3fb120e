"""The terminal: what every command prints on, reads days with, and fails through."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from datetime import date
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from services.console.folder import DEFAULT_FOLDER
from services.console.stack.addresses import DEFAULT_PORT_BASE, Addresses

out, err = Console(highlight=False), Console(stderr=True, highlight=False)

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
PortBase = Annotated[int, typer.Option("--port-base", min=1, max=65_000, help="First port of the stack.")]
OnStack = Annotated[bool, typer.Option("--stack", help="Ask a running stack, not a folder.")]
Folder = Annotated[Path, typer.Option("--database-dir", help="The stack's data folder.", file_okay=False)]

FIRST_DAY, LAST_DAY = date(2000, 4, 1), date(2099, 3, 31)
"""Levy years 2000 to 2098: long-term-care insurance began with the first, the bank calendar ends after the last."""

__all__ = [
    "DEFAULT_FOLDER",
    "DEFAULT_PORT_BASE",
    "Folder",
    "Json",
    "OnStack",
    "PortBase",
    "a_day",
    "emit",
    "err",
    "fail",
    "on_stack",
    "out",
    "stack_addresses",
    "write",
]


def fail(message: str, code: int = 2) -> NoReturn:
    """One line on stderr, and out."""
    err.print(f"[red]sansha:[/] {escape(message)}", soft_wrap=True)
    raise typer.Exit(code)


def emit(document: Any) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n")


def write(document: bytes, to: Path, option: str) -> None:
    """Into the file that `option` names, or onto stdout for `-`; a file that cannot be written ends in one line."""
    if str(to) == "-":
        sys.stdout.buffer.write(document)
        return
    try:
        to.write_bytes(document)
    except OSError as wrong:
        fail(f"{to} cannot be written ({wrong.strerror}); name another file with {option}")


def stack_addresses(port_base: int) -> Addresses:
    """Where the stack is: on this machine, or where the environment says."""
    try:
        return Addresses.from_environment(port_base)
    except ValueError as wrong:
        fail(str(wrong))


def on_stack(work: Callable[[Any], Coroutine[Any, Any, Any]], port_base: int) -> Any:
    """Do something with a running stack; its refusals and silences become one line."""
    from services.console.stack.clients import Refused, StackClient, Unreachable

    addresses = stack_addresses(port_base)

    async def run() -> Any:
        async with StackClient(addresses) as client:
            return await work(client)

    try:
        return asyncio.run(run())
    except Refused as refused:
        fail(str(refused), 1 if refused.problem.code == "clock_blocked" else 2)
    except Unreachable as silent:
        fail(str(silent))


def a_day(text: str | date) -> date:
    """A day of the command line; a default is one already."""
    if isinstance(text, date):
        return text
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a day; write it like 2021-08-02") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise typer.BadParameter(f"{text} is too far away; give a day from {FIRST_DAY} to {LAST_DAY}")
    return day
