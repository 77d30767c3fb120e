"""The table of duties in docs/protection.md is that of the code."""

from contracts.duties.clauses import DUTIES
from tests.architecture.duty_table import table, with_table
from tests.architecture.source_tree import ROOT


def test_the_table_of_duties_is_that_of_the_code() -> None:
    document = (ROOT / "docs/protection.md").read_text(encoding="utf-8")
    assert document == with_table(document), "python -m tests.architecture.duty_table docs/protection.md"
    assert all(f"| {duty.number} |" in table() for duty in DUTIES)
