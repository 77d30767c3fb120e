"""`sansha provision secrets`: the passwords, keys and certificates of a stack."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.chassis.sealing.port import MissingKeys
from services.console.cli.output import fail, out
from services.console.deployment.certificates import NoAuthority, make_certificates
from services.console.deployment.sealing import make_sealing_keys
from services.console.deployment.secrets import make_secrets

app = typer.Typer(add_completion=False)


@app.command()
def secrets(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", file_okay=False, help="Folder to create them in, with one folder per owner."),
    ],
) -> None:
    """Make the passwords, sealing keys and certificates of a stack. Those that exist are left unchanged.

    A certificate that ends within 30 days is renewed.
    """
    try:
        made = [*make_secrets(folder), *make_sealing_keys(folder), *make_certificates(folder)]
    except (MissingKeys, NoAuthority) as wrong:
        fail(str(wrong))
    except OSError as failure:
        fail(f"{failure.filename or folder}: {failure.strerror}; name a folder that can be written")
    for file in made:
        out.print(f"made {file.relative_to(folder)}", soft_wrap=True)
    out.print(f"{len(made)} secrets made in {folder}" if made else f"every secret exists already in {folder}")
