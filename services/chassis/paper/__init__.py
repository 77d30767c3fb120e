"""Papers: letters of a party as PDF, A4, in Japanese. `letter.py` says what is on one, `letter_page.py` where.

fpdf2, of the extra `paper`, is used by `letter_page.py` alone and by the ward's slips, in one font. The PDF's bytes
depend on the letter alone.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from contracts.vocabulary import Refusal
from services.chassis.deferred import Deferred
from services.chassis.paper.letter import Letter

FONT: Final = "BIZ UDGothic"
FONT_FILE: Final = Path(__file__).parent / "fonts" / "BIZUDGothic-ShiftJIS.ttf"
CANNOT_PRINT: Final = Refusal(
    "printing_not_installed",
    "this party is installed without the libraries for printing",
    "install the extra paper: pip install 'sansha[paper]'",
)
LETTER: Final[Deferred[bytes]] = Deferred("services.chassis.paper.letter_page:document", extra="paper")


def can_print() -> bool:
    """Whether the extra `paper` is installed."""
    return find_spec("fpdf") is not None


def print_letter(letter: Letter) -> bytes:
    """A PDF. Takes tens of milliseconds: not to be called on the event loop."""
    return LETTER.load()(letter)
