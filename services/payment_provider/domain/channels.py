"""The terms of all channels (収納チャネル): when each reports, and how its money comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from contracts.vocabulary import Method, Settler
from services.payment_provider.domain.network import NetworkTerms
from services.payment_provider.domain.reporting import Reporting, ReportTimes


@dataclass(frozen=True, slots=True)
class Channels:
    """Terms by channel, and by network. Cards have no network: their agents settle."""

    reporting: Mapping[Method, Reporting]
    networks: Mapping[Settler, NetworkTerms]

    def report_times(self, method: Method, paid_at: datetime, now: datetime) -> ReportTimes:
        """Of a payment made at `paid_at` and reported to the provider at `now`, not earlier than that."""
        reporting = self.reporting[method]
        preliminary_at = reporting.preliminary_at(paid_at)
        return ReportTimes(
            None if preliminary_at is None else max(preliminary_at, now), max(reporting.confirm_at(paid_at), now)
        )
