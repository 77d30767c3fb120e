"""`sansha`: the command line. Every reporting command has `--json`: one document on stdout, progress on stderr.

Exit status: 0 if what the command checks holds, 1 if it does not, 2 for bad input or a stack that does not answer.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from rich.markup import escape

from services.console import __version__
from services.console.cli.lazy_group import LazyGroup
from services.console.cli.output import err, out

app = typer.Typer(cls=LazyGroup, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _version(asked: bool) -> None:
    if asked:
        out.print(__version__)
        raise typer.Exit


@app.callback()
def sansha(
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """三者 sansha: the three parties of a Japanese municipal payment contract, to test, demonstrate and load-test."""


def main() -> None:
    """The command `sansha`: bad input ends in one clear line and exit status 2.

    What a command writes, such as slips, notices and reports, may hold personal data: it is its owner's alone.
    """
    umask = os.umask(0o077)
    try:
        sys.exit(app(prog_name="sansha", standalone_mode=False))
    except typer.TyperException as wrong:
        said = " ".join(wrong.format_message().split()).rstrip(".")
        if said:  # empty if no command was given: the help was printed then
            err.print(f"[red]sansha:[/] {escape(said)}; see --help", soft_wrap=True)
        sys.exit(2)
    finally:
        os.umask(umask)
