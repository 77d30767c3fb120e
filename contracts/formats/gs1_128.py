"""GS1-128 as bars and spaces: Code 128 that begins with function code 1, digits in pairs in code set C.

Source: ISO/IEC 15417 (Code 128), GS1 General Specifications. Implements only what a slip's barcode needs: an even
number of digits.
"""

from __future__ import annotations

from typing import Final

QUIET_ZONE: Final = 10
"""Modules left white before the first bar and after the last."""

_FNC1: Final = 102
_START_C: Final = 105
_STOP: Final = 106
_WIDTHS: Final = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 "
    "123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 "
    "232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 "
    "313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 "
    "111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 "
    "111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 "
    "114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112"
)
_PATTERNS: Final = tuple(_WIDTHS.split())
"""Symbol value → widths of bar, space, bar, … in modules."""


def symbol_values(digits: str) -> tuple[int, ...]:
    """Start, FNC1, the pairs of digits, check symbol, stop.

    Raises `ValueError` unless `digits` are an even number of ASCII digits.
    """
    if len(digits) % 2 or not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"code set C takes an even number of digits, not {digits!r}")
    values = (_START_C, _FNC1, *(int(digits[n : n + 2]) for n in range(0, len(digits), 2)))
    check = (values[0] + sum(place * value for place, value in enumerate(values))) % 103
    return (*values, check, _STOP)


def bars(digits: str) -> tuple[int, ...]:
    """Widths in modules: a bar, a space, a bar, …, a bar. The printing code adds the quiet zones.

    Raises `ValueError` as `symbol_values` does.
    """
    return tuple(int(width) for value in symbol_values(digits) for width in _PATTERNS[value])
