"""`sansha terminal certificates`: what both sides need to try the terminal out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from trustme import CA

from services.chassis.identity import random_token
from services.console.cli.output import fail, out

CENTRE_HOST = "localhost"

app = typer.Typer(add_completion=False)


@app.command()
def certificates(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", file_okay=False, help="A new folder.")],
    port: Annotated[
        int, typer.Option(min=1, max=65_535, metavar="PORT", help="Port on which the collection centre is to listen.")
    ] = 8443,
) -> None:
    """Make certificates and a password to try the terminal with; print the variables to set.

    Each side gets a certificate, signed by an authority made for it. Never use them for real data.
    """
    try:
        folder.mkdir(mode=0o700, parents=True)
    except OSError as wrong:
        fail(f"{folder} cannot be made ({wrong.strerror}); name a new folder")
    authority = CA(organization_name="sansha trial", organization_unit_name="never for real data")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    for side, names in (("centre", (CENTRE_HOST, "127.0.0.1")), ("terminal", ("ward-terminal.invalid",))):
        made = authority.issue_cert(*names)
        made.cert_chain_pems[0].write_to_path(str(folder / f"{side}.pem"))
        made.private_key_pem.write_to_path(str(folder / f"{side}.key"))
        (folder / f"{side}.key").chmod(0o600)
    for line in _variables(folder.resolve(), port, random_token()):
        out.print(line, soft_wrap=True, markup=False)


def _variables(folder: Path, port: int, password: str) -> Sequence[str]:
    return [
        f"export SANSHA_TERMINAL_PASSWORD={password}",
        f"export SANSHA_TERMINAL_CA_FILE={folder / 'ca.pem'}",
        f"export SANSHA_PAYMENT_PROVIDER_TERMINAL_PORT={port}",
        f"export SANSHA_PAYMENT_PROVIDER_TERMINAL_CERTIFICATE_FILE={folder / 'centre.pem'}",
        f"export SANSHA_PAYMENT_PROVIDER_TERMINAL_KEY_FILE={folder / 'centre.key'}",
        f"export SANSHA_WARD_TERMINAL_URL=https://{CENTRE_HOST}:{port}",
        f"export SANSHA_WARD_TERMINAL_CERTIFICATE_FILE={folder / 'terminal.pem'}",
        f"export SANSHA_WARD_TERMINAL_KEY_FILE={folder / 'terminal.key'}",
    ]
