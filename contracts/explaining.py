"""Questions about a day: what was known of a payment when it ended, in Japan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Final, Protocol

from contracts.http.service import Explanation
from contracts.vocabulary import JST, FlowStep, Refusal, business_date, on_the_clock

EXPLANATION: Final = "What happened, what it waits for, and why; at the end of a day (`on`, default: by now)"
"""What the route says of itself, the same at every party."""


class Explain(Protocol):
    """How a party explains payments; one that it does not know, or did not know by then, is missing."""

    async def __call__(self, payment_ids: Sequence[str], *, on: date | None = None) -> Mapping[str, Explanation]: ...


def end_of(on: date | None, now: datetime) -> datetime | None:
    """The last instant of the day, in UTC. None where no day is named, or it is not over: then all that is known by
    now counts."""
    if on is None or on >= business_date(now):
        return None
    return on_the_clock(on, time.max)


async def explanation_on(
    explain: Explain, payment_id: str, on: date | None, now: datetime, unknown: Refusal, not_yet: str
) -> Explanation | Refusal:
    """One payment's story at the end of a day, by now where none is named. `unknown` is the answer where nothing is
    known of it at all, `not_yet` says that nothing was by then. A day to come is refused: nobody knows it."""
    today = business_date(now)
    if on is not None and on > today:
        said = f"{on} has not come yet: the clock shows {today}"
        return Refusal("day_in_future", said, "name today or a day before it, or none for what is known by now")
    told = (await explain([payment_id], on=on)).get(payment_id)
    if told is not None or on is None:
        return told or unknown
    later = (await explain([payment_id])).get(payment_id)
    return unknown if later is None else _not_known_yet(f"{not_yet} at the end of {on}", later)


def _not_known_yet(said: str, later: Explanation) -> Refusal:
    # from reminders on steps may be about its slip, those of the taking on about its closing: both can be older
    own = [step for step in later.steps if step.stage < FlowStep.REMINDED and step.stage != FlowStep.ACCEPTED]
    first = min(own, key=lambda step: (step.at, step.stage))
    came = f"{first.event} came first, on {first.at.astimezone(JST):%Y-%m-%d at %H:%M}"
    return Refusal("payment_not_known_yet", f"{said}: {came}", "name that day or a later one")
