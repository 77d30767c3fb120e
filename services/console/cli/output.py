"""What a command prints, and the one line in which it fails."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

out, err = Console(highlight=False, emoji=False), Console(stderr=True, highlight=False, emoji=False)


def fail(message: str, code: int = 2) -> NoReturn:
    """Prints one line on stderr and exits."""
    err.print(f"[red]sansha:[/] {escape(message)}", soft_wrap=True)
    raise typer.Exit(code)


def emit(document: Any) -> None:
    """Prints one JSON document on stdout."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n")


def write(document: bytes, to: Path, option: str) -> None:
    """Writes into the file that `option` named, or onto stdout for `-`; fails if the file cannot be written.

    A file that was there loses the rights of others: what is written may hold personal data.
    """
    if str(to) == "-":
        sys.stdout.buffer.write(document)
        return
    try:
        with to.open("wb") as file:
            if to.is_file():
                os.fchmod(file.fileno(), 0o600)
            file.write(document)
    except OSError as wrong:
        fail(f"{to} cannot be written ({wrong.strerror}); name another file with {option}")
