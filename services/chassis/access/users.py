"""The users of a party: a JSON file with their roles and hashed secrets, readable by its owner only.

Software has a key: 128 random bits, of which the file holds the SHA-256. A person has a password, of which the file
holds scrypt with a salt (RFC 7914), and logs in with it to a session. A change of the file counts from the next request
on.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from contracts.roles import Role
from services.chassis.access.caller import Caller
from services.chassis.identity import random_token
from services.chassis.outages import Unusable

_USER_NAME: Final = re.compile(r"[a-z][a-z0-9._-]{0,63}", re.ASCII)
_SHORTEST_PASSWORD: Final = 12
_SCRYPT: Final = {"n": 2**14, "r": 8, "p": 1, "maxmem": 2**26}


class UnusableUsers(Unusable, ValueError):
    """A users file that cannot be read; the text names it and says why."""


class User(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One user. Either secret may be empty: it then opens nothing."""

    user: str
    roles: tuple[Role, ...]
    purpose: str = ""
    """Why the holder of the key reads personal data; a person gives a purpose at login."""
    key_sha256: str = ""
    password_scrypt: str = ""
    """salt:hash, in hex digits."""

    def has_password(self, password: str) -> bool:
        salt, _, expected = self.password_scrypt.partition(":")
        return hmac.compare_digest(_scrypt(password, salt), expected) and bool(expected)


_NOBODY: Final = User("nobody", (), password_scrypt=f"{'0' * 32}:{'0' * 64}")


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    users: tuple[User, ...]


class Users:
    """The users in a file, read again whenever it has changed. Raises `UnusableUsers` if it cannot be used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at = (0, 0)
        self._by_name: Mapping[str, User] = {}
        self._by_key: Mapping[str, Caller] = {}
        self._renew()

    def by_key(self, key: str) -> Caller | None:
        """The user that holds this key."""
        self._renew()
        return self._by_key.get(_sha256(key))

    def by_name(self, user: str) -> User | None:
        self._renew()
        return self._by_name.get(user)

    def have_password(self, user: str, password: str) -> bool:
        """Whether a user of this name has this password. Slow, and as slow for a user that does not exist."""
        found = self.by_name(user)
        return (found or _NOBODY).has_password(password) and found is not None

    def _renew(self) -> None:
        try:
            found = os.stat(self._path)
        except OSError as gone:
            raise UnusableUsers(f"{self._path}: {gone.strerror}; make users with: sansha users add") from None
        changed_at = found.st_mtime_ns, found.st_ino
        if changed_at == self._read_at:
            return
        users = read_users(self._path)
        self._by_name = {user.user: user for user in users}
        self._by_key = {u.key_sha256: Caller(u.user, frozenset(u.roles), u.purpose) for u in users if u.key_sha256}
        self._read_at = changed_at


def read_users(path: Path) -> tuple[User, ...]:
    """The users in a file. Raises `UnusableUsers` for one that is missing, damaged or readable by others."""
    try:
        if path.stat().st_mode & 0o007:
            raise UnusableUsers(f"{path} can be read by any user of this machine; set its mode to 0600")
        return msgspec.json.decode(path.read_bytes(), type=_File).users
    except OSError as gone:
        raise UnusableUsers(f"{path}: {gone.strerror}; make users with: sansha users add") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise UnusableUsers(f"{path} is damaged ({wrong}); restore it, or make users with: sansha users add") from None


def write_users(path: Path, users: Iterable[User]) -> None:
    """Write a file of these users, completely or not at all, with the mode of the file before (0600 for a new one)."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o770 if path.exists() else 0o600
    written = path.with_suffix(".new")
    written.unlink(missing_ok=True)
    written.touch(mode=0o600)
    written.write_text(users_text(users))
    written.chmod(mode)
    written.rename(path)


def users_text(users: Iterable[User]) -> str:
    """The content of a file of these users, sorted by name."""
    content = msgspec.json.encode(_File(tuple(sorted(users, key=lambda u: u.user))))
    return f"{msgspec.json.format(content, indent=1).decode()}\n"


def with_key(user: str, roles: Iterable[Role], purpose: str, key: str = "") -> tuple[User, str]:
    """(user, its key) of software; a new key unless one is given. The key is in no file yet."""
    key = key or random_token()
    return User(_valid_name(user), _sorted(roles), purpose, key_sha256=_sha256(key)), key


def with_password(user: str, roles: Iterable[Role], password: str) -> User:
    """A person. Raises `ValueError` for a name or password that cannot be used."""
    if len(password) < _SHORTEST_PASSWORD:
        raise ValueError(f"a password has at least {_SHORTEST_PASSWORD} characters, not {len(password)}")
    salt = random_token()
    return User(_valid_name(user), _sorted(roles), password_scrypt=f"{salt}:{_scrypt(password, salt)}")


def is_user_name(text: str) -> bool:
    """Whether a user can have this name: lower-case letters, digits, `.`, `_`, `-`, at most 64."""
    return _USER_NAME.fullmatch(text) is not None


def _valid_name(user: str) -> str:
    if not is_user_name(user):
        raise ValueError(
            f"{user!r} is no user name: write lower-case letters, digits, . _ - (at most 64), a letter first"
        )
    return user


def _sorted(roles: Iterable[Role]) -> tuple[Role, ...]:
    return tuple(sorted(set(roles)))


def _sha256(key: str) -> str:
    return hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()


def _scrypt(password: str, salt: str) -> str:
    given = password.encode(errors="surrogateescape")
    return hashlib.scrypt(given, salt=salt.encode(), dklen=32, **_SCRYPT).hex()
