"""How far a file of SQLite was, noted beside it: so that one whose journal (`-wal`) or self is lost is noticed.

The file counts (`PRAGMA user_version`) at a start, every 10 s while it changes, and at a stop; the mark is written
after the count is on the disk. A loss of commits made since the last mark is not noticed.
"""

from __future__ import annotations

from pathlib import Path

from services.chassis.outages import Unusable


class Mark:
    """The mark of a file: `<file>.mark`."""

    def __init__(self, file: Path) -> None:
        self._file, self._path = file, file.with_name(file.name + ".mark")

    def write(self, count: int) -> None:
        """Another process may write a later mark at the same time; one that is too low harms nothing."""
        if count > self.count:
            written = self._path.with_name(self._path.name + ".new")
            written.write_text(str(count))
            written.replace(self._path)

    @property
    def count(self) -> int:
        """0 for a file without a mark, or one that a power loss has emptied."""
        try:
            return int(self._path.read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def require(self, count: int) -> None:
        """Raises `Unusable` for a file that counts less than its mark."""
        if count < (marked := self.count):
            raise Unusable(
                f"the database {self._file} is older than it was (count {count}, {self._path.name} says {marked}): its "
                f"{self._file.name}-wal or the file itself is lost, or an older copy is in its place; restore the "
                f"whole folder from one backup, or, to go on with what it has, delete {self._path}"
            )
