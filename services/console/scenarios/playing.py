"""Plays a scenario: opens its sandbox, runs the story and the audit, and collects the timeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from difflib import get_close_matches
from typing import Any, Final

from contracts.duties.recording import KINDS
from contracts.events import WARD_EVENTS
from contracts.http.service import Step
from contracts.topics import PAYMENT_PROVIDER, WARD
from contracts.vocabulary import FlowStep, on_the_clock
from services.chassis.duties.register import Wanted
from services.console.duties.words import KIND_NAMES
from services.console.sandbox.sandbox import Sandbox
from services.console.sandbox.scene import SandboxScene
from services.console.scenarios import LIBRARY, Scenario
from services.console.scenarios.world import ScenarioFailed, World
from services.console.timeline import in_order, merged_steps

OF_THE_WARD: Final = frozenset(kind for event, kind in KINDS.items() if event in WARD_EVENTS)
"""Records that the ward makes."""


@dataclass(frozen=True, slots=True)
class Played:
    """The timeline, and the claims that held; `failure` names the one that did not."""

    scenario: Scenario
    seed: int
    timeline: Sequence[Step]
    claims: Sequence[str]
    failure: str | None = None


def find(name: str) -> Scenario:
    """Find a scenario by name. Raises `LookupError` with similar names."""
    by_name = {scenario.name: scenario for scenario in LIBRARY}
    if name in by_name:
        return by_name[name]
    near = get_close_matches(name, by_name, n=3, cutoff=0.4)
    hint = f"did you mean {', '.join(near)}?" if near else "list them with: sansha scenario list"
    raise LookupError(f"there is no scenario {name!r}; {hint}")


async def play(scenario: Scenario, seed: int) -> Played:
    """A claim that does not hold is returned as `failure`; any other error is raised."""
    overrides = {principal: dict(values) for principal, values in scenario.overrides.items()}
    async with Sandbox(on_the_clock(scenario.first_day, time(9)), seed, overrides=overrides) as sandbox:
        world, failure = World(sandbox, seed), None
        try:
            await scenario.play(world)
            await world.claim_conserved()
        except ScenarioFailed as failed:
            failure = str(failed)
        return Played(scenario, seed, await _timeline(world), world.claims, failure)


async def _timeline(world: World) -> list[Step]:
    """The steps of the world and of every party, in order of time; an action comes before its effects.

    A step that several payments share appears once: closings, deposits and decisions of a settler; reminders and the
    overpayment of a slip.
    """
    scene = SandboxScene(world.sandbox)
    rows = {row.payment_id: row for row in (await scene.books())[PAYMENT_PROVIDER].payments}
    explained = await scene.explanations(world.payments)
    once: dict[tuple[object, ...], Step] = {}
    for payment_id, parts in explained.items():
        for step in merged_steps(parts):
            shared_by = rows[payment_id].slip_number if step.stage >= FlowStep.REMINDED else rows[payment_id].settler
            once.setdefault((shared_by, step.at, step.stage, step.party, step.event, step.detail), step)
    return in_order([*world.steps, *once.values(), *await _records(world)])


async def _records(world: World) -> Iterator[Step]:
    """The register of duties of the contractor that a story is about."""
    followed = world.followed
    parties = [party for party in world.sandbox.services if party.principal == followed]
    entries = [entry for party in parties for entry in await party.duty_records(Wanted())]
    return (
        Step(
            event=str(KIND_NAMES[record.kind]),
            party=WARD if record.kind in OF_THE_WARD else record.contractor,
            at=record.at,
            stage=1,
            detail=_detail(record.due_on, content),
        )
        for record, content in entries
    )


def _detail(due_on: date | None, content: Mapping[str, Any]) -> str:
    """What a record says, and by when it is to be answered."""
    said = [str(content[field]) for field in ("duty", "what", "about", "taught", "text") if field in content]
    said += [f"¥{content['amount']:,}"] if "amount" in content else []
    said += [f"{duty} {found}" for _, duty, found in content.get("findings", ())]
    said += [f"by {due_on}"] if due_on is not None else []
    return ", ".join(said)
