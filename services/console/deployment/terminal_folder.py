"""A folder with what the terminal's two sides need: an authority, the centre's certificate, one for each user.

`pins.json` has each user's certificates, `revoked.pem` the list of revoked ones, signed by the authority: the
collection centre reads both as they change. Every certificate is in one file with its key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from services.console.deployment.authority import Authority, Purpose, known, revoked_serials
from services.console.deployment.certificates import AUTHORITY, AUTHORITY_FILE, CA_FILE, HERE, authority_of, one_file
from services.console.deployment.secret_files import write_secret

CENTRE_FILE: Final = "centre.pem"
PINS_FILE: Final = "pins.json"
REVOKED_FILE: Final = "revoked.pem"

Pins = Mapping[str, Sequence[Mapping[str, str]]]


def make_terminal_folder(folder: Path, user: str, host: str) -> Path:
    """Make all of it in a new folder; returns the user's certificate. Raises `OSError`."""
    folder.mkdir(mode=0o700, parents=True)
    authority, issued = Authority.made("sansha terminals")
    (folder / AUTHORITY).mkdir(mode=0o700)
    write_secret(folder / AUTHORITY / AUTHORITY_FILE, one_file(issued))
    write_secret(folder / CA_FILE, authority.pem)
    hosts = tuple(dict.fromkeys((host, *HERE)))
    write_secret(folder / CENTRE_FILE, one_file(authority.issue("collection centre", Purpose.SERVER, hosts)))
    write_secret(folder / REVOKED_FILE, authority.revoked([]))
    return certify(folder, user)


def certify(folder: Path, user: str) -> Path:
    """Issue a user's certificate, or renew it, and pin it. A former one stays good until its end, unless revoked.

    Raises `NoAuthority`, `OSError`, `ValueError` for a damaged file or a user that is no file's name.
    """
    if not user or not user.isprintable() or "/" in user or user.startswith("."):
        raise ValueError(f"{user!r} is no user ID; give letters and digits")
    issued = authority_of(folder).issue(user, Purpose.TERMINAL)
    about = known(issued.certificate)
    pin = {"sha256": about.sha256, "serial": about.serial, "until": about.not_after.isoformat()}
    pins = _pins(folder)
    _write_pins(folder, {**pins, user: [*pins.get(user, ()), pin]})
    file = folder / f"{user}.pem"
    write_secret(file, one_file(issued))
    return file


def revoke(folder: Path, user: str) -> int:
    """Revoke every certificate of a user; returns how many. They are refused from the next request on.

    Raises `LookupError` if the user has none; else as `certify`.
    """
    authority, pins = authority_of(folder), dict(_pins(folder))
    of_user = pins.pop(user, ())
    if not of_user:
        raise LookupError(f"{user} has no certificate; there are certificates of {', '.join(sorted(pins)) or 'nobody'}")
    before = revoked_serials((folder / REVOKED_FILE).read_text())
    write_secret(folder / REVOKED_FILE, authority.revoked([*before, *(pin["serial"] for pin in of_user)]))
    _write_pins(folder, pins)
    (folder / f"{user}.pem").unlink(missing_ok=True)
    return len(of_user)


def _pins(folder: Path) -> Pins:
    file = folder / PINS_FILE
    document: Any = json.loads(file.read_text()) if file.exists() else {}
    if not isinstance(document, dict):
        raise ValueError(f"{file} is damaged; restore it")
    return document


def _write_pins(folder: Path, pins: Pins) -> None:
    write_secret(folder / PINS_FILE, json.dumps(pins, ensure_ascii=False, indent=1) + "\n")
