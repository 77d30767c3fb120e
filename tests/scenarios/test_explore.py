"""`sansha explore`: what changes when terms change, and only that."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

import pytest

from services.console.explore.comparing import CannotCompare, compare
from services.console.explore.measures import Outcome
from services.console.explore.page import page
from services.console.explore.variations import cases, variation
from services.console.explore.years import Crowd

CROWD = Crowd(payers=12)


@cache
def explored(*vary: str, jobs: int = 1) -> Sequence[Outcome]:
    return compare(cases([variation(text) for text in vary]), CROWD, jobs, lambda _: None)


def test_every_yen_of_a_year_is_levied_received_and_deposited() -> None:
    (found,) = explored()
    assert found.conserved
    assert (found.refused, found.unseen) == (0, 0)
    assert [found.days[0].on, found.days[-1].on] == [date(2021, 4, 1), date(2022, 5, 31)]
    assert sum(s.deposited for s in found.settlements) == found.yen
    assert sum(s.payments for s in found.settlements) == found.payments
    assert found.days[-1].in_transit == 0
    assert found.days[0].outstanding == max(day.outstanding for day in found.days) > 0
    assert found.visible is not None
    assert sum(s.payments for s in found.visible_by_channel.values()) == found.visible.payments == found.payments


def test_the_same_is_paid_whatever_the_terms() -> None:
    found = explored("closing=15/eom,eom", "preliminary_delay=0d,4d", "share.card=0.5")
    assert len({(o.payments, o.yen) for o in found}) == 1
    assert len({o.digest for o in found}) == len(found)


def test_the_later_the_preliminary_data_the_later_the_ward_knows_and_the_more_reminders_cross() -> None:
    found = explored("preliminary_delay=0d,2d,6d", "reminder_days=3")
    for sooner, later in pairwise(found):
        assert sooner.visible is not None
        assert later.visible is not None
        assert sooner.visible.median <= later.visible.median
        assert sooner.crossed <= later.crossed
        assert sooner.visible_by_channel["counter"] == later.visible_by_channel["counter"], "it has no 速報"
    assert found[0].crossed < found[-1].crossed
    assert sum(found[-1].crossings_by_channel.values()) == sum(found[-1].crossings_by_delay.values())


def test_one_closing_a_month_keeps_the_money_from_the_ward_for_longer() -> None:
    often, once = explored("closing=10/20/eom,eom", "share.card=1")
    assert often.deposited is not None
    assert once.deposited is not None
    assert often.deposited.median < once.deposited.median
    assert often.average("cash") > once.average("cash")
    assert often.average("in_transit") < once.average("in_transit")
    closed = {s.closed_on for s in once.settlements if s.settler in ("jcb", "uc")}
    assert {(day + timedelta(days=1)).day for day in closed} == {1}


def test_the_outcome_does_not_depend_on_how_many_are_played_at_once() -> None:
    heard: list[int] = []
    played = cases([variation("closing=15/eom,eom"), variation("preliminary_delay=0d,4d")])
    assert compare(played, CROWD, 2, heard.append) == explored("closing=15/eom,eom", "preliminary_delay=0d,4d")
    assert heard == sorted(heard)
    assert heard[-1] == 4 * CROWD.days


def test_a_process_that_is_ended_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    played = cases([variation("closing=15/eom,eom")])
    monkeypatch.setattr("services.console.explore.comparing._play", ended)
    with pytest.raises(CannotCompare, match="fewer --payers or --jobs"):
        compare(played, CROWD, 2, lambda _: None)


def ended(*_: object) -> None:
    os._exit(9)


def test_the_page_stands_by_itself_and_tells_every_case() -> None:
    found = explored("closing=15/eom,10/20/eom", "preliminary_delay=0d,6d", "reminder_days=3")
    drawn = page(found, CROWD)
    for outcome in found:
        assert f"<summary>{outcome.label}</summary>" in drawn
        assert f"¥{outcome.average('cash'):,}" in drawn
    for fetched in ("src=", "<link", "@import", "url("):
        assert fetched not in drawn
    assert drawn.count("<svg") == 5, "crossings, the difference of cash, and three lines"
    assert drawn.count('<td title="2021-08-31') == len(found)
    assert "コンビニ convenience stores closes: " in drawn


def test_the_page_of_one_case_without_crossings_says_so() -> None:
    found = explored("reminder_days=60")
    drawn = page(found, CROWD)
    assert [o.crossed for o in found] == [0]
    assert "No reminder crossed a payment" in drawn
    assert "入金の差" not in drawn
