"""How the payment provider's tables came to be: one file a revision, in `versions`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from services.chassis.migrations import History

HISTORY: Final = History("payment_provider", 4, Path(__file__).parent / "versions")
