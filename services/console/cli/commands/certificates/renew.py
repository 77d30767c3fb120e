"""`sansha certificates renew`: certificates issued anew, in the place of the former ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.console.cli.output import err, fail, out
from services.console.deployment.certificates import NoAuthority, renew

app = typer.Typer(add_completion=False)


@app.command()
def certificates(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="The folder of: provision secrets")
    ],
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="For whom, as `list` shows; default: everybody.")
    ] = None,
) -> None:
    """Issue certificates anew, with new keys, in the place of the former ones.

    Parties, console and gateway take them on within seconds. Kafka and PostgreSQL take them on at their next start.
    """
    try:
        made = renew(folder, names or ())
    except NoAuthority as wrong:
        fail(str(wrong))
    except LookupError as unknown:
        fail(str(unknown.args[0]))
    except OSError as failure:
        fail(f"{failure.filename or folder}: {failure.strerror}; name a folder that can be written")
    for file in made:
        out.print(f"renewed {file.relative_to(folder)}", soft_wrap=True)
    err.print("restart Kafka and the databases to take theirs on: docker compose restart kafka ward-database …")
