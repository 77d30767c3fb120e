"""Assessments as CSV: all lines or none, each wrong one named."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import ChargeType, Refusal
from services.ward.domain.assessment_csv import CHARGE_TYPES, AssessmentLine, parse_assessments

HEADER = "insured_number,levy_year,annual_amount"
lines = st.builds(
    AssessmentLine,
    insured_number=st.from_regex(r"[0-9]{10}", fullmatch=True),
    levy_year=st.integers(2000, 2098),
    annual_amount=st.integers(1, 9_999_999),
    charge_type=st.just(ChargeType.CARE_INSURANCE),
)


def parsed(text: str, encoding: str = "utf-8") -> Sequence[AssessmentLine] | Refusal:
    return parse_assessments(text.encode(encoding), at_most=10_000)


@given(
    st.lists(lines, min_size=1, max_size=5, unique_by=lambda line: line[:2]),
    st.sampled_from(["utf-8", "utf-8-sig", "cp932"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["", "\n", "\r\n\r\n"]),
)
def test_what_is_written_is_read(rows: list[AssessmentLine], encoding: str, line_end: str, end: str) -> None:
    text = line_end.join([HEADER, *(",".join(map(str, row[:3])) for row in rows)]) + end
    assert parsed(text, encoding) == rows


@given(
    st.lists(
        st.tuples(lines, st.sampled_from(sorted(CHARGE_TYPES))),
        min_size=1,
        max_size=5,
        unique_by=lambda row: (row[0][:2], CHARGE_TYPES[row[1]]),
    ),
    st.sampled_from(["utf-8", "cp932"]),
)
def test_a_fourth_column_names_the_charge_type_in_either_language(
    rows: list[tuple[AssessmentLine, str]], encoding: str
) -> None:
    text = "\n".join([f"{HEADER},charge_type", *(f"{','.join(map(str, row[:3]))},{name}" for row, name in rows)])
    assert parsed(text, encoding) == [row._replace(charge_type=CHARGE_TYPES[name]) for row, name in rows]


def test_a_person_may_owe_several_charge_types_but_each_of_them_once() -> None:
    rows = ["0000000123,2021,74400,care_insurance", "0000000123,2021,9000,resident_tax", "0000000123,2021,1,介護保険料"]
    good = parsed("\n".join([f"{HEADER},charge_type", *rows[:2]]))
    assert not isinstance(good, Refusal)
    assert [line.charge_type for line in good] == [ChargeType.CARE_INSURANCE, ChargeType.RESIDENT_TAX]
    refusal = parsed("\n".join([f"{HEADER},charge_type", *rows]))
    assert isinstance(refusal, Refusal)
    assert "line 4: insured_number 0000000123 has levy_year 2021 for care_insurance on line 2 already" in refusal.detail


def test_an_unknown_charge_type_is_named() -> None:
    refusal = parsed(f"{HEADER},charge_type\n0000000123,2021,74400,parking")
    assert isinstance(refusal, Refusal)
    assert "line 2: charge_type must be one of care_insurance" in refusal.detail
    assert "not 'parking'" in refusal.detail


@given(st.binary(max_size=200))
def test_no_content_raises(content: bytes) -> None:
    parse_assessments(content, at_most=10_000)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("123,2021,74400", "line 3: insured_number must be 10 digits, not '123'"),
        ("０１２３４５６７８９,2021,74400", "line 3: insured_number must be 10 digits"),
        ("0000000124,21,74400", "line 3: levy_year must be 2000 to 2098, not '21'"),
        ("0000000124,2021,0", "line 3: annual_amount must be 1 to 9999999 yen in digits alone, not '0'"),
        ("0000000124,2021,¥74400", "line 3: annual_amount must be 1 to 9999999 yen"),
        ('0000000124,2021,"74,400"', "line 3: 4 fields; there must be 3"),
        ("0" * 200_000, "line 3: 1 fields; there must be 3"),
        ("0000000124,2021", "line 3: 2 fields; there must be 3"),
        ("0000000123,2021,5", "line 3: insured_number 0000000123 has levy_year 2021 on line 2 already"),
        ("x,y,z", "levy_year must be 2000 to 2098, not 'y'; annual_amount must be"),
    ],
)
def test_a_wrong_line_is_named_with_what_would_be_right(line: str, wrong: str) -> None:
    refusal = parsed(f"{HEADER}\n0000000123,2021,74400\n{line}\n")
    assert isinstance(refusal, Refusal)
    assert refusal.code == "csv_invalid"
    assert wrong in refusal.detail
    assert "nothing was imported" in refusal.remedy


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "the header must be"),
        ("number,year,amount\n0000000123,2021,74400", "not 'number,year,amount'"),
        (HEADER, "no line below the header"),
        (f"{HEADER}\n" + "0000000123,2021,1\n" * 10_001, "10,001 lines below the header; at most 10,000"),
    ],
)
def test_a_file_that_is_no_assessment_file_is_refused(text: str, wrong: str) -> None:
    refusal = parsed(text)
    assert isinstance(refusal, Refusal)
    assert wrong in refusal.detail


def test_quoted_fields_and_blanks_are_read() -> None:
    assert parsed(f'{HEADER}\n"0000000123", 2021 ,"74400"') == [AssessmentLine("0000000123", 2021, 74_400)]


def test_a_file_in_another_encoding_is_refused() -> None:
    refusal = parse_assessments(b"\x81", at_most=10)
    assert isinstance(refusal, Refusal)
    assert "neither UTF-8 nor Shift_JIS" in refusal.detail


def test_all_wrong_lines_are_counted_and_the_first_twenty_named() -> None:
    refusal = parsed(f"{HEADER}\n" + "x,2021,1\n" * 25)
    assert isinstance(refusal, Refusal)
    assert "line 21:" in refusal.detail
    assert "line 22:" not in refusal.detail
    assert "and 5 more lines" in refusal.detail
