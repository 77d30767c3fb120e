"""The operations document lists every setting and metric that exists, and no other."""

import json
import re

import pytest
from typer.testing import CliRunner

from contracts.access import LOAD_TEST
from services.chassis.settings import KafkaSettings, ServiceSettings
from services.chassis.telemetry import Metrics
from services.console.cli.app import app
from services.console.deployment.settings_listing import BEGIN, END, SECTIONS, listing, with_settings
from tests.architecture.source_tree import ROOT

VARIABLE = re.compile(r"\bSANSHA_[A-Z][A-Z0-9_]*[A-Z0-9](?![A-Z0-9_]|…)")
OTHERS = {
    *("SANSHA_KEY", "SANSHA_SECRETS_DIR", "SANSHA_REQUIRE_STACK", "SANSHA_ROLE"),
    *("SANSHA_STACK_HOSTS", "SANSHA_STACK_CA_FILE", "SANSHA_STACK_CERTIFICATE_FILE", "SANSHA_STACK_KEY_FILE"),
}
"""Environment variables that a service's settings do not read."""
STAND_INS = {"SANSHA_CARD_AGENT_X", "SANSHA_CARD_AGENT_UC_X"}
"""Placeholders for any setting, where a document explains precedence."""
PARTICULAR = ("SANSHA_CARD_AGENT_JCB_", "SANSHA_CARD_AGENT_UC_")
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "deploy/**/*", "docker-compose.yml", "Makefile")
    for path in ROOT.glob(pattern)
    if path.is_file()
)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def variables() -> set[str]:
    """Every environment variable of a setting: for all services, for one kind of party, or for one party."""
    of_load_tests = {f"SANSHA_{LOAD_TEST.upper()}_{field.upper()}" for field in KafkaSettings.model_fields}
    return of_load_tests | {
        wide + field.upper()
        for _, prefix, kind, _ in SECTIONS
        for wide in ("SANSHA_", prefix, *(p for p in PARTICULAR if p.startswith(prefix)))
        for field in kind.model_fields
    }


def test_the_tables_of_settings_are_those_of_the_code() -> None:
    document = read("docs/operations.md")
    assert document == with_settings(document), (
        "python -m services.console.deployment.settings_listing docs/operations.md"
    )


def test_every_setting_is_told_with_its_meaning() -> None:
    rows = [row for rows in listing().values() for row in rows]
    assert len(rows) > len(ServiceSettings.model_fields)
    assert [row.variable for row in rows if not row.meaning] == []


def test_the_command_tells_every_setting() -> None:
    done = CliRunner().invoke(app, ["settings", "--json"])
    assert done.exit_code == 0
    printed = {title: [tuple(row.values()) for row in rows] for title, rows in json.loads(done.stdout).items()}
    assert printed == {title: list(map(tuple, rows)) for title, rows in listing().items()}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_variable_that_a_document_names_exists(name: str) -> None:
    assert set(VARIABLE.findall(read(name))) - variables() - OTHERS - STAND_INS == set()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("`SANSHA_PORT` and SANSHA_NOSUCH=1", ["SANSHA_PORT", "SANSHA_NOSUCH"]),
        ("`SANSHA_CARD_AGENT_UC_CLOSING_DAYS`", ["SANSHA_CARD_AGENT_UC_CLOSING_DAYS"]),
        ("`SANSHA_KAFKA_…`, `SANSHA_`, `SANSHA_<PARTY>_`", []),
    ],
)
def test_variables_are_found_whole_and_prefixes_are_none(text: str, found: list[str]) -> None:
    assert VARIABLE.findall(text) == found


def test_a_party_alone_may_be_given_what_every_service_has() -> None:
    known = variables()
    assert {"SANSHA_WARD_DATABASE_URL", "SANSHA_CARD_AGENT_UC_KAFKA_USERNAME", "SANSHA_CONSOLE_PORT"} <= known
    assert "SANSHA_WARD_CLOSING_DAYS" not in known


def test_the_document_names_every_metric_and_no_other() -> None:
    metrics = {family.name for family in Metrics().registry.collect() if family.name.startswith("sansha_")}
    documented = set(re.findall(r"`(sansha_[a-z_]+)(?:\{[a-z,]+\})?`", read("docs/operations.md")))
    assert {name.removesuffix("_total") for name in documented} == metrics


@pytest.mark.parametrize("document", ["no marks", BEGIN, END, END + BEGIN])
def test_settings_are_not_written_where_there_is_no_place_for_them(document: str) -> None:
    with pytest.raises(ValueError, match="no place for the settings"):
        with_settings(document)
