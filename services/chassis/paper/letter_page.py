"""The layout of a letter: A4 upright, as offices write to each other. In millimetres."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from fpdf import FPDF

from services.chassis.paper import FONT, FONT_FILE
from services.chassis.paper.letter import Grid, Letter, Section

_LEFT, _TOP, _WIDTH, _BOTTOM = 25.0, 22.0, 160.0, 24.0
_LINE: Final = 6.2
"""From one line of the text to the next."""
_TEXT, _SMALL, _TITLE, _NOTE = 10.5, 8.5, 17.0, 7.0
"""Sizes, in points."""
_DIGITS: Final = 8.0
"""Size of hex digits."""
_PAD: Final = 1.6
_LABEL: Final = 38.0
_RULE_MM: Final = 0.2
_NEVER_FIRST: Final = frozenset("、。，．・）」』】〉》ー々ゃゅょっァィゥェォャュョッ！？")
"""禁則: characters that do not begin a line."""
_BLACK, _GREY, _SHADE = (0, 0, 0), (100, 100, 100), (240, 241, 243)
_NOTICE: Final = "sansha による模擬の文書です。実在の団体・人物とは関係ありません。"


def document(letter: Letter) -> bytes:
    """The PDF, dated by the letter, so that its bytes depend on it alone."""
    pdf: Any = FPDF(orientation="portrait", unit="mm", format="A4")
    pdf.set_title(letter.title)
    pdf.set_lang("ja")
    pdf.set_producer("sansha")
    pdf.set_creation_date(letter.written_at)
    pdf.set_margins(_LEFT, _TOP, 210 - _LEFT - _WIDTH)
    pdf.set_auto_page_break(True, margin=_BOTTOM)
    pdf.c_margin = 0
    pdf.add_font(FONT, fname=FONT_FILE)
    pdf.footer = partial(_footer, pdf, letter)
    pdf.add_page()
    drawing = _Drawing(pdf)
    drawing.head(letter)
    drawing.facts(letter.facts)
    if letter.grid is not None:
        drawing.grid(letter.grid)
    drawing.sections(letter.sections)
    drawing.signature(letter.signature)
    return bytes(pdf.output())


def _footer(pdf: Any, letter: Letter) -> None:
    pdf.set_y(-_BOTTOM + 6)
    pdf.set_font(FONT, size=_NOTE)
    pdf.set_text_color(*_GREY)
    pdf.cell(_WIDTH, 4, f"{letter.title}　{pdf.page_no()} / {{nb}}", align="C", new_x="LMARGIN", new_y="NEXT")
    pdf.cell(_WIDTH, 4, _NOTICE, align="C")
    pdf.set_text_color(*_BLACK)


class _Cell(NamedTuple):
    """Of a table's row."""

    lines: Sequence[str]
    width: float
    shaded: bool = False
    align: str = "L"


def _height(row: Sequence[_Cell]) -> float:
    return max(len(cell.lines) for cell in row) * _LINE + 2 * _PAD - 1


