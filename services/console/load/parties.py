"""Resource usage of the parties' processes, from their `/metrics`: processor time, memory, time by stage of work."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import httpx
import msgspec

from services.console.stack.addresses import Addresses
from services.console.stack.calling import ask_replica, client_of
from services.console.stack.credentials import Credentials

_CPU: Final = re.compile(r"^process_cpu_seconds_total (\S+)$", re.MULTILINE)
_MEMORY: Final = re.compile(r"^process_resident_memory_bytes (\S+)$", re.MULTILINE)
_STAGE: Final = re.compile(r'^sansha_stage_seconds_(sum|count)\{stage="(\w+)"\} (\S+)$', re.MULTILINE)
MEGABYTE: Final = 1024 * 1024
METRICS_SECONDS: Final = 5.0


class PartyUse(msgspec.Struct, frozen=True):
    """One party, over the measured part of the run; its replicas are added up."""

    replicas: int
    cpu_seconds: float
    cpu_us_per_event: float
    """Microseconds of processor time per registered receipt."""
    memory_mb: float
    """The largest resident memory seen in one process."""
    stages: dict[str, float]
    """Stage of work → seconds (`docs/operations.md`, sansha_stage_seconds)."""
    stage_counts: dict[str, float] = {}
    """Stage of work → number of times."""


@dataclass(slots=True)
class Reading:
    """The metrics of a party's processes at one moment."""

    replicas: int = 0
    cpu_seconds: float = 0.0
    memory_bytes: float = 0.0
    """Resident memory of the largest process."""
    stages: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    stage_counts: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def take(self, exposition: str) -> None:
        """Add one replica's metrics. Those it does not expose count as zero: it may be another program."""
        self.replicas += 1
        self.cpu_seconds += sum(map(float, _CPU.findall(exposition)))
        self.memory_bytes = max(self.memory_bytes, *map(float, _MEMORY.findall(exposition)), 0.0)
        for what, stage, value in _STAGE.findall(exposition):
            (self.stages if what == "sum" else self.stage_counts)[stage] += float(value)


class Gauge:
    """Reads these parties' metrics. A party that does not answer is left out."""

    def __init__(self, addresses: Addresses, principals: Sequence[str]) -> None:
        self._addresses, self._principals = addresses, principals
        self._http = client_of(addresses, auth=Credentials(addresses.port_base))
        self._first: Mapping[str, Reading] = {}
        self._first_events = 0
        self._most: dict[str, float] = {}

    async def begin(self, events: Callable[[], int]) -> None:
        """Start of the measured part. `events` is called after reading the metrics: a busy process answers late."""
        self._most = {}
        self._first = await self.read()
        self._first_events = events()

    async def read(self) -> Mapping[str, Reading]:
        """Current metrics by party; remembers the largest memory."""
        read = await asyncio.gather(*map(self._party, self._principals))
        found = {name: reading for name, reading in zip(self._principals, read, strict=True) if reading.replicas}
        for name, reading in found.items():
            self._most[name] = max(self._most.get(name, 0.0), reading.memory_bytes)
        return found

    async def used(self, events: int) -> dict[str, PartyUse]:
        """Usage since `begin`; `events` is the number of registered receipts of the whole run."""
        used, events = {}, events - self._first_events
        for name, now in (await self.read()).items():
            before = self._first.get(name, Reading())
            cpu = now.cpu_seconds - before.cpu_seconds
            used[name] = PartyUse(
                replicas=now.replicas,
                cpu_seconds=cpu,
                cpu_us_per_event=cpu * 1e6 / events if events else 0.0,
                memory_mb=self._most[name] / MEGABYTE,
                stages=_since(before.stages, now.stages),
                stage_counts=_since(before.stage_counts, now.stage_counts),
            )
        return used

    async def close(self) -> None:
        await self._http.aclose()

    async def _party(self, principal: str) -> Reading:
        reading = Reading()
        for address in await self._addresses.each(principal):
            try:
                answer = await ask_replica(
                    self._http, self._addresses, principal, f"{address}/metrics", METRICS_SECONDS
                )
            except httpx.TransportError:
                continue
            if answer.is_success:
                reading.take(answer.text)
        return reading


def _since(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    """The increase of each value that has grown."""
    return {stage: value - before.get(stage, 0.0) for stage, value in now.items() if value > before.get(stage, 0.0)}
