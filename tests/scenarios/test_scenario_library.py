"""The scenario library: each story ends as described, whatever the seed."""

from __future__ import annotations

import zlib
from datetime import date, time
from pathlib import Path

import pytest
from sqlalchemy import text

from contracts.calendar import due_dates
from contracts.vocabulary import Method, on_the_clock
from services.console.sandbox.sandbox import Sandbox
from services.console.scenarios import LIBRARY, Scenario, duties
from services.console.scenarios.at_the_terminal import at_the_terminal
from services.console.scenarios.playing import find, play
from services.console.scenarios.world import BANKS, BRANDS, TELLER, World

SEEDS = (1, 7, 2022)
CARDS_OF_UC = {"VISA", "Mastercard"}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("scenario", LIBRARY, ids=lambda scenario: scenario.name)
async def test_a_story_comes_out_as_it_is_told(scenario: Scenario, seed: int) -> None:
    await _comes_out(scenario, seed)


@pytest.mark.parametrize("scenario", LIBRARY, ids=lambda scenario: scenario.name)
async def test_a_story_comes_out_with_a_seed_of_its_own(scenario: Scenario) -> None:
    await _comes_out(scenario, zlib.crc32(scenario.name.encode()))


async def _comes_out(scenario: Scenario, seed: int) -> None:
    played = await play(scenario, seed)
    assert played.failure is None
    assert len(played.claims) >= 3
    assert [step.at for step in played.timeline] == sorted(step.at for step in played.timeline)
    told_by = {step.party for step in played.timeline}
    assert TELLER in told_by or (scenario.play.__module__ == duties.__name__ and told_by)


def test_the_library_is_large_enough_and_every_story_is_told_in_words() -> None:
    assert len(LIBRARY) >= 25
    assert len({scenario.name for scenario in LIBRARY}) == len(LIBRARY)
    for scenario in LIBRARY:
        assert len(scenario.story.split()) >= 8, scenario.name
        assert scenario.japanese


async def test_a_seed_plays_the_same_story_to_the_minute_and_another_seed_another_one() -> None:
    once, again, other = [await play(find("card-payment"), seed) for seed in (7, 7, 8)]
    assert once.timeline == again.timeline
    assert once.timeline != other.timeline


async def test_the_seeds_pay_by_both_cards_of_uc_and_on_several_days() -> None:
    timelines = [(await play(find("card-payment"), seed)).timeline for seed in SEEDS]
    paid = [step for timeline in timelines for step in timeline if step.event.startswith("クレジットカード")]
    assert {step.detail.rpartition(", ")[2] for step in paid} == CARDS_OF_UC
    assert len({step.at.date() for step in paid}) > 1


async def test_what_a_story_leaves_open_takes_every_value_for_some_seed() -> None:
    start, last = on_the_clock(date(2021, 7, 5), time(9)), date(2021, 7, 9)
    stages = [World(Sandbox(start, seed), seed) for seed in range(60)]
    assert len({world.any_card() for world in stages}) == len(BRANDS)
    assert {world.one_of(BANKS) for world in stages} == {*BANKS}
    assert {world.instalment() for world in stages} == {*due_dates(2021)}
    assert {await world.some_days(last) for world in stages} == {date(2021, 7, day) for day in range(5, 10)}


async def test_a_story_that_fails_at_the_terminal_leaves_no_folder_behind() -> None:
    folders: list[Path] = []

    async def fails_at_the_terminal(world: World) -> None:
        """The file is there on the day of payment."""
        await world.pays(await world.slip(), Method.CARD)
        with at_the_terminal(world) as room:
            folders.append(room.folder)
            (room.folder / "copy").touch()
            world.claim("the file is there", bool(await room.pulls()))

    played = await play(Scenario(fails_at_the_terminal, "端末"), 7)
    assert played.failure == "the file is there: expected True, got False"
    assert [folder.exists() for folder in folders] == [False]


async def test_a_claim_that_does_not_hold_is_told_with_what_came_instead() -> None:
    async def money_comes_at_once(world: World) -> None:
        """The deposit comes on the day of payment."""
        slip = await world.slip(amount=8_500)
        await world.pays(slip, Method.CARD)
        world.claim("deposited at once", await world.deposited(), {"2021-07-05": 8_500})

    played = await play(Scenario(money_comes_at_once, "即時入金"), 7)
    assert played.failure == "deposited at once: expected {'2021-07-05': 8500}, got {}"
    assert played.claims == []
    assert played.timeline


async def test_a_payment_that_is_refused_fails_the_story() -> None:
    async def pays_twice(world: World) -> None:
        """The app takes a slip twice."""
        slip = await world.slip()
        await world.pays(slip, Method.CARD)
        await world.pays(slip, Method.CARD)

    played = await play(Scenario(pays_twice, "二重読取"), 7)
    assert played.failure is not None
    assert "slip_already_paid" in played.failure


async def test_what_the_ward_should_have_found_and_has_not_fails_the_story() -> None:
    async def nothing_is_wrong(world: World) -> None:
        """The ward has an open statement though nothing went wrong."""
        await world.pays(await world.slip(), Method.CARD)
        await world.open_item("statement_open")

    played = await play(Scenario(nothing_is_wrong, "異常なし"), 7)
    assert played.failure is not None
    assert "statement_open should be open" in played.failure


async def test_money_that_nobody_can_account_for_fails_a_story() -> None:
    async def forgotten(world: World) -> None:
        """The ward forgets a receipt that it has registered."""
        await world.pays(await world.slip(), Method.CARD)
        await world.until(date(2021, 7, 12))
        async with world.sandbox.ward.database.begin() as session:
            await session.execute(text("DELETE FROM receipts"))

    played = await play(Scenario(forgotten, "記録紛失"), 7)
    assert played.failure is not None
    assert "監査 audit: expected no unexplained difference, found" in played.failure
    assert "receipt_lost" in played.failure


def test_an_unknown_name_is_answered_with_the_nearest_ones() -> None:
    with pytest.raises(LookupError, match="did you mean deposit-short"):
        find("deposit-shrt")
    with pytest.raises(LookupError, match="sansha scenario list"):
        find("xyzzy")
