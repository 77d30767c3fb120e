"""Plays every case, several at a time in separate processes, and reports progress."""

from __future__ import annotations

import signal
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from services.console.event_loop import run_to_end
from services.console.explore.measures import Outcome
from services.console.explore.variations import Case
from services.console.explore.years import Crowd, DayReached, play_year

if TYPE_CHECKING:
    from multiprocessing.queues import Queue
    from multiprocessing.synchronize import Event

POLL_SECONDS = 0.1
Progress = Callable[[int], None]
"""Called with the number of simulated days that are over, of all cases together."""


class CannotCompare(Exception):
    """A process that played a case has ended; the text says what may have ended it."""


class _Stopped(Exception):
    """The case was cancelled: its outcome is no longer awaited."""


def compare(cases: Sequence[Case], crowd: Crowd, jobs: int, progress: Progress) -> list[Outcome]:
    """The outcome of each case, in their order; the same for any number of `jobs`. Raises `CannotCompare`."""
    if min(jobs, len(cases)) == 1:
        return [run_to_end(play_year(case, crowd, _after(n * crowd.days, progress))) for n, case in enumerate(cases)]
    context = get_context("spawn")
    days: Queue[tuple[int, int]] = context.Queue()
    stopping = context.Event()
    with _pool(min(jobs, len(cases)), context, days, stopping) as pool:
        played = [pool.submit(_play, n, case, crowd) for n, case in enumerate(cases)]
        try:
            _follow(played, days, crowd, progress)
            return [future.result() for future in played]
        except BrokenProcessPool:
            raise CannotCompare(
                "a process that played a year was ended from outside; if memory is short, give fewer --payers or --jobs"
            ) from None


def _after(before: int, progress: Progress) -> DayReached:
    return lambda day: progress(before + day)


@contextmanager
def _pool(workers: int, context: Any, days: Queue[tuple[int, int]], stopping: Event) -> Iterator[ProcessPoolExecutor]:
    """A pool whose processes stop when the block ends, for whatever reason."""
    pool = ProcessPoolExecutor(workers, context, _begin, (days, stopping))
    try:
        yield pool
    finally:
        stopping.set()
        pool.shutdown(cancel_futures=True)


def _follow(played: Sequence[Future[Outcome]], days: Queue[tuple[int, int]], crowd: Crowd, progress: Progress) -> None:
    """Report progress until all are played. Raises what the first case to fail has raised."""
    over = [0] * len(played)
    waiting: Collection[Future[Outcome]] = played
    while waiting:
        done, waiting = wait(played, POLL_SECONDS, FIRST_EXCEPTION)
        while not days.empty():
            n, day = days.get()
            over[n] = day
        for future in done:
            future.result()
            over[played.index(future)] = crowd.days  # its last reports may still be in the queue
        progress(sum(over))


# ---- in a separate process ------------------------------------------------------------------------------


class _Reports:
    """What a process that plays cases is given at its start."""

    days: Queue[tuple[int, int]]
    stopping: Event


def _begin(days: Queue[tuple[int, int]], stopping: Event) -> None:
    _Reports.days, _Reports.stopping = days, stopping
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when to stop


def _play(n: int, case: Case, crowd: Crowd) -> Outcome:
    def reached(day: int) -> None:
        if _Reports.stopping.is_set():
            raise _Stopped
        _Reports.days.put((n, day))

    return run_to_end(play_year(case, crowd, reached))
