"""`sansha terminal certify`: issue or renew a user's certificate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from services.console.cli.output import fail, out
from services.console.deployment.certificates import NoAuthority
from services.console.deployment.terminal_folder import certify

app = typer.Typer(add_completion=False)


@app.command("certify")
def on_folder(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", exists=True, file_okay=False, help="The folder of: terminal certificates"),
    ],
    user: Annotated[str, typer.Argument(metavar="USER", help="User ID at the collection centre.")],
) -> None:
    """Issue a user's certificate for a year, or renew it, and pin it to the user.

    A former one stays good until its end; sansha terminal revoke ends it at once.
    """
    try:
        file = certify(folder, user)
    except (NoAuthority, ValueError) as wrong:
        fail(str(wrong))
    except OSError as failure:
        fail(f"{failure.filename or folder}: {failure.strerror}; name a folder that can be written")
    out.print(f"made {file}; give it to the terminal of {escape(user)} alone", soft_wrap=True)
