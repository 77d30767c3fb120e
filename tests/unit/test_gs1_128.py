"""GS1-128 as bars: what any scanner reads back."""

import pytest
import zxingcpp
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from contracts.formats.barcode import SYMBOLOGY_IDENTIFIER
from contracts.formats.gs1_128 import QUIET_ZONE, bars, symbol_values
from services.payment_provider.domain.picture import FoundCode, slip_in

SLIP = "91912345001044103000123450100021080200085001"
digits = st.integers(1, 22).flatmap(lambda pairs: st.text("0123456789", min_size=2 * pairs, max_size=2 * pairs))


SEEN_AS_EAN_TOO = "91383949352912407392397099159656390997808064"
"""In one of some 18,000 symbols the decoder also believes to see an EAN code."""


def scanned(widths: tuple[int, ...]) -> list[FoundCode]:
    """What an independent decoder finds in these bars, three dots a module."""
    picture = Image.new("L", (3 * (sum(widths) + 2 * QUIET_ZONE), 40), 255)
    at = 3 * QUIET_ZONE
    for n, width in enumerate(widths):
        if n % 2 == 0:
            picture.paste(0, (at, 0, at + 3 * width, 40))
        at += 3 * width
    found = zxingcpp.read_barcodes(picture)
    return [FoundCode(code.symbology_identifier, str(code.format), code.bytes.decode()) for code in found]


def gs1_128(found: list[FoundCode]) -> list[str]:
    """The data of each GS1-128 among these codes."""
    return [code.text for code in found if code.identifier == SYMBOLOGY_IDENTIFIER]


@given(st.text("0123456789", min_size=42, max_size=42).map("91".__add__))
@example(SEEN_AS_EAN_TOO)
def test_a_decoder_reads_44_digits_back_as_gs1_128(code: str) -> None:
    found = scanned(bars(code))
    assert gs1_128(found) == [code]
    assert slip_in(found) == slip_in([FoundCode(SYMBOLOGY_IDENTIFIER, "Code 128", code)])


def test_every_pair_of_digits_has_its_bars() -> None:
    pairs = "".join(f"{n:02d}" for n in range(100))
    for start in range(0, 200, 40):
        code = "91" + pairs[start : start + 40]
        assert gs1_128(scanned(bars(code))) == [code]


def test_a_slips_symbol_has_the_length_of_the_standard() -> None:
    # start, FNC1, 22 pairs and check symbol are of 11 modules each, the stop of 13
    assert sum(bars(SLIP)) == 25 * 11 + 13
    assert symbol_values(SLIP)[:4] == (105, 102, 91, 91)


@given(digits)
def test_bars_and_spaces_alternate_from_bar_to_bar(code: str) -> None:
    widths = bars(code)
    assert len(widths) % 2 == 1
    assert all(1 <= width <= 4 for width in widths)
    assert sum(widths) == 11 * (3 + len(code) // 2) + 13


@pytest.mark.parametrize("text", ["1", "123", "12x4", "１２"])
def test_what_is_no_even_number_of_digits_has_no_bars(text: str) -> None:
    with pytest.raises(ValueError, match="even number of digits"):
        bars(text)
