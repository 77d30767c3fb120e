"""入金: what the ward's bank sees, the deposits that really reached its account, whatever is on record elsewhere.

Read from a data folder or a running stack, never from the ward. Networks deposit what they have on record; for a card
agent it is the transfers it really made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from contracts import topics
from contracts.books import Books, DepositRow
from contracts.http.card_agent.settlement import StatementView
from contracts.vocabulary import Agent
from services.card_agent.app import deposits_made
from services.console.books.reading import read_party
from services.console.stack.clients import StackClient
from services.payment_provider.app import books as payment_provider_books


def paid_in(provider: Books, statements: Iterable[StatementView]) -> Sequence[DepositRow]:
    """Every deposit on the ward's account, in yen, by the networks and by the agents with these `statements`.

    Without deposits that were never made or went to another account.
    """
    made = (
        DepositRow(d.deposit_id, s.statement_id, topics.settler_of(s.agent).value, d.paid, d.paid_on)
        for s in statements
        for d in s.deposits
        if d.paid_on is not None and not d.account
    )
    return [*provider.deposits, *made]


async def read_paid_in(folder: Path) -> Sequence[DepositRow]:
    """From a data folder. Raises `LookupError` naming what is missing or unreadable."""
    provider = await read_party(folder, topics.PAYMENT_PROVIDER, payment_provider_books)
    found = [*provider.deposits]
    for agent in Agent:
        found += await read_party(folder, topics.card_agent(agent), partial(deposits_made, agent=agent))
    return found


async def stack_paid_in(client: StackClient) -> Sequence[DepositRow]:
    """From the provider and card agents of a running stack. Raises `Refused`, `Unreachable`."""
    listings = (client.get(topics.card_agent(agent), "/statements") for agent in Agent)
    provider, *listed = await asyncio.gather(client.books(topics.PAYMENT_PROVIDER), *listings)
    return paid_in(provider, [StatementView.model_validate(s) for listing in listed for s in listing])
