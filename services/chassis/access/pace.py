"""How often something may happen."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from services.chassis.machine_time import monotonic


@dataclass
class Pace:
    """Allows `most` within any `seconds`."""

    most: int
    seconds: float
    _allowed: deque[float] = field(default_factory=deque)

    def allows(self) -> bool:
        """Whether one more is allowed now; it counts if so."""
        now = monotonic()
        while self._allowed and now - self._allowed[0] > self.seconds:
            self._allowed.popleft()
        if len(self._allowed) >= self.most:
            return False
        self._allowed.append(now)
        return True
