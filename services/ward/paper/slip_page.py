"""The layout: A4 upright, three slips one below the other. In millimetres, from a slip's upper left corner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fpdf import FPDF

from contracts.formats.gs1_128 import QUIET_ZONE, bars
from services.chassis.paper import FONT, FONT_FILE
from services.ward.paper.wording import NO_BARCODE, NO_BARCODE_ENGLISH, SlipText

MODULE_MM: Final = 0.19
"""The narrowest bar: 308 modules with the quiet zones are 58.5 mm; a shop's scanner reads up to 60 mm."""
BARS_MM: Final = 15.0
"""Height of the bars; at least 10."""

_SLIPS_PER_PAGE: Final = 3
_SLIP_MM: Final = 99.0
_LEFT, _WIDTH = 12.0, 186.0
_SPLIT: Final = 118.0
"""Left of it whose debt it is, right of it the amount and the dates."""
_LABEL: Final = 30.0
_ADVICE: Final = 74.0
"""Right of it the advice, left of it the barcode, of 60 mm."""
_RULE_MM: Final = 0.2
_TOP, _HEADING, _TABLE = 8.0, 11.0, 40.0
_BLACK, _GREY, _SHADE = (0, 0, 0), (90, 90, 90), (236, 239, 243)

Colour = tuple[int, int, int]


def document(slips: Sequence[SlipText]) -> bytes:
    """The PDF, dated by the latest issue among its slips, so that its bytes depend on them alone."""
    pdf = FPDF(orientation="portrait", unit="mm", format="A4")
    pdf.set_title("納付書")
    pdf.set_producer("sansha")
    pdf.set_creation_date(max(slip.printed_at for slip in slips))
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    pdf.c_margin = 0
    pdf.add_font(FONT, fname=FONT_FILE)
    for number, slip in enumerate(slips):
        place = number % _SLIPS_PER_PAGE
        if place == 0:
            pdf.add_page()
        drawing = _Slip(pdf, _LEFT, place * _SLIP_MM)
        drawing.draw(slip)
        if place < _SLIPS_PER_PAGE - 1:
            drawing.cutting_line()
    return bytes(pdf.output())


