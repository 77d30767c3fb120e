"""A fiscal year of card payments in the sandbox: every slip issued, every payment from scan to reconciled deposit.

`python -m bench.years PAYMENTS` plays one and prints its figures as JSON. `measure` runs that in a new process, so that
the memory is that year's alone and the interpreter as cold as a user's.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from bench.receipt_files import ROOT, most_resident_kib
from services.chassis.collector import keep_what_is_loaded
from services.chassis.telemetry import configure_logging
from services.console.demo.year import DemoOptions, run_demo
from services.console.event_loop import run_to_end

MOST_GROWTH: Final = 1.3
"""A payment of the largest year may cost at most this much of what one of the smallest costs."""


@dataclass(frozen=True, slots=True)
class Year:
    """One measured year: seconds from the first slip to the audit's answer; CPU and memory of its process."""

    payments: int
    seconds: float
    cpu_seconds: float
    peak_megabytes: int
    digest: str
    conserved: bool
    reconciled: bool

    @property
    def microseconds_each(self) -> float:
        """CPU for one payment."""
        return 1e6 * self.cpu_seconds / self.payments

    def line(self) -> str:
        name = f"{self.payments:,} card payments, {self.peak_megabytes:,} MB at most"
        cpu = f"{self.cpu_seconds:.2f} s of CPU, {self.microseconds_each:,.0f} µs for each payment"
        return f"  {name:47} in {self.seconds:6.2f} s ({cpu})"


def growth(years: Sequence[Year]) -> float:
    """What a payment of the largest year costs, as a multiple of one of the smallest."""
    ordered = sorted(years, key=lambda year: year.payments)
    return ordered[-1].microseconds_each / ordered[0].microseconds_each


def measure(payments: int) -> Year:
    """Play a year in a new process.

    Raises `CalledProcessError` if that fails, `AssertionError` if its books do not agree.
    """
    command = [sys.executable, "-m", "bench.years", str(payments)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    year = msgspec.json.decode(done.stdout, type=Year)
    assert year.conserved, "the audit finds money that does not add up"
    assert year.reconciled, "a deposit is not matched with its receipts"
    return year


def main(payments: int) -> None:
    """Play a year in this process, and print its figures."""
    configure_logging("warning", "bench")
    keep_what_is_loaded()
    before = time.process_time()
    result = run_to_end(run_demo(DemoOptions(cards=payments, banks=0, stories=0)))
    year = Year(
        payments=payments,
        seconds=result.wall_seconds,
        cpu_seconds=time.process_time() - before,
        peak_megabytes=most_resident_kib() // 1024,
        digest=result.digest,
        conserved=result.audit.conserved,
        reconciled=result.reconciled,
    )
    sys.stdout.buffer.write(msgspec.json.encode(year) + b"\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
