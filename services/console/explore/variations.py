"""Reads the variations (settings of the parties, shares of the channels) and builds every combination. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import product
from typing import Any, Final

from pydantic import ValidationError

from contracts import topics
from contracts.vocabulary import Agent, Method
from services.card_agent.app import Settings as CardAgentSettings
from services.chassis.settings import ServiceSettings
from services.console.payers.habits import ORDINARY_MIX, Shares
from services.payment_provider.app import Settings as PaymentProviderSettings
from services.ward.app import Settings as WardSettings

MOST_CASES: Final = 100
SHARE: Final = "share."
_AGENTS: Final = tuple(topics.card_agent(agent) for agent in Agent)
_SETTINGS: Final[Mapping[str, type[ServiceSettings]]] = {
    topics.WARD: WardSettings,
    topics.PAYMENT_PROVIDER: PaymentProviderSettings,
    **dict.fromkeys(_AGENTS, CardAgentSettings),
}
_BOTH_AGENTS: Final = "card_agent"
_OF_THE_CONTRACT: Final[Mapping[str, frozenset[str]]] = {
    party: frozenset(settings.model_fields) - set(ServiceSettings.model_fields) - {"agent"}
    for party, settings in _SETTINGS.items()
}
"""Party → its settings, without those about running a process."""
_DAYS = re.compile(r"^(\d+)d$")

PartySetting = tuple[str, str]
"""(party, setting)."""


@dataclass(frozen=True, slots=True)
class Alias:
    """A short name for settings that are varied together."""

    says: str
    settings: tuple[PartySetting, ...]


def _of_each_channel(term: str) -> tuple[PartySetting, ...]:
    """The provider's settings of a term, of the channels that have it."""
    fields = _SETTINGS[topics.PAYMENT_PROVIDER].model_fields
    return tuple((topics.PAYMENT_PROVIDER, n) for n, f in fields.items() if n.endswith(term) and f.default is not None)


ALIASES: Final[Mapping[str, Alias]] = {
    "closing": Alias("締日 closings of both card agents", tuple((a, "closing_days") for a in _AGENTS)),
    "deposit_delay": Alias(
        "入金 of both card agents, business days after a closing", tuple((a, "deposit_business_days") for a in _AGENTS)
    ),
    "preliminary_delay": Alias(
        "速報 of the channels that have one (card, internet banking, convenience store), days after the payment",
        _of_each_channel("preliminary_delay_days"),
    ),
    "confirmation_delay": Alias(
        "確報 of every channel, business days after the payment",
        _of_each_channel("confirmation_business_days"),
    ),
}


class CannotVary(ValueError):
    """This cannot be explored; the text says why and what would work."""


