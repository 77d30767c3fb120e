"""賦課データ as CSV: its assessments, or the errors with their lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from contracts.bounds import FIRST_DAY, LAST_DAY, MOST_OF_SLIP
from contracts.charges import CHARGES
from contracts.vocabulary import ChargeType, Refusal

HEADER: Final = ("insured_number", "levy_year", "annual_amount")
WITH_CHARGE_TYPE: Final = (*HEADER, "charge_type")
CHARGE_TYPES: Final = {
    **{charge_type.value: charge_type for charge_type in ChargeType},
    **{charge.japanese: charge_type for charge_type, charge in CHARGES.items()},
}
"""How a file may name charge types: in English or in Japanese."""
ENCODINGS: Final = ("utf-8-sig", "cp932")
LEVY_YEARS: Final = range(FIRST_DAY.year, LAST_DAY.year)
LARGEST_AMOUNT: Final = MOST_OF_SLIP
INSURED_NUMBER_DIGITS: Final = 10
WRONG_LINES_NAMED: Final = 20

EXAMPLE: Final = (
    f"the first line is {','.join(HEADER)}, each further one like 0000000123,2021,74400; a fourth column charge_type "
    f"may follow, {' or '.join(ChargeType)}; UTF-8 or Shift_JIS"
)


class AssessmentLine(NamedTuple):
    """One line: what one person owes for one year and charge type."""

    insured_number: str
    levy_year: int
    annual_amount: int
    charge_type: ChargeType = ChargeType.CARE_INSURANCE


def parse_assessments(content: bytes, at_most: int) -> Sequence[AssessmentLine] | Refusal:
    """The file's assessments, or every wrong line by number with what would be right: all or nothing.

    Reads UTF-8 (with or without byte order mark) and Shift_JIS (cp932), with any line ends; skips blank lines. A file
    without the column `charge_type` is one of 介護保険料.
    """
    text = _decoded(content)
    if text is None:
        return _invalid("the file is neither UTF-8 nor Shift_JIS (cp932)")
    rows = [(number, row) for number, row in _rows(text) if any(row)]
    if not rows or tuple(rows[0][1]) not in (HEADER, WITH_CHARGE_TYPE):
        line, found = (rows[0][0], ",".join(rows[0][1])) if rows else (1, "nothing")
        return _invalid(f"line {line}: the header must be {','.join(HEADER)}[,charge_type], not {found[:80]!r}")
    if len(rows) == 1:
        return _invalid("there is no line below the header")
    if len(rows) - 1 > at_most:
        return _invalid(f"{len(rows) - 1:,} lines below the header; at most {at_most:,} in one file: split it")
    return _assessments(rows[1:], tuple(rows[0][1]))


def _decoded(content: bytes) -> str | None:
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and fields, without surrounding blanks and quotes: no field needs quoting."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate(lines, 1):
        yield number, [field.strip().strip('"').strip() for field in line.split(",")]


def _assessments(
    rows: Iterable[tuple[int, Sequence[str]]], header: Sequence[str]
) -> Sequence[AssessmentLine] | Refusal:
    read: list[AssessmentLine] = []
    wrong: list[str] = []
    seen: dict[tuple[str, int, ChargeType], int] = {}
    for number, row in rows:
        if mistakes := [*_mistakes(row, header)]:
            wrong.append(f"line {number}: {'; '.join(mistakes)}")
            continue
        line = _line(row)
        earlier = seen.setdefault((line.insured_number, line.levy_year, line.charge_type), number)
        if earlier == number:
            read.append(line)
            continue
        of = f" for {line.charge_type}" if header == WITH_CHARGE_TYPE else ""
        twice = f"insured_number {row[0]} has levy_year {row[1]}{of} on line {earlier} already; keep one of them"
        wrong.append(f"line {number}: {twice}")
    if wrong:
        more = f"; and {len(wrong) - WRONG_LINES_NAMED:,} more lines" if len(wrong) > WRONG_LINES_NAMED else ""
        return _invalid("; ".join(wrong[:WRONG_LINES_NAMED]) + more)
    return read


def _line(row: Sequence[str]) -> AssessmentLine:
    insured_number, levy_year, annual_amount, *charge_type = row
    line = AssessmentLine(insured_number, int(levy_year), int(annual_amount))
    return line._replace(charge_type=CHARGE_TYPES[charge_type[0]]) if charge_type else line


def _mistakes(row: Sequence[str], header: Sequence[str]) -> Iterator[str]:
    """What is wrong with the fields of one line, and what would be right."""
    if len(row) != len(header):
        yield f"{len(row)} fields; there must be {len(header)}: {','.join(header)}"
        return
    insured_number, levy_year, annual_amount, *charge_type = row
    if not (_is_number(insured_number) and len(insured_number) == INSURED_NUMBER_DIGITS):
        yield f"insured_number must be {INSURED_NUMBER_DIGITS} digits, not {insured_number[:40]!r}"
    if not (_is_number(levy_year) and int(levy_year) in LEVY_YEARS):
        yield f"levy_year must be {LEVY_YEARS[0]} to {LEVY_YEARS[-1]}, not {levy_year[:40]!r}"
    if not (_is_number(annual_amount) and 0 < int(annual_amount) <= LARGEST_AMOUNT):
        yield f"annual_amount must be 1 to {LARGEST_AMOUNT} yen in digits alone, not {annual_amount[:40]!r}"
    if charge_type and charge_type[0] not in CHARGE_TYPES:
        yield f"charge_type must be one of {', '.join(CHARGE_TYPES)}, not {charge_type[0][:40]!r}"


def _is_number(text: str) -> bool:
    """Whether it is ASCII digits, at most as many as an insured number has."""
    return text.isascii() and text.isdigit() and len(text) <= INSURED_NUMBER_DIGITS


def _invalid(detail: str) -> Refusal:
    return Refusal("csv_invalid", detail, f"nothing was imported; {EXAMPLE}")
