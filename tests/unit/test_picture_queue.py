"""Places and turns of pictures: whoever is slow gives way once others wait, and nothing stays held."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from contracts.vocabulary import Refusal
from services.chassis.clock import monotonic, pause
from services.payment_provider.pictures.queue import GaveWay, PictureQueue, QueueTerms

TERMS = QueueTerms(at_once=2, waiting=3, seconds=60.0, turn_seconds=0.1, wait_seconds=30.0)


async def reading(queue: PictureQueue, seconds: float) -> float:
    """Read a picture that takes this long; returns how long it waited for its turn."""
    began = monotonic()
    async with queue.turn():
        waited = monotonic() - began
        await pause(seconds)
    return waited


async def started(queue: PictureQueue, seconds: float) -> asyncio.Task[float]:
    task = asyncio.create_task(reading(queue, seconds))
    await pause(0)
    return task


async def test_while_no_other_waits_a_slow_picture_is_read_to_its_end() -> None:
    queue = PictureQueue(TERMS)
    slow = [await started(queue, 0.3) for _ in range(TERMS.at_once)]
    assert all(waited < 0.1 for waited in await asyncio.gather(*slow))


async def test_once_another_waits_the_one_that_began_first_gives_way() -> None:
    queue = PictureQueue(TERMS)
    first, second = await started(queue, 50), await started(queue, 0.4)
    quick = await started(queue, 0)
    assert await quick < 5
    with pytest.raises(GaveWay):
        await first
    await second


async def test_quick_pictures_get_their_turns_however_slow_all_others_are() -> None:
    queue = PictureQueue(TERMS)
    slow = [await started(queue, 50) for _ in range(6)]
    quick = await started(queue, 0)
    assert await asyncio.wait_for(quick, 5) < 5
    for task in slow:
        task.cancel()
    ended = await asyncio.gather(*slow, return_exceptions=True)
    assert {type(each) for each in ended} <= {GaveWay, asyncio.CancelledError}
    assert await reading(queue, 0) < 1


async def test_a_picture_without_a_turn_is_not_kept_waiting() -> None:
    queue = PictureQueue(replace(TERMS, turn_seconds=60.0, wait_seconds=0.1))
    slow = [await started(queue, 50) for _ in range(TERMS.at_once)]
    with pytest.raises(GaveWay, match="no turn within"):
        await reading(queue, 0)
    for task in slow:
        task.cancel()


async def test_the_full_time_is_an_end_too() -> None:
    with pytest.raises(TimeoutError):
        await reading(PictureQueue(replace(TERMS, seconds=0.05)), 50)


async def test_one_that_is_cancelled_while_it_waits_holds_nothing() -> None:
    queue = PictureQueue(replace(TERMS, at_once=1, turn_seconds=60.0))
    slow = await started(queue, 0.2)
    waiting = [await started(queue, 0) for _ in range(3)]
    waiting[1].cancel()
    await slow
    await asyncio.gather(waiting[0], waiting[2])
    assert await reading(queue, 0) < 1


def test_places_are_bounded_and_one_a_caller() -> None:
    queue = PictureQueue(replace(TERMS, at_once=1, waiting=1))
    with queue.place("a") as first, queue.place("b") as second:
        assert (first, second) == (None, None)
        with queue.place("c") as beyond:
            assert isinstance(beyond, Refusal)
            assert beyond.code == "pictures_busy"
    with queue.place("a") as first, queue.place("a") as again:
        assert first is None
        assert isinstance(again, Refusal)
        assert "this consent" in again.detail
    with pytest.raises(RuntimeError, match="broken"), queue.place("a"):
        raise RuntimeError("broken")
    with queue.place("a") as free:
        assert free is None
