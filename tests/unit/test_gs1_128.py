"""GS1-128 as bars: what any scanner reads back."""

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from contracts.formats.barcode import SYMBOLOGY_IDENTIFIER
from contracts.formats.gs1_128 import QUIET_ZONE, bars, symbol_values

SLIP = "91912345001044103000123450100021080200085001"
digits = st.integers(1, 22).flatmap(lambda pairs: st.text("0123456789", min_size=2 * pairs, max_size=2 * pairs))


def scanned(widths: tuple[int, ...]) -> list[tuple[str, str]]:
    """What a decoder of others says to these bars, three dots a module: symbology and data of each code."""
    picture = Image.new("L", (3 * (sum(widths) + 2 * QUIET_ZONE), 40), 255)
    at = 3 * QUIET_ZONE
    for n, width in enumerate(widths):
        if n % 2 == 0:
            picture.paste(0, (at, 0, at + 3 * width, 40))
        at += 3 * width
    return [(code.symbology_identifier, code.bytes.decode()) for code in zxingcpp.read_barcodes(picture)]


@given(st.text("0123456789", min_size=42, max_size=42).map("91".__add__))
def test_a_decoder_reads_44_digits_back_as_gs1_128(code: str) -> None:
    assert scanned(bars(code)) == [(SYMBOLOGY_IDENTIFIER, code)]


def test_every_pair_of_digits_has_its_bars() -> None:
    pairs = "".join(f"{n:02d}" for n in range(100))
    for start in range(0, 200, 40):
        code = "91" + pairs[start : start + 40]
        assert scanned(bars(code)) == [(SYMBOLOGY_IDENTIFIER, code)]


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
