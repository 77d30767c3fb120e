"""What stands for each duty: the table of docs/protection.md, from the duties themselves.

`python -m tests.architecture.duty_table docs/protection.md` writes it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from contracts.duties.clauses import DUTIES
from contracts.duties.duty import CONTRACTORS, Duty
from contracts.parties import NAMES
from services.console.duties.words import SECTIONS, how

BEGIN: Final = "<!-- duties: python -m tests.architecture.duty_table docs/protection.md -->"
END: Final = "<!-- end of duties -->"


def table() -> str:
    """Markdown: a table for each section."""
    return "\n\n".join(_section(letter, list(duties)) for letter, duties in groupby(DUTIES, lambda d: d.number[0]))


def _section(letter: str, duties: list[Duty]) -> str:
    return "\n".join(
        [
            f"**{letter} {SECTIONS[letter]}**",
            "",
            "| | duty | owed by | shown by |",
            "|---|---|---|---|",
            *map(_row, duties),
        ]
    )


def _row(duty: Duty) -> str:
    shown_by = "<br>".join(how(shown).english for shown in duty.shown)
    return f"| {duty.number} | {duty.japanese}<br>{duty.english} | {' '.join(_signs(duty))} | {shown_by} |"


def _signs(duty: Duty) -> Iterator[str]:
    """All contractors together are 乙 and 丙."""
    owed_by = ("payment_provider", "丙") if duty.owed_by == CONTRACTORS else duty.owed_by
    for party in owed_by:
        yield NAMES[party].short if party in NAMES else party


def with_table(document: str) -> str:
    """The document with today's table between its marks."""
    before, _, rest = document.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(with_table(path.read_text(encoding="utf-8")), encoding="utf-8")
