"""`sansha load`: how many receipts or payments a second, how long each takes, and where the time goes."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.console.cli.options import DEFAULT_PORT_BASE, Json, PortBase, emit, err, fail, out, stack_addresses, write
from services.console.load.arrivals import Shape

if TYPE_CHECKING:
    from services.console.load.recording import Moment
    from services.console.load.results import LoadResult
    from services.console.load.running import OnMoment
    from services.console.load.target import OpenTarget
    from services.console.load.thresholds import Checked
    from services.console.load.trials import Asked

load = typer.Typer(no_args_is_help=True, help="負荷試験: receipts or payments a second, latencies, and an audit.")

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|m|h)?")
_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
DEFAULT_COUNT: Final = 50_000
NOTEWORTHY_SECONDS: Final = 0.5


def a_duration(text: str | float) -> float:
    """Seconds of `90`, `90s`, `1.5m` or `1h`."""
    found = _DURATION.fullmatch(str(text))
    if found is None or not float(found[1]):
        raise typer.BadParameter(f"{text!r} is no duration; write it like 30s, 5m or 1h")
    return float(found[1]) * _SECONDS[found[2] or ""]


Rate = Annotated[float | None, typer.Option(min=0.1, max=1_000_000, help="Arrivals a second, at the highest.")]
Max = Annotated[bool, typer.Option("--max", help="As fast as they are registered (the default).")]
Duration = Annotated[
    float | None, typer.Option(parser=a_duration, metavar="DURATION", help="How long, like 30s or 5m.")
]
Count = Annotated[int | None, typer.Option(min=1, max=5_000_000, help="How many, instead of --duration.")]
ShapeOption = Annotated[Shape, typer.Option(help="How the rate changes; due-date-peak: a due date's day.")]
WarmUp = Annotated[
    float, typer.Option(parser=a_duration, metavar="DURATION", help="Before that, at --rate, not counted.")
]
TargetOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar="SANSHA_BUS_URL",
        help="The bus: embedded:FOLDER or kafka://HOST:PORT; without it, a stack of its own.",
    ),
]
Group = Annotated[str, typer.Option(help="The consumer group of the ward.")]
Thresholds = Annotated[
    Path | None, typer.Option(dir_okay=False, exists=True, metavar="FILE.toml", help="What must hold for exit 0.")
]
Report = Annotated[
    Path | None, typer.Option(dir_okay=False, metavar="FILE.html", help="Write it as one page; - for stdout.")
]
Patience = Annotated[
    float, typer.Option(parser=a_duration, metavar="DURATION", help="Give up where nothing is registered for so long.")
]
Audit = Annotated[bool, typer.Option("--audit/--no-audit", help="Read the ward's books afterwards.")]


@load.command("receipts")
def load_receipts(
    rate: Rate = None,
    as_fast_as_possible: Max = False,
    duration: Duration = None,
    count: Count = None,
    shape: ShapeOption = Shape.CONSTANT,
    warm_up: WarmUp = 5.0,
    target: TargetOption = None,
    port_base: PortBase = DEFAULT_PORT_BASE,
    group: Group = "ward",
    slips: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, metavar="FILE.csv", help="slip_number,amount,barcode; for any ward."),
    ] = None,
    patience: Patience = 30.0,
    audit: Audit = True,
    thresholds: Thresholds = None,
    report: Report = None,
    as_json: Json = False,
) -> None:
    """収納データ onto the topic, until the ward has registered them (committed). Ctrl-C ends early, and still reports.

    With --target the ward may be anybody's that reads the topic; its HTTP is at --port-base, or at SANSHA_STACK_HOSTS.
    """
    from services.console.load.receipts import Receipts
    from services.console.load.slips import NoSlips, read_slips
    from services.console.load.trials import Asked, try_receipts

    _check(rate, as_fast_as_possible, duration, count)
    try:
        known = () if slips is None else read_slips(slips)
    except NoSlips as wrong:
        fail(str(wrong))
    asked = Asked(rate, count or DEFAULT_COUNT, duration, shape, warm_up, group, audit, patience, known)
    _run(Tried(try_receipts, Receipts.stages), asked, Where(target, port_base), Wanted(thresholds, report, as_json))


@load.command("payments")
def load_payments(
    rate: Rate = None,
    as_fast_as_possible: Max = False,
    duration: Duration = None,
    count: Count = None,
    shape: ShapeOption = Shape.CONSTANT,
    warm_up: WarmUp = 5.0,
    bulk: Annotated[
        int, typer.Option(min=1, max=10_000, metavar="N", help="Payments in a request; 1 for one by one.")
    ] = 1,
    until_reconciled: Annotated[
        bool, typer.Option("--until-reconciled", help="Then move the stepped clock until all is deposited.")
    ] = False,
    target: TargetOption = None,
    port_base: PortBase = DEFAULT_PORT_BASE,
    group: Group = "ward",
    patience: Patience = 30.0,
    audit: Audit = True,
    thresholds: Thresholds = None,
    report: Report = None,
    as_json: Json = False,
) -> None:
    """納付: slips scanned over HTTP, through agent and ward until their receipts are registered."""
    from services.console.load.payments import Payments
    from services.console.load.trials import Asked, try_payments

    _check(rate, as_fast_as_possible, duration, count)
    many = count or DEFAULT_COUNT // (1 if bulk > 1 else 10)
    asked = Asked(rate, many, duration, shape, warm_up, group, audit, patience, (), bulk, until_reconciled)
    _run(Tried(try_payments, Payments.stages), asked, Where(target, port_base), Wanted(thresholds, report, as_json))


@load.command("compare")
def load_compare(
    first: Annotated[Path, typer.Argument(metavar="A.json", exists=True, dir_okay=False)],
    second: Annotated[Path, typer.Argument(metavar="B.json", exists=True, dir_okay=False)],
    as_json: Json = False,
) -> None:
    """Two runs side by side: every figure of both, and the second by the first."""
    from services.console.load.comparing import compared, differing
    from services.console.load.results import read_result

    try:
        a, b = read_result(first), read_result(second)
    except (ValueError, OSError) as wrong:
        fail(str(wrong))
    rows, others = list(compared(a, b)), list(differing(a, b))
    if as_json:
        found = [{**row._asdict(), "ratio": row.ratio, "verdict": row.verdict} for row in rows]
        emit({"figures": found, "differing": [{"name": n, "first": x, "second": y} for n, x, y in others]})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("figure", no_wrap=True)
    for head in (first.stem, second.stem, "ratio"):
        table.add_column(escape(head), justify="right", no_wrap=True)
    table.add_column("")
    colours = {"better": "green", "worse": "red"}
    for row in rows:
        ratio = "–" if row.ratio is None else f"{row.ratio:.2f}×"
        colour = colours.get(row.verdict, "dim")
        table.add_row(row.figure, _number(row.first), _number(row.second), ratio, f"[{colour}]{row.verdict}[/]")
    out.print(table)
    for name, x, y in others:
        out.print(f"[dim]{name}: {escape(str(x))} / {escape(str(y))}[/]", soft_wrap=True)


class Where(NamedTuple):
    """The stack; without a target one of its own."""

    target: str | None
    port_base: int


class Wanted(NamedTuple):
    """What is made of the result."""

    thresholds: Path | None
    report: Path | None
    as_json: bool


def _check(rate: float | None, as_fast_as_possible: bool, duration: float | None, count: int | None) -> None:
    if rate is not None and as_fast_as_possible:
        fail("give either --rate R or --max")
    if duration is not None and count is not None:
        fail("give either --duration or --count")


class Tried(NamedTuple):
    """A kind of load test, and the stages that its workload tells of."""

    run: Callable[[OpenTarget, Asked, OnMoment], Coroutine[Any, Any, LoadResult]]
    stages: Sequence[str]


def _run(tried: Tried, asked: Asked, where: Where, wanted: Wanted) -> NoReturn:
    from services.chassis.settings import InvalidSettings
    from services.console.load.payments import PaymentRefused
    from services.console.load.results import figure_names, figures
    from services.console.load.slips import NoSlips
    from services.console.load.target import NoTarget
    from services.console.load.thresholds import BadThresholds, check, read_thresholds, require_known
    from services.console.load.trials import CannotTest
    from services.console.stack.clients import Refused, Unreachable

    if str(wanted.report) == "-" and wanted.as_json:
        fail("give either --json or --report -: one document goes to stdout")
    if wanted.report is not None and not wanted.report.absolute().parent.is_dir():
        fail(f"{wanted.report.parent} is no folder; make it, or name another --report file")
    try:
        thresholds = [] if wanted.thresholds is None else read_thresholds(wanted.thresholds)
        require_known(thresholds, figure_names(tried.stages))
        with _progress(asked) as tell:
            result = asyncio.run(_tested(tried, asked, where, tell))
    except* (NoTarget, NoSlips, CannotTest, PaymentRefused) as wrong:
        fail(str(_first(wrong)))
    except* (InvalidSettings, BadThresholds, Refused, Unreachable) as wrong:
        fail(str(_first(wrong)))
    checked = check(thresholds, figures(result))
    _tell(result, checked, wanted)
    raise typer.Exit(0 if result.is_right and all(c.passed for c in checked) else 1)


def _first(group: BaseExceptionGroup[Exception]) -> BaseException:
    one: BaseException = group
    while isinstance(one, BaseExceptionGroup):
        one = one.exceptions[0]
    return one


async def _tested(tried: Tried, asked: Asked, where: Where, tell: OnMoment) -> LoadResult:
    from services.console.load.target import Target, opened, own_stack

    async with AsyncExitStack() as stack:
        if where.target is None:
            clock = "stepped" if asked.reconciled else "real"
            target = await stack.enter_async_context(own_stack(clock))
        else:
            target = Target(where.target, stack_addresses(where.port_base))
        place = await stack.enter_async_context(opened(target))
        return await tried.run(place, asked, tell)


@contextmanager
def _progress(asked: Asked) -> Iterator[OnMoment]:
    """A bar with the rate and p99 of the last second; without a terminal a line when the measured part begins."""
    total = asked.schedule.total
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("starting, issuing slips", total=None)
        was_warm = False

        def told(moment: Moment) -> None:
            nonlocal was_warm
            p99 = "–" if moment.p99 is None else f"{moment.p99:,.1f} ms"
            part = "measuring " if moment.is_warm else "warming up"
            said = f"{part} {moment.per_second:8,.0f}/s  p99 {p99:>10}  lag {moment.lag:,}"
            bar.update(task, description=said, completed=moment.registered, total=total)
            if bar.disable and moment.is_warm and not was_warm:
                err.print(said, style="dim", soft_wrap=True)
            was_warm = moment.is_warm

        yield told


def _tell(result: LoadResult, checked: Sequence[Checked], wanted: Wanted) -> None:
    told = err if str(wanted.report) == "-" or wanted.as_json else out
    if wanted.as_json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")
    else:
        _print(result, told)
    for c in checked:
        says = "[green]passed[/]" if c.passed else "[red]missed[/]"
        told.print(f"{says}  {escape(str(c.threshold))}: {_number(c.value)}")
    if wanted.report is not None:
        from services.console.load.page import page

        write(page(result, checked).encode(), wanted.report, "--report")
        if str(wanted.report) != "-":
            err.print(f"[dim]the page:[/] {escape(str(wanted.report))}", soft_wrap=True)


def _print(r: LoadResult, out: Console) -> None:
    from services.console.load.results import STAGE_NAMES

    stopped = "  [yellow]ended early[/]" if r.was_stopped else ""
    measured = f"{r.seconds:.1f} s measured, {r.registered:,} of {r.sent:,} sent are registered, warm-up included"
    out.print(f"[bold]{r.throughput:,.0f} {r.workload} registered a second[/]  {measured}{stopped}", soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("所要時間 latency (ms)")
    for head in ("p50", "p90", "p99", "p99.9", "max"):
        table.add_column(head, justify="right", no_wrap=True, min_width=7)
    for stage, s in r.latencies.items():
        table.add_row(STAGE_NAMES.get(stage, stage), *(f"{ms:,.1f}" for ms in (s.p50, s.p90, s.p99, s.p999, s.most)))
    out.print(table)
    if r.behind_most > NOTEWORTHY_SECONDS:
        late = "this machine cannot send so many" if r.asked["rate"] != "max" else "it waits for what is registered"
        out.print(f"[yellow]the load generator was up to {r.behind_most:.1f} s late[/]: {late}", soft_wrap=True)
    if r.asked["rate"] == "max" and r.seconds < r.asked.get("seconds", 0.0) and not r.was_stopped:
        out.print(f"[yellow]all slips that were issued for it were used up after {r.seconds:.1f} s[/]")
    out.print(f"lag: at most {r.lag_most:,}; the last was registered {r.drained_in:.2f} s after the last arrival")
    for party, use in r.parties.items():
        named = f"{party} ×{use.replicas}" if use.replicas > 1 else party
        busiest = sorted(use.stages.items(), key=lambda stage: -stage[1])[:4]
        stages = " · ".join(f"{stage} {seconds / r.seconds:.0%}" for stage, seconds in busiest if r.seconds)
        used = f"{named:18} {use.cpu_us_per_event:6,.0f} µs CPU each, {use.memory_mb:,.0f} MB"
        out.print(f"{used}   [dim]{stages}[/]", soft_wrap=True)
    if r.reconciled_in is not None:
        out.print(f"closed, deposited and reconciled (締め, 入金, 消込) in {r.reconciled_in:.1f} s")
    for name, value in r.environment.items():
        out.print(f"[dim]{name.replace('_', ' ')}: {escape(str(value))}[/]", soft_wrap=True)
    out.print(_audit(r), soft_wrap=True)


def _audit(r: LoadResult) -> str:
    declined = f"; {r.refused:,} payments were declined" if r.refused else ""
    if r.unregistered:
        return f"[red]{r.unregistered:,} receipts were not registered[/]{declined}"
    a = r.audit
    if a is None:
        return "[yellow]監査 not audited[/]: its books were not asked for, or cannot be read"
    if a.is_clean:
        return f"[green]監査 audit[/]: {a.sent:,} receipts, each registered once, ¥{a.registered_yen:,}{declined}"
    return (
        f"[red]監査 audit[/]: of {a.sent:,} receipts {a.missing:,} are missing, {a.twice:,} registered twice, "
        f"{a.wrong_amount:,} with another amount; ¥{a.registered_yen:,} of ¥{a.sent_yen:,}"
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"
