"""Help of `sansha`: from one table, without loading any command, and identical to each command's own help."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.console.cli import commands
from services.console.cli.app import app
from services.console.cli.commands import COMMANDS, below
from services.console.cli.lazy_group import load
from testbed.processes import environment

FOLDER = Path(commands.__file__).parent
DIGITS = "91912345001044103000123450100021080200085001"
SINGLE = [words for words in COMMANDS if not below(words)]
GROUPS = ["", *(words for words in COMMANDS if below(words))]
RUN = """
import sys
from services.console.cli.app import main
try:
    main()
finally:
    print(*sys.modules)
"""


def modules_after(*arguments: str) -> set[str]:
    """Modules that a new process has imported when the command ends."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("words", SINGLE)
def test_the_table_says_what_the_command_says(words: str) -> None:
    assert (load(words).help or "").split("\n\n")[0] == COMMANDS[words]


def test_the_table_has_every_module_with_a_command_and_no_other() -> None:
    found = {
        " ".join(path.relative_to(FOLDER).with_suffix("").parts).replace("_", "-")
        for path in FOLDER.rglob("*.py")
        if "typer.Typer(" in path.read_text(encoding="utf-8")
    }
    assert found == set(SINGLE)


@pytest.mark.parametrize("arguments", [("--help",), ("slip", "--help"), ("load", "--help")])
def test_help_loads_no_command(arguments: tuple[str, ...]) -> None:
    loaded = modules_after(*arguments)
    assert {name for name in loaded if name.startswith(f"{commands.__name__}.")} == set()
    assert {"pydantic", "httpx", "sqlalchemy", "structlog", "asyncio"} & loaded == set()


def test_a_barcode_is_decoded_without_what_a_stack_needs() -> None:
    loaded = modules_after("slip", "decode", DIGITS, "--on", "2021-08-02")
    assert f"{commands.__name__}.slip.decode" in loaded
    assert {"pydantic", "httpx", "sqlalchemy", "structlog", "asyncio"} & loaded == set()


@pytest.mark.parametrize("words", [*GROUPS, *SINGLE])
def test_help_fits_80_columns_and_is_whole(words: str) -> None:
    shown = CliRunner(env={"COLUMNS": "80"}).invoke(app, [*words.split(), "--help"])
    assert shown.exit_code == 0
    assert "… │" not in shown.output, "cut off"
    text = "".join(shown.output.replace("│", "").split())
    for summary in [COMMANDS.get(words, ""), *below(words).values()]:
        assert "".join(summary.split()) in text


def test_a_mistyped_command_is_answered_with_the_nearest() -> None:
    said = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["expalin"])
    assert said.exit_code == 2
    assert "explain" in said.output


@pytest.mark.parametrize(
    ("words", "module", "extra"),
    [("provision kafka", "confluent_kafka", "provision")],
)
def test_an_extra_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, words: str, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    for name in [f"{commands.__name__}.{words.replace(' ', '.')}", "services.console.deployment.provisioning"]:
        monkeypatch.delitem(sys.modules, name, raising=False)
    said = CliRunner(env={"COLUMNS": "200"}).invoke(app, words.split())
    assert said.exit_code == 2
    assert f"sansha[{extra}]" in said.output
