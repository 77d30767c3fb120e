"""HTTP bodies that every party answers: status, environment, dead letters, its part of a payment's explanation."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from contracts.http.bodies import (
    Body,
    InstantOfTime,
    PaymentIdText,
)


class Step(Body):
    """One thing that happened to a payment at one party."""

    event: str
    """The standard term, Japanese beside English."""
    party: str
    at: InstantOfTime
    stage: int
    """Place in the flow of a payment (`contracts.vocabulary.FlowStep`): orders steps of one instant."""
    detail: str = ""


class Waiting(Body):
    """The next event expected, when, and by which rule or setting."""

    waits_for: str
    until: datetime | None
    because: str


class Explanation(Body):
    """One party's part of a payment's explanation."""

    payment_id: PaymentIdText
    party: str
    steps: tuple[Step, ...]
    waiting: Waiting | None = None


WaitingFor = Literal["bus", "clock", "consumer", "database", "dead_letters", "relay"]
"""The parts of a service that may wait: its bus or database does not answer, it cannot read the clock, handle events or
send what its outbox holds; or events set aside wait for a decision, which holds nothing up."""


class WaitView(Body):
    """What waits at a service, since when on the machine's clock, and why."""

    what: WaitingFor
    doing: str
    since: datetime
    seconds: float
    because: str


class Readiness(Body):
    """The service does its work. `waiting`: what waits without holding anything up."""

    status: Literal["ready"] = "ready"
    waiting: tuple[WaitView, ...] = ()


class ServiceStatus(Body):
    """The console reads it before it moves the clock; an operator reads it to find lag."""

    principal: str
    now: datetime
    seed: int | None = None
    """Ids are derived from it in simulation; None if they are random."""
    clock_rate: float
    outbox_due: int
    next_due_at: datetime | None
    dead_letters: int
    lag: dict[str, int]
    waiting: tuple[WaitView, ...] = ()


class Confinement(Body):
    """What the machine lets the process do. Limits are None where there is none."""

    read_only: bool
    """Whether the root file system can only be read."""
    capabilities: int
    """Bits of the effective capabilities of Linux; 0 for none."""
    no_new_privileges: bool
    memory_bytes: int | None
    processes: int | None


class Protections(Body):
    """How a service is connected, and confined, by its own settings and by its machine."""

    http: Literal["loopback", "plain", "tls", "named_peers"]
    """`named_peers`: over TLS, for clients whose certificates have certain names."""
    http_peers: tuple[str, ...]
    bus: Literal["own_files", "memory", "plain", "tls", "password", "password_over_tls"]
    database: Literal["own_file", "plain", "tls", "verified"]
    """`verified`: over TLS, with the server's name checked."""
    sealed: bool
    """Whether what it publishes is sealed for its readers."""
    confinement: Confinement | None
    """None for a process that does not run in a container."""


class Environment(Body):
    """What a service runs on, and what its database and bus wait for before a commit is complete."""

    principal: str
    python: str
    machine: str
    processors: int
    database: dict[str, str]
    bus: str
    protections: Protections | None = None
    """None from a service of an earlier version, which does not say."""


class DeadLetterView(Body):
    """An event set aside. `value` is its JSON, or its text if it is not JSON, or nested very deep."""

    id: str
    event_type: str
    topic: str
    partition: int
    offset: int
    reason: str
    attempts: int
    failed_at: InstantOfTime
    value: Any
    headers: Annotated[dict[str, str], Field(default_factory=dict)]
    """As text; each of the first 200 characters."""


class ReplayRequest(Body):
    """Handle a dead letter again, optionally with a corrected value and corrected headers."""

    value: dict[str, Any] | None = None
    headers: dict[str, str] | None = None
    """In place of those of the same names."""
