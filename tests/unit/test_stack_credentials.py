"""Where commands find the key of a stack."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from contracts.parties import PRINCIPALS
from services.chassis.access.users import Users
from services.console.stack.credentials import (
    OPERATOR,
    SOFTWARE,
    Credentials,
    NoPlaceForKey,
    findable,
    key_file,
    key_for,
    make_users,
    users_file,
)

PORT = 8400


@pytest.fixture(autouse=True)
def _runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.delenv("SANSHA_KEY", raising=False)
    monkeypatch.delenv("SANSHA_SECRETS_DIR", raising=False)


def key_of(folder: Path, user: str = OPERATOR) -> str:
    return key_file(folder, user).read_text().strip()


def test_the_key_is_found_while_the_stack_runs(tmp_path: Path) -> None:
    make_users(tmp_path)
    credentials = Credentials(PORT)
    assert credentials.headers == {}
    with findable(tmp_path, PORT):
        assert key_for(PORT, {}) == key_of(tmp_path)
        assert key_for(PORT + 10, {}) == ""
        assert credentials(httpx.Request("GET", "http://ward")).headers["Authorization"] == f"Bearer {key_of(tmp_path)}"
    assert key_for(PORT, {}) == ""


def test_a_variable_wins_over_secrets_and_these_over_a_running_stack(tmp_path: Path) -> None:
    make_users(tmp_path)
    (tmp_path / "operator_key").write_text("of the secrets\n")
    with findable(tmp_path, PORT):
        secrets = {"SANSHA_SECRETS_DIR": str(tmp_path)}
        assert key_for(PORT, secrets) == "of the secrets"
        assert key_for(PORT, {**secrets, "SANSHA_KEY": "of the variable"}) == "of the variable"


def test_a_folder_of_another_user_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_users(tmp_path)
    shared = tmp_path / "run" / "sansha"
    shared.mkdir(parents=True)
    shared.chmod(0o777)
    with findable(tmp_path, PORT):
        assert shared.stat().st_mode & 0o777 == 0o700, "nobody else opens it from now on"
    elsewhere = tmp_path / "elsewhere"
    shared.rename(elsewhere)
    shared.symlink_to(elsewhere)
    with pytest.raises(NoPlaceForKey, match="is no folder of this user"), findable(tmp_path, PORT):
        raise AssertionError("not reached")


def test_users_that_are_gone_are_made_again_by_the_keys_that_are_there(tmp_path: Path) -> None:
    make_users(tmp_path)
    keys = {software.user: key_of(tmp_path, software.user) for software in SOFTWARE}
    users_file(tmp_path, "ward").unlink()
    make_users(tmp_path)
    assert Users(users_file(tmp_path, "ward")).by_key(keys[OPERATOR]) is not None
    assert {user: key_of(tmp_path, user) for user in keys} == keys


def test_a_key_that_is_gone_is_made_anew_for_every_party(tmp_path: Path) -> None:
    make_users(tmp_path)
    before = key_of(tmp_path)
    key_file(tmp_path, OPERATOR).unlink()
    make_users(tmp_path)
    assert key_of(tmp_path) != before
    for principal in PRINCIPALS:
        users = Users(users_file(tmp_path, principal))
        assert users.by_key(before) is None
        assert users.by_key(key_of(tmp_path)) is not None