class _Slip:
    """One slip being drawn, its upper left corner at (x, y)."""

    def __init__(self, pdf: FPDF, x: float, y: float) -> None:
        self._pdf, self._x, self._y = pdf, x, y

    def draw(self, slip: SlipText) -> None:
        self._heading(slip)
        self._subject(slip)
        self._demand(slip)
        self._barcode(slip)
        self._advice(slip)
        self._enquiries(slip)

    def _heading(self, slip: SlipText) -> None:
        self._box(0, _TOP, _WIDTH, _HEADING, shaded=True)
        self._text(4, _TOP, "納 付 書", 15, height=_HEADING)
        self._text(36, _TOP + 1.6, slip.charge, 13)
        self._text(36, _TOP + 7.2, slip.charge_english, 6, colour=_GREY)
        self._text_ending(_WIDTH - 4, _TOP, f"{slip.fiscal_year}　{slip.instalment}", 12, _HEADING)

    def _subject(self, slip: SlipText) -> None:
        rows = (
            ("納付書番号", "slip number", slip.slip_number),
            ("納付者番号", "payer", slip.insured_number),
            ("年度・期別", "year, instalment", f"{slip.fiscal_year}　{slip.instalment}"),
            ("加入者名", "payee", slip.payee),
            ("発行日", "issued", slip.issued_on),
        )
        height = _TABLE / len(rows)
        for n, (label, english, value) in enumerate(rows):
            top = _TOP + _HEADING + n * height
            self._box(0, top, _LABEL, height, shaded=True)
            self._box(_LABEL, top, _SPLIT - _LABEL, height)
            self._label(2, top + 1.3, label, english)
            self._text(_LABEL + 3, top, value, 10, height=height)

    def _demand(self, slip: SlipText) -> None:
        rows = (
            ("納付金額", "amount", f"¥{slip.amount:,}－", 20, 0.44),
            ("納期限", "due date", slip.due_on, 13, 0.28),
            ("支払期限（バーコード使用期限）", "use-by date of the barcode", slip.use_by, 13, 0.28),
        )
        top = _TOP + _HEADING
        for label, english, value, size, share in rows:
            height = _TABLE * share
            self._box(_SPLIT, top, _WIDTH - _SPLIT, height)
            self._label(_SPLIT + 2, top + 1.2, label, english)
            self._text_ending(_WIDTH - 4, top + 3.6, value, size, height - 4)
            top += height

    def _barcode(self, slip: SlipText) -> None:
        top = _TOP + _HEADING + _TABLE + 4
        if slip.digits is None:
            self._box(0, top, _ADVICE - 6, 20)
            for n, line in enumerate(NO_BARCODE):
                self._text(3, top + 2.5 + n * 4.2, line, 8)
            self._text(3, top + 15.8, NO_BARCODE_ENGLISH, 4.5, colour=_GREY)
            return
        left, widths = self._x + QUIET_ZONE * MODULE_MM, bars(slip.digits)
        self._pdf.set_fill_color(*_BLACK)
        for n, width in enumerate(widths):
            if n % 2 == 0:
                at = left + sum(widths[:n]) * MODULE_MM
                self._pdf.rect(at, self._y + top, width * MODULE_MM, BARS_MM, style="F")
        for n, line in enumerate(slip.human_readable):
            self._text(QUIET_ZONE * MODULE_MM, top + BARS_MM + 1 + n * 3.4, line, 8)

    def _advice(self, slip: SlipText) -> None:
        left, top = _ADVICE, _TOP + _HEADING + _TABLE + 4
        self._pdf.set_text_color(*_BLACK)
        for line in slip.advice:
            self._text(left, top, "・", 7)
            self._pdf.set_xy(self._x + left + 3, self._y + top)
            self._pdf.set_font(FONT, size=7)
            self._pdf.multi_cell(_WIDTH - left - 3, 3.2, line, align="L")
            top = self._pdf.get_y() - self._y + 0.6

    def _enquiries(self, slip: SlipText) -> None:
        asked = f"お問い合わせ先　{slip.municipality}　{slip.office}"
        self._text_ending(_WIDTH, _SLIP_MM - 8, asked, 8)

    def cutting_line(self) -> None:
        """切り取り線, between this slip and the next one."""
        y = self._y + _SLIP_MM
        self._pdf.set_draw_color(*_GREY)
        self._pdf.set_line_width(_RULE_MM)
        self._pdf.set_dash_pattern(dash=1.5, gap=1.5)
        self._pdf.line(self._x, y, self._x + _WIDTH, y)
        self._pdf.set_dash_pattern()
        self._pdf.set_draw_color(*_BLACK)

    # ---- parts of a page

    def _box(self, left: float, top: float, width: float, height: float, *, shaded: bool = False) -> None:
        self._pdf.set_line_width(_RULE_MM)
        self._pdf.set_fill_color(*_SHADE)
        self._pdf.rect(self._x + left, self._y + top, width, height, style="DF" if shaded else "D")

    def _label(self, left: float, top: float, japanese: str, english: str) -> None:
        self._text(left, top, japanese, 7.5)
        self._text(left, top + 3.4, english, 5, colour=_GREY)

    def _text(
        self, left: float, top: float, text: str, size: float, height: float = 0.0, colour: Colour = _BLACK
    ) -> None:
        """One line; centred in `height` unless that is 0."""
        self._pdf.set_font(FONT, size=size)
        self._pdf.set_text_color(*colour)
        self._pdf.set_xy(self._x + left, self._y + top)
        self._pdf.cell(self._pdf.get_string_width(text), height or self._pdf.font_size, text)

    def _text_ending(self, right: float, top: float, text: str, size: float, height: float = 0.0) -> None:
        self._pdf.set_font(FONT, size=size)
        self._text(right - self._pdf.get_string_width(text), top, text, size, height)
