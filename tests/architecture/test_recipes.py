"""The recipes of CONTRIBUTING work: they are applied to a copy of the code, and a slip is paid there."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import dedent

import pytest

from tests.architecture.source_tree import ROOT

MOST_FILES = 5
STORY = """
import asyncio, sys
from datetime import date, time
from pathlib import Path

import contracts
from contracts.http.ward.slips import SlipRequest
from contracts.schema_generation import write
from contracts.vocabulary import ChargeType, Method, on_the_clock
from services.console.books.audit import audit
from services.console.books.trial_balance import position
from services.console.payers.paying import expect
from services.console.payers.plan import PlannedPayment
from services.console.sandbox.channels import payers_of
from services.console.sandbox.sandbox import Sandbox

method, charge_type = Method(sys.argv[1]), ChargeType(sys.argv[2])
paid_at, end = (on_the_clock(date(2021, month, 1), time(12)) for month in (7, 10))


async def story() -> None:
    async with Sandbox(paid_at, seed=7) as sandbox:
        asked = SlipRequest(
            insured_number="0000000001", amount=8_500, due_on=date(2021, 8, 2), charge_type=charge_type
        )
        slip = expect(await sandbox.ward.commands.issue_slip(asked))
        payment = expect(await payers_of(sandbox).pay(PlannedPayment(paid_at, slip, method)))
        await sandbox.advance(end)
        books = await sandbox.books()
        assert [r.kind for r in books["ward"].receipts if r.payment_id == payment.payment_id] == ["01", "02"]
        assert sum(deposit.amount for deposit in books["ward"].deposits) == 8_500
        assert audit(books).conserved and await sandbox.ward.queries.open_items() == []
        assert all(debt.agrees for debt in position(books).debts)


assert Path(contracts.__file__).parents[1] == Path.cwd()
asyncio.run(story())
write()
print("paid")
"""


@pytest.mark.parametrize(
    ("heading", "method", "charge_type"),
    [("Add a channel", "smartphone", "care_insurance"), ("Add a charge type", "convenience_store", "school_meals")],
)
def test_a_slip_is_paid_after_the_steps_of_the_recipe(
    heading: str, method: str, charge_type: str, tmp_path: Path
) -> None:
    changes = differences((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), heading)
    assert 0 < len(changes) <= MOST_FILES
    for package in ("contracts", "services"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name, hunks in changes.items():
        file = tmp_path / name
        lines = file.read_text(encoding="utf-8").splitlines()
        for hunk in hunks:
            lines = changed(lines, hunk)
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", STORY, method, charge_type], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout == "paid\n", done.stderr


def test_a_difference_is_made_where_its_context_is_and_nowhere_else() -> None:
    assert changed(["a", "b", "  c"], [" b", "+new", "   c"]) == ["a", "b", "new", "  c"]
    for elsewhere in (["a"], ["b", "b"]):
        with pytest.raises(AssertionError, match="not once"):
            changed(elsewhere, [" b", "+new"])


def differences(document: str, heading: str) -> Mapping[str, Sequence[Sequence[str]]]:
    """File → the hunks that a section's `diff` blocks have for it."""
    _, _, section = document.partition(f"\n## {heading}\n")
    return dict(_hunks(section.partition("\n## ")[0]))


def _hunks(section: str) -> Iterator[tuple[str, Sequence[Sequence[str]]]]:
    for block in re.findall(r"```diff\n(.*?)```", section, re.DOTALL):
        first, _, rest = dedent(block).partition("\n")
        yield first.removeprefix("--- "), [hunk.splitlines() for hunk in rest.split("@@\n")]


def changed(lines: Sequence[str], hunk: Sequence[str]) -> list[str]:
    """The lines with what the hunk adds, at the one place that has its context."""
    before = [line[1:] for line in hunk if line.startswith(" ")]
    places = [n for n in range(len(lines)) if list(lines[n : n + len(before)]) == before]
    assert len(places) == 1, f"{before} is there not once but {len(places)} times"
    (at,) = places
    return [*lines[:at], *(line[1:] for line in hunk), *lines[at + len(before) :]]
