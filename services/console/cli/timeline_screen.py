"""A timeline on the screen: `sansha demo`, `sansha explain`, `sansha scenario run`."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from contracts.http.service import Step
from contracts.vocabulary import JST


def timeline(steps: Sequence[Step]) -> Group:
    """Each step with its simulated time, the wait before it, and the reason, in 80 columns."""
    lines: list[RenderableType] = []
    before = steps[0].at
    for step in steps:
        waited = step.at - before
        line = Text(f"{step.at.astimezone(JST):%Y-%m-%d %H:%M:%S} ")
        line.append(f"{_duration(waited.total_seconds()):>8} ", style="bold yellow" if waited.days else "dim")
        line.append(f"{_sign(step.party):<7}", style="cyan")
        line.append(step.event)
        lines.append(line)
        if step.detail:
            lines.append(Padding(Text(step.detail, style="dim"), (0, 0, 0, 29)))
        before = step.at
    return Group(*lines)


def _sign(party: str) -> str:
    """The party's sign in the contract, of a card agent with its name; 演 is what a scenario did."""
    if party.startswith("card_agent."):
        return f"丙 {party.rpartition('.')[2].upper()}"
    return {"ward": "甲", "payment_provider": "乙", "scenario": "演"}.get(party, party)


def _duration(seconds: float) -> str:
    if seconds < 1:
        return ""
    days, rest = divmod(int(seconds), 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    if days:
        return f"+{days}d {hours}h" if hours else f"+{days}d"
    return f"+{hours}h {minutes}m" if hours else f"+{minutes}m {left}s" if minutes else f"+{left}s"
