"""Recognition of typed card numbers, and the behaviour of the published test cards."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from contracts.formats.card_number import LENGTHS, brand_of, has_luhn_check_digit
from contracts.http.card_agent.cards import CardTokenRequest
from contracts.vocabulary import Agent, Brand, Refusal
from services.card_agent.behaviour import TEST_CARDS, outcome_of
from services.card_agent.domain.card import (
    Expiry,
    accepted_brand,
    identity_of,
    read_expiry,
    read_number,
)
from services.card_agent.domain.issuer import Outcome
from services.card_agent.domain.terms import TERMS
from services.card_agent.handlers.tokenize_card import CardRegistration, registration_of

digits = st.text("0123456789", min_size=1, max_size=18)
numbers = digits.map(lambda body: body + check_digit(body))
SECRET = b"a secret"


def check_digit(body: str) -> str:
    return next(d for d in "0123456789" if has_luhn_check_digit(body + d))


@given(digits)
def test_every_body_has_one_check_digit(body: str) -> None:
    assert sum(has_luhn_check_digit(body + d) for d in "0123456789") == 1


@given(numbers, st.data())
def test_one_mistyped_digit_is_noticed(number: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(number) - 1))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != number[place]]))
    assert not has_luhn_check_digit(number[:place] + other + number[place + 1 :])


@pytest.mark.parametrize(
    ("prefix", "brand"),
    [
        ("4", Brand.VISA),
        ("5099", None),
        ("51", Brand.MASTERCARD),
        ("55", Brand.MASTERCARD),
        ("56", None),
        ("2220", None),
        ("2221", Brand.MASTERCARD),
        ("2720", Brand.MASTERCARD),
        ("2721", None),
        ("3527", None),
        ("3528", Brand.JCB),
        ("3589", Brand.JCB),
        ("3590", None),
        ("34", Brand.AMEX),
        ("35", None),
        ("37", Brand.AMEX),
        ("36", Brand.DINERS),
        ("38", Brand.DINERS),
        ("39", None),
        ("300", Brand.DINERS),
        ("305", Brand.DINERS),
        ("306", None),
        ("6011", None),
    ],
)
def test_a_brand_shows_in_the_leading_digits(prefix: str, brand: Brand | None) -> None:
    assert brand_of(prefix.ljust(16, "0")) is brand


@given(st.text(max_size=40))
@example("card_number_")
def test_nothing_typed_breaks_the_reading(typed: str) -> None:
    read = read_number(typed)
    if isinstance(read, Refusal):
        assert read.code == "card_number_invalid"
        is_wording = typed in f"{read_number('x')}"
        assert len(typed) < 12 or typed not in f"{read}" or is_wording
    else:
        assert has_luhn_check_digit(read)


@given(numbers)
def test_a_number_is_read_with_spaces_and_hyphens(number: str) -> None:
    grouped = "-".join(number[n : n + 4] for n in range(0, len(number), 4))
    assert read_number(grouped) == read_number(f" {number} ") == read_number(number)


@pytest.mark.parametrize("number", ["", "１２３４５６７８９０１２", "4000000000000003", "371" + "0" * 12 + "7"])
def test_what_is_no_card_number_is_refused(number: str) -> None:
    assert isinstance(read_number(number), Refusal)


def test_a_brand_has_its_lengths() -> None:
    too_long = "37" + "0" * 13
    assert isinstance(read_number(too_long + check_digit(too_long)), Refusal)
    assert all(len(card.number) in LENGTHS[card.brand] for card in TEST_CARDS.values())


@given(st.integers(1, 12), st.integers(0, 99))
def test_an_expiry_is_a_month_of_this_century(month: int, year: int) -> None:
    assert read_expiry(f"{month:02}/{year:02}") == Expiry(2000 + year, month)


@pytest.mark.parametrize("typed", ["", "00/27", "13/27", "1/27", "12-27", "12/2027", "１２/27", "4000000000000002"])
def test_what_is_no_expiry_is_refused_without_repeating_it(typed: str) -> None:
    refusal = read_expiry(typed)
    assert isinstance(refusal, Refusal)
    assert not typed or typed not in f"{refusal}"


@pytest.mark.parametrize(
    ("now", "over"),
    [
        ("2021-04-30T14:59:59+00:00", False),
        ("2021-04-30T15:00:00+00:00", True),
        ("2020-12-01T00:00:00+00:00", False),
        ("2022-01-01T00:00:00+00:00", True),
    ],
)
def test_a_card_is_good_through_its_month(now: str, over: bool) -> None:
    assert Expiry(2021, 4).is_over(datetime.fromisoformat(now)) is over


def test_an_account_is_the_number_and_a_card_the_number_with_its_expiry() -> None:
    number, other = "4000000000000002", "4000000000000010"
    first = identity_of(number, Expiry(2027, 12), Brand.VISA, SECRET)
    renewed = identity_of(number, Expiry(2028, 1), Brand.VISA, SECRET)
    stranger = identity_of(other, Expiry(2027, 12), Brand.VISA, SECRET)
    elsewhere = identity_of(number, Expiry(2027, 12), Brand.VISA, b"another secret")
    assert first.account_id == renewed.account_id != stranger.account_id
    assert first.card_key != renewed.card_key
    assert first.account_id != elsewhere.account_id
    assert first.last4 == "0002"
    assert number not in f"{first}"


@given(st.sampled_from(sorted(TEST_CARDS)), st.integers(1, 12))
def test_a_registration_does_not_carry_the_number(number: str, month: int) -> None:
    request = CardTokenRequest(number=SecretStr(number), expiry=f"{month:02}/27")
    registration = registration_of(request, tuple(Brand), SECRET)
    assert isinstance(registration, CardRegistration)
    assert number not in registration.model_dump_json()
    assert registration.outcome is TEST_CARDS[number].outcome


def test_a_brand_of_another_agent_is_refused() -> None:
    refusal = accepted_brand("3530000000000003", TERMS[Agent.UC].brands)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "brand_not_accepted"
    assert "visa, mastercard" in refusal.detail


@pytest.mark.parametrize("card", TEST_CARDS.values(), ids=lambda card: card.number)
def test_a_published_number_is_a_card_of_its_brand(card: object) -> None:
    number = getattr(card, "number", "")
    assert read_number(number) == number
    assert TEST_CARDS[number].brand is brand_of(number)


@pytest.mark.parametrize("brand", [Brand.VISA, Brand.MASTERCARD, Brand.JCB])
def test_every_outcome_is_published_for_each_main_brand(brand: Brand) -> None:
    assert {card.outcome for card in TEST_CARDS.values() if card.brand is brand} == set(Outcome)


def test_every_brand_has_a_card_that_is_approved() -> None:
    assert {card.brand for card in TEST_CARDS.values() if card.outcome is Outcome.APPROVED} == set(Brand)


@given(numbers.filter(lambda number: number not in TEST_CARDS))
def test_any_other_card_is_an_ordinary_one(number: str) -> None:
    assert outcome_of(number) is Outcome.APPROVED
