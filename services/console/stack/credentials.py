"""Users of a stack that are made at its first start, and where commands find the key they send.

In the data folder, `access/<principal>.json` has a party's users, `access/<user>.key` the key of software, each
readable by its owner only. `sansha up` writes down where the operator's key is, by port, so that commands on this
machine find it; elsewhere SANSHA_KEY holds a key, or the file `operator_key` of SANSHA_SECRETS_DIR.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import httpx

from contracts import topics
from contracts.parties import PARTIES, PRINCIPALS
from contracts.roles import EVERY_ROLE, Role
from services.chassis.access.users import User, read_users, with_key, write_users
from services.console.stack.private_files import write_private
from services.console.stack.signing_keys import make_signing_keys

KEY_VARIABLE: Final = "SANSHA_KEY"
SECRETS_VARIABLE: Final = "SANSHA_SECRETS_DIR"
OPERATOR: Final = "operator"


class Software(NamedTuple):
    """A user that is a program, made at the first start."""

    user: str
    roles: frozenset[Role]
    purpose: str
    at: tuple[str, ...]
    """The principals that it is a user of."""


SOFTWARE: Final = (
    Software(OPERATOR, EVERY_ROLE, "シミュレーションの操作 (operating the simulation)", PRINCIPALS),
    Software(
        "app",
        frozenset({Role.PAYER_APP}),
        "納付 (payment by the payer)",
        tuple(p for p in PARTIES if p != topics.WARD),
    ),
    Software(
        "networks",
        frozenset({Role.PEER}),
        "収納 (collection in other channels)",
        (topics.PAYMENT_PROVIDER,),
    ),
)


def users_file(folder: Path, principal: str) -> Path:
    """The users of a party in a data folder."""
    return folder / "access" / f"{principal}.json"


def key_file(folder: Path, user: str) -> Path:
    """The key of software in a data folder."""
    return folder / "access" / f"{user}.key"


def make_users(folder: Path) -> None:
    """Make the users and signing keys that are missing, and a new key for software whose key is gone.

    Raises `UnusableUsers` for a damaged file, `OSError` if the folder cannot be written.
    """
    make_signing_keys(folder)
    missing = [software for software in SOFTWARE if not key_file(folder, software.user).exists()]
    for software in missing:
        user, key = with_key(software.user, software.roles, software.purpose)
        for principal in software.at:
            _put(users_file(folder, principal), user)
        write_private(key_file(folder, software.user), f"{key}\n")
    for principal in PRINCIPALS:
        if not users_file(folder, principal).exists():
            write_users(users_file(folder, principal), _known(folder, principal))


def _known(folder: Path, principal: str) -> Iterator[User]:
    """The software of a party whose users are gone, by the keys that are there."""
    for software in SOFTWARE:
        if principal in software.at:
            key = key_file(folder, software.user).read_text().strip()
            yield with_key(software.user, software.roles, software.purpose, key)[0]


def _put(path: Path, user: User) -> None:
    others = [other for other in (read_users(path) if path.exists() else ()) if other.user != user.user]
    write_users(path, [*others, user])


# ---- where commands find a key


class NoPlaceForKey(Exception):
    """This user of the machine has no folder where commands could find a key; the text says why."""


@contextmanager
def findable(folder: Path, port_base: int) -> Iterator[None]:
    """While the block runs, commands for this port find the operator's key.

    Raises `NoPlaceForKey` if this user has no folder of its own for that.
    """
    place = _place(port_base)
    mine = json.dumps({"key_file": str(key_file(folder.resolve(), OPERATOR)), "folder": str(folder.resolve())})
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        private = _is_private(place.parent)
        if private:
            write_private(place, mine)
    except OSError as wrong:
        raise NoPlaceForKey(f"{place} cannot be written ({wrong.strerror}); set XDG_RUNTIME_DIR") from None
    if not private:
        wrong_place = f"{place.parent} is no folder of this user"
        raise NoPlaceForKey(f"{wrong_place}; set XDG_RUNTIME_DIR to a folder of your own")
    try:
        yield
    finally:
        if _content(place) == mine:
            place.unlink(missing_ok=True)


def key_for(port_base: int, environment: Mapping[str, str] = os.environ) -> str:
    """The key to send to the stack on these ports; empty if none is found."""
    if key := environment.get(KEY_VARIABLE, ""):
        return key
    candidates: Iterable[Path]
    if secrets := environment.get(SECRETS_VARIABLE, ""):
        candidates = [Path(secrets) / "operator_key"]
    else:
        candidates = [Path(json.loads(found)["key_file"])] if (found := _content(_place(port_base))) else []
    return next((key.strip() for path in candidates if (key := _content(path))), "")


def data_folder(port_base: int) -> Path | None:
    """The data folder of the stack that `sansha up` runs on these ports; None if there is none."""
    found = _content(_place(port_base))
    return Path(json.loads(found)["folder"]) if found else None


@dataclass
class Credentials:
    """The key for the stack on these ports. It is looked for until one is found: a stack may start."""

    port_base: int
    _key: str = ""

    @property
    def headers(self) -> dict[str, str]:
        self._key = self._key or key_for(self.port_base)
        return {"Authorization": f"Bearer {self._key}"} if self._key else {}

    def __call__(self, request: httpx.Request) -> httpx.Request:
        """For `auth` of an httpx client."""
        request.headers.update(self.headers)
        return request


def _place(port_base: int) -> Path:
    """A file in a folder that belongs to this user of the machine alone."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(runtime) / "sansha" if runtime else Path(tempfile.gettempdir()) / f"sansha-{os.getuid()}"
    return folder / f"{port_base}.json"


def _is_private(folder: Path) -> bool:
    """Whether a folder is this user's own; then nobody else can open it from now on."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        return False
    folder.chmod(0o700)
    return True


def _content(path: Path) -> str:
    """Empty if the file is not there, or is not this user's own."""
    try:
        return path.read_text() if path.lstat().st_uid == os.getuid() else ""
    except OSError:
        return ""
