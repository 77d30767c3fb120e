"""甲: decisions about settlements that do not agree: booked, recorded, idempotent; refused if they do not fit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from contracts.http.ward.settlement import ResolutionRequest, ResolutionView
from contracts.vocabulary import ReceiptKind, Settler
from tests.component.driven import accepted, refused
from tests.component.driven_ward import NOON, DrivenWard, deposit, receipt, statement
from tests.component.home import Home

P, C, X = ReceiptKind.PRELIMINARY, ReceiptKind.CONFIRMED, ReceiptKind.CANCELLED
TWO = [("p1", 10_000), ("p2", 10_000)]


async def ward_with(home: Home, *events: Any, lines: list[tuple[str, int]] = TWO, fee: int = 0) -> DrivenWard:
    """Two confirmed payments, their statement, and further events."""
    ward = await DrivenWard.started(home)
    slips = await ward.assess()
    for kind in (P, C):
        await ward.send(receipt("p1", slips[0], kind), receipt("p2", slips[1], kind))
    await ward.send(*statement(lines, fee=fee))
    await ward.send(*events)
    return ward


def asked(action: str, **about: Any) -> ResolutionRequest:
    values = {"statement_id": "s1", "decided_by": "staff-1", "because": "as agreed", **about}
    return ResolutionRequest.model_validate({"action": action, **values})


async def resolve(ward: DrivenWard, action: str, **about: Any) -> ResolutionView:
    return accepted(await ward.service.commands.resolve(asked(action, **about)))


async def refusal(ward: DrivenWard, action: str, **about: Any) -> str:
    return refused(await ward.service.commands.resolve(asked(action, **about))).code


@pytest.mark.parametrize(
    ("came", "action", "account", "amount"),
    [
        (19_000, "accept_difference", "accepted_differences", 1_000),
        (21_000, "accept_difference", "accepted_differences", -1_000),
        (19_000, "book_as_fee", "settlement_fees", 1_000),
        (21_000, "return_excess", "bank_account", 20_000),
    ],
)
async def test_a_decision_closes_the_difference_and_is_booked(
    came: int, action: str, account: str, amount: int, home: Home
) -> None:
    ward = await ward_with(home, deposit(came))
    assert await ward.reconciled() == []
    decision = await resolve(ward, action)
    assert (decision.amount, decision.decided_at, decision.statement_id) == (1_000, NOON, "s1")
    assert await ward.reconciled() == ["s1"]
    balances = await ward.balances()
    assert balances[account] == amount
    assert "deposit_differences" not in balances
    assert await ward.service.queries.open_items() == []


async def test_the_same_decision_again_is_answered_the_same_and_booked_once(home: Home) -> None:
    ward = await ward_with(home, deposit(21_000))
    first = await resolve(ward, "return_excess")
    books = await ward.service.books()
    assert await resolve(ward, "return_excess") == first
    assert await ward.service.books() == books
    assert await refusal(ward, "return_excess", decided_by="staff-2") == "nothing_to_resolve"
    assert await ward.service.commands.resolve(
        asked("return_excess", because="once more"), "key"
    ) == await ward.service.commands.resolve(asked("return_excess", because="once more"), "key")
    assert await ward.service.books() == books


async def test_two_decisions_at_once_take_effect_one_after_the_other(home: Home) -> None:
    ward = await ward_with(home, deposit(19_000))
    async with _client(ward) as http:
        body = asked("accept_difference").model_dump()
        answers = [await http.post("/resolutions", json=body | {"decided_by": clerk}) for clerk in ("a", "b")]
        listed = (await http.get("/resolutions", params={"statement_id": "s1"})).json()
    assert [answer.status_code for answer in answers] == [201, 409]
    assert answers[1].json()["code"] == "nothing_to_resolve"
    assert [row["decided_by"] for row in listed] == ["a"]


async def test_a_claim_is_what_is_still_to_come_and_ends_when_it_has(home: Home) -> None:
    ward = await ward_with(home, deposit(19_000))
    assert (await resolve(ward, "claim_shortfall")).amount == 1_000
    assert await refusal(ward, "claim_shortfall", because="again") == "nothing_to_resolve"
    assert (await ward.balances())["claims_on_settlers"] == 1_000
    await ward.send(deposit(400, deposit_id="d2"))
    assert (await ward.balances())["claims_on_settlers"] == 600
    await ward.send(deposit(600, deposit_id="d3"))
    assert "claims_on_settlers" not in await ward.balances()
    assert await ward.reconciled() == ["s1"]


async def test_a_claim_may_be_given_up(home: Home) -> None:
    ward = await ward_with(home, deposit(19_000))
    await resolve(ward, "claim_shortfall")
    await resolve(ward, "accept_difference")
    balances = await ward.balances()
    assert balances["accepted_differences"] == 1_000
    assert balances.keys().isdisjoint({"claims_on_settlers", "deposit_differences"})
    assert await ward.reconciled() == ["s1"]


async def test_a_deposit_that_comes_after_the_difference_was_accepted_opens_the_statement_again(home: Home) -> None:
    ward = await ward_with(home, deposit(19_000))
    await resolve(ward, "accept_difference")
    await ward.send(deposit(1_000, deposit_id="d2"))
    assert await ward.reconciled() == []
    (item,) = await ward.service.queries.open_items()
    assert (item.codes, item.difference) == (("deposit_over",), 1_000)
    await resolve(ward, "return_excess")
    assert await ward.reconciled() == ["s1"]
    assert (await ward.balances())["bank_account"] == 19_000


async def test_money_for_a_line_that_no_receipt_matches_is_returned(home: Home) -> None:
    ward = await ward_with(home, deposit(20_700), lines=[*TWO, ("stranger", 700)])
    (item,) = await ward.service.queries.open_items()
    assert [(p.payment_id, p.code, p.stated, p.registered) for p in item.payments] == [
        ("stranger", "receipt_missing", 700, None)
    ]
    assert await refusal(ward, "return_payment", payment_id="p1") == "nothing_to_resolve"
    await resolve(ward, "return_payment", payment_id="stranger")
    assert await ward.reconciled() == ["s1"]
    balances = await ward.balances()
    assert balances["bank_account"] == 20_000
    assert "in_transit_jcb" not in balances
    await ward.send(receipt("stranger", (await ward.service.queries.slips())[2], amount=700))
    (open_again,) = await ward.service.queries.open_items()
    assert (open_again.kind, open_again.subject) == ("receipt_not_deposited", "stranger")


async def test_a_cancelled_payment_that_was_deposited_is_returned(home: Home) -> None:
    ward = await ward_with(home, deposit(20_000))
    await ward.send(receipt("p1", (await ward.service.queries.slips())[0], X))
    assert await ward.reconciled() == []
    await resolve(ward, "return_payment", payment_id="p1")
    assert await ward.reconciled() == ["s1"]
    assert "in_transit_jcb" not in await ward.balances()


async def test_a_payment_of_two_statements_is_returned_for_one_and_both_agree(home: Home) -> None:
    again = statement(TWO[:1], statement_id="s2")
    ward = await ward_with(home, deposit(20_000), *again, deposit(10_000, statement_id="s2", deposit_id="d2"))
    assert await ward.reconciled() == []
    await resolve(ward, "return_payment", statement_id="s2", payment_id="p1")
    assert await ward.reconciled() == ["s1", "s2"]
    balances = await ward.balances()
    assert balances["bank_account"] == 20_000
    assert "in_transit_jcb" not in balances


async def test_a_line_of_another_amount_is_accepted(home: Home) -> None:
    ward = await ward_with(home, deposit(19_900), lines=[("p1", 10_000), ("p2", 9_900)])
    (item,) = await ward.service.queries.open_items()
    assert [(p.payment_id, p.code, p.stated, p.registered) for p in item.payments] == [
        ("p2", "amount_differs", 9_900, 10_000)
    ]
    await resolve(ward, "accept_difference", payment_id="p2")
    assert await ward.reconciled() == ["s1"]
    balances = await ward.balances()
    assert balances["accepted_differences"] == 100
    assert "in_transit_jcb" not in balances


async def test_a_deposit_under_the_wrong_statement_is_reassigned(home: Home) -> None:
    ward = await ward_with(home, deposit(20_000, statement_id="unknown"))
    assert {item.kind for item in await ward.service.queries.open_items()} >= {
        "deposit_without_statement",
        "statement_open",
    }
    await resolve(ward, "reassign_deposit", deposit_id="d1")
    assert await ward.reconciled() == ["s1"]
    assert await ward.service.queries.open_items() == []
    (view,) = await ward.service.queries.deposits()
    assert (view.statement_id, view.counts_for, view.reconciled_at) == ("unknown", "s1", NOON)


async def test_a_deposit_taken_from_a_reconciled_statement_opens_it_again(home: Home) -> None:
    other = statement([("p9", 19_800)], statement_id="s2")
    ward = await ward_with(home, deposit(19_800), *other, fee=200)
    assert await ward.reconciled() == ["s1"]
    assert (await ward.balances())["settlement_fees"] == 200
    await resolve(ward, "reassign_deposit", statement_id="s2", deposit_id="d1")
    assert await ward.reconciled() == []
    differences = {item.subject: item.difference for item in await ward.service.queries.open_items() if item.codes}
    assert differences["s1"] == -19_800
    assert differences["s2"] == 0
    balances = await ward.balances()
    assert balances["bank_account"] == 19_800
    assert balances.keys().isdisjoint({"settlement_fees", "deposit_differences"}), "nothing has come for it yet"
    ward.clock.step_to(NOON + timedelta(days=20))
    await ward.settle()
    assert "deposit_overdue" in {code for item in await ward.service.queries.open_items() for code in item.codes}


@pytest.mark.parametrize(
    ("action", "about", "code"),
    [
        ("return_excess", {}, "nothing_to_resolve"),
        ("accept_difference", {"statement_id": "s9"}, "statement_unknown"),
        ("accept_difference", {"statement_id": None}, "resolution_incomplete"),
        ("return_payment", {}, "resolution_incomplete"),
        ("add_line", {}, "resolution_incomplete"),
        ("reassign_deposit", {}, "resolution_incomplete"),
        ("reassign_deposit", {"deposit_id": "d9"}, "deposit_unknown"),
        ("reassign_deposit", {"deposit_id": "d1"}, "nothing_to_resolve"),
        ("reassign_deposit", {"deposit_id": "d-uc"}, "settler_differs"),
        ("add_line", {"payment_id": "p9"}, "nothing_to_resolve"),
        ("add_line", {"payment_id": "p3"}, "nothing_to_resolve"),
        ("add_line", {"payment_id": "p-uc"}, "settler_differs"),
        ("accept_difference", {"payment_id": "p1"}, "nothing_to_resolve"),
        ("book_as_fee", {"payment_id": "p1"}, "nothing_to_resolve"),
    ],
)
async def test_a_decision_that_does_not_fit_is_refused_and_changes_nothing(
    action: str, about: dict[str, Any], code: str, home: Home
) -> None:
    ward = await ward_with(home, deposit(19_000))
    slips = await ward.service.queries.slips()
    by_uc = deposit(5_000, deposit_id="d-uc", statement_id="s-uc", settler=Settler.UC)
    await ward.send(receipt("p3", slips[2]), receipt("p-uc", slips[3], settler=Settler.UC), by_uc)
    before = await ward.service.books()
    assert await refusal(ward, action, **about) == code
    assert await ward.service.books() == before
    assert list(await ward.service.queries.resolutions()) == []


async def test_nothing_is_decided_about_a_statement_of_which_a_page_is_missing(home: Home) -> None:
    ward = await DrivenWard.started(home)
    await ward.send(statement(TWO, page_size=1)[0], deposit(100))
    assert await refusal(ward, "accept_difference") == "statement_incomplete"


async def test_an_overdue_deposit_is_found_at_its_hour_and_the_next_day_is_too_late(home: Home) -> None:
    ward = await ward_with(home)
    ward.clock.step_to(NOON + timedelta(days=18, hours=2, minutes=59))
    await ward.settle()
    assert (await ward.service.queries.open_items())[-1].codes == ("deposit_missing",)
    ward.clock.step_to(NOON + timedelta(days=18, hours=3))
    await ward.settle()
    assert (await ward.service.queries.open_items())[-1].codes == ("deposit_overdue",)
    await ward.send(deposit(20_000))
    assert await ward.reconciled() == ["s1"]
    story = (await ward.service.queries.explain(["p1"]))["p1"]
    assert "入金遅延 deposit overdue" not in [step.event for step in story.steps], "it arrived at exactly that hour"


def _client(ward: DrivenWard) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=ward.http), base_url="http://ward")
