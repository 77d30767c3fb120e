"""納付書 on paper: slips as a PDF, by fpdf2, of the extra `paper`.

`wording.py` has the texts of a slip, `slip_page.py` their places. The PDF's bytes depend on the slips alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.chassis.deferred import Deferred
from services.chassis.paper import CANNOT_PRINT, can_print
from services.ward.paper.wording import SlipText

__all__ = ["CANNOT_PRINT", "SLIPS_PER_DOCUMENT", "SlipText", "can_print", "print_slips"]

SLIPS_PER_DOCUMENT: Final = 300
DOCUMENT: Final[Deferred[bytes]] = Deferred("services.ward.paper.slip_page:document", extra="paper")


def print_slips(slips: Sequence[SlipText]) -> bytes:
    """A PDF, three slips a page. Takes tens of milliseconds: not to be called on the event loop."""
    return DOCUMENT.load()(slips)
