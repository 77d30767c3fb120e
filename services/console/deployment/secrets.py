"""Secrets of a stack of containers: generated at its first start, in a folder for each owner.

A party's folder is the one that its `SANSHA_SECRETS_DIR` names. The folder `<principal>.database` belongs to its
PostgreSQL server: no container holds another's password.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from contracts import topics
from contracts.access import LOAD_TEST
from services.chassis.access.users import users_text, with_key
from services.chassis.identity import random_token
from services.console.deployment.secret_files import write_secret
from services.console.stack.credentials import OPERATOR, SOFTWARE
from services.console.stack.signing_keys import new_signing_key

KAFKA_PASSWORD = "kafka_password"
ROLE_PASSWORD = "role_password"
USERS = "users.json"
IN_CONTAINERS = "/run/sansha"
"""Where a container has its owner's folder."""


def make_secrets(folder: Path) -> Sequence[Path]:
    """Generates missing secrets, readable by owner and group only; returns the files written.

    Existing files stay as they are. Raises `OSError` if the folder cannot be written.
    """
    made: list[Path] = []
    _keep(folder / LOAD_TEST / KAFKA_PASSWORD, random_token(), made)
    keys = {s.user: _keep(folder / topics.CONSOLE / f"{s.user}_key", random_token(), made) for s in SOFTWARE}
    _keep(folder / LOAD_TEST / f"{OPERATOR}_key", keys[OPERATOR], made)
    for principal in topics.PRINCIPALS:
        _keep(folder / principal / KAFKA_PASSWORD, random_token(), made)
        own = [with_key(s.user, s.roles, s.purpose, keys[s.user])[0] for s in SOFTWARE if principal in s.at]
        _keep(folder / principal / USERS, users_text(own).rstrip(), made)
        if principal != topics.CONSOLE:
            database = folder / f"{principal}.database"
            _keep(folder / principal / "secret", random_token(), made)
            _keep(folder / principal / "signing_key", new_signing_key(), made)
            _keep(database / "superuser_password", random_token(), made)
            password = _keep(database / ROLE_PASSWORD, random_token(), made)
            _database_url(folder / principal / "database_url", principal, password, made)
    return made


def kafka_passwords(folder: Path, *others: str) -> dict[str, str]:
    """The cluster password of each principal, and of these further users.

    Raises `LookupError` naming the files that are missing.
    """
    files = {principal: folder / principal / KAFKA_PASSWORD for principal in (*topics.PRINCIPALS, *others)}
    if missing := [str(file) for file in files.values() if not file.is_file()]:
        raise LookupError(f"missing: {', '.join(missing)}; make them with: sansha provision secrets {folder}")
    return {principal: file.read_text().strip() for principal, file in files.items()}


def _database_url(file: Path, principal: str, password: str, made: list[Path]) -> None:
    """Role and database have the principal's name; the server has its host name followed by `-database`.

    The URL of an earlier version, without TLS, is replaced; one of another server stays.
    """
    role, host = principal.replace(".", "_"), principal.replace(".", "-").replace("_", "-")
    plain = f"postgresql://{role}:{password}@{host}-database:5432/{role}"
    if file.exists() and file.read_text().strip() == plain:
        file.unlink()
    _keep(file, f"{plain}?sslmode=verify-full&sslrootcert={IN_CONTAINERS}/ca.pem", made)


def _keep(file: Path, value: str, made: list[Path]) -> str:
    """The content of a file. A missing file is written with `value`, completely or not at all."""
    if file.exists():
        return file.read_text().strip()
    write_secret(file, f"{value}\n")
    made.append(file)
    return value
