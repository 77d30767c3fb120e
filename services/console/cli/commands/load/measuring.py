"""Runs a load test for `sansha load`: its stack, its progress, its result, its exit status."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import msgspec
import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from services.chassis.settings import InvalidSettings
from services.console.cli.commands.load.result_screen import number, print_result
from services.console.cli.output import err, fail, out, write
from services.console.cli.running import run, stack_addresses
from services.console.load.page import page
from services.console.load.payments import PaymentRefused
from services.console.load.recording import Moment
from services.console.load.results import LoadResult, figure_names, figures
from services.console.load.running import OnMoment
from services.console.load.slips import NoSlips
from services.console.load.target import NoTarget, OpenTarget, Target, opened, own_stack
from services.console.load.thresholds import BadThresholds, Checked, check, read_thresholds, require_known
from services.console.load.trials import Asked, CannotTest
from services.console.stack.clients import Refused, Unreachable


class Kind(NamedTuple):
    """A kind of load test."""

    run: Callable[[OpenTarget, Asked, OnMoment], Coroutine[Any, Any, LoadResult]]
    stages: Sequence[str]
    """The stages that it times."""


class Where(NamedTuple):
    """The bus of a running stack and its ports; without a bus, a new stack is started."""

    target: str | None
    port_base: int
    sealed: bool = False
    """Of a new stack."""


class Wanted(NamedTuple):
    """Checks and outputs requested for the result."""

    thresholds: Path | None
    report: Path | None
    as_json: bool


def measure(kind: Kind, asked: Asked, where: Where, wanted: Wanted) -> NoReturn:
    """Exits with 0 if every receipt is right and every threshold is met, with 1 if not, with 2 if it cannot be run."""
    if str(wanted.report) == "-" and wanted.as_json:
        fail("give either --json or --report -: one document goes to stdout")
    if wanted.report is not None and not wanted.report.absolute().parent.is_dir():
        fail(f"{wanted.report.parent} is not a folder; make it, or name another --report file")
    try:
        thresholds = [] if wanted.thresholds is None else read_thresholds(wanted.thresholds)
        require_known(thresholds, figure_names(kind.stages))
        with _progress(asked) as report:
            result = run(_tested(kind, asked, where, report))
    except* (NoTarget, NoSlips, CannotTest, PaymentRefused) as wrong:
        fail(str(_first(wrong)))
    except* (InvalidSettings, BadThresholds, Refused, Unreachable) as wrong:
        fail(str(_first(wrong)))
    checked = check(thresholds, figures(result))
    _report(result, checked, wanted)
    raise typer.Exit(0 if result.is_right and all(c.passed for c in checked) else 1)


def _first(group: BaseExceptionGroup[Exception]) -> BaseException:
    one: BaseException = group
    while isinstance(one, BaseExceptionGroup):
        one = one.exceptions[0]
    return one


async def _tested(kind: Kind, asked: Asked, where: Where, report: OnMoment) -> LoadResult:
    async with AsyncExitStack() as stack:
        if where.target is None:
            clock = "stepped" if asked.reconciled else "real"
            target = await stack.enter_async_context(own_stack(clock, sealed=where.sealed))
        else:
            target = Target(where.target, stack_addresses(where.port_base))
        place = await stack.enter_async_context(opened(target))
        return await kind.run(place, asked, report)


@contextmanager
def _progress(asked: Asked) -> Iterator[OnMoment]:
    """Shows a bar with the rate and p99 of the last second; if stderr is not a terminal, one line when measuring
    begins.
    """
    total = asked.schedule.total
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("starting, issuing slips", total=None)
        was_warm = False

        def report(moment: Moment) -> None:
            nonlocal was_warm
            p99 = "–" if moment.p99 is None else f"{moment.p99:,.1f} ms"
            part = "measuring " if moment.is_warm else "warming up"
            line = f"{part} {moment.per_second:8,.0f}/s  p99 {p99:>10}  lag {moment.lag:,}"
            bar.update(task, description=line, completed=moment.registered, total=total)
            if bar.disable and moment.is_warm and not was_warm:
                err.print(line, style="dim", soft_wrap=True)
            was_warm = moment.is_warm

        yield report


def _report(result: LoadResult, checked: Sequence[Checked], wanted: Wanted) -> None:
    screen = err if str(wanted.report) == "-" or wanted.as_json else out
    if wanted.as_json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")
    else:
        print_result(result, screen)
    for c in checked:
        verdict = "[green]passed[/]" if c.passed else "[red]missed[/]"
        screen.print(f"{verdict}  {escape(str(c.threshold))}: {number(c.value)}")
    if wanted.report is not None:
        write(page(result, checked).encode(), wanted.report, "--report")
        if str(wanted.report) != "-":
            err.print(f"[dim]the page:[/] {escape(str(wanted.report))}", soft_wrap=True)
