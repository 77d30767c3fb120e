"""Commands: concurrent ones share a transaction; an answer is stored with its effect and repeated on a retry."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import timedelta

import pytest

from contracts.vocabulary import Refusal
from services.chassis.commands import COMMANDS_PER_TRANSACTION
from tests.component.home import Home
from tests.component.tiny_party import (
    BROKEN_AMOUNT,
    NOON,
    Counting,
    Died,
    DiesAt,
    Driven,
    EntryAnswer,
    EntryRequest,
)

Outcome = EntryAnswer | Refusal | BaseException


def request(name: str, amount: int = 1, account: str = "", owner: str | None = None) -> EntryRequest:
    """A request for a new account, unless one is given."""
    return EntryRequest(account=account or f"account of {name}", name=name, amount=amount, owner=owner)


async def together(*commands: Awaitable[EntryAnswer | Refusal]) -> list[Outcome]:
    """Answers and exceptions of concurrent requests."""
    return list(await asyncio.gather(*commands, return_exceptions=True))


def accepted(answer: Outcome) -> EntryAnswer:
    assert isinstance(answer, EntryAnswer), answer
    return answer


def code(answer: Outcome) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code


async def test_concurrent_commands_share_a_transaction(home: Home) -> None:
    counting = Counting()
    driven = await Driven.started(home, counting)
    answers = await together(*(driven.service.add(request(str(n))) for n in range(100)))
    assert [accepted(answer).name for answer in answers] == [str(n) for n in range(100)]
    assert counting.times["transaction.committed"] == 1
    assert await driven.names() == [str(n) for n in range(100)]


async def test_a_gathering_is_bounded(home: Home) -> None:
    counting = Counting()
    driven = await Driven.started(home, counting)
    await together(*(driven.service.add(request(str(n))) for n in range(COMMANDS_PER_TRANSACTION + 1)))
    assert counting.times["transaction.committed"] == 2


async def test_two_commands_on_one_natural_key_apply_in_order(home: Home) -> None:
    counting = Counting()
    driven = await Driven.started(home, counting)
    answers = await together(*(driven.service.add(request(str(n), n, account="a")) for n in (1, 2, 3)))
    assert [accepted(answer).balance for answer in answers] == [1, 3, 6]
    assert await driven.names() == ["1", "2", "3"]
    assert counting.times["transaction.committed"] == 3


# ---- idempotency ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("restart", [False, True])
async def test_the_same_key_and_payload_get_the_same_answer_whenever_asked(restart: bool, home: Home) -> None:
    driven = await Driven.started(home)
    first = accepted(await driven.service.add(request("one"), "key"))
    if restart:
        await driven.crash()
    driven.clock.step_to(NOON + timedelta(days=3_650))
    assert accepted(await driven.service.add(request("one"), "key")) == first
    await driven.settle()
    assert await driven.names() == await driven.asked() == ["one"]


@pytest.mark.parametrize("restart", [False, True])
async def test_the_same_key_with_another_payload_is_refused(restart: bool, home: Home) -> None:
    driven = await Driven.started(home)
    accepted(await driven.service.add(request("one"), "key"))
    if restart:
        await driven.crash()
    assert code(await driven.service.add(request("one", 2), "key")) == "idempotency_key_reused"
    assert await driven.names() == ["one"]


async def test_one_key_sent_twice_at_once_is_one_effect(home: Home) -> None:
    driven = await Driven.started(home)
    same = await together(*(driven.service.add(request("one"), "key") for _ in range(5)))
    assert len({accepted(answer).model_dump_json() for answer in same}) == 1
    other = await together(*(driven.service.add(request(name), "key 2") for name in ("two", "three")))
    assert accepted(other[0]).name == "two"
    assert code(other[1]) == "idempotency_key_reused"
    assert await driven.names() == ["one", "two"]


async def test_without_a_key_each_command_is_its_own(home: Home) -> None:
    driven = await Driven.started(home)
    for _ in range(2):
        accepted(await driven.service.add(request("one")))
    assert await driven.names() == ["one", "one"]
    assert await driven.count("command_answers") == 0


async def test_a_refusal_is_kept_like_any_answer(home: Home) -> None:
    driven = await Driven.started(home)
    first = await driven.service.add(request("one", -1), "key")
    assert code(first) == "amount_below_zero"
    await driven.crash()
    assert await driven.service.add(request("one", -1), "key") == first
    assert code(await driven.service.add(request("one", 1), "key")) == "idempotency_key_reused"
    assert await driven.names() == []


async def test_a_stored_payload_cannot_be_read_back(home: Home) -> None:
    driven = await Driven.started(home)
    await driven.service.add(request("a secret name", -1), "key")
    async with driven.service.reading() as session:
        rows = (await session.exec_driver_sql("SELECT fingerprint FROM command_answers")).all()
    assert b"secret" not in rows[0][0]
    assert len(rows[0][0]) == 32


# ---- failures ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [request("bad", BROKEN_AMOUNT), request("bad", owner="nobody")], ids=["bug", "commit"])
async def test_a_failing_command_does_not_fail_its_neighbours(bad: EntryRequest, home: Home) -> None:
    driven = await Driven.started(home)
    requests = [request("one"), bad, request("two"), request("no", -1)]
    one, failed, two, refused = await together(*(driven.service.add(r, r.name) for r in requests))
    assert [accepted(one).name, accepted(two).name] == ["one", "two"]
    assert isinstance(failed, Exception)
    assert code(refused) == "amount_below_zero"
    await driven.settle()
    assert sorted(await driven.names()) == sorted(await driven.asked()) == ["one", "two"]
    assert await driven.count("command_answers") == 3


async def test_a_command_that_failed_may_be_tried_again_under_its_key(home: Home) -> None:
    driven = await Driven.started(home)
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        await driven.service.add(request("one", owner="ward"), "key")
    async with driven.service.database.begin() as session:
        await session.exec_driver_sql("INSERT INTO owners (name) VALUES ('ward')")
    accepted(await driven.service.add(request("one", owner="ward"), "key"))
    assert await driven.names() == ["one"]


@pytest.mark.parametrize("bad", [False, True], ids=["alone", "in a wave that fails"])
async def test_a_caller_that_went_away_hurts_nobody(bad: bool, home: Home) -> None:
    driven = await Driven.started(home)
    amount = BROKEN_AMOUNT if bad else 1
    leaving = asyncio.create_task(driven.service.add(request("left", amount)))
    staying = [asyncio.create_task(driven.service.add(request(name))) for name in ("one", "two")]
    await asyncio.wait([leaving], timeout=0)
    leaving.cancel()
    answers = await together(*staying)
    assert [accepted(answer).name for answer in answers] == ["one", "two"]
    assert accepted(await driven.service.add(request("three"))).name == "three"
    assert set(await driven.names()) >= {"one", "two", "three"}


async def test_an_answer_survives_the_process_that_died_before_giving_it(home: Home) -> None:
    driven = await Driven.started(home, DiesAt("transaction.committed"))
    (died,) = await together(driven.service.add(request("one"), "key"))
    assert isinstance(died, Died)
    await driven.crash()
    assert accepted(await driven.service.add(request("one"), "key")).at == NOON
    await driven.settle()
    assert await driven.names() == await driven.asked() == ["one"]


async def test_nobody_waits_for_ever_when_the_process_goes_down(home: Home) -> None:
    driven = await Driven.started(home, DiesAt("transaction.committed", 2))
    answers = await together(*(driven.service.add(request(str(n), account="a")) for n in range(4)))
    accepted(answers[0])
    assert [type(answer) for answer in answers[1:]] == [Died] * 3
