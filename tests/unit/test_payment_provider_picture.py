"""Which slip is in a picture: the rule, and a printed slip seen through a bad camera."""

from __future__ import annotations

import pytest
import zxingcpp
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image

from contracts.formats.barcode import Barcode, decode
from contracts.formats.gs1_128 import bars
from contracts.vocabulary import ChargeType, Refusal
from services.payment_provider.domain.picture import FoundCode, slip_in
from services.payment_provider.pictures.bounds import Bounds, Reading
from services.payment_provider.pictures.decoding import LONGEST_SIDE, read
from tests.slip_pictures import PAPER, Photograph, a_slip, as_file, printed, rasterised

BOUNDS = Bounds(pixels=50_000_000, pages=3, memory_bytes=2_000_000_000)
SLIP, OTHER = (a_slip(person=person).barcode or "" for person in (1, 2))


def gs1(text: str) -> FoundCode:
    return FoundCode("]C1", "Code 128", text)


def paper_of(*amounts: int) -> Image.Image:
    """The upper left of the page: the first slip's barcode and the words around it."""
    return rasterised(printed(*map(a_slip, amounts))).crop(PAPER)


def scanned(file: bytes, bounds: Bounds = BOUNDS) -> Barcode | Refusal:
    reading = read(file, bounds)
    return slip_in(reading.codes) if reading.wrong is None else Refusal(*reading.wrong)


def refusal_code(answer: Barcode | Refusal) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code


# ---- the rule


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([], "picture_unreadable"),
        ([gs1(SLIP), gs1(OTHER)], "several_codes"),
        ([FoundCode("]Q1", "QR Code", "https://example.test")], "wrong_symbology"),
        ([FoundCode("]C0", "Code 128", SLIP)], "wrong_symbology"),
        ([gs1("0104912345678904")], "code_is_no_slip"),
        ([gs1(SLIP[:-1] + str((int(SLIP[-1]) + 1) % 10))], "code_is_no_slip"),
    ],
)
def test_what_is_no_single_slip_is_refused_by_name(codes: list[FoundCode], code: str) -> None:
    assert refusal_code(slip_in(codes)) == code


def test_other_codes_beside_the_slips_do_not_matter() -> None:
    codes = [gs1("0104912345678904"), FoundCode("]Q1", "QR Code", "eL"), gs1(SLIP), FoundCode("]C0", "Code 128", "x")]
    found = slip_in(codes)
    assert isinstance(found, Barcode)
    assert found.digits == SLIP


def test_a_refusal_says_what_was_found() -> None:
    refusal = slip_in([FoundCode("]E0", "EAN-13", "4912345678904"), FoundCode("]C0", "Code 128", SLIP)])
    assert isinstance(refusal, Refusal)
    assert "Code 128 without FNC1, EAN-13" in refusal.detail


# ---- through a camera


