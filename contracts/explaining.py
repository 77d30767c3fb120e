"""Explanations of a payment as of the end of a given day in Japan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Final, Protocol

from contracts.http.service import Explanation
from contracts.vocabulary import JST, FlowStep, Refusal, business_date, on_the_clock

EXPLANATION: Final = "What happened, what it waits for, and why; at the end of a day (`on`, default: by now)"
"""Description of the route in every party's OpenAPI document."""


class Explain(Protocol):
    """Explains payments at a party; those that it does not know, or did not know by then, are missing."""

    async def __call__(self, payment_ids: Sequence[str], *, on: date | None = None) -> Mapping[str, Explanation]: ...


def end_of(on: date | None, now: datetime) -> datetime | None:
    """The last instant of the day, in UTC. None if no day is given or it is not over: all that is known now counts."""
    if on is None or on >= business_date(now):
        return None
    return on_the_clock(on, time.max)


async def explanation_on(
    explain: Explain, payment_id: str, on: date | None, now: datetime, unknown: Refusal, not_yet: str
) -> Explanation | Refusal:
    """One payment's explanation as of the end of a day; as of now if `on` is None.

    Returns `unknown` if the party does not know the payment; if it did not know it by then, a refusal whose detail
    begins with `not_yet`. A future day is refused.
    """
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
    # steps from REMINDED on may be about the slip, and ACCEPTED about the closing: both can be older than the payment
    own = [step for step in later.steps if step.stage < FlowStep.REMINDED and step.stage != FlowStep.ACCEPTED]
    first = min(own, key=lambda step: (step.at, step.stage))
    came = f"{first.event} came first, on {first.at.astimezone(JST):%Y-%m-%d at %H:%M}"
    return Refusal("payment_not_known_yet", f"{said}: {came}", "name that day or a later one")
