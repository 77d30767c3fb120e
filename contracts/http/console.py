"""HTTP bodies of the console: the clock of the stack, its replicas, and the processes it started."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, Strict

from contracts.http.bodies import Body, GivenInstant
from contracts.http.service import ServiceStatus


class ClockView(Body):
    """The stack's clock. `rate` 0 is stepped, 1 real, k scaled."""

    now: datetime
    rate: float


class AdvanceRequest(Body):
    """Move a stepped clock. It waits at most `patience_seconds` at one instant for the parties to become idle."""

    to: GivenInstant
    patience_seconds: Annotated[float, Strict(), Field(gt=0, le=3600)] = 60.0


class ReplicaView(Body):
    """One replica of a party; `status` is null if it does not answer or waits for an outage."""

    principal: str
    address: str
    status: ServiceStatus | None
    problem: str = ""
    """Why there is no status; empty if nothing answers."""


class ProcessView(Body):
    """A party's process that the console started. `ended` says how it last ended, `unusable` why it is left down."""

    principal: str
    port: int
    pid: int | None
    restarts: int
    ended: str
    unusable: str = ""
