"""`sansha scenario`: listing the stories, and playing them."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner, Result

from contracts.vocabulary import Method
from services.console import scenarios
from services.console.cli.app import app
from services.console.scenarios import LIBRARY, Scenario, playing
from services.console.scenarios.world import World


async def money_comes_at_once(world: World) -> None:
    """即時入金: the deposit comes on the day of payment."""
    slip = await world.slip(amount=8_500)
    await world.pays(slip, Method.CARD)
    world.claim("known at once", await world.outstanding(slip), 0)
    world.claim("deposited at once", await world.deposited(), {"2021-07-05": 8_500})


FALSE = Scenario(money_comes_at_once, "即時入金")


def the_library_is(monkeypatch: pytest.MonkeyPatch, *stories: Scenario) -> None:
    for module in (scenarios, playing):
        monkeypatch.setattr(module, "LIBRARY", stories)


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


def test_all_stories_are_played_a_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("card-payment", "file-registered", "card-payment-is-not-crossed")
    the_library_is(monkeypatch, *map(playing.find, names))
    done = sansha("run", "--all")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [["✓", name] for name in names]
    assert all(line.endswith(" claims") for line in lines)
    document = json.loads(sansha("run", "--all", "--json").stdout)
    assert [(played["name"], played["failure"]) for played in document] == [(name, None) for name in names]


def test_a_claim_that_does_not_hold_is_told_and_fails_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    the_library_is(monkeypatch, playing.find("card-payment"), FALSE)
    words = "deposited at once: expected {'2021-07-05': 8500}, got {}"
    one = sansha("run", "money-comes-at-once")
    assert one.exit_code == 1
    assert "✓ known at once" in one.stdout
    assert f"✗ {words}" in one.stdout
    assert "クレジットカード paid by card" in one.stdout

    every = sansha("run", "--all")
    assert every.exit_code == 1
    assert [line.split()[:2] for line in every.stdout.splitlines()[:2]] == [
        ["✓", "card-payment"],
        ["✗", "money-comes-at-once"],
    ]
    assert words in every.stdout

    document = sansha("run", "money-comes-at-once", "--json")
    assert document.exit_code == 1
    assert json.loads(document.stdout)["failure"] == words
