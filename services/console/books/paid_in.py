"""入金: what really came into the ward's account, whatever its settlers believe or the ward knows: what its bank sees.

From the databases of a data folder, or asked of a running stack; the ward itself is not asked. The networks of the
channels pay what they believe; of a card agent it is what its transfers really were.
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
    """Every deposit on the ward's account, in yen, of the networks and of the agents whose `statements` these are.

    One that was never made, or went to another account, is not among them.
    """
    made = (
        DepositRow(d.deposit_id, s.statement_id, topics.settler_of(s.agent).value, d.paid, d.paid_on)
        for s in statements
        for d in s.deposits
        if d.paid_on is not None and not d.account
    )
    return [*provider.deposits, *made]


async def read_paid_in(folder: Path) -> Sequence[DepositRow]:
    """Out of a data folder. Raises `LookupError` naming what is missing or cannot be read."""
    provider = await read_party(folder, topics.PAYMENT_PROVIDER, payment_provider_books)
    found = [*provider.deposits]
    for agent in Agent:
        found += await read_party(folder, topics.card_agent(agent), partial(deposits_made, agent=agent))
    return found


async def stack_paid_in(client: StackClient) -> Sequence[DepositRow]:
    """Asked of provider and card agents of a running stack. Raises `Refused`, `Unreachable`."""
    listings = (client.get(topics.card_agent(agent), "/statements") for agent in Agent)
    provider, *listed = await asyncio.gather(client.books(topics.PAYMENT_PROVIDER), *listings)
    return paid_in(provider, [StatementView.model_validate(s) for listing in listed for s in listing])
