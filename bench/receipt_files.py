"""Records of receipt files (収納データ) written and read per second, in both layouts, and the memory used.

One core writes a file to disk and reads it, in the pieces that the parties use. Memory is the growth of the process's
largest resident size while it reads: a reader that held each record would show there.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from datetime import time as clock_time
from pathlib import Path

from contracts.formats import receipt_csv, receipt_file
from contracts.formats.barcode import Barcode
from contracts.formats.receipt_file import FileHeader
from contracts.formats.receipt_record import ReceiptRecord, reference_of
from contracts.vocabulary import ReceiptKind, SlipNumber, Yen
from services.chassis.identity import SeededIdentity

ROOT = Path(__file__).resolve().parents[1]
DIFFERENT = 5_000
"""Records that are repeated to make up a file: making barcodes is not measured."""
HEADER = FileHeader(date(2021, 7, 2), "00680", "00104", "ｼﾝｼﾞﾕｸｸ ｶｲｺﾞﾎｹﾝｶ")
LAYOUTS = ("fixed", "csv")


@dataclass(frozen=True, slots=True)
class FileFigure:
    """One layout: seconds to write and to read its records, and the growth of memory in MiB while reading."""

    layout: str
    records: int
    write_seconds: float
    read_seconds: float
    grown_mib: float

    def lines(self) -> Iterator[str]:
        for done, seconds in (("written", self.write_seconds), ("read and checked", self.read_seconds)):
            name = f"{self.layout}: {done}"
            yield f"  {name:47} {self.records:9,} in {seconds:6.2f} s = {self.records / seconds:9,.0f} /s"
        yield f"  {f'{self.layout}: memory grown while reading':47} {self.grown_mib:9.1f} MiB"


def measure(folder: Path, records: int) -> list[FileFigure]:
    """Both layouts. Raises `AssertionError` if not every record written is read."""
    figures = []
    for layout in LAYOUTS:
        path = folder / f"receipts.{layout}"
        began = time.perf_counter()
        with path.open("wb") as file:
            file.writelines(_content(layout, _records(records)))
        written = time.perf_counter() - began
        read, seconds, grown = _read_apart(layout, path)
        assert read == records, f"{read} of {records} records"
        figures.append(FileFigure(layout, records, written, seconds, grown))
    return figures


def _content(layout: str, records: Iterable[ReceiptRecord]) -> Iterator[bytes]:
    return receipt_file.write([(HEADER, records)]) if layout == "fixed" else receipt_csv.write(records)


def _records(count: int) -> Iterator[ReceiptRecord]:
    identity, made = SeededIdentity(1), []
    for n in range(min(count, DIFFERENT)):
        barcode = Barcode("912345", SlipNumber(f"0010412100000{n:05d}011"), 0, date(2022, 2, 2), Yen(100 + n))
        made.append(
            ReceiptRecord(
                ReceiptKind.PRELIMINARY,
                date(2021, 7, 1 + n % 31),
                clock_time(n % 24, n % 60),
                barcode.digits,
                reference_of(identity.new("bench payment", str(n))),
                "UC",
                date(2021, 7, 1 + n % 31),
                None,
                date(2021, 7, 1 + n % 31),
                "0680",
            )
        )
    return (made[n % len(made)] for n in range(count))


def _read_apart(layout: str, path: Path) -> tuple[int, float, float]:
    """Records read, seconds and MiB grown, in a process that does nothing else."""
    command = [sys.executable, "-m", "bench.receipt_files", layout, str(path)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    count, seconds, grown = done.stdout.split()
    return int(count), float(seconds), float(grown)


def _read(layout: str, path: Path) -> str:
    before = most_resident_kib()
    began = time.perf_counter()
    with path.open("rb") as file:
        count = sum(1 for _ in (receipt_file.records(file) if layout == "fixed" else receipt_csv.read(file)))
    seconds = time.perf_counter() - began
    return f"{count} {seconds} {(most_resident_kib() - before) / 1024}"


def most_resident_kib() -> int:
    """The largest resident size of this program. `ru_maxrss` would include that of the program that started it."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1])


if __name__ == "__main__":
    print(_read(sys.argv[1], Path(sys.argv[2])))
