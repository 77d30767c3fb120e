"""The result of a load test on the screen."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.console.load.results import STAGE_NAMES, LoadResult

NOTEWORTHY_SECONDS: Final = 0.5
"""A load generator that is later than this is worth a line."""


def print_result(r: LoadResult, screen: Console) -> None:
    stopped = "  [yellow]ended early[/]" if r.was_stopped else ""
    measured = f"{r.seconds:.1f} s measured; {r.registered:,} of {r.sent:,} sent are registered, warm-up included"
    screen.print(f"[bold]{r.throughput:,.0f} {r.workload} registered a second[/]  {measured}{stopped}", soft_wrap=True)
    screen.print(_latencies(r))
    if r.behind_most > NOTEWORTHY_SECONDS:
        late = "this machine cannot send that fast" if r.asked["rate"] != "max" else "it waited for registrations"
        screen.print(f"[yellow]the load generator was up to {r.behind_most:.1f} s late[/]: {late}", soft_wrap=True)
    if r.asked["rate"] == "max" and r.seconds < r.asked.get("seconds", 0.0) and not r.was_stopped:
        screen.print(f"[yellow]the slips issued for the run were used up after {r.seconds:.1f} s[/]")
    screen.print(f"lag: at most {r.lag_most:,}; the last was registered {r.drained_in:.2f} s after the last arrival")
    for party, use in r.parties.items():
        named = f"{party} ×{use.replicas}" if use.replicas > 1 else party
        busiest = sorted(use.stages.items(), key=lambda stage: -stage[1])[:4]
        stages = " · ".join(f"{stage} {seconds / r.seconds:.0%}" for stage, seconds in busiest if r.seconds)
        used = f"{named:18} {use.cpu_us_per_event:6,.0f} µs CPU each, {use.memory_mb:,.0f} MB"
        screen.print(f"{used}   [dim]{stages}[/]", soft_wrap=True)
    if r.reconciled_in is not None:
        screen.print(f"closed, deposited and reconciled (締め, 入金, 消込) in {r.reconciled_in:.1f} s")
    for name, value in r.environment.items():
        screen.print(f"[dim]{name.replace('_', ' ')}: {escape(str(value))}[/]", soft_wrap=True)
    screen.print(_audit(r), soft_wrap=True)


def _latencies(r: LoadResult) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("所要時間 latency (ms)")
    for head in ("p50", "p90", "p99", "p99.9", "max"):
        table.add_column(head, justify="right", no_wrap=True, min_width=7)
    for stage, s in r.latencies.items():
        table.add_row(STAGE_NAMES.get(stage, stage), *(f"{ms:,.1f}" for ms in (s.p50, s.p90, s.p99, s.p999, s.most)))
    return table


def _audit(r: LoadResult) -> str:
    declined = f"; {r.refused:,} payments were declined" if r.refused else ""
    if r.unregistered:
        return f"[red]{r.unregistered:,} receipts were not registered[/]{declined}"
    a = r.audit
    if a is None:
        return "[yellow]監査 not audited[/]: the ward's books were not asked for, or could not be read"
    if a.is_clean:
        return f"[green]監査 audit[/]: {a.sent:,} receipts, each registered once, ¥{a.registered_yen:,}{declined}"
    return (
        f"[red]監査 audit[/]: of {a.sent:,} receipts {a.missing:,} are missing, {a.twice:,} registered twice, "
        f"{a.wrong_amount:,} with another amount; ¥{a.registered_yen:,} of ¥{a.sent_yen:,}"
    )


def number(value: float | None) -> str:
    """Whole from 100 on, two decimals below."""
    return "–" if value is None else f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"
