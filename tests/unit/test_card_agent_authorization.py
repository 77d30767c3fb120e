"""A card company's answers and the allowed steps of an authorization: the hold always follows the status."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import Brand, DeclineReason, Refusal, Yen
from services.card_agent.domain.authorization import (
    Authorization,
    AuthorizationStatus,
    accept,
    answer,
    approval_code,
    asked,
    asked_after_reversal,
    deposit,
    held,
    hold_changes,
    require_same,
    reverse,
    reversed_unasked,
    undo,
    withdraw,
)
from services.card_agent.domain.card import Expiry
from services.card_agent.domain.issuer import Approved, Card, Declined, Issuer, Outcome, Unanswered

NOW = datetime.fromisoformat("2021-04-12T03:00:00+00:00")
CLOSING = date(2021, 4, 20)
ISSUER = Issuer((Brand.VISA,), Yen(10_000), timedelta(seconds=90), time(10, 0))
CARD = Card("token", "account", Brand.VISA, "0002", Expiry(2027, 12), Outcome.APPROVED)


def card(outcome: Outcome, expiry: Expiry = CARD.expiry, brand: Brand = Brand.VISA) -> Card:
    return Card("token", "account", brand, "0002", expiry, outcome)


@pytest.mark.parametrize(
    ("asked_for", "verdict"),
    [
        (None, Declined(DeclineReason.UNKNOWN_CARD)),
        (card(Outcome.APPROVED, brand=Brand.JCB), Declined(DeclineReason.BRAND_NOT_ACCEPTED)),
        (card(Outcome.EXPIRED), Declined(DeclineReason.CARD_EXPIRED)),
        (card(Outcome.OVER_LIMIT), Declined(DeclineReason.OVER_LIMIT)),
        (card(Outcome.LOST, expiry=Expiry(2021, 3)), Declined(DeclineReason.CARD_LOST)),
        (card(Outcome.ISSUER_DOWN), Declined(DeclineReason.ISSUER_UNAVAILABLE)),
        (card(Outcome.APPROVED, expiry=Expiry(2021, 3)), Declined(DeclineReason.CARD_EXPIRED)),
        (card(Outcome.APPROVED, expiry=Expiry(2021, 4)), Approved()),
        (card(Outcome.WITHDRAWN), Approved()),
        (card(Outcome.TIMEOUT), Unanswered(None)),
        (card(Outcome.LATE_APPROVAL), Unanswered(NOW + timedelta(seconds=90))),
    ],
)
def test_a_card_company_answers_by_its_card(asked_for: Card | None, verdict: object) -> None:
    assert ISSUER.ask(asked_for, Brand.VISA, Yen(1), Yen(0), NOW) == verdict


def test_a_card_of_another_brand_than_the_asker_believes_is_declined() -> None:
    agent = Issuer(tuple(Brand), Yen(10_000), timedelta(), time(10, 0))
    verdict = agent.ask(CARD, Brand.MASTERCARD, Yen(1), Yen(0), NOW)
    assert verdict == Declined(DeclineReason.BRAND_NOT_ACCEPTED)


@given(st.integers(0, 20_000), st.integers(1, 20_000))
def test_a_limit_may_be_used_up_to_the_last_yen(so_far: int, amount: int) -> None:
    verdict = ISSUER.ask(CARD, Brand.VISA, Yen(amount), Yen(so_far), NOW)
    assert verdict == (Approved() if so_far + amount <= 10_000 else Declined(DeclineReason.OVER_LIMIT))


def test_a_sale_is_revoked_the_next_day_in_japan() -> None:
    late_evening = datetime.fromisoformat("2021-04-12T23:59:59+09:00")
    revoked_at = ISSUER.revokes_sale_at(Outcome.WITHDRAWN, late_evening)
    assert revoked_at == datetime.fromisoformat("2021-04-13T10:00:00+09:00")
    assert ISSUER.revokes_sale_at(Outcome.APPROVED, late_evening) is None


@given(st.uuids())
def test_an_approval_code_has_six_digits(approval_id: object) -> None:
    code = approval_code(str(approval_id))
    assert len(code) == 6
    assert code.isdigit()


def pending(payment_id: str = "p1", amount: int = 100) -> Authorization:
    return asked(payment_id, "token", Yen(amount), "account", NOW)


def approved(payment_id: str = "p1", amount: int = 100) -> Authorization:
    return answer(pending(payment_id, amount), Approved(), "000001", NOW)


def test_a_hold_lasts_from_the_approval_to_the_deposit() -> None:
    accepted = accept(approved(), "p1", Yen(100), CLOSING, NOW)
    assert [held(a) for a in (pending(), approved(), accepted, deposit(accepted, NOW))] == [0, 100, 100, 0]


def test_a_reversal_undoes_what_it_finds() -> None:
    late = answer(pending(), Unanswered(NOW), "", NOW)
    for a in (approved(), pending(), undo(reverse(late, NOW), NOW)):
        ended = reverse(a, NOW)
        assert ended.status is AuthorizationStatus.REVERSED
        assert ended.reversed_at == NOW
        assert held(ended) == 0
    noted = reverse(late, NOW)
    assert (noted.status, noted.reversal_asked_at, noted.reversed_at) == (AuthorizationStatus.PENDING, NOW, None)


def test_a_second_reversal_changes_nothing() -> None:
    once = reverse(approved(), NOW)
    assert reverse(once, NOW + timedelta(days=1)) == once


def test_a_declined_authorization_stays_declined_when_reversed() -> None:
    declined = reverse(answer(pending(), Declined(DeclineReason.CARD_LOST), "", NOW), NOW)
    assert (declined.status, declined.reversed_at) == (AuthorizationStatus.DECLINED, NOW)


def test_a_request_after_its_reversal_stays_reversed() -> None:
    a = asked_after_reversal(reversed_unasked("p1", "token", NOW), Yen(100), "account", NOW)
    assert (a.status, held(a)) == (AuthorizationStatus.REVERSED, 0)
    require_same(a, "token", Yen(100))


def test_another_request_for_the_same_payment_is_a_fault() -> None:
    with pytest.raises(ValueError, match="asked for before"):
        require_same(pending(), "token", Yen(101))
    with pytest.raises(ValueError, match="asked for before"):
        require_same(pending(), "other", Yen(100))


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (None, "never authorized"),
        (pending(), "is pending"),
        (reverse(approved(), NOW), "is reversed"),
        (accept(approved(), "p1", Yen(100), CLOSING, NOW), "is accepted"),
        (approved(amount=99), "approved for ¥99"),
    ],
)
def test_only_what_was_approved_is_accepted(found: Authorization | None, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        accept(found, "p1", Yen(100), CLOSING, NOW)


def test_a_withdrawal_is_possible_until_the_closing_is_issued() -> None:
    accepted = accept(approved(), "p1", Yen(100), CLOSING, NOW)
    withdrawn = withdraw(accepted, closing_issued=False, now=NOW)
    assert isinstance(withdrawn, Authorization)
    assert (withdrawn.status, held(withdrawn)) == (AuthorizationStatus.WITHDRAWN, 0)
    assert withdraw(withdrawn, closing_issued=True, now=NOW) == withdrawn
    for refused, code in (
        (withdraw(accepted, closing_issued=True, now=NOW), "withdrawal_too_late"),
        (withdraw(approved(), closing_issued=False, now=NOW), "nothing_to_withdraw"),
    ):
        assert isinstance(refused, Refusal)
        assert refused.code == code


def test_what_is_owed_cannot_be_reversed() -> None:
    with pytest.raises(ValueError, match="is accepted"):
        reverse(accept(approved(), "p1", Yen(100), CLOSING, NOW), NOW)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 9), st.booleans(), st.booleans()), max_size=20))
def test_the_changes_of_holds_add_up_to_what_is_held(made: list[tuple[str, int, bool, bool]]) -> None:
    before: dict[str, Authorization] = {}
    after: dict[str, Authorization] = {}
    for n, (account, amount, was_there, is_reversed) in enumerate(made):
        a = answer(asked(f"p{n}", "token", Yen(amount), account, NOW), Approved(), "000001", NOW)
        if was_there:
            before[a.payment_id] = a
        after[a.payment_id] = reverse(a, NOW) if is_reversed else a
    changes = hold_changes(before, after.values())
    for account in "abc":
        held_before = sum(held(a) for a in before.values() if a.account_id == account)
        held_after = sum(held(a) for a in after.values() if a.account_id == account)
        assert changes.get(account, 0) == held_after - held_before
