"""Variations of `sansha explore`: names, values, combinations, and what cannot be varied."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import Method
from services.console.explore.variations import ALIASES, MOST_CASES, SHARE, CannotVary, cases, variation
from services.console.payers.habits import ORDINARY_MIX

JCB, UC = "card_agent.jcb", "card_agent.uc"


def test_nothing_varied_is_one_case_as_agreed() -> None:
    (only,) = cases([])
    assert (only.label, only.overrides, only.values) == ("as agreed", {}, ())
    assert only.mix == pytest.approx(ORDINARY_MIX)


def test_every_combination_is_a_case_and_the_last_changes_fastest() -> None:
    found = cases([variation("closing=15/eom,10/20/eom"), variation("preliminary_delay=0d,5d")])
    assert [c.label for c in found] == [
        "closing=15/eom, preliminary_delay=0d",
        "closing=15/eom, preliminary_delay=5d",
        "closing=10/20/eom, preliminary_delay=0d",
        "closing=10/20/eom, preliminary_delay=5d",
    ]
    assert found[3].overrides == {
        JCB: {"closing_days": "10/20/eom"},
        UC: {"closing_days": "10/20/eom"},
        "payment_provider": {
            "preliminary_delay_days": "5",
            "bank_preliminary_delay_days": "5",
            "convenience_store_preliminary_delay_days": "5",
        },
    }


@pytest.mark.parametrize("name", ALIASES)
def test_a_short_name_stands_for_settings_that_take_its_values(name: str) -> None:
    value = "15/eom" if name == "closing" else "2"
    (case,) = cases([variation(f"{name}={value}")])
    assert {(party, setting) for party, given in case.overrides.items() for setting in given} == {
        *ALIASES[name].settings
    }


@pytest.mark.parametrize(
    ("text", "overrides"),
    [
        ("reminder_days=10", {"ward": {"reminder_days": "10"}}),
        ("reminder_days=10d", {"ward": {"reminder_days": "10"}}),
        ("use_by_months=null", {"ward": {"use_by_months": None}}),
        ("card_agent.uc.fee_basis=net", {UC: {"fee_basis": "net"}}),
        ("card_agent.holiday_shift=none", {JCB: {"holiday_shift": "none"}, UC: {"holiday_shift": "none"}}),
        ("closing_days=eom", {JCB: {"closing_days": "eom"}, UC: {"closing_days": "eom"}}),
        ("system_fees=[[5000, 27], [10000, 82]]", {"payment_provider": {"system_fees": [[5000, 27], [10000, 82]]}}),
    ],
)
def test_a_setting_is_given_to_the_parties_that_have_it(text: str, overrides: dict[str, object]) -> None:
    (case,) = cases([variation(text)])
    assert case.overrides == overrides


def test_commas_within_brackets_belong_to_the_value() -> None:
    assert variation("system_fees=[[5,1],[6,2]],[[7,3]]").values == ("[[5,1],[6,2]]", "[[7,3]]")


@given(st.integers(0, 100))
def test_the_other_channels_share_what_is_left_as_before(per_cent: int) -> None:
    (case,) = cases([variation(f"share.card={per_cent}%")])
    assert sum(case.mix.values()) == pytest.approx(1)
    assert case.mix[Method.CARD] == pytest.approx(per_cent / 100)
    shop, debit = case.mix[Method.CONVENIENCE_STORE], case.mix[Method.DIRECT_DEBIT]
    assert shop * ORDINARY_MIX[Method.DIRECT_DEBIT] == pytest.approx(debit * ORDINARY_MIX[Method.CONVENIENCE_STORE])


@pytest.mark.parametrize(
    ("given_texts", "message"),
    [
        (["closing"], "write it like closing=15/eom,10/20/eom"),
        (["closing="], "write it like"),
        (["=3"], "write it like"),
        (["closing=eom,eom"], "has a value twice"),
        (["closing=33"], "closing=33: closing_days closing day '33' must be 1 to 31 or eom"),
        (["reminder_day=3"], "did you mean reminder_days"),
        (["xyzzy=3"], "short names are closing"),
        (["seed=3"], "is about running a process"),
        (["bank.closing_days=eom"], "no such party; there are ward"),
        (["reminder_days=0"], "greater than or equal to 1"),
        (["arrears_rates=[1"], "is not JSON"),
        (["share.card=2"], "a share is from 0 to 1"),
        (["share.card=much"], "a share is from 0 to 1"),
        (["share.kard=1"], "no such channel; there are card"),
        (["share.card=0.6", "share.counter=0.6"], "do not add up to 1"),
        (["closing=eom", "card_agent.uc.closing_days=15"], "about the same"),
        (["share.card=0.1", "share.card=0.2"], "about the same"),
        (["closing_time=11:00"], "must be before deposit_time"),
        ([f"reminder_days={','.join(map(str, range(1, 52)))}", "closing=eom,15"], f"give at most {MOST_CASES}"),
    ],
)
def test_what_cannot_be_varied_is_said_before_anything_is_played(given_texts: list[str], message: str) -> None:
    with pytest.raises(CannotVary) as refused:
        cases([variation(text) for text in given_texts])
    assert message in str(refused.value)


def test_a_share_names_a_channel() -> None:
    assert variation(f"{SHARE}card=0,1").settings == ()
