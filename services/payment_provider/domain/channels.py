"""What is agreed of all channels (収納チャネル): when each reports, and how its money comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from contracts.vocabulary import Method, Settler
from services.payment_provider.domain.network import NetworkTerms
from services.payment_provider.domain.payment import Plan
from services.payment_provider.domain.reporting import Reporting


@dataclass(frozen=True, slots=True)
class Channels:
    """Terms by channel, and by network: cards have none, for their agents settle."""

    reporting: Mapping[Method, Reporting]
    networks: Mapping[Settler, NetworkTerms]

    def plan(self, method: Method, paid_at: datetime, now: datetime) -> Plan:
        """When the receipt records of a payment are made, which is heard of at `now`."""
        reporting = self.reporting[method]
        preliminary_at = reporting.preliminary_at(paid_at)
        return Plan(
            None if preliminary_at is None else max(preliminary_at, now), max(reporting.confirm_at(paid_at), now)
        )
