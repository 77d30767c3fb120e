"""A result as one self-contained page: headline, course over time, latency percentiles, resource usage, conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log10
from typing import Final

from jinja2 import Environment, PackageLoader

from services.console import charts
from services.console.load.recording import END_TO_END, percentiles
from services.console.load.results import STAGE_NAMES, LoadResult
from services.console.load.thresholds import Checked

_NINES: Final = (0.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.95, 99.99, 99.999)
_MARKS: Final = (0.0, 50.0, 90.0, 99.0, 99.9, 99.99, 99.999)


def page(result: LoadResult, checked: Sequence[Checked]) -> str:
    """HTML."""
    environment = Environment(loader=PackageLoader("services.console.load", "."), autoescape=True, trim_blocks=True)
    environment.filters |= {
        "whole": lambda number: f"{number:,.0f}",
        "ms": lambda ms: f"{ms:,.1f}",
        "words": lambda name: name.replace("_", " "),
    }
    return environment.get_template("page.html.j2").render(
        r=result,
        checked=checked,
        names=STAGE_NAMES,
        end_to_end=result.latencies.get(END_TO_END),
        rates=_over_time(result, {"到着 arrived": "arrived", "登録 registered": "registered"}, "a second"),
        lag=_over_time(result, {"滞留 sent, not registered": "lag"}, "receipts"),
        times=_over_time(result, {"p50": "p50", "p99": "p99"}, "ms"),
        spread=_spread(result),
        stages=_stages(result),
    )


def _over_time(result: LoadResult, series: Mapping[str, str], unit: str) -> str | None:
    """A chart over the run; None if it was too short for a line."""
    if len(result.each_second) < 2:
        return None
    points = {
        name: [(float(s.at), float(value)) for s in result.each_second if (value := getattr(s, field)) is not None]
        for name, field in series.items()
    }
    return charts.lines(points, "秒 seconds of the measured part", unit, include_x_axis=True)


def _spread(result: LoadResult) -> str | None:
    """Each stage's latencies by percentile, on an axis where each further nine takes the same width."""
    series = {
        STAGE_NAMES.get(stage, stage): [(_position(p), ms) for p, ms in percentiles(spread, _up_to(spread.count))]
        for stage, spread in result.latencies.items()
        if spread.count
    }
    if not series:
        return None
    marks = [{"value": _position(p), "label": f"{p:g} %"} for p in _MARKS]
    return charts.lines(series, "百分位 percentile", "ms", x_labels=marks)


def _up_to(count: int) -> Sequence[float]:
    """The percentiles that this many values can resolve."""
    return [p for p in _NINES if p < 100 * (1 - 1 / max(count, 2))] or [0.0, 50.0]


def _position(percentile: float) -> float:
    return -log10(1 - percentile / 100)


def _stages(result: LoadResult) -> str | None:
    """Milliseconds of each party's work by stage; waiting for messages is not work."""
    busy = {
        party: {stage: s for stage, s in use.stages.items() if stage != "fetch"}
        for party, use in result.parties.items()
    }
    busy = {party: stages for party, stages in busy.items() if stages}
    if not busy:
        return None
    names = sorted({stage for stages in busy.values() for stage in stages})
    series = {name: [round(stages.get(name, 0.0) * 1000) for stages in busy.values()] for name in names}
    return charts.stacked(list(busy), series)
