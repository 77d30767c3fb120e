"""`sansha terminal certificates`: what both sides need to try the terminal out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from services.chassis.identity import random_token
from services.chassis.web.certificates import TERMINAL_PURPOSE
from services.console.cli.output import fail, out
from services.console.deployment.terminal_folder import CENTRE_FILE, PINS_FILE, REVOKED_FILE, make_terminal_folder

CENTRE_HOST = "localhost"
USER = "ward-terminal"

app = typer.Typer(add_completion=False)


@app.command()
def certificates(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", file_okay=False, help="A new folder.")],
    port: Annotated[
        int, typer.Option(min=1, max=65_535, metavar="PORT", help="Port on which the collection centre is to listen.")
    ] = 8443,
    host: Annotated[str, typer.Option(metavar="HOST", help="Name by which the terminal calls it.")] = CENTRE_HOST,
) -> None:
    """Make certificates and a password for the terminal and the collection centre; print the variables to set.

    Each side gets a certificate for a year, signed by an authority made for it. The user is ward-terminal; more, and
    renewed ones: sansha terminal certify.
    """
    try:
        own = make_terminal_folder(folder, USER, host)
    except OSError as wrong:
        fail(f"{folder} cannot be made ({wrong.strerror}); name a new folder")
    for line in _variables(folder.resolve(), own.name, f"https://{host}:{port}", random_token()):
        out.print(line, soft_wrap=True, markup=False)


def _variables(folder: Path, own: str, url: str, password: str) -> Sequence[str]:
    return [
        f"export SANSHA_TERMINAL_PASSWORD={password}",
        f"export SANSHA_TERMINAL_CA_FILE={folder / 'ca.pem'}",
        f"export SANSHA_PAYMENT_PROVIDER_TERMINAL_PORT={url.rpartition(':')[2]}",
        f"export SANSHA_PAYMENT_PROVIDER_TERMINAL_CERTIFICATE_FILE={folder / CENTRE_FILE}",
        f"export SANSHA_PAYMENT_PROVIDER_TERMINAL_KEY_FILE={folder / CENTRE_FILE}",
        f"export SANSHA_PAYMENT_PROVIDER_TERMINAL_PINS_FILE={folder / PINS_FILE}",
        f"export SANSHA_PAYMENT_PROVIDER_TERMINAL_REVOKED_FILE={folder / REVOKED_FILE}",
        f"export SANSHA_PAYMENT_PROVIDER_TERMINAL_PURPOSE={TERMINAL_PURPOSE}",
        f"export SANSHA_WARD_TERMINAL_URL={url}",
        f"export SANSHA_WARD_TERMINAL_CERTIFICATE_FILE={folder / own}",
        f"export SANSHA_WARD_TERMINAL_KEY_FILE={folder / own}",
    ]
