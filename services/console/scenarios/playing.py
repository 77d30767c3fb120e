"""Plays a scenario: opens its sandbox, runs the story and the audit, and collects the timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from difflib import get_close_matches

from contracts.http.service import Step
from contracts.topics import PAYMENT_PROVIDER
from contracts.vocabulary import FlowStep, on_the_clock
from services.console.sandbox.sandbox import Sandbox
from services.console.sandbox.scene import SandboxScene
from services.console.scenarios import LIBRARY, Scenario
from services.console.scenarios.world import ScenarioFailed, World
from services.console.timeline import in_order, merged_steps


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
    return in_order([*world.steps, *once.values()])
