"""試算表: who owes whom on every day of a demonstration."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.console.audit import audit
from services.console.demo import DemoOptions, Payers, SandboxScene, opened_sandbox, play
from services.console.trial_balance import position


@pytest.mark.parametrize("seed", [7, 8])
async def test_both_sides_of_every_debt_agree_at_the_end_of_every_day(seed: int) -> None:
    """速報 of the app come the same day, and nothing goes wrong with the deposits: nobody knows less than another."""
    first = date(2021, 6, 1)
    options = DemoOptions(cards=12, banks=8, seed=seed, first_day=first, last_day=date(2021, 12, 31), stories=0)
    async with opened_sandbox(options) as sandbox:
        await play(SandboxScene(sandbox, Payers(sandbox)), options, 0.0)
        books = await sandbox.books()
    owed = set()
    for n in range((options.last_day - first).days + 1):
        stands = position(books, first + timedelta(days=n))
        assert all(t.debits == t.credits for t in stands.trial_balances)
        assert [d for d in stands.debts if not d.agrees] == []
        owed |= {(d.debtor, d.code) for d in stands.debts}
    assert {("card_agent.uc", "received_not_deposited"), ("bank", "received_not_deposited")} <= owed
    undeposited = sum(d.at_debtor or 0 for d in position(books).debts if d.code == "received_not_deposited")
    assert undeposited == audit(books).undeposited_yen