class _Drawing:
    """A letter being drawn, from top to bottom."""

    def __init__(self, pdf: Any) -> None:
        self._pdf = pdf
        pdf.set_draw_color(*_BLACK)
        pdf.set_line_width(_RULE_MM)

    def head(self, letter: Letter) -> None:
        self._line(letter.date, align="R")
        self._line(f"文書番号　{letter.number}", _SMALL, align="R", colour=_GREY)
        self._gap(4)
        if letter.to:
            self._line(f"{letter.to}　御中", 11.5)
        self._gap(2)
        for line in letter.sender:
            self._line(line, align="R")
        self._gap(10)
        self._line(_spaced(letter.title), _TITLE, align="C", height=10)
        self._line(letter.english, _SMALL, align="C", colour=_GREY)
        self._gap(8)
        if letter.opening:
            self._paragraph(f"　{letter.opening}")
            self._gap(3)
            self._line("記", align="C")
        self._gap(3)

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Rows of a label and a text, framed."""
        for label, text in facts:
            lines = self._lines(text or "－", _WIDTH - _LABEL - 2 * _PAD)
            self._framed((_Cell([label], _LABEL, shaded=True), _Cell(lines, _WIDTH - _LABEL)))
        self._gap(5 if facts else 0)

    def grid(self, grid: Grid) -> None:
        """A table with headings, which each of its pages has."""
        widths = [_WIDTH * part / sum(grid.widths) for part in grid.widths]
        self._headings(grid, widths)
        for row in grid.rows:
            cells = [
                _Cell(self._lines(text, width - 2 * _PAD), width, align="R" if n in grid.numbers else "L")
                for n, (text, width) in enumerate(zip(row, widths, strict=True))
            ]
            if self._pdf.will_page_break(_height(cells)):
                self._pdf.add_page()
                self._headings(grid, widths)
            self._framed(cells)
        self._gap(5)

    def sections(self, sections: Sequence[Section]) -> None:
        for number, section in enumerate(sections, start=1):
            if self._pdf.will_page_break(3 * _LINE):
                self._pdf.add_page()
            self._line(f"{number}　{section.heading}", 11)
            self._paragraph(f"　{section.text}", indent=5)
            self._gap(3)

    def signature(self, signature: Sequence[tuple[str, str]]) -> None:
        """Labels and hex digits in a frame, kept on one page."""
        if not signature:
            return
        width = _WIDTH - _LABEL
        rows = [
            (_Cell([label], _LABEL, shaded=True), _Cell(self._lines(digits, width - 2 * _PAD, _DIGITS), width))
            for label, digits in signature
        ]
        if self._pdf.will_page_break(sum(map(_height, rows)) + 2 * _LINE):
            self._pdf.add_page()
        self._gap(2)
        self._line("電子署名（Ed25519）", 9, colour=_GREY)
        for row in rows:
            self._framed(row, _DIGITS)

    # ---- parts

    def _headings(self, grid: Grid, widths: Sequence[float]) -> None:
        self._framed(
            [
                _Cell([heading], width, shaded=True, align="R" if n in grid.numbers else "L")
                for n, (heading, width) in enumerate(zip(grid.headings, widths, strict=True))
            ]
        )

    def _framed(self, cells: Sequence[_Cell], size: float = _TEXT) -> None:
        """A row of a table."""
        height = _height(cells)
        if self._pdf.will_page_break(height):
            self._pdf.add_page()
        x, y = _LEFT, self._pdf.get_y()
        self._pdf.set_fill_color(*_SHADE)
        for cell in cells:
            self._pdf.rect(x, y, cell.width, height, style="DF" if cell.shaded else "D")
            self._pdf.set_font(FONT, size=9 if cell.shaded else size)
            top = y + (height - len(cell.lines) * _LINE) / 2
            for n, line in enumerate(cell.lines):
                self._pdf.set_xy(x + _PAD, top + n * _LINE)
                self._pdf.cell(cell.width - 2 * _PAD, _LINE, line, align=cell.align)
            x += cell.width
        self._pdf.set_xy(_LEFT, y + height)

    def _lines(self, text: str, width: float, size: float = _TEXT) -> list[str]:
        """The text, broken between any two characters of which the second may begin a line."""
        self._pdf.set_font(FONT, size=size)
        lines, line, used = [], "", 0.0
        for character in text:
            own = self._pdf.get_string_width(character)
            if line and used + own > width:
                carried = "" if character not in _NEVER_FIRST else line[-1]
                lines.append(line.removesuffix(carried))
                line, used = carried, self._pdf.get_string_width(carried)
            line, used = line + character, used + own
        return [*lines, line]

    def _paragraph(self, text: str, indent: float = 0.0) -> None:
        for line in self._lines(text, _WIDTH - indent):
            self._pdf.set_x(_LEFT + indent)
            self._pdf.cell(_WIDTH - indent, _LINE, line, new_x="LMARGIN", new_y="NEXT")

    def _line(
        self,
        text: str,
        size: float = _TEXT,
        *,
        align: str = "L",
        height: float = _LINE,
        colour: tuple[int, int, int] = _BLACK,
    ) -> None:
        self._pdf.set_font(FONT, size=size)
        self._pdf.set_text_color(*colour)
        self._pdf.cell(_WIDTH, height, text, align=align, new_x="LMARGIN", new_y="NEXT")
        self._pdf.set_text_color(*_BLACK)

    def _gap(self, height: float) -> None:
        self._pdf.ln(height)


def _spaced(title: str) -> str:
    """A short title is spread, as on an office's papers."""
    return "　".join(title) if len(title) <= 6 else " ".join(title)
