"""What waits for the disk is left to a thread: others go on, and nothing is half done."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest

from services.chassis.clock import pause
from services.chassis.flusher import Flusher


async def test_others_go_on_while_something_is_flushed() -> None:
    flusher, released = Flusher(), threading.Event()
    flushing = asyncio.create_task(flusher.run(partial(released.wait, 10.0)))
    await pause(0)
    assert not flushing.done()
    released.set()
    await flushing
    flusher.close()


async def test_one_thing_at_a_time_in_the_order_given() -> None:
    flusher, done = Flusher(), list[int]()
    await asyncio.gather(*(flusher.run(partial(done.append, n)) for n in range(50)))
    assert done == list(range(50))
    flusher.close()


async def test_who_is_cancelled_waits_until_it_is_done() -> None:
    flusher, released, done = Flusher(), threading.Event(), list[bool]()
    flushing = asyncio.create_task(flusher.run(lambda: done.append(released.wait(10.0))))
    for _ in range(3):
        await pause(0)
        flushing.cancel()
    await pause(0)
    assert not flushing.done()
    released.set()
    with pytest.raises(asyncio.CancelledError):
        await flushing
    assert done == [True]
    flusher.close()


async def test_what_goes_wrong_is_raised() -> None:
    flusher = Flusher()
    with pytest.raises(ZeroDivisionError):
        await flusher.run(lambda: 1 / 0)
    flusher.close()
