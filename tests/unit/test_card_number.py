"""Card numbers in texts: found however they are written; what only looks like one is left alone."""

from __future__ import annotations

import re
import uuid
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.formats import barcode
from contracts.formats.barcode import Barcode
from contracts.formats.card_number import NEAR_MISSES, has_card_number, has_luhn_check_digit
from contracts.vocabulary import SlipNumber, Yen
from services.chassis.clock import monotonic

PREFIXES = {"4": (13, 16, 19), "51": (16,), "2221": (16,), "3528": (16, 19), "34": (15,), "36": (14,), "6011": (16,)}
digit = st.sampled_from("0123456789")


def with_check_digit(body: str) -> str:
    return next(body + last for last in "0123456789" if has_luhn_check_digit(body + last))


@st.composite
def numbers(draw: st.DrawFn) -> str:
    prefix = draw(st.sampled_from([*PREFIXES]))
    length = draw(st.sampled_from(PREFIXES[prefix]))
    return with_check_digit(
        prefix + draw(st.text("0123456789", min_size=length - len(prefix) - 1, max_size=length - len(prefix) - 1))
    )


def grouped(number: str, separator: str) -> str:
    groups = re.findall(r"\d{4}", number[: len(number) // 4 * 4 - 4])
    return separator.join([*groups, number[4 * len(groups) :]])


wide = str.maketrans("0123456789-", "０１２３４５６７８９－")
around = st.text(st.characters(exclude_categories=["Nd", "Cs"], exclude_characters="-- ‐‑‒–—―−ー\u3000"), max_size=8)


@given(numbers(), st.sampled_from(["", " ", "-", " - ", "–"]), st.booleans(), around, around)
def test_a_card_number_is_found_however_it_is_written(
    number: str, separator: str, in_wide_digits: bool, before: str, after: str
) -> None:
    written = grouped(number, separator)
    assert has_card_number(f"{before}{written.translate(wide) if in_wide_digits else written}{after}")


@given(numbers(), st.sampled_from(["001041210000000123501", "2021-07-01", "8500"]))
def test_it_is_found_beside_other_numbers(number: str, other: str) -> None:
    assert has_card_number(f"{other} {number}")
    assert has_card_number(f"{number} {other}")


@given(numbers(), digit)
def test_with_another_check_digit_it_is_none(number: str, last: str) -> None:
    assert has_card_number(number[:-1] + last) == (last == number[-1])


@given(
    st.uuids(),
    st.sampled_from(["{}", '{{"payment_id": "{}", "amount": 1}}', "/payments/{}/card", "01{}".replace("01", "a ")]),
)
def test_a_uuid_is_none(made: uuid.UUID, text: str) -> None:
    assert not has_card_number(text.format(made))


@given(numbers(), st.text("0123456789", min_size=20, max_size=20))
def test_a_uuid_of_digits_alone_is_none(number: str, rest: str) -> None:
    hexadecimal = (number + rest)[:32]
    assert not has_card_number(str(uuid.UUID(hexadecimal)))


@given(st.text("0123456789abcdef", min_size=32, max_size=64), st.text("0123456789", min_size=16, max_size=16))
def test_trace_ids_and_hashes_are_none(hexadecimal: str, span: str) -> None:
    assert not has_card_number(hexadecimal)
    assert not has_card_number(f"00-{hexadecimal[:32]}-{span}-01")


barcodes = st.builds(
    Barcode,
    st.text("0123456789", min_size=6, max_size=6),
    st.text("0123456789", min_size=21, max_size=21).map(SlipNumber),
    st.integers(0, 9),
    st.one_of(st.none(), st.dates(date(2000, 1, 1), date(2099, 12, 31))),
    st.integers(0, 999_999).map(Yen),
)


@given(barcodes)
def test_barcodes_and_slip_numbers_are_none_in_any_form(made: Barcode) -> None:
    printed = barcode.in_two_lines(made.digits)
    last = printed.rpartition("\n")[2]
    for text in (
        made.digits,
        made.free_area,
        f"]C1{made.digits}",
        printed,
        last,
        f"slip {made.free_area}, ¥{made.amount:,}",
    ):
        assert not has_card_number(text), text


@given(st.datetimes(), st.integers(0, 10**9), st.text("0123456789", min_size=10, max_size=10))
def test_times_amounts_and_persons_are_none(at: object, amount: int, person: str) -> None:
    assert not has_card_number(f"{at} ¥{amount:,} {person},2021,{amount} 03-5273-1234")


@pytest.mark.parametrize("piece", ["4111 1111 1111 1112 ", "4111-", "4 1 1 1 ", "1 ", "5273 ", "4111111111111112,"])
def test_texts_made_to_take_long_are_bounded(piece: str) -> None:
    """As long as the largest body of many things; a tenth of this time is usual."""
    text, began = piece * (4_000_000 // len(piece)), monotonic()
    has_card_number(text)
    assert monotonic() - began < 5


def test_more_near_misses_than_anyone_types_count_as_a_card() -> None:
    assert not has_card_number("4111111111111112," * NEAR_MISSES)
    assert has_card_number("4111111111111112," * (NEAR_MISSES + 1))
