"""The slip's barcode: published vectors, every accepted form, every refusal by name."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.formats.barcode import Barcode, check_digit, decode, refusal_of
from contracts.vocabulary import Refusal, SlipNumber, Yen

# GS1 Japan 標準料金代理収納ガイドライン; makers' manuals; open code.
VECTORS = {
    "91912345012345678901234567890101033101230003": Barcode(
        "912345", SlipNumber("012345678901234567890"), 1, date(2001, 3, 31), Yen(123_000)
    ),
    "91942386178953917853935692730103073110312903": Barcode(
        "942386", SlipNumber("178953917853935692730"), 1, date(2003, 7, 31), Yen(31_290), stamp_duty=True
    ),
    "91929023252070000010123499900199999900106050": Barcode(
        "929023", SlipNumber("252070000010123499900"), 1, None, Yen(10_605)
    ),
    "91912345001044103000123450100021080200085001": Barcode(
        "912345", SlipNumber("001044103000123450100"), 0, date(2021, 8, 2), Yen(8_500)
    ),
}
PUBLIC = "91912345001044103000123450100021080200085001"
DUE = date(2021, 8, 2)

each_vector = pytest.mark.parametrize("digits", VECTORS)


def digit_string(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=length, max_size=length)


barcodes = st.builds(
    Barcode,
    issuer=digit_string(6),
    free_area=digit_string(21).map(SlipNumber),
    reissue=st.integers(0, 9),
    use_by=st.none() | st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    amount=st.integers(0, 999_999).map(Yen),
    stamp_duty=st.booleans(),
)

FORMS: dict[str, Callable[[Barcode], str]] = {
    "digits": lambda b: b.digits,
    "two printed lines": lambda b: b.human_readable(),
    "two printed lines of Windows": lambda b: b.human_readable().replace("\n", "\r\n"),
    "one printed line": lambda b: b.human_readable().replace("\n", " "),
    "parentheses": lambda b: f"(91){b.digits[2:]}",
    "FNC1 first": lambda b: f"\x1d{b.digits}",
    "FNC1 around": lambda b: f"\x1d{b.digits}\x1d\r\n",
    "symbology identifier": lambda b: f"]C1{b.digits}",
    "symbology identifier and parentheses": lambda b: f" ]C1(91){b.digits[2:]}\x1d",
    "white space": lambda b: f"\t {b.digits[:22]} {b.digits[22:]}\n",
}


def altered(position: int, digit: str) -> str:
    """The public vector with another digit at `position` (from 1) and the check digit that fits it."""
    first43 = PUBLIC[: position - 1] + digit + PUBLIC[position - 1 + len(digit) : 43]
    return first43 + check_digit(first43)


@each_vector
def test_a_published_barcode_decodes_to_its_fields(digits: str) -> None:
    assert decode(digits) == VECTORS[digits]


@each_vector
def test_a_published_barcode_is_made_from_its_fields(digits: str) -> None:
    assert VECTORS[digits].digits == digits


def test_the_printed_lines_are_laid_out_as_published() -> None:
    printed = VECTORS["91929023252070000010123499900199999900106050"].human_readable()
    assert printed == "(91)929023-2520700000101234999001\n999999-0-010605-0"


@given(barcodes)
def test_a_barcode_survives_its_digits(barcode: Barcode) -> None:
    assert len(barcode.digits) == 44
    assert decode(barcode.digits) == barcode


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@given(barcode=barcodes)
def test_every_form_that_a_scanner_or_a_person_gives_is_read(form: Callable[[Barcode], str], barcode: Barcode) -> None:
    assert decode(form(barcode)) == barcode


@given(barcodes, st.integers(0, 43), st.integers(1, 9))
def test_one_wrong_digit_is_always_refused(barcode: Barcode, place: int, by: int) -> None:
    digits = barcode.digits
    wrong = digits[:place] + str((int(digits[place]) + by) % 10) + digits[place + 1 :]
    refusal = decode(wrong)
    assert isinstance(refusal, Refusal)
    assert refusal.code == ("barcode_wrong_identifier" if place < 2 else "barcode_check_digit")


@given(st.text() | st.text("0123456789()-]C1 \x1d\n９一"))
@example("²" * 44)
@example("９" * 44)
def test_any_text_gives_a_barcode_or_a_named_refusal(text: str) -> None:
    answer = decode(text)
    if isinstance(answer, Refusal):
        assert answer.code.startswith("barcode_")
        assert answer.detail
        assert answer.remedy


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "barcode_empty"),
        (" \r\n\x1d", "barcode_empty"),
        ("]C1", "barcode_empty"),
        ("(91)", "barcode_wrong_length"),
        (PUBLIC[:-1] + "X", "barcode_not_digits"),
        (PUBLIC.translate({ord("0") + n: ord("０") + n for n in range(10)}), "barcode_not_digits"),
        (f"{PUBLIC[:20]}\x1d{PUBLIC[20:]}", "barcode_not_digits"),
        (PUBLIC[:-1], "barcode_wrong_length"),
        (PUBLIC[2:], "barcode_wrong_length"),
        (PUBLIC + "0", "barcode_wrong_length"),
        ("(01)04912345678904", "barcode_wrong_identifier"),
        ("92" + PUBLIC[2:], "barcode_wrong_identifier"),
        (PUBLIC[:-1] + "2", "barcode_check_digit"),
        (altered(31, "210230"), "barcode_invalid_date"),
        (altered(31, "000000"), "barcode_invalid_date"),
        (altered(37, "2"), "barcode_invalid_stamp_flag"),
    ],
)
def test_what_is_no_barcode_is_refused_by_name(text: str, code: str) -> None:
    answer = decode(text)
    assert isinstance(answer, Refusal)
    assert answer.code == code


def test_a_wrong_check_digit_is_told_with_the_one_that_fits() -> None:
    answer = decode(PUBLIC[:-1] + "2")
    assert isinstance(answer, Refusal)
    assert answer.detail == "the check digit is 2; the 43 digits before it give 1"


@pytest.mark.parametrize(("century", "year"), [(2000, 2021), (1900, 1921), (1921, 1921), (1922, 2021), (1970, 2021)])
def test_the_century_is_a_setting(century: int, year: int) -> None:
    barcode = decode(PUBLIC, century)
    assert isinstance(barcode, Barcode)
    assert barcode.use_by == date(year, 8, 2)
    assert barcode.digits == PUBLIC


# ---- may the app take it? --------------------------------------------------------------------------------


def slip(amount: int = 8_500, use_by: date | None = DUE, stamp_duty: bool = False) -> Barcode:
    return Barcode("912345", SlipNumber("001044103000123450100"), 0, use_by, Yen(amount), stamp_duty)


@pytest.mark.parametrize(
    ("barcode", "on", "code"),
    [
        (slip(), DUE, None),
        (slip(), date(2021, 8, 3), "slip_past_use_by"),
        (slip(use_by=None), date(2099, 12, 31), None),
        (slip(amount=0), DUE, "barcode_zero_amount"),
        (slip(amount=1), DUE, None),
        (slip(amount=300_000), DUE, None),
        (slip(amount=300_001), DUE, "barcode_over_limit"),
        (slip(stamp_duty=True), DUE, "barcode_stamp_duty"),
    ],
)
def test_a_slip_is_taken_or_refused_by_name(barcode: Barcode, on: date, code: str | None) -> None:
    refusal = refusal_of(barcode, on)
    assert (refusal.code if refusal else None) == code


def test_the_published_private_bill_decodes_and_is_refused_for_its_stamp_duty() -> None:
    refusal = refusal_of(VECTORS["91942386178953917853935692730103073110312903"], date(2003, 7, 1))
    assert refusal is not None
    assert refusal.code == "barcode_stamp_duty"


# ---- a bug in the caller ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value", "right"),
    [
        ("issuer", "91234", "6 digits"),
        ("issuer", "９12345", "6 digits"),
        ("free_area", "1" * 20, "21 digits"),
        ("reissue", 10, "0 to 9"),
        ("reissue", -1, "0 to 9"),
        ("amount", 1_000_000, "0 to 999,999"),
        ("amount", -1, "0 to 999,999"),
    ],
)
def test_a_barcode_with_no_room_for_a_value_says_what_would_be_right(field: str, value: str | int, right: str) -> None:
    good = {"issuer": "912345", "free_area": "0" * 21, "reissue": 0, "use_by": None, "amount": 1}
    build: Callable[..., Barcode] = Barcode
    with pytest.raises(ValueError, match=f"{field} must be {right}"):
        build(**good | {field: value})


@pytest.mark.parametrize("text", ["", "1" * 42, "1" * 44, "x" * 43])
def test_a_check_digit_is_taken_over_43_digits(text: str) -> None:
    with pytest.raises(ValueError, match="43 digits"):
        check_digit(text)
