"""試算表: what each party owes each other on every day of a demonstration."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from contracts.vocabulary import Method, SettlementAnomaly, on_the_clock
from services.console.books.audit import audit
from services.console.books.trial_balance import position
from services.console.demo.year import DemoOptions, opened_sandbox, play
from services.console.sandbox.sandbox import Sandbox
from services.console.sandbox.scene import SandboxScene
from services.console.scenarios.world import World


@pytest.mark.parametrize("seed", [7, 8])
async def test_both_sides_of_every_debt_agree_at_the_end_of_every_day(seed: int) -> None:
    """速報 of the app come the same day and all deposits are right, so the parties' books agree every evening."""
    first = date(2021, 6, 1)
    options = DemoOptions(cards=12, banks=8, seed=seed, first_day=first, last_day=date(2021, 12, 31), stories=0)
    async with opened_sandbox(options) as sandbox:
        await play(SandboxScene(sandbox), options, 0.0)
        books = await sandbox.books()
    owed = set()
    for n in range((options.last_day - first).days + 1):
        stands = position(books, first + timedelta(days=n))
        assert all(t.debits == t.credits for t in stands.trial_balances)
        assert [d for d in stands.debts if not d.agrees] == []
        owed |= {(d.debtor, d.code) for d in stands.debts}
    assert {
        ("payers", "levied_not_received"),
        ("card_company", "paid_in_the_payers_stead"),
        ("card_agent.uc", "received_not_deposited"),
        ("bank", "received_not_deposited"),
    } <= owed
    undeposited = sum(d.at_debtor or 0 for d in position(books).debts if d.code == "received_not_deposited")
    assert undeposited == audit(books).undeposited_yen


async def test_a_debt_that_revived_is_owed_by_payer_and_agent_and_the_agent_does_not_know() -> None:
    """UC believes that it has deposited; the ward has seen nothing by the designated date, 2 August."""
    sandbox = Sandbox(on_the_clock(date(2021, 7, 5), time(9)), seed=7)
    await sandbox.start()
    try:
        world = World(sandbox, 7)
        await world.settlement_goes_wrong(SettlementAnomaly.DEPOSIT_MISSING)
        slip = await world.slip()
        await world.pays(slip, Method.CARD)
        await world.until(date(2021, 8, 3))
        stands = position(await sandbox.books())
    finally:
        await sandbox.close()
    debts = {(d.debtor, d.code): (d.at_debtor, d.at_creditor) for d in stands.debts}
    assert debts["payers", "levied_not_received"] == (None, slip.amount)
    assert debts["card_agent.uc", "received_not_deposited"] == (0, slip.amount)
    assert stands.owed_twice == slip.amount
