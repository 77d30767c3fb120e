"""The outcome of a load test: a JSON document, and named figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from contracts.parties import PARTIES
from services.console.load.parties import PartyUse
from services.console.load.recording import END_TO_END, REGISTERED, Second, Spread

VERSION = 1
PERCENTILE_NAMES: Final = ("p50", "p90", "p99", "p999", "most")
STAGE_NAMES: Final[Mapping[str, str]] = {
    "accepted": "送信 → 受付 sent → accepted",
    "authorized": "受付 → 与信 accepted → authorized",
    "taken_on": "与信 → 代理納付 authorized → taken on",
    "delivered": "代理納付 → 収納データ taken on → delivered",
    "registered": "収納データ → 登録 delivered → registered",
    END_TO_END: "送信 → 登録 sent → registered",
}
"""The steps of a receipt or payment, as shown on screen."""


class AuditFound(msgspec.Struct, frozen=True):
    """The receipts sent, compared with the ward's books: each registered once, and booked to the yen."""

    sent: int
    registered_once: int
    missing: int
    twice: int
    wrong_amount: int
    sent_yen: int
    registered_yen: int

    @property
    def is_clean(self) -> bool:
        return self.registered_once == self.sent and not self.wrong_amount and self.sent_yen == self.registered_yen


class LoadResult(msgspec.Struct, frozen=True, kw_only=True):
    """One run. Times in seconds, latencies in milliseconds, of the measured part unless stated otherwise."""

    version: int = VERSION
    workload: str
    began_at: str
    asked: dict[str, Any]
    """The options of the run: rate, shape, count and so on."""
    environment: dict[str, Any]
    """Machine, database, bus, partitions, replicas."""
    sent: int
    """Receipts sent, warm-up included, as in `registered`."""
    registered: int
    refused: int = 0
    """Payments that their card company declined; no receipt is awaited for them."""
    seconds: float
    """From the start of the measured part to the registration of the last receipt."""
    throughput: float
    """Receipts registered a second."""
    latencies: dict[str, Spread]
    behind_most: float
    """The longest delay of the load generator itself. It is part of every latency; above a few milliseconds, this
    machine cannot send at the rate asked for."""
    lag_most: int
    drained_in: float
    """From the last arrival to the registration of the last receipt."""
    parties: dict[str, PartyUse]
    load_cpu_seconds: float
    """Processor time of the load generator itself."""
    each_second: list[Second]
    audit: AuditFound | None = None
    """None if not asked for, or if the ward's books cannot be read."""
    reconciled_in: float | None = None
    """With a stepped clock: the time that closing, deposits and reconciliation then took."""
    was_stopped: bool = False

    @property
    def unregistered(self) -> int:
        return self.sent - self.registered - self.refused

    @property
    def is_right(self) -> bool:
        """Nothing lost, nothing registered twice, to the yen."""
        return self.unregistered == 0 and (self.audit is None or self.audit.is_clean)


def read_result(path: Path) -> LoadResult:
    """Raises `ValueError` for a file that is not a result of this version, `OSError` if it cannot be read."""
    try:
        result = msgspec.json.decode(path.read_bytes(), type=LoadResult)
    except msgspec.DecodeError as wrong:
        raise ValueError(f"{path} is not a result of `sansha load … --json` ({wrong})") from None
    if result.version != VERSION:
        raise ValueError(f"{path} is a result of version {result.version}; this sansha reads version {VERSION}")
    return result


def figure_names(stages: Sequence[str]) -> Sequence[str]:
    """Every figure that a run of a workload with these stages can have."""
    return [
        "throughput",
        *(f"{stage}.{name}_ms" for stage in (*stages, REGISTERED, END_TO_END) for name in PERCENTILE_NAMES),
        *("behind_most_s", "lag_most", "drained_in_s", "unregistered", "refused", "reconciled_in_s"),
        *(f"{party}.{used}" for party in PARTIES for used in ("cpu_us_per_event", "memory_mb")),
    ]


def figures(result: LoadResult) -> Mapping[str, float]:
    """Every figure by the name that thresholds and comparisons use."""
    return dict(_figures(result))


def _figures(result: LoadResult) -> Iterator[tuple[str, float]]:
    yield "throughput", result.throughput
    for stage, spread in result.latencies.items():
        for name in PERCENTILE_NAMES:
            yield f"{stage}.{name}_ms", getattr(spread, name)
    yield "behind_most_s", result.behind_most
    yield "lag_most", float(result.lag_most)
    yield "drained_in_s", result.drained_in
    yield "unregistered", float(result.unregistered)
    yield "refused", float(result.refused)
    if result.reconciled_in is not None:
        yield "reconciled_in_s", result.reconciled_in
    for party, use in result.parties.items():
        yield f"{party}.cpu_us_per_event", use.cpu_us_per_event
        yield f"{party}.memory_mb", use.memory_mb
