"""The ward's division of the free area."""

from collections.abc import Callable
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.formats.slip_number import ORDER, SlipReference

REFERENCE = SlipReference(
    agency_code="13104",
    charge_type="4",
    levy_year=2021,
    notice_number="0000012345",
    instalment=2,
    collection_kind="1",
)


def digit_string(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=length, max_size=length)


references = st.builds(
    SlipReference,
    agency_code=digit_string(5),
    charge_type=digit_string(1),
    levy_year=st.integers(2000, 2099),
    notice_number=digit_string(10),
    instalment=st.integers(0, 99),
    collection_kind=digit_string(1),
)


def test_a_slip_number_holds_its_fields_in_order() -> None:
    assert REFERENCE.slip_number() == "131044210000012345021"


@given(references)
def test_a_reference_survives_its_slip_number(reference: SlipReference) -> None:
    assert SlipReference.parse(reference.slip_number()) == reference


@given(digit_string(21), st.integers(1900, 2100))
def test_any_21_digits_survive_being_divided(digits: str, century: int) -> None:
    reference = SlipReference.parse(digits, century)
    assert reference.slip_number() == digits
    assert century <= reference.levy_year < century + 100


@given(references, st.permutations(ORDER), st.booleans())
def test_an_issuer_orders_the_fields_as_he_likes_and_may_leave_the_collection_kind_out(
    reference: SlipReference, order: list[str], has_kind: bool
) -> None:
    if not has_kind:
        order = [name for name in order if name != "collection_kind"]
        reference = replace(reference, collection_kind="0")
    number = reference.slip_number(order)
    assert len(number) == 21
    assert SlipReference.parse(number, order=order) == reference


def test_where_the_collection_kind_is_left_out_the_notice_number_has_its_digit() -> None:
    order = ("levy_year", "charge_type", "instalment", "notice_number")
    assert REFERENCE.slip_number(order) == "13104" + "21" + "4" + "02" + "00000012345"
    with pytest.raises(ValueError, match="notice_number must be 10 digits"):
        SlipReference.parse("13104" + "21" + "4" + "02" + "10000012345", order=order)


@pytest.mark.parametrize("order", [(), ("levy_year",), (*ORDER, "levy_year"), (*ORDER, "name")])
def test_what_does_not_divide_the_digits_is_refused(order: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="must name charge_type, levy_year, notice_number, instalment"):
        REFERENCE.slip_number(order)


@pytest.mark.parametrize("text", ["", "1" * 20, "1" * 22, "1" * 20 + "x", "１" * 21])
def test_what_is_not_21_digits_cannot_be_divided(text: str) -> None:
    with pytest.raises(ValueError, match="slip number must be 21 digits"):
        SlipReference.parse(text)


@pytest.mark.parametrize(
    ("field", "value", "right"),
    [
        ("agency_code", "1310", "5 digits"),
        ("charge_type", "44", "1 digit"),
        ("levy_year", 21, "four digits"),
        ("notice_number", "12345", "10 digits"),
        ("instalment", 100, "0 to 99"),
        ("instalment", -1, "0 to 99"),
        ("collection_kind", "x", "1 digit"),
    ],
)
def test_a_reference_with_no_room_for_a_value_says_what_would_be_right(
    field: str, value: str | int, right: str
) -> None:
    build: Callable[..., SlipReference] = SlipReference
    with pytest.raises(ValueError, match=f"{field} must be .*{right}"):
        build(**asdict(REFERENCE) | {field: value})
