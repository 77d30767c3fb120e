"""How often a failing event is tried, and how long between."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a failing event is tried before it is set aside. The pauses between attempts double."""

    attempts: int = 4
    first_pause_seconds: float = 0.02
    longest_pause_seconds: float = 2.0

    def pause_after(self, attempt: int) -> float:
        return min(self.first_pause_seconds * 2.0 ** (attempt - 1), self.longest_pause_seconds)
