"""Where a service's seconds went, from the stages in its metrics."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

Seconds = Mapping[str, float]
"""Name of a kind of work → its seconds in total."""


def stage_seconds(exposition: bytes) -> Seconds:
    """Stage → seconds since the service started, from the Prometheus text format."""
    families = text_string_to_metric_families(exposition.decode())
    samples = [sample for family in families for sample in family.samples]
    return {s.labels["stage"]: s.value for s in samples if s.name == "sansha_stage_seconds_sum"}


def since(before: Seconds, after: Seconds) -> Seconds:
    """The seconds added between two readings."""
    return {name: seconds - before.get(name, 0.0) for name, seconds in after.items()}


def shares(parts: Seconds, of: float, rest: str = "") -> str:
    """`name 12%` for each part of at least 1% of `of` seconds, the largest first; then the rest, if it has a name."""
    named = sorted(parts.items(), key=lambda part: -part[1])
    if rest:
        named.append((rest, of - sum(parts.values())))
    return " · ".join(f"{name} {seconds / of:.0%}" for name, seconds in named if seconds / of >= 0.01)
