"""Which card agent accepts which brand, and the fee that the payer pays for using the system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contracts.vocabulary import Agent, Brand, Refusal, Yen

FeeTable = Sequence[tuple[int, int]]
"""Pairs (up to this amount, this fee), ascending, in yen."""


def refuse_route(routes: Mapping[Brand, Agent], brand: Brand, agent: Agent) -> Refusal | None:
    """Refuses a card whose token was made by an agent that does not accept its brand."""
    right = routes.get(brand)
    if right is agent:
        return None
    other = "no agent" if right is None else f"agent {right.value}"
    return Refusal(
        "brand_not_accepted",
        f"agent {agent.value} does not accept {brand.value}; {other} does",
        "type the card to the agent that GET /card-agents names for its brand",
    )


def system_fee(amount: Yen, table: FeeTable, step: int, fee_per_step: int) -> Yen:
    """システム利用料, borne by the payer: from the table, and above it `fee_per_step` for each started `step`."""
    for up_to, fee in table:
        if amount <= up_to:
            return Yen(fee)
    up_to, fee = table[-1]
    return Yen(fee + -(-(amount - up_to) // step) * fee_per_step)
