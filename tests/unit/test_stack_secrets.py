"""Secrets of a stack: made once, each owner's in a separate folder that no other can read."""

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from contracts.access import LOAD_TEST
from contracts.parties import PARTIES
from contracts.topics import CONSOLE, PRINCIPALS
from services.chassis.access.users import Users
from services.console.deployment.secrets import USERS, kafka_passwords, make_secrets
from services.console.stack.credentials import OPERATOR, SOFTWARE


def contents(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_no_two_secrets_are_alike(tmp_path: Path) -> None:
    made = make_secrets(tmp_path)
    assert sorted(made) == sorted(tmp_path / name for name in contents(tmp_path))
    users = [file for file in made if file.name == USERS]
    keys = [f"{software.user}_key" for software in SOFTWARE]
    assert len(users) == len(PRINCIPALS)
    assert len(made) - len(users) == 6 * len(PARTIES) + len((CONSOLE, LOAD_TEST)) + len([*keys, OPERATOR])
    secrets = {name: text for name, text in contents(tmp_path).items() if tmp_path / name not in users}
    assert len(set(secrets.values())) == len(secrets) - 1, "console and load test have the operator's key"
    assert secrets[f"{CONSOLE}/{OPERATOR}_key"] == secrets[f"{LOAD_TEST}/{OPERATOR}_key"]


def test_each_party_has_users_whose_keys_the_console_has(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    for principal in PRINCIPALS:
        users = Users(tmp_path / principal / USERS)
        known = {s.user: users.by_key((tmp_path / CONSOLE / f"{s.user}_key").read_text().strip()) for s in SOFTWARE}
        assert {user for user, caller in known.items() if caller} == {s.user for s in SOFTWARE if principal in s.at}


def test_what_is_there_stays_and_what_is_missing_is_made(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    before = contents(tmp_path)
    assert make_secrets(tmp_path) == []

    lost = tmp_path / "ward" / "database_url"
    lost.unlink()

    assert make_secrets(tmp_path) == [lost]
    assert contents(tmp_path) == before


def test_only_owner_and_group_read_and_nobody_writes(tmp_path: Path) -> None:
    assert {file.stat().st_mode & 0o777 for file in make_secrets(tmp_path)} == {0o440}


@pytest.mark.parametrize("party", PARTIES)
def test_a_partys_url_names_its_own_server_role_and_database(tmp_path: Path, party: str) -> None:
    make_secrets(tmp_path)
    url = make_url((tmp_path / party / "database_url").read_text().strip())
    own = party.replace(".", "_")
    assert (url.username, url.database) == (own, own)
    assert url.host == f"{own.replace('_', '-')}-database"
    assert url.password == (tmp_path / f"{party}.database" / "role_password").read_text().strip()


def test_the_passwords_of_the_cluster_are_those_that_the_principals_have(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    passwords = kafka_passwords(tmp_path)
    assert set(passwords) == set(PRINCIPALS)
    assert set(kafka_passwords(tmp_path, LOAD_TEST)) == {*PRINCIPALS, LOAD_TEST}
    assert passwords["ward"] == (tmp_path / "ward" / "kafka_password").read_text().strip()


def test_passwords_that_are_missing_are_named_with_what_makes_them(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match=r"console/kafka_password; make them with: sansha provision secrets"):
        kafka_passwords(tmp_path)
