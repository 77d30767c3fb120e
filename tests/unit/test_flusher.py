"""Waiting for the disk: inline while it is quick; where it is slow, others go on, and nothing is half done."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest

from services.chassis.clock import pause
from services.chassis.database.flusher import WORTH_A_THREAD_SECONDS, Flusher


async def on_a_slow_disk() -> Flusher:
    """A flusher whose last work has taken long."""
    flusher = Flusher()
    await flusher.run(partial(threading.Event().wait, 20 * WORTH_A_THREAD_SECONDS))
    return flusher


async def test_while_the_disk_is_quick_no_thread_is_begun() -> None:
    flusher, threads = Flusher(), set[int]()
    for _ in range(20):
        await flusher.run(lambda: threads.add(threading.get_ident()))
    assert threads == {threading.get_ident()}
    flusher.close()


async def test_a_disk_that_has_become_quick_again_is_waited_for_inline_again() -> None:
    flusher, threads = await on_a_slow_disk(), list[int]()
    for _ in range(100):
        await flusher.run(lambda: threads.append(threading.get_ident()))
    assert threads[0] != threading.get_ident()
    assert threads[-1] == threading.get_ident()
    flusher.close()


async def test_others_go_on_while_something_is_flushed() -> None:
    flusher, released = await on_a_slow_disk(), threading.Event()
    flushing = asyncio.create_task(flusher.run(partial(released.wait, 10.0)))
    await pause(0)
    assert not flushing.done()
    released.set()
    await flushing
    flusher.close()


@pytest.mark.parametrize("slow", [True, False])
async def test_one_thing_at_a_time_in_the_order_given(slow: bool) -> None:
    flusher, done = await on_a_slow_disk() if slow else Flusher(), list[int]()
    await asyncio.gather(*(flusher.run(partial(done.append, n)) for n in range(50)))
    assert done == list(range(50))
    flusher.close()


async def test_who_is_cancelled_waits_until_it_is_done() -> None:
    flusher, released, done = await on_a_slow_disk(), threading.Event(), list[bool]()
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


@pytest.mark.parametrize("slow", [True, False])
async def test_what_goes_wrong_is_raised(slow: bool) -> None:
    flusher = await on_a_slow_disk() if slow else Flusher()
    with pytest.raises(ZeroDivisionError):
        await flusher.run(lambda: 1 / 0)
    flusher.close()
