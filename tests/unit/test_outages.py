"""Outages: which failures come from the database or the machine, and which from an event or a request."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import asyncpg
import httpx
import pytest
from sqlalchemy import exc

from services.chassis.bus.port import BusError
from services.chassis.outages import (
    NotAdmitted,
    Unusable,
    is_damage,
    is_outage,
    is_refusal_of_a_server,
    lost_a_race,
    said,
)
from services.chassis.waits import possible
from testbed.processes import free_port_base

_CONSTRAINTS = (sqlite3.IntegrityError, asyncpg.IntegrityConstraintViolationError)


def of_sqlalchemy(failure: Exception) -> exc.DBAPIError:
    """The exception as a session raises it."""
    kind = exc.IntegrityError if isinstance(failure, _CONSTRAINTS) else exc.DBAPIError
    return kind("INSERT INTO secrets …", {"number": "4000"}, failure)


@pytest.mark.parametrize(
    "failure",
    [
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.InternalClientError("cannot switch to state 12; another operation is in progress"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.AdminShutdownError("terminating connection due to administrator command"),
        asyncpg.CrashShutdownError("terminating connection because of crash of another server process"),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.DiskFullError("could not extend file: No space left on device"),
        asyncpg.OutOfMemoryError("out of memory"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
        asyncpg.PostgresIOError("could not read block"),
        asyncpg.SerializationError("could not serialize access"),
        asyncpg.DeadlockDetectedError("deadlock detected"),
        asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction"),
        asyncpg.LockNotAvailableError("canceling statement due to lock timeout"),
        asyncpg.InvalidPasswordError("password authentication failed"),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_what_postgresql_says_of_itself_is_an_outage(failure: Exception) -> None:
    assert is_outage(failure)
    assert is_outage(of_sqlalchemy(failure))


@pytest.mark.parametrize(
    "failure",
    [
        ConnectionRefusedError(111, "Connect call failed"),
        TimeoutError(),
        socket.gaierror(-3, "Temporary failure in name resolution"),
        OSError(28, "No space left on device"),
        BusError("no broker answers"),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_a_network_a_disk_a_pool_and_a_bus_may_be_out(failure: Exception) -> None:
    assert is_outage(failure)


@pytest.mark.parametrize(
    "failure",
    [
        ValueError("amount below 0"),
        LookupError("no such payment"),
        asyncpg.exceptions._base.DataError("invalid input for query argument $1: 'x'"),
        asyncpg.UniqueViolationError("duplicate key value"),
        asyncpg.NotNullViolationError("null value"),
        asyncpg.NumericValueOutOfRangeError("integer out of range"),
        asyncpg.CharacterNotInRepertoireError("invalid byte sequence"),
        asyncpg.UndefinedColumnError("column does not exist"),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_what_an_event_or_a_bug_does_is_no_outage(failure: Exception) -> None:
    assert not is_outage(failure)
    assert not is_outage(of_sqlalchemy(failure))


def provoked(*statements: str, path: Path) -> sqlite3.Error:
    """SQLite's own exception."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection:
        *before, failing = statements
        for statement in before:
            connection.execute(statement)
        with pytest.raises(sqlite3.Error) as raised:
            connection.execute(failing)
        return raised.value


def test_a_full_a_locked_and_a_read_only_sqlite_are_out(tmp_path: Path) -> None:
    path = tmp_path / "party.db"
    grows = "INSERT INTO t VALUES (zeroblob(100000))"
    full = provoked("CREATE TABLE t (x BLOB)", "PRAGMA max_page_count = 5", grows, path=path)
    read_only = provoked("PRAGMA query_only = ON", "INSERT INTO t VALUES (1)", path=path)
    with closing(sqlite3.connect(path, isolation_level=None)) as hog:
        hog.execute("BEGIN EXCLUSIVE")
        locked = provoked("INSERT INTO t VALUES (1)", path=path)
    for failure in (full, read_only, locked):
        assert is_outage(of_sqlalchemy(failure)), failure
        assert not is_damage(of_sqlalchemy(failure)), failure


