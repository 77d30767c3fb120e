"""A fiscal year of card payments in the sandbox: every slip issued, every payment from scan to reconciled deposit.

`python -m bench.years PAYMENTS` plays one and prints its figures as JSON; `measure` does that in a process of its own:
its memory is that year's alone, and the interpreter as cold as a user's.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import time
from dataclasses import dataclass

import msgspec

from bench.receipt_files import ROOT, most_resident_kib
from services.chassis.collector import keep_what_is_loaded
from services.chassis.telemetry import configure_logging
from services.console.demo.year import DemoOptions, run_demo


@dataclass(frozen=True, slots=True)
class Year:
    """What one year took: seconds from the first slip to the audit's answer; processor and memory of its processes."""

    payments: int
    seconds: float
    cpu_seconds: float
    peak_megabytes: int
    digest: str
    conserved: bool
    reconciled: bool

    def line(self, goal_seconds: float | None) -> str:
        """As it is printed, with whether the goal is met where there is one."""
        goal = ""
        if goal_seconds is not None:
            goal = f"; goal {goal_seconds:g} s {'met' if self.seconds < goal_seconds else 'MISSED'}"
        name = f"{self.payments:,} card payments, {self.peak_megabytes:,} MB at most"
        return f"  {name:47} in {self.seconds:6.2f} s ({self.cpu_seconds:.2f} s of CPU){goal}"


def measure(payments: int) -> Year:
    """Play a year in a process of its own.

    Raises `CalledProcessError` where it ends badly, `AssertionError` where its books do not agree.
    """
    command = [sys.executable, "-m", "bench.years", str(payments)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    year = msgspec.json.decode(done.stdout, type=Year)
    assert year.conserved, "the audit finds money that does not add up"
    assert year.reconciled, "a deposit is not matched with its receipts"
    return year


def main(payments: int) -> None:
    """Play it here, and print the figures."""
    configure_logging("warning", "bench")
    keep_what_is_loaded()
    before = time.process_time()
    result = asyncio.run(run_demo(DemoOptions(cards=payments, banks=0, stories=0)))
    others = resource.getrusage(resource.RUSAGE_CHILDREN)  # the ward, in a long year
    year = Year(
        payments=payments,
        seconds=result.wall_seconds,
        cpu_seconds=time.process_time() - before + others.ru_utime + others.ru_stime,
        peak_megabytes=(most_resident_kib() + others.ru_maxrss) // 1024,
        digest=result.digest,
        conserved=result.audit.conserved,
        reconciled=result.reconciled,
    )
    sys.stdout.buffer.write(msgspec.json.encode(year) + b"\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
