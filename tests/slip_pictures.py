"""Pictures of a ward's slips (納付書): printed, rasterised, and as poor as a photograph."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import pypdfium2
from PIL import Image, ImageChops, ImageFilter

from contracts.vocabulary import ChargeType
from services.chassis.identity import chance
from services.ward.app import Settings
from services.ward.domain.instalments import Levy, Slip, make_slip
from services.ward.paper import SlipText, print_slips
from services.ward.paper.wording import Letterhead, slip_text
from services.ward.store.rows import StoredSlip
from tests.component.driven_ward import NOON

LETTERHEAD = Letterhead("新宿区", "新宿区会計管理者", "介護保険課", 9)
TERMS = Settings(seed=1).slip_terms
PAPER = (0, 560, 1000, 1160)
"""Pixels of a page at 300 dots per inch: the barcode of its first slip and the words around it."""


def a_slip(amount: int = 8_500, person: int = 123, charge_type: ChargeType = ChargeType.CARE_INSURANCE) -> Slip:
    return make_slip(Levy(f"{person:010d}", 2021, charge_type), 1, amount, date(2021, 8, 2), TERMS)


def worded(slip: Slip, letterhead: Letterhead = LETTERHEAD, **changed: Any) -> SlipText:
    row = StoredSlip(**asdict(slip), issued_at=NOON, reissued_at=None, received=0)
    return slip_text(row._replace(**changed), letterhead)


def printed(*slips: Slip) -> bytes:
    return print_slips([worded(slip) for slip in slips])


def rasterised(document: bytes, dots_per_inch: int = 300) -> Image.Image:
    """The first page, in grey."""
    with pypdfium2.PdfDocument(document) as pdf:
        drawn: Image.Image = pdf[0].render(scale=dots_per_inch / 72, grayscale=True).to_pil()
        return drawn.convert("L")


def text_of(document: bytes) -> Sequence[str]:
    """The text of each page."""
    with pypdfium2.PdfDocument(document) as pdf:
        return [page.get_textpage().get_text_bounded() for page in pdf]


@dataclass(frozen=True)
class Photograph:
    """The conditions of a photograph."""

    angle: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    """Share of full scale."""
    contrast: float = 1.0

    def of(self, paper: Image.Image) -> Image.Image:
        turned = paper.rotate(self.angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
        blurred = turned.filter(ImageFilter.GaussianBlur(self.blur))
        faint = blurred.point([int(120 * (1 - self.contrast) + level * self.contrast) for level in range(256)])
        grain = chance(1, "grain").randbytes(faint.width * faint.height)
        speckles = Image.frombytes("L", faint.size, grain).point([int(n * self.noise) for n in range(256)])
        return ImageChops.add(faint, speckles, 1, -int(127 * self.noise))


def as_file(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()