def test_a_file_that_is_no_database_or_malformed_is_damaged_and_no_outage(tmp_path: Path) -> None:
    (tmp_path / "garbage.db").write_bytes(b"no database" * 1000)
    garbage = provoked("SELECT 1 FROM t", path=tmp_path / "garbage.db")
    provoked("CREATE TABLE t (x)", "INSERT INTO t VALUES (zeroblob(100000))", "nonsense", path=tmp_path / "torn.db")
    with (tmp_path / "torn.db").open("r+b") as torn:
        torn.seek(4096)
        torn.write(b"\xff" * 4096)
    malformed = provoked("SELECT sum(length(x)) FROM t", path=tmp_path / "torn.db")
    for failure in (garbage, malformed):
        assert is_damage(failure)
        assert is_damage(of_sqlalchemy(failure))
        assert not is_outage(of_sqlalchemy(failure)), failure


@pytest.mark.parametrize(
    "failure",
    [
        asyncpg.InvalidPasswordError("password authentication failed"),
        asyncpg.InvalidAuthorizationSpecificationError("role does not exist"),
        asyncpg.InvalidCatalogNameError("database does not exist"),
        NotAdmitted("cannot connect: AuthenticationFailedError"),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_a_server_that_admits_nobody_is_out_while_it_runs_and_refuses_a_start(failure: Exception) -> None:
    assert is_outage(failure)
    assert is_refusal_of_a_server(failure)
    assert isinstance(failure, NotAdmitted) or is_refusal_of_a_server(of_sqlalchemy(failure))
    assert not is_refusal_of_a_server(ConnectionRefusedError(111, "Connect call failed"))


def test_a_constraint_of_sqlite_is_no_outage_but_may_be_a_lost_race(tmp_path: Path) -> None:
    twice = ["CREATE TABLE t (x INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1)"]
    failure = of_sqlalchemy(provoked(*twice, path=tmp_path / "party.db"))
    assert not is_outage(failure)
    assert lost_a_race(failure)
    assert not lost_a_race(of_sqlalchemy(provoked("SELECT nonsense", path=tmp_path / "party.db")))


def test_a_deadlock_is_a_lost_race() -> None:
    assert lost_a_race(of_sqlalchemy(asyncpg.DeadlockDetectedError("deadlock detected")))


def test_what_is_said_is_one_line_without_statement_or_values() -> None:
    failure = of_sqlalchemy(asyncpg.DiskFullError("could not extend file\nHINT: Check free disk space."))
    assert said(failure) == "DBAPIError: could not extend file"
    assert said(TimeoutError()) == "TimeoutError"


async def test_a_start_waits_for_a_server_that_is_down_and_ends_at_one_that_refuses_for_long() -> None:
    failures: list[Exception] = [ConnectionRefusedError(), asyncpg.InvalidPasswordError("no"), TimeoutError()]

    async def start() -> str:
        if failures:
            raise failures.pop()
        return "started"

    assert await possible("database", "starting", start) == "started"

    async def refused() -> str:
        raise asyncpg.InvalidPasswordError('password authentication failed for user "ward"')

    with pytest.raises(
        Unusable, match=r'starting: the server answers and refuses .*user "ward".*; correct user, password'
    ):
        await possible("database", "starting", refused, refused_seconds=0.1)


@pytest.mark.processes
def test_a_process_waits_for_its_database_and_stops_when_told_to() -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))  # nothing listens there
        url = f"postgresql://nobody@127.0.0.1:{taken.getsockname()[1]}/ward"
        port = free_port_base()
        environment = os.environ | {"SANSHA_SEED": "1", "SANSHA_DATABASE_URL": url, "SANSHA_PORT": str(port)}
        command = [sys.executable, "-m", "services.ward"]
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            line = process.stderr.readline()
            with httpx.Client(transport=httpx.HTTPTransport(retries=6)) as client:  # until its port is open
                answer = client.get(f"http://127.0.0.1:{port}/health/ready")
                alive = client.get(f"http://127.0.0.1:{port}/health/live")
            process.send_signal(signal.SIGTERM)
            rest = process.stderr.read()
    assert "waiting for an outage to end" in line
    assert "starting" in line
    assert (answer.status_code, alive.status_code) == (503, 200)
    assert "database: starting, for" in answer.text
    assert "Connect call failed" in answer.text
    assert "Traceback" not in rest
    assert process.returncode == 0
