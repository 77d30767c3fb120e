"""Charts as self-contained SVG: no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import pygal
from pygal.style import Style

COLOURS: Final = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
    "#7f6a00",
    "#5b3f9b",
    "#a3252c",
    "#3d7a7a",
    "#8c564b",
    "#555555",
)
"""Distinguishable also with colour blindness (the first six are Okabe and Ito's)."""
_STYLE: Final = Style(
    background="transparent",
    plot_background="transparent",
    foreground="#3a3f47",
    foreground_strong="#14181d",
    foreground_subtle="#b9bec6",
    colors=COLOURS,
    font_family="inherit",
    label_font_size=12,
    major_label_font_size=12,
    legend_font_size=12,
    opacity=".9",
    opacity_hover="1",
    transition="0s",
    guide_stroke_color="#e3e6ea",
    major_guide_stroke_color="#e3e6ea",
    guide_stroke_dasharray="0",
    major_guide_stroke_dasharray="0",
)
WIDTH: Final = 1000
_MARGIN, _LEGEND_COLUMNS, _LEGEND_ROW, _BAR = 8, 2, 24, 34
_COMMON: Final[Mapping[str, Any]] = {
    "style": _STYLE,
    "js": (),
    "legend_at_bottom": True,
    "truncate_legend": -1,
    "truncate_label": -1,
    "margin": _MARGIN,
}


def over_time(series: Mapping[str, Sequence[tuple[date, int]]], unit: str = "¥") -> str:
    """Lines of whole numbers over days. Name → its (day, value), in order of days."""
    chart = pygal.DateLine(
        **_COMMON,
        width=WIDTH,
        height=320 + _LEGEND_ROW * _rows(len(series)),
        show_dots=False,
        show_x_guides=False,
        x_value_formatter=lambda day: f"{day:%Y-%m}",
        value_formatter=lambda value: f"{'-' if value < 0 else ''}{unit}{abs(value):,.0f}",
        **_with_legend(len(series)),
    )
    days = [day for points in series.values() for day, _ in points]
    chart.x_labels = sorted({day.replace(day=1) for day in days})
    for name, points in series.items():
        chart.add(name, list(points), stroke_style={"width": 1.6})
    return _drawn(chart)


def lines(series: Mapping[str, Sequence[tuple[float, float]]], x_title: str, y_title: str, **axes: Any) -> str:
    """Lines of numbers over numbers. Name → its (x, y), in order of x. `axes` are pygal's own options."""
    chart = pygal.XY(
        **_COMMON,
        width=WIDTH,
        height=300 + _LEGEND_ROW * _rows(len(series)),
        show_dots=False,
        show_x_guides=False,
        x_title=x_title,
        y_title=y_title,
        value_formatter=lambda y: f"{y:,.0f}" if abs(y) >= 10 else f"{y:,.1f}",
        **_with_legend(len(series)),
        **axes,
    )
    for name, points in series.items():
        chart.add(name, list(points), stroke_style={"width": 1.6})
    return _drawn(chart)


def stacked(rows: Sequence[str], series: Mapping[str, Sequence[int]]) -> str:
    """Horizontal bars, one a row, each made of the series' values for that row, in their order."""
    chart = pygal.HorizontalStackedBar(
        **_COMMON,
        width=WIDTH,
        height=70 + _BAR * len(rows) + _LEGEND_ROW * _rows(len(series)),
        value_formatter=lambda value: f"{value:,.0f}",
        **_with_legend(len(series)),
    )
    chart.x_labels = list(reversed(rows))  # pygal draws from the bottom
    for name, values in series.items():
        chart.add(name, list(reversed(values)))
    return _drawn(chart)


def _rows(entries: int) -> int:
    return -(-entries // _LEGEND_COLUMNS)


def _with_legend(entries: int) -> dict[str, int]:
    """pygal only reserves space for full rows of the legend; a last, shorter row needs a margin."""
    over = _rows(entries) - entries // _LEGEND_COLUMNS
    return {"legend_at_bottom_columns": _LEGEND_COLUMNS, "margin_bottom": _MARGIN + over * _LEGEND_ROW}


def _drawn(chart: Any) -> str:
    drawn: str = chart.render(is_unicode=True, disable_xml_declaration=True)
    return drawn
