"""Faults of the broker and of the network to it, as in `test_faults.py`, on a broker that no other test uses."""

from __future__ import annotations

import asyncio

import pytest

from contracts import topics
from services.chassis.clock import pause
from testbed.broker import Broker
from testbed.real_stack import EARLY, SESSION_SECONDS, NewTrial, variable
from tests.end_to_end.cuttable_link import CuttableLink

pytestmark = [pytest.mark.stack, pytest.mark.processes]


@pytest.fixture
def broker(own_broker: Broker) -> Broker:
    return own_broker


async def test_the_broker_killed_and_started_again(new_trial: NewTrial, broker: Broker) -> None:
    trial = await new_trial()
    async with trial.under_load() as load:
        await load.crowd.has_scanned(EARLY)
        broker.kill()
        await asyncio.to_thread(broker.start)


@pytest.mark.parametrize("seconds", [2 * SESSION_SECONDS, pytest.param(30, marks=pytest.mark.night)])
async def test_the_broker_paused(new_trial: NewTrial, broker: Broker, seconds: int) -> None:
    trial = await new_trial()
    async with trial.under_load() as load:
        await load.crowd.has_scanned(EARLY)
        with broker.paused():
            await pause(seconds)


async def test_a_party_cut_from_the_broker_and_healed(new_trial: NewTrial, broker: Broker) -> None:
    link = CuttableLink(broker.proxy, to=broker.proxied)
    impatient = {"SANSHA_KAFKA_REQUEST_TIMEOUT_SECONDS": "5"}
    through_link = {variable(topics.WARD, "BUS_URL"): f"kafka://{broker.proxy}"}
    async with link:
        trial = await new_trial(**impatient, **through_link)
        async with trial.under_load() as load:
            await load.crowd.has_scanned(EARLY)
            link.cut()
            await pause(3 * SESSION_SECONDS)
            await link.heal()
