"""A process dies between "effect written", "event sent" and "offset committed". After each restart it goes on, and
nothing is lost or done twice."""

from __future__ import annotations

import asyncio
import signal

import pytest

from contracts import topics
from contracts.parties import PARTIES
from contracts.vocabulary import Agent
from services.chassis.faults import POINTS
from services.console.folder import database_url
from services.console.stack.addresses import process_of
from services.console.stack.credentials import users_file
from testbed.payer_crowd import Crowd, Order, good_means, orders
from testbed.processes import Running, eventually, module
from testbed.reckoning import all_settled
from testbed.running_stack import STEPPED, NewStack, Stack

pytestmark = pytest.mark.processes

PAYMENTS, AT_ONCE = 60, 8
SENDS_NOTHING = {topics.WARD}
IN_SETTLEMENT = dict(zip(topics.PRINCIPALS, POINTS, strict=False))
"""The point at which every party dies, again and again, while time goes on after the payments."""
_, OTHER_AGENT = map(topics.card_agent, Agent)
BY_DAY_AND_NIGHT = [p for p in PARTIES if p != OTHER_AGENT] + [pytest.param(OTHER_AGENT, marks=pytest.mark.night)]


def party_of(stack: Stack, principal: str, crash_at: str) -> Running:
    """A party run beside a stack that was started without it, with a fault to inject."""
    place = process_of(principal)
    settings = {
        "SANSHA_PORT": str(stack.port(principal)),
        "SANSHA_DATABASE_URL": database_url(stack.data, principal),
        "SANSHA_BUS_URL": f"embedded:{stack.data / 'bus'}",
        "SANSHA_USERS_FILE": str(users_file(stack.data, principal)),
        "SANSHA_CLOCK": "announced",
        "SANSHA_SEED": "7",
        "SANSHA_CRASH_AT": crash_at,
        **dict(place.environment),
    }
    return Running(module(place.module), stack.cwd, stack.log, settings)


async def is_ready(stack: Stack, principal: str) -> None:
    async def answers() -> bool:
        return await stack.status_of(principal, "/health/ready") == 200

    await eventually(answers, f"{principal} that is ready")


async def issued(stack: Stack, principal: str) -> list[Order]:
    """Issues slips, for which the ward must run for a moment."""
    if principal != topics.WARD:
        return await orders(stack, PAYMENTS, good_means)
    async with party_of(stack, principal, "") as ward:
        await is_ready(stack, principal)
        wanted = await orders(stack, PAYMENTS, good_means)
        assert await ward.end(signal.SIGTERM) == 0
    return wanted


async def pay_while_it_dies(stack: Stack, crowd: Crowd, principal: str, wanted: list[Order]) -> None:
    """The party dies on reaching the first point, is restarted to die at the next, and at last lives on."""
    points = [p for p in POINTS if not (p == "outbox.sent" and principal in SENDS_NOTHING)]
    paying = []
    for n, point in enumerate(points):
        async with party_of(stack, principal, f"{point}:1") as party:
            if n == 0:
                await is_ready(stack, principal)
            paying.append(asyncio.create_task(crowd.pay(wanted[n :: len(points)])))
            assert await party.ended() == -signal.SIGKILL, party.said
    async with party_of(stack, principal, "") as party:
        await asyncio.gather(*paying)
        await is_ready(stack, principal)
        assert await party.end(signal.SIGTERM) == 0
    assert len(crowd.accepted) == PAYMENTS


@pytest.mark.parametrize("principal", BY_DAY_AND_NIGHT)
async def test_a_party_that_dies_at_any_point_loses_nothing(new_stack: NewStack, principal: str) -> None:
    stack = new_stack(*STEPPED, "--without", principal)
    await stack.start()
    crowd = Crowd(stack, AT_ONCE)
    await pay_while_it_dies(stack, crowd, principal, await issued(stack, principal))
    await stack.stop()

    # A start that plans what the staff owe reaches a point three times, and would for ever end there.
    dying = new_stack(*STEPPED, SANSHA_CRASH_AT=f"{IN_SETTLEMENT[principal]}:3", SANSHA_DUTIES="left")
    await dying.start()
    await all_settled(dying, crowd, list(crowd.accepted))
    ends = {p["principal"]: p["ended"] for p in await dying.get(topics.CONSOLE, "/processes")}
    assert ends[topics.PAYMENT_PROVIDER] == "SIGKILL"
    await dying.stop()
