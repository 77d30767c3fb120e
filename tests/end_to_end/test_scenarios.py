"""`sansha scenario`: listing the stories, and playing them."""

from __future__ import annotations

import json

from typer.testing import CliRunner, Result

from services.console.cli import app
from services.console.scenarios import LIBRARY


def sansha(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["scenario", *arguments])


def test_the_list_names_every_scenario_with_its_story() -> None:
    in_words, document = sansha("list"), json.loads(sansha("list", "--json").output)
    assert [row["name"] for row in document] == [scenario.name for scenario in LIBRARY]
    for row in document:
        assert row["name"] in in_words.output
        assert row["japanese"] in in_words.output
        assert row["story"]


def test_a_story_is_told_with_what_was_done_what_came_of_it_and_what_was_claimed() -> None:
    done = sansha("run", "deposit-short")
    assert done.exit_code == 0
    for words in (
        "異常 settlement made to go wrong",
        "丙 UC",
        "差異の処理 decided",
        "消込",
        "✓ made good",
        "✓ 監査 audit",
    ):
        assert words in done.output


def test_as_a_document_it_has_the_timeline_and_the_claims() -> None:
    document = json.loads(sansha("run", "card-payment", "--seed", "8", "--json").output)
    assert (document["name"], document["seed"], document["failure"]) == ("card-payment", 8, None)
    assert {"ward", "payment_provider", "card_agent.uc", "scenario"} <= {step["party"] for step in document["timeline"]}
    assert document["claims"]


def test_bad_input_is_told_in_words() -> None:
    unknown = sansha("run", "card-paymnt")
    assert unknown.exit_code == 2
    assert "did you mean card-payment" in unknown.output
    for neither in (sansha("run"), sansha("run", "card-payment", "--all")):
        assert neither.exit_code == 2
        assert "give the NAME of a scenario, or --all" in neither.output
