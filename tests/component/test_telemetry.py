"""Stages: each stage of a batch is timed once, and an idle wait is not counted as work."""

from __future__ import annotations

from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families

from contracts.vocabulary import Refusal
from services.chassis.telemetry import STAGES
from tests.component.home import Home
from tests.component.tiny_party import NOON, Driven, Entry, EntryRequest, ReminderWanted

DAY = timedelta(days=1)


def timed(driven: Driven) -> dict[str, int]:
    """Stage → how often it was timed, from the metrics."""
    families = text_string_to_metric_families(driven.service.metrics.exposition().decode())
    samples = [sample for family in families for sample in family.samples]
    return {s.labels["stage"]: int(s.value) for s in samples if s.name == "sansha_stage_seconds_count"}


def of_one_batch() -> dict[str, int]:
    batch = ("fetch", "decode", "inbox", "handlers", "outbox", "commit", "commit_offsets")
    return {stage: int(stage in batch) for stage in STAGES}


async def rested(home: Home) -> Driven:
    """A party that has read its table for the first time."""
    driven = await Driven.started(home)
    await driven.settle()
    return driven


def since(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {stage: count - before[stage] for stage, count in after.items()}


async def test_a_batch_is_timed_once_in_each_stage_however_many_events_it_holds(home: Home) -> None:
    driven = await rested(home)
    before = timed(driven)
    await driven.send(*(Entry(account=f"a{n}", name=str(n)) for n in range(20)))
    await driven.service.consumer.handle_next(timeout=0)
    assert since(before, timed(driven)) == of_one_batch()


async def test_a_fetch_that_brought_nothing_is_not_counted(home: Home) -> None:
    driven = await rested(home)
    before = timed(driven)
    assert await driven.service.consumer.handle_next(timeout=0) == 0
    assert timed(driven) == before


async def test_what_a_batch_announced_is_timed_when_it_is_sent(home: Home) -> None:
    driven = await rested(home)
    before = timed(driven)
    await driven.send(Entry(account="a", name="one"))
    await driven.settle()
    assert since(before, timed(driven)) == {**of_one_batch(), "produce": 1}


async def test_commands_are_a_stage_of_their_own(home: Home) -> None:
    driven = await rested(home)
    before = timed(driven)
    assert not isinstance(await driven.service.add(EntryRequest(account="a", name="one")), Refusal)
    assert {s: n for s, n in since(before, timed(driven)).items() if n} == {"commands": 1, "outbox": 1, "commit": 1}


async def test_a_timer_is_read_from_the_outbox(home: Home) -> None:
    driven = await rested(home)
    await driven.send(ReminderWanted(account="a", name="later", due=NOON + DAY))
    await driven.settle()
    before = timed(driven)
    driven.clock.step_to(NOON + DAY)
    await driven.service.relay.send_due()
    assert {s: n for s, n in since(before, timed(driven)).items() if n} == {"read_outbox": 1, "produce": 1}
