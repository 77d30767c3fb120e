"""Users and sessions: what opens a service to whom."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.roles import Role
from services.chassis.access.callers import KnownUsers
from services.chassis.access.lockout import Attempt, Lockout, Outcome
from services.chassis.access.sessions import Session, read_session, session_token
from services.chassis.access.users import UnusableUsers, Users, with_key, with_password, write_users
from services.chassis.machine_time import real_time

NOON = datetime(2021, 4, 12, 3, tzinfo=UTC)
CLERK = frozenset({Role.COLLECTION_CLERK})
PASSWORD = "correct horse battery"


def known(path: Path) -> KnownUsers:
    return KnownUsers(Users(path), 60.0)


async def test_a_key_opens_as_long_as_its_user_is_there(tmp_path: Path) -> None:
    path = tmp_path / "access" / "ward.json"
    (app, key), (other, _) = with_key("app", [Role.PAYER_APP], "納付"), with_key("other", [], "")
    write_users(path, [app, other])
    callers = known(path)
    caller = await callers.known_by(key)
    assert caller is not None
    assert (caller.user, caller.roles, caller.purpose) == ("app", frozenset({Role.PAYER_APP}), "納付")
    assert [await callers.known_by(wrong) for wrong in ("", key[:-1], f"{key}0", app.key_sha256)] == [None] * 4
    write_users(path, [other])
    assert await callers.known_by(key) is None


async def test_a_session_ends_with_its_time_and_with_its_user(tmp_path: Path) -> None:
    path = tmp_path / "ward.json"
    write_users(path, [with_password("suzuki", CLERK, PASSWORD)])
    callers = known(path)
    token, until = callers.opened("suzuki", "消込")
    caller = await callers.known_by(token)
    assert caller is not None
    assert (caller.user, caller.roles, caller.purpose) == ("suzuki", CLERK, "消込")
    assert 0 < until.timestamp() - real_time() <= 60
    clerk = callers.users.by_name("suzuki")
    assert clerk is not None
    assert read_session(token, until.timestamp(), lambda _: clerk.password_scrypt) is None
    write_users(path, [msgspec.structs.replace(clerk, roles=(Role.AUDITOR,))])
    changed = await callers.known_by(token)
    assert changed is not None
    assert changed.roles == {Role.AUDITOR}, "roles are those of now"
    write_users(path, [with_password("suzuki", CLERK, PASSWORD)])
    assert await callers.known_by(token) is None, "a new password, though the same one, ends the sessions of before"
    write_users(path, [])
    assert await callers.known_by(token) is None


async def test_software_has_no_sessions_and_nobody_can_make_one_for_it(tmp_path: Path) -> None:
    path = tmp_path / "ward.json"
    write_users(path, [with_key("operator", Role, "")[0]])
    forged = session_token(Session("operator", "a", 2**40), "")
    assert await known(path).known_by(forged) is None


@given(st.text(max_size=20), st.text(max_size=40), st.integers(0, 200), st.integers(1, 255))
def test_a_session_that_was_changed_is_none(user: str, purpose: str, place: int, by: int) -> None:
    session = Session(user, purpose, 1_000)
    token = session_token(session, "secret")
    assert read_session(token, 999.9, lambda _: "secret") == session
    assert read_session(token, 0.0, lambda _: "another") is None
    place %= len(token)
    changed = token[:place] + chr((ord(token[place]) + by) % 0x110000) + token[place + 1 :]
    if not "\ud800" <= changed[place] <= "\udfff":
        assert read_session(changed, 0.0, lambda _: "secret") is None


@pytest.mark.parametrize("token", ["", "session.", "session..", "session.e30.", "session.!!.00", "session.\ud800.x"])
def test_what_is_no_session_is_none(token: str) -> None:
    assert read_session(token, 0.0, lambda _: "secret") is None


async def test_a_password_is_its_user_s_alone(tmp_path: Path) -> None:
    path = tmp_path / "ward.json"
    app, key = with_key("app", [], "")
    write_users(path, [with_password("suzuki", CLERK, PASSWORD), app])
    callers = known(path)
    assert await callers.has_password("suzuki", PASSWORD)
    wrong = [("suzuki", PASSWORD[:-1]), ("suzuki", ""), ("nobody", PASSWORD), ("app", ""), ("app", key), ("", "")]
    assert [await callers.has_password(*pair) for pair in wrong] == [False] * len(wrong)
    assert PASSWORD not in path.read_text()
    assert key not in path.read_text()


@pytest.mark.parametrize("user", ["", "Suzuki", "a b", "-a", "a" * 65, "鈴木", "a/b", "a\n"])
def test_a_name_that_cannot_be_used_is_refused(user: str) -> None:
    with pytest.raises(ValueError, match="no user name"):
        with_password(user, CLERK, PASSWORD)


def test_a_short_password_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 12 characters, not 4"):
        with_password("suzuki", CLERK, "1234")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"users": [{"user": 1}]}', '{"users": [{"user": "a", "roles": ["king"]}]}']
)
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "ward.json"
    path.touch(mode=0o600)
    path.write_text(content)
    with pytest.raises(UnusableUsers, match=rf"{path} is damaged"):
        Users(path)


def test_a_file_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ward.json"
    write_users(path, [])
    assert path.stat().st_mode & 0o777 == 0o600
    os.chmod(path, 0o644)
    with pytest.raises(UnusableUsers, match="set its mode to 0600"):
        Users(path)
    with pytest.raises(UnusableUsers, match="sansha users add"):
        Users(tmp_path / "nowhere.json")


# ---- lock-out


LOCKOUT = Lockout(3, timedelta(minutes=15))


@given(st.lists(st.tuples(st.integers(1, 1_200), st.booleans()), max_size=12))
def test_a_user_is_locked_out_after_failures_in_a_row_until_the_period_has_passed(
    tries: list[tuple[int, bool]],
) -> None:
    """Against a reckoning from the beginning: each attempt comes this many seconds after the one before."""
    at, earlier = NOON, list[Attempt]()
    row: list[datetime] = []
    for seconds, right in tries:
        at += timedelta(seconds=seconds)
        if row and at - row[-1] > LOCKOUT.period:
            row = []
        expected = Outcome.LOCKED_OUT if len(row) >= 3 else Outcome.ADMITTED if right else Outcome.REFUSED
        outcome = LOCKOUT.decide(reversed(earlier), at, right)
        assert outcome is expected
        if outcome is Outcome.REFUSED:
            row.append(at)
        if outcome is Outcome.ADMITTED:
            row = []
        if outcome is not Outcome.LOCKED_OUT:
            earlier.append(Attempt(at, outcome))
