"""`sansha terminal revoke`: revoke a user's certificates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from services.console.cli.output import fail, out
from services.console.deployment.certificates import NoAuthority
from services.console.deployment.terminal_folder import revoke

app = typer.Typer(add_completion=False)


@app.command("revoke")
def on_folder(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", exists=True, file_okay=False, help="The folder of: terminal certificates"),
    ],
    user: Annotated[str, typer.Argument(metavar="USER", help="User ID at the collection centre.")],
) -> None:
    """Revoke every certificate of a user: refused from the next request on, without a restart.

    Afterwards a new one can be issued: sansha terminal certify.
    """
    try:
        count = revoke(folder, user)
    except (NoAuthority, ValueError) as wrong:
        fail(str(wrong))
    except LookupError as unknown:
        fail(str(unknown.args[0]))
    except OSError as failure:
        fail(f"{failure.filename or folder}: {failure.strerror}; name a folder that can be written")
    out.print(f"revoked {count} certificate(s) of {escape(user)}", soft_wrap=True)
