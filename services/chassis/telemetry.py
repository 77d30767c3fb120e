"""Logs and metrics. A log line is a JSON object on stderr; it never has a request's body or an event's value.

Lines within a request carry its correlation id. Metrics are Prometheus's, a registry per service, so that
several services in one process do not mix.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final, Literal, get_args

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from contracts.http.service import WaitingFor
from services.chassis.clock import monotonic
from services.chassis.log_levels import LogLevel
from services.chassis.waits import Wait

Stage = Literal[
    "fetch", "decode", "inbox", "handlers", "commands", "outbox", "commit", "commit_offsets", "read_outbox", "produce"
]
"""What consumer, commands and relay spend their time on. The three run concurrently; the stages of one do not overlap.

| stage | timed once per |
|---|---|
| `fetch` | batch: until its messages were fetched, the wait for the first one included; an empty fetch is not timed |
| `decode` | batch: decoding envelopes and events |
| `inbox` | wave: reading and writing which events are handled; not for events with a natural key |
| `handlers` | wave: the party's reads, decisions and writes |
| `commands` | transaction of commands: stored answers, reads, decisions and writes |
| `outbox` | transaction: inserting what it publishes, deleting rows that were sent |
| `commit` | transaction: until the database reports it durable |
| `commit_offsets` | batch: until the bus has committed its offsets |
| `read_outbox` | read of the outbox by the relay: timers, and rows of other processes |
| `produce` | send by the relay: until the bus has acknowledged it |
"""
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)

BATCH_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


def configure_logging(level: LogLevel, principal: str) -> None:
    """Log JSON lines on stderr from now on."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # looked up for each logger: it may be replaced
    )
    structlog.contextvars.bind_contextvars(service=principal)


_UNTIMED: Final = nullcontext()


class Metrics:
    """What a service counts and times, in seconds; without `timed` it only counts."""

    def __init__(self, *, timed: bool = True) -> None:
        self._timed = timed
        self.registry = CollectorRegistry()
        r = self.registry
        ProcessCollector(registry=r)  # processor time and memory, if the system reports them
        self._events = Counter("sansha_events_handled", "Events handled", ["type"], registry=r)
        self._duplicates = Counter("sansha_events_duplicate", "Redeliveries absorbed", registry=r)
        self._dead = Counter("sansha_events_dead_lettered", "Events set aside", ["type"], registry=r)
        self._wave = Histogram("sansha_wave_seconds", "One wave's transaction", buckets=BATCH_BUCKETS, registry=r)
        stages = Histogram("sansha_stage_seconds", "Stages of the work", ["stage"], buckets=BATCH_BUCKETS, registry=r)
        self._stages = {stage: stages.labels(stage) for stage in STAGES}
        self._requests = Histogram(
            "sansha_http_request_seconds", "HTTP requests", ["method", "route", "status"], registry=r
        )
        self._commands = Counter("sansha_commands", "Commands answered", ["command", "outcome"], registry=r)
        self._answered: dict[tuple[str, str], Counter] = {}
        self.outbox_due = Gauge("sansha_outbox_due", "Outbox rows that are due", registry=r)
        self._outage = Gauge("sansha_outage", "1 while this waits", ["what"], registry=r)
        self._waiting = Gauge("sansha_outage_seconds", "For how long this waits", ["what"], registry=r)
        self.dead_letters = Gauge("sansha_dead_letters", "Dead letters waiting", registry=r)
        self.lag = Gauge("sansha_consumer_lag", "Messages not yet committed", ["topic"], registry=r)

    def shows_waits(self, waits: Sequence[Wait]) -> None:
        """Show these waits, the oldest first, and nothing else."""
        for what in get_args(WaitingFor):
            seconds = [wait.seconds for wait in waits if wait.what == what]
            self._outage.labels(what).set(bool(seconds))
            self._waiting.labels(what).set(max(seconds, default=0))

    def began(self) -> float:
        """A start mark for a duration."""
        return monotonic()

    def stage(self, stage: Stage) -> AbstractContextManager[object]:
        """Times the block."""
        return self._stages[stage].time() if self._timed else _UNTIMED

    def stage_ended(self, stage: Stage, began: float) -> None:
        """For a stage of which only the end decides whether it counts."""
        if self._timed:
            self._stages[stage].observe(monotonic() - began)

    def wave_applied(self, began: float, handled: Mapping[str, int], duplicates: int) -> None:
        """`handled`: event type → count."""
        if self._timed:
            self._wave.observe(monotonic() - began)
        for event_type, count in handled.items():
            self._events.labels(event_type).inc(count)
        if duplicates:
            self._duplicates.inc(duplicates)

    def dead_lettered(self, event_type: str) -> None:
        self._dead.labels(event_type).inc()

    def request_answered(self, began: float, method: str, route: str, status: int) -> None:
        self._requests.labels(method, route, str(status)).observe(monotonic() - began)

    def command_answered(self, command: str, refused: str | None) -> None:
        outcome = command, refused or "done"
        counter = self._answered.get(outcome)
        if counter is None:
            counter = self._answered[outcome] = self._commands.labels(*outcome)
        counter.inc()

    def exposition(self) -> bytes:
        """The Prometheus text format."""
        return generate_latest(self.registry)