@pytest.mark.parametrize(
    "photograph",
    [
        Photograph(),
        Photograph(angle=3),
        Photograph(angle=-8),
        Photograph(angle=22),
        Photograph(angle=90),
        Photograph(angle=180),
        Photograph(angle=250),
        Photograph(blur=0.8),
        Photograph(blur=1.0),  # read only sharpened
        Photograph(noise=0.25),
        Photograph(noise=0.6),  # read only enlarged
        Photograph(contrast=0.2),
        Photograph(angle=5, blur=0.5, noise=0.05, contrast=0.5),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_printed_slip_is_scanned_back_from_a_bad_photograph(photograph: Photograph, kind: str) -> None:
    found = scanned(as_file(photograph.of(paper_of(8_500)), kind))
    assert isinstance(found, Barcode)
    assert found.digits == a_slip(8_500).barcode


@settings(max_examples=12)
@given(
    st.integers(1, 300_000),
    st.integers(1, 9_999_999_999),
    st.sampled_from(ChargeType),
    st.floats(-9, 9),
    st.floats(0, 0.6),
)
def test_any_slip_is_scanned_back(amount: int, person: int, charge_type: ChargeType, angle: float, blur: float) -> None:
    slip = a_slip(amount, person, charge_type)
    picture = rasterised(printed(slip)).crop(PAPER)
    found = scanned(as_file(Photograph(angle, blur).of(picture)))
    assert isinstance(found, Barcode)
    assert found.digits == slip.barcode


@pytest.mark.parametrize(
    ("amount", "person", "charge_type", "blur"),
    [
        (27_164, 1_188, ChargeType.HEALTH_INSURANCE, 0.5),
        (133_927, 7_480_918_170, ChargeType.CARE_INSURANCE, 0.0),
        (92_089, 2_887_018_538, ChargeType.RESIDENT_TAX, 0.5),
        (32_541, 6_949_919_365, ChargeType.LIGHT_VEHICLE_TAX, 0.5),
        (61_630, 8_427_147_752, ChargeType.HEALTH_INSURANCE, 0.5),
    ],
)
def test_a_slip_that_lies_quite_straight_is_scanned_back(
    amount: int, person: int, charge_type: ChargeType, blur: float
) -> None:
    slip = a_slip(amount, person, charge_type)
    found = scanned(as_file(Photograph(blur=blur).of(rasterised(printed(slip)).crop(PAPER))))
    assert isinstance(found, Barcode)
    assert found.digits == slip.barcode


def test_a_pdf_is_scanned_as_it_was_printed() -> None:
    found = scanned(printed(a_slip(8_500)))
    assert isinstance(found, Barcode)
    assert found.digits == a_slip(8_500).barcode


def test_a_photograph_taken_sideways_is_turned_by_what_it_says_of_itself() -> None:
    picture = paper_of(8_500)
    exif = Image.Exif()
    exif[0x0112] = 6
    assert isinstance(scanned(as_file(picture.rotate(90, expand=True), "JPEG", exif=exif)), Barcode)


def test_what_is_transparent_is_paper() -> None:
    paper = paper_of(8_500)
    ink = Image.new("RGBA", paper.size, (0, 0, 0, 0))
    ink.putalpha(paper.point([255 - level for level in range(256)]))
    assert isinstance(scanned(as_file(ink)), Barcode)


# ---- what is refused


def picture_of(code: zxingcpp.Barcode) -> bytes:
    return as_file(Image.fromarray(zxingcpp.write_barcode_to_image(code, scale=4)))


def test_two_slips_on_a_page_are_several_codes() -> None:
    assert refusal_code(scanned(printed(a_slip(8_500), a_slip(9_000)))) == "several_codes"


def test_a_second_slip_on_another_page_is_not_overlooked() -> None:
    document = printed(a_slip(8_500), a_slip(300_001), a_slip(300_002), a_slip(9_000))
    assert refusal_code(scanned(document)) == "several_codes"


def test_a_slip_without_a_barcode_is_unreadable() -> None:
    assert refusal_code(scanned(printed(a_slip(300_001)), replace(BOUNDS, pixels=4_000_000))) == "picture_unreadable"


def test_another_symbology_is_named() -> None:
    wrong = scanned(picture_of(zxingcpp.create_barcode(SLIP, zxingcpp.BarcodeFormat.QRCode)))
    assert refusal_code(wrong) == "wrong_symbology"
    assert isinstance(wrong, Refusal)
    assert "QR Code" in wrong.detail


def test_a_barcode_of_another_use_is_no_slip() -> None:
    widths = bars("0104912345678904")
    picture = Image.new("L", (3 * (sum(widths) + 20), 90), 255)
    for n, width in enumerate(widths[::2]):
        at = 3 * (10 + sum(widths[: 2 * n]))
        picture.paste(0, (at, 0, at + 3 * width, 90))
    assert refusal_code(scanned(as_file(picture))) == "code_is_no_slip"


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"no picture at all",
        b"%PDF-1.7 but no more",
        as_file(Image.new("L", (300, 300), 200))[:120],
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
)
def test_what_is_no_picture_is_refused(file: bytes) -> None:
    assert refusal_code(scanned(file)) == "no_picture"


def test_more_pixels_or_pages_than_are_read_are_refused_before_they_are_unpacked() -> None:
    assert refusal_code(scanned(as_file(Image.new("1", (9_000, 9_000))), BOUNDS)) == "picture_too_large"
    four_pages = printed(*(a_slip(1_000 + n) for n in range(12)))
    assert refusal_code(scanned(four_pages)) == "picture_too_many_pages"
    frames = [Image.new("L", (50, 50), level) for level in (0, 90, 180, 255)]
    animated = as_file(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert refusal_code(scanned(animated)) == "picture_too_many_pages"


def test_a_page_as_large_as_a_wall_is_drawn_with_no_more_pixels() -> None:
    wall = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
    wall += b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 14400 14400]>>endobj trailer<</Root 1 0 R>>"
    assert (
        refusal_code(scanned(wall, Bounds(pixels=1_000_000, pages=1, memory_bytes=2_000_000_000)))
        == "picture_unreadable"
    )


def ribbon(side: int) -> bytes:
    """A picture of this height, 8 pixels wide, with a slip's barcode across it."""
    picture, at = Image.new("L", (8, side), 255), 40
    for n, width in enumerate(bars(SLIP)):
        if n % 2 == 0:
            picture.paste(0, (0, at, 8, at + 3 * width))
        at += 3 * width
    return as_file(picture)


def ribbon_page(width: int, height: int) -> bytes:
    """A PDF page of this size in points, with a slip's barcode along its longer side."""
    drawn, at = b"", 20.0
    for n, bar in enumerate(bars(SLIP)):
        if n % 2 == 0:
            area = (at, 0, 1.5 * bar, height) if width > height else (0, at, width, 1.5 * bar)
            drawn += b"%.1f %.1f %.1f %.1f re f " % area
        at += 1.5 * bar
    page = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
    page += b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Contents 4 0 R>>endobj " % (width, height)
    return page + b"4 0 obj<</Length %d>>stream\n%s\nendstream endobj trailer<</Root 1 0 R>>" % (len(drawn), drawn)


def test_a_ribbon_as_long_as_the_decoder_takes_is_read_and_a_longer_one_refused() -> None:
    assert scanned(ribbon(LONGEST_SIDE), BOUNDS) == decode(SLIP)
    assert refusal_code(scanned(ribbon(LONGEST_SIDE + 1), BOUNDS)) == "picture_too_large"


@pytest.mark.parametrize("side", [2_000, LONGEST_SIDE])
def test_a_ribbon_without_a_code_is_turned_and_unreadable(side: int) -> None:
    assert refusal_code(scanned(as_file(Image.new("L", (8, side), 200)), BOUNDS)) == "picture_unreadable"


@pytest.mark.parametrize(("width", "height"), [(1, 14_400), (14_400, 1)])
def test_a_page_like_a_ribbon_is_drawn_no_longer_than_the_decoder_takes(width: int, height: int) -> None:
    assert scanned(ribbon_page(width, height), BOUNDS) == decode(SLIP)


@settings(max_examples=40)
@example(1_494, 128)  # it has 32,808 lines then, more than are read
@given(st.integers(0, 3_000), st.integers(0, 255))
def test_a_damaged_file_is_read_or_refused_but_never_fails(place: int, byte: int) -> None:
    file = bytearray(SMALL)
    file[place % len(file)] = byte
    assert isinstance(read(bytes(file), BOUNDS), Reading)


SMALL = as_file(Image.new("L", (40, 40), 200), "JPEG")