@dataclass(frozen=True, slots=True)
class Variation:
    """A name, its values, and the settings it stands for; a channel's share has none."""

    name: str
    values: tuple[str, ...]
    settings: tuple[PartySetting, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One combination: the values as written, and the settings and mix that follow."""

    values: tuple[tuple[str, str], ...]
    overrides: Mapping[str, Mapping[str, Any]]
    mix: Shares

    @property
    def label(self) -> str:
        """In one line; `as agreed` if nothing is varied."""
        return ", ".join(f"{name}={value}" for name, value in self.values) or "as agreed"


def variation(text: str) -> Variation:
    """Read `NAME=VALUE,…`. Raises `CannotVary`."""
    name, equals, listed = text.partition("=")
    values = tuple(_split(listed))
    if not equals or not name or "" in values:
        raise CannotVary(f"{text!r} is not NAME=VALUE,…; write it like closing=15/eom,10/20/eom")
    if len({*values}) < len(values):
        raise CannotVary(f"{name} has a value twice: {listed}")
    return Variation(name, values, _settings_of(name))


def cases(variations: Sequence[Variation]) -> list[Case]:
    """Every combination, the last variation changing fastest. Raises `CannotVary`, before anything is played."""
    taken: dict[PartySetting | str, str] = {}
    for v in variations:
        for setting in v.settings or [v.name]:
            if setting in taken:
                raise CannotVary(f"{v.name} and {taken[setting]} are about the same; give one of them")
            taken[setting] = v.name
    found = [_case(variations, chosen) for chosen in product(*(v.values for v in variations))]
    if len(found) > MOST_CASES:
        raise CannotVary(f"{len(found)} combinations are too many; give at most {MOST_CASES}")
    return found


def _split(listed: str) -> Iterator[str]:
    """Split at commas outside of brackets."""
    value, depth = "", 0
    for character in listed:
        depth += (character in "[{") - (character in "]}")
        if character == "," and depth <= 0:
            yield value.strip()
            value = ""
        else:
            value += character
    yield value.strip()


def _case(variations: Sequence[Variation], chosen: Sequence[str]) -> Case:
    overrides: dict[str, dict[str, Any]] = {}
    shares: dict[Method, float] = {}
    for v, value in zip(variations, chosen, strict=True):
        if not v.settings:
            shares[Method(v.name.removeprefix(SHARE))] = _share(v.name, value)
        for party, setting in v.settings:
            overrides.setdefault(party, {})[setting] = _parsed(setting, value)
    values = tuple((v.name, value) for v, value in zip(variations, chosen, strict=True))
    case = Case(values, overrides, _mix(shares))
    for party, given in overrides.items():
        _check(case, party, given)
    return case


def _check(case: Case, party: str, given: Mapping[str, Any]) -> None:
    whole: dict[str, Any] = {**({"agent": party.rpartition(".")[2]} if party in _AGENTS else {}), **given}
    try:
        _SETTINGS[party](**whole)
    except ValidationError as wrong:
        said = "; ".join(
            " ".join([*map(str, error["loc"][:1]), error["msg"].removeprefix("Value error, ")])
            for error in wrong.errors()
        )
        raise CannotVary(f"{case.label}: {said}") from None


def _settings_of(name: str) -> tuple[PartySetting, ...]:
    """The settings of a name: an alias, `PARTY.SETTING`, or a setting that only one kind of party has."""
    if name in ALIASES:
        return ALIASES[name].settings
    if name.startswith(SHARE):
        if name.removeprefix(SHARE) not in set(Method):
            raise CannotVary(f"{name}: no such channel; there are {', '.join(Method)}")
        return ()
    party, _, setting = name.rpartition(".")
    parties = _AGENTS if party == _BOTH_AGENTS else (party,) if party else tuple(_SETTINGS)
    if party and not {*parties} <= _SETTINGS.keys():
        raise CannotVary(f"{name}: no such party; there are {', '.join([*_SETTINGS, _BOTH_AGENTS])}")
    settings = tuple((p, setting) for p in parties if setting in _OF_THE_CONTRACT[p])
    if not settings:
        raise CannotVary(f"{name}: {_no_such(setting, parties)}")
    if len({p.partition(".")[0] for p, _ in settings}) > 1:
        raise CannotVary(
            f"{name} is a setting of {' and of '.join(p for p, _ in settings)}; name one, as in PARTY.{name}"
        )
    return settings


def _no_such(setting: str, parties: Sequence[str]) -> str:
    if setting in ServiceSettings.model_fields:
        return "is about running a process, not a term of the contract"
    known = sorted({*ALIASES, *(s for party in parties for s in _OF_THE_CONTRACT[party])})
    near = get_close_matches(setting, known, n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(near)}?" if near else f"short names are {', '.join(ALIASES)}"
    return f"no such setting; {hint}"


def _parsed(setting: str, value: str) -> Any:
    """The value for a setting: lists, objects and `null` are JSON; `3d` is three days."""
    if value[0] in "[{" or value == "null":
        try:
            return json.loads(value)
        except ValueError as wrong:
            raise CannotVary(f"{setting}={value} is not JSON: {wrong}") from None
    days = _DAYS.match(value)
    return days.group(1) if days and setting.endswith("_days") else value


def _share(name: str, value: str) -> float:
    per_cent = value.endswith("%")
    try:
        share = float(value.removesuffix("%")) / (100 if per_cent else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise CannotVary(f"{name}={value}: a share is from 0 to 1, or from 0% to 100%")
    return share


def _mix(shares: Mapping[Method, float]) -> Shares:
    """The ordinary mix with some shares given; the other channels keep their proportions in the rest."""
    left = 1 - sum(shares.values())
    others = {method: weight for method, weight in ORDINARY_MIX.items() if method not in shares}
    whole = sum(others.values())
    if left < -1e-9 or (left > 1e-9 and not whole):
        raise CannotVary(f"the shares {', '.join(f'{m} {s:g}' for m, s in shares.items())} do not add up to 1")
    return {**shares, **{method: max(left, 0.0) * weight / whole for method, weight in others.items()}}
