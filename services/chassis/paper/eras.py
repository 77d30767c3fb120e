"""Days and fiscal years as Japanese offices write them (和暦)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from contracts.vocabulary import JST

_REIWA: Final = date(2019, 5, 1)
_HEISEI_BEGAN, _REIWA_BEGAN = 1989, 2019


def japanese_date(day: date) -> str:
    """令和3年8月2日; the first year of an era is 元年."""
    era, began = ("令和", _REIWA_BEGAN) if day >= _REIWA else ("平成", _HEISEI_BEGAN)
    return f"{era}{_era_year(day.year - began + 1)}年{day.month}月{day.day}日"


def japanese_time(at: datetime) -> str:
    """令和3年8月2日　午前10時05分, in Japan."""
    there = at.astimezone(JST)
    half = "午前" if there.hour < 12 else "午後"
    return f"{japanese_date(there.date())}　{half}{there.hour % 12}時{there.minute:02}分"


def japanese_fiscal_year(year: int) -> str:
    """令和3年度: named after the era in which it ends."""
    era, began = ("令和", _REIWA_BEGAN) if year >= _REIWA_BEGAN else ("平成", _HEISEI_BEGAN)
    return f"{era}{_era_year(year - began + 1)}年度"


def _era_year(number: int) -> str:
    return "元" if number == 1 else str(number)
