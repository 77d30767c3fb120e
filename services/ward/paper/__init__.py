"""納付書 on paper: slips as a PDF. Only this folder uses fpdf2, of the extra `paper`.

`wording.py` has the texts of a slip, `slip_page.py` their places. The PDF's bytes depend on the slips alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Final

from contracts.vocabulary import Refusal
from services.chassis.deferred import Deferred
from services.ward.paper.wording import SlipText

__all__ = ["CANNOT_PRINT", "SLIPS_PER_DOCUMENT", "SlipText", "can_print", "print_slips"]

SLIPS_PER_DOCUMENT: Final = 300
CANNOT_PRINT: Final = Refusal(
    "printing_not_installed",
    "this ward is installed without the libraries for printing",
    "install the extra paper: pip install 'sansha[paper]'",
)


DOCUMENT: Final[Deferred[bytes]] = Deferred("services.ward.paper.slip_page:document", extra="paper")


def can_print() -> bool:
    """Whether the extra `paper` is installed."""
    return find_spec("fpdf") is not None


def print_slips(slips: Sequence[SlipText]) -> bytes:
    """A PDF, three slips a page. Takes tens of milliseconds: not to be called on the event loop."""
    return DOCUMENT.load()(slips)
