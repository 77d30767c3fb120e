"""消去の規則: every column that holds personal data is under a rule, or it is named here why it stays."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Final

import pytest

from contracts.duties.erasing import Rule
from contracts.duties.items import ITEMS
from services.chassis.erasure.rules import RULES as OF_EVERY_PARTY
from tests.architecture.collected import PARTIES, service_of

PERSONAL: Final = frozenset().union(*(item.fields for item in ITEMS))
BOOKS: Final = "stands in the books for the payment; leads to nobody once its slip and card are gone"
OWN_DUTIES: Final = "the register of duties is kept as proof; it names staff, and no payer"
STAYS: Final[dict[tuple[str, str], str]] = {
    ("*", "payment_id"): BOOKS,
    ("*", "met_payment_id"): BOOKS,
    ("*", "amount"): BOOKS,
    ("*", "paid_at"): BOOKS,
    ("*", "received_on"): BOOKS,
    ("*", "method"): BOOKS,
    ("*", "lines"): BOOKS,
    ("*", "records"): BOOKS,
    ("*", "returned"): BOOKS,
    ("*", "restored"): BOOKS,
    ("*", "reclaimed"): BOOKS,
    ("*", "use"): BOOKS,
    ("*", "number"): "counts rows; no table has a card's number",
    ("duty_records", "content"): OWN_DUTIES,
    ("erasures", "certificates"): OWN_DUTIES,
    ("access_log", "user"): "who saw something answers for it longer than the data last",
    ("outbox", "records"): "deleted once sent; pending timers name payments alone",
    ("slips", "levy_year"): BOOKS,
    ("slips", "instalment"): BOOKS,
    ("slips", "reissue"): BOOKS,
    ("reminders", "outstanding"): BOOKS,
    ("overpayments", "slip_number"): "not decided on, so not settled: its slip is kept",
}


def rules_of(party: str) -> Sequence[Rule]:
    rules: Sequence[Rule] = import_module(f"services.{party}.domain.erasure").RULES
    return (*rules, *OF_EVERY_PARTY)


@pytest.mark.parametrize("party", PARTIES)
def test_every_column_with_personal_data_is_under_a_rule_or_named_here_with_the_reason(party: str) -> None:
    rules, forgotten = rules_of(party), []
    for schema in service_of(party).schemas:
        for table in schema.tables.tables.values():
            for column in set(table.columns.keys()) & PERSONAL:
                stays = ("*", column) in STAYS or (table.name, column) in STAYS
                if not stays and not any(rule.covers(table.name, column) for rule in rules):
                    forgotten.append(f"{table.name}.{column}")
    assert forgotten == []


@pytest.mark.parametrize("party", PARTIES)
def test_a_rule_is_about_a_table_and_columns_that_there_are(party: str) -> None:
    tables = {name: t for schema in service_of(party).schemas for name, t in schema.tables.tables.items()}
    rules = rules_of(party)
    assert len({rule.name for rule in rules}) == len(rules)
    for rule in rules:
        assert set(rule.columns) <= set(tables[rule.table].columns.keys()), rule.english
