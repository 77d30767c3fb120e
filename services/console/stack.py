"""Where the processes of a stack are: names, modules, ports, settings. Shared by those who start and those who call."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts import topics
from contracts.vocabulary import Agent
from services.chassis.identity import random_token

DEFAULT_PORT_BASE = 8400
DEFAULT_FOLDER = Path("sansha-data")
STACK_FILE = "sansha.json"


@dataclass(frozen=True, slots=True)
class Place:
    """One process of the stack. `offset` is added to the port base."""

    principal: str
    module: str
    offset: int
    label: str
    environment: tuple[tuple[str, str], ...] = ()


PLACES: tuple[Place, ...] = (
    Place(topics.WARD, "services.ward", 1, "甲 ward"),
    Place(topics.PAYMENT_PROVIDER, "services.payment_provider", 2, "乙 payment provider"),
    *(
        Place(
            topics.card_agent(agent),
            "services.card_agent",
            3 + n,
            f"丙 card agent {agent.upper()}",
            (("SANSHA_AGENT", agent.value),),
        )
        for n, agent in enumerate(Agent)
    ),
)


def place_of(principal: str) -> Place:
    """Raises `LookupError` naming the parties there are."""
    for place in PLACES:
        if principal in (place.principal, place.principal.replace("card_agent.", "")):
            return place
    raise LookupError(f"there is no party {principal!r}; there are {', '.join(p.principal for p in PLACES)}")


@dataclass(frozen=True, slots=True)
class StackFile:
    """What a data folder remembers: ids follow from the seed, tokens are keyed by the secret."""

    seed: int | None
    secret: str

    @classmethod
    def open(cls, folder: Path, seed: int | None) -> StackFile:
        """Read the folder's file, or make it. Raises `ValueError` for another seed, or a file that was damaged."""
        path = folder / STACK_FILE
        if not path.exists():
            made = cls(seed, "" if seed is not None else random_token())
            made.write(folder)
            return made
        try:
            document: dict[str, Any] = json.loads(path.read_text())
            kept = cls(document["seed"], document["secret"])
        except (ValueError, LookupError, TypeError):
            raise ValueError(f"{path} is damaged; bring it back from a copy or name another folder") from None
        if seed is not None and kept.seed != seed:
            raise ValueError(
                f"{folder} was made with seed {kept.seed}, not {seed}; leave --seed out or name another folder"
            )
        return kept

    def write(self, folder: Path) -> None:
        """Keep it, for its owner's eyes alone."""
        path = folder / STACK_FILE
        path.touch(mode=0o600)
        path.write_text(json.dumps({"seed": self.seed, "secret": self.secret}) + "\n")


def database_url(folder: Path | None, principal: str) -> str:
    """Where a party's embedded database is: a file named after it, or memory."""
    return "sqlite://" if folder is None else f"sqlite:///{folder / f'{principal}.db'}"
