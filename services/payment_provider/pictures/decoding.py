"""Finds the codes in the bytes of a picture. Slow, and its input comes from strangers: run it in its own process."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import Final

import pypdfium2
import zxingcpp
from PIL import Image, ImageFilter, ImageOps, ImageSequence, UnidentifiedImageError

from contracts.formats.barcode import SYMBOLOGY_IDENTIFIER
from services.payment_provider.domain.picture import FoundCode
from services.payment_provider.pictures.bounds import Bounds, Reading

FORMATS: Final = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")
PDF_DOTS_PER_INCH: Final = 400
"""At this resolution the narrowest bar (0.19 mm) is three dots wide."""
ENLARGED_UP_TO: Final = 9_000_000
"""Pixels of an A4 page at 300 dots per inch: in a larger picture the bars are wide enough as they are."""
LONGEST_SIDE: Final = 32_767
"""Pixels. The decoder claims to accept 65,535, but aborts the process at that; no camera comes near half of it."""
ANGLES: Final = (2, 5, 15, 30, 45, 60, 75)
"""Degrees. In a perfectly straight picture, as from a scanner, a bar that falls between two dots does so in every row;
turned slightly, no two rows are alike. A long barcode is found when turned by up to ten degrees; the decoder tries
quarter turns itself."""
EVERY_KIND: Final = zxingcpp.BarcodeFormats([])
BARS: Final = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.Code128])
_POINTS_PER_INCH: Final = 72
_SHARPER: Final = ImageFilter.UnsharpMask(radius=3, percent=300, threshold=0)
_WHITE: Final = 255


class _Wrong(Exception):
    """The file cannot be read; the arguments are a refusal's."""


def read(content: bytes, bounds: Bounds) -> Reading:
    """Every code in a picture or PDF, each once."""
    found: dict[FoundCode, None] = {}
    try:
        for picture in _pictures(content, bounds):
            found |= dict.fromkeys(_codes(picture))
    except _Wrong as wrong:
        code, detail, remedy = wrong.args
        return Reading(wrong=(code, detail, remedy))
    return Reading(codes=[*found])


def _codes(picture: Image.Image) -> Iterator[FoundCode]:
    """The codes of the picture as it is, enlarged and sharpened; if none is a GS1-128, turned.

    All three views are tried even if the first succeeds: a second slip may be readable in one of them only.
    """
    found = [code for view in _views(picture) for code in _decoded(view, EVERY_KIND)]
    for angle in ANGLES:
        if any(code.identifier == SYMBOLOGY_IDENTIFIER for code in found):
            break
        turned = picture.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=_WHITE)
        found += _decoded(_enlarged(turned), BARS)
    yield from found


def _views(picture: Image.Image) -> Iterator[Image.Image]:
    enlarged = _enlarged(picture)
    yield picture
    if enlarged is not picture:
        yield enlarged
    yield enlarged.filter(_SHARPER)


def _enlarged(picture: Image.Image) -> Image.Image:
    """Twice as wide and high; a large picture as it is."""
    if picture.width * picture.height > ENLARGED_UP_TO:
        return picture
    return picture.resize((picture.width * 2, picture.height * 2), Image.Resampling.BICUBIC)


def _decoded(picture: Image.Image, formats: zxingcpp.BarcodeFormats) -> Iterator[FoundCode]:
    if max(picture.size) > LONGEST_SIDE:  # enlarged or turned, a picture may exceed it
        return
    for code in zxingcpp.read_barcodes(picture, formats=formats):
        text = code.bytes.decode("ascii", "replace")
        yield FoundCode(code.symbology_identifier, str(code.format), text)


def _pictures(content: bytes, bounds: Bounds) -> Iterator[Image.Image]:
    """The pictures of a file in greyscale, turned upright as the metadata say."""
    drawn = _pages(content, bounds) if b"%PDF-" in content[:1024] else _frames(content, bounds)
    for picture in drawn:
        yield ImageOps.exif_transpose(picture).convert("L")


def _pages(content: bytes, bounds: Bounds) -> Iterator[Image.Image]:
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as broken:
        raise _Wrong(*_no_picture(f"it is a PDF that cannot be opened ({broken})")) from None
    with document:
        _check_pages(len(document), bounds)
        for page in document:
            width, height = page.get_size()
            scale = PDF_DOTS_PER_INCH / _POINTS_PER_INCH
            dots = max(1.0, width * height * scale * scale)
            longest = max(1.0, max(width, height) * scale)
            fitting = min(scale, scale * (bounds.pixels / dots) ** 0.5, scale * LONGEST_SIDE / longest)
            yield page.render(scale=fitting, grayscale=True).to_pil()


def _frames(content: bytes, bounds: Bounds) -> Iterator[Image.Image]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(content), formats=FORMATS)
        if opened.width * opened.height > bounds.pixels:
            raise _Wrong(
                "picture_too_large",
                f"the picture has {opened.width:,} × {opened.height:,} pixels; at most {bounds.pixels:,} are read",
                "send a smaller picture, or only the part with the barcode",
            )
        if max(opened.size) > LONGEST_SIDE:
            raise _Wrong(
                "picture_too_large",
                f"the picture has {opened.width:,} × {opened.height:,} pixels; no side may have over {LONGEST_SIDE:,}",
                "send only the part with the barcode",
            )
        _check_pages(getattr(opened, "n_frames", 1), bounds)
        for frame in ImageSequence.Iterator(opened):
            yield _on_white(frame)
    except UnidentifiedImageError:
        raise _Wrong(*_no_picture(f"it is none of {', '.join(FORMATS)} and no PDF")) from None
    except Image.DecompressionBombError as huge:
        raise _Wrong("picture_too_large", str(huge), "send a smaller picture") from None
    except (OSError, SyntaxError, ValueError, EOFError) as broken:
        raise _Wrong(*_no_picture(f"it is damaged ({broken})")) from None


def _on_white(frame: Image.Image) -> Image.Image:
    """Transparent pixels are made white."""
    if not frame.has_transparency_data:
        frame.load()
        return frame
    picture = frame.convert("RGBA")
    paper = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(paper, picture)


def _check_pages(pages: int, bounds: Bounds) -> None:
    if pages > bounds.pages:
        raise _Wrong(
            "picture_too_many_pages",
            f"the file has {pages:,} pages; at most {bounds.pages} are read",
            "send the one page with the slip",
        )


def _no_picture(why: str) -> tuple[str, str, str]:
    return "no_picture", f"the file is no picture: {why}", "send a photo of the slip (JPEG, PNG) or its PDF"
