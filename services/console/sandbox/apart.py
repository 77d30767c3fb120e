"""甲 in a process of its own, beside a sandbox of the others: a long year on two cores.

Nobody hears the ward, so nobody has to wait for it. What the others tell it is sent along as they go; each message
carries its time, and the ward's own sandbox goes from one such time to the next. So the story is the same to the last
id, wherever the ward is (docs/decisions/0025).
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from multiprocessing.connection import Connection
from socket import socketpair
from typing import Any, NamedTuple, TypeAlias, cast

import msgspec

from contracts import cloudevents, topics
from contracts.books import Books
from contracts.http.service import Explanation
from contracts.http.ward.settlement import OpenItem
from contracts.http.ward.slips import AssessmentsAnswer, AssessmentsRequest, SlipView
from contracts.vocabulary import Refusal
from services.chassis.bus.port import Message, Record, Subscription
from services.chassis.collector import keep_what_is_loaded
from services.chassis.service import topic_specs
from services.console.demo.scene import WardSide
from services.console.sandbox.payers import InProcess, Payers, SandboxScene
from services.console.sandbox.sandbox import Sandbox

ROWS_AT_ONCE = 5_000
"""A long answer comes in parts of so many: while one is read, the next is made ready."""
MESSAGES_AT_ONCE = 2_000
OTHERS = tuple(principal for principal in topics.PRINCIPALS[:-1] if principal != topics.WARD)
HEARD = tuple(t.name for t in topics.readable_by(topics.WARD) if not t.private)

Line: TypeAlias = "Connection[Any, Any]"
_encoder, _decoder = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(list[Record])


class WardProcessFailed(Exception):
    """The ward's process is gone, or could not do what was asked; the text says why."""


class _Heard(NamedTuple):
    """The ward hears these and goes on until then. Not answered."""

    until: datetime
    records: bytes


class _Question(NamedTuple):
    """A use case of the ward's. Answered by `_Part`s, or by `_Failed`."""

    name: str
    args: tuple[Any, ...]
    named: dict[str, Any]


class _Part(NamedTuple):
    content: Any
    is_last: bool


class _Failed(NamedTuple):
    reason: str


class WardApart:
    """The ward, as the process beside it asks it; every call waits for the answer. Raises `WardProcessFailed`."""

    def __init__(self, start: datetime, seed: int) -> None:
        near_end, far_end = socketpair()
        with far_end:
            descriptor = far_end.fileno()
            command = (
                f"from services.console.sandbox.apart import live; live({descriptor}, {start.isoformat()!r}, {seed})"
            )
            self._process = subprocess.Popen([sys.executable, "-P", "-c", command], pass_fds=(descriptor,))
        self._line: Line = Connection(near_end.detach())

    @property
    def process_id(self) -> int:
        """Of the ward's process."""
        return self._process.pid

    def hear(self, messages: Sequence[Message], until: datetime) -> None:
        """Hear these and go on until then; this alone is not waited for."""
        records = [Record(m.topic, m.key, m.value, m.headers) for m in messages]
        self._send(_Heard(until, _encoder.encode(records)))

    async def assess(self, request: AssessmentsRequest) -> AssessmentsAnswer | Refusal:
        answer: AssessmentsAnswer | Refusal = self.asked("assess", request)()
        return answer

    async def slips(self, *, limit: int) -> Sequence[SlipView]:
        slips: Sequence[SlipView] = self.asked("slips", limit=limit)()
        return slips

    async def explain(self, payment_ids: Sequence[str]) -> Mapping[str, Explanation]:
        told: Mapping[str, Explanation] = self.asked("explain", payment_ids)()
        return told

    async def open_items(self) -> Sequence[OpenItem]:
        items: Sequence[OpenItem] = self.asked("open_items")()
        return items

    def asked(self, name: str, *args: Any, **named: Any) -> Callable[[], Any]:
        """Ask for a use case of the ward's; what is returned waits for the answer, and is called before all else."""
        self._send(_Question(name, args, named))
        return self._answer

    def close(self) -> None:
        """Let the process end, whatever it is doing. Idempotent."""
        self._line.close()
        self._process.kill()
        self._process.wait()

    def _send(self, said: _Heard | _Question) -> None:
        try:
            self._line.send(said)
        except OSError:
            self._receive()  # what made it end, if it could say so
            raise WardProcessFailed("the ward's process takes nothing more") from None

    def _answer(self) -> Any:
        part = self._receive()
        content = part.content
        while not part.is_last:
            part = self._receive()
            content += part.content
        return content

    def _receive(self) -> _Part:
        try:
            received = self._line.recv()
        except (EOFError, OSError):
            raise WardProcessFailed(
                "the ward's process was ended from outside; if memory is short, play fewer payments"
            ) from None
        if isinstance(received, _Failed):
            raise WardProcessFailed(received.reason)
        return cast("_Part", received)


@dataclass(frozen=True, slots=True)
class ApartScene(SandboxScene):
    """The parties in this process, the ward in another."""

    far: WardApart
    heard: Subscription

    @property
    def ward(self) -> WardSide:
        return self.far

    async def advance(self, to: datetime) -> None:
        await self.sandbox.advance(to)
        heard: list[Message] = []
        while messages := await self.heard.fetch(MESSAGES_AT_ONCE, timeout=0):
            heard += messages
            await self.heard.commit(messages)
        self.far.hear(heard, to)

    async def books(self) -> Mapping[str, Books]:
        wards = self.far.asked("books")
        return {**await self.sandbox.books(), topics.WARD: wards()}


@asynccontextmanager
async def opened_apart(start: datetime, seed: int) -> AsyncIterator[ApartScene]:
    """A scene at that instant, with its two processes."""
    ward, sandbox = WardApart(start, seed), Sandbox(start, seed, parties=OTHERS)
    try:
        await sandbox.start()
        yield ApartScene(sandbox, Payers(sandbox), ward, await sandbox.bus.subscribe(topics.WARD, HEARD))
    finally:
        await sandbox.close()
        ward.close()


# ---- in the ward's process ---------------------------------------------------------------------------------


def live(descriptor: int, start: str, seed: int) -> None:
    """Be the ward for whoever is at the other end of the socket, until nobody is."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever waits for the answers says when to stop
    keep_what_is_loaded()
    line: Line = Connection(descriptor)
    try:
        asyncio.run(_take_part(line, datetime.fromisoformat(start), seed))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # nobody is there any more
    except Exception as failure:
        line.send(_Failed(f"the ward's process failed: {failure!r}"))


async def _take_part(line: Line, start: datetime, seed: int) -> None:
    sandbox = Sandbox(start, seed, parties=(topics.WARD,))
    await sandbox.bus.create_topics(topic_specs(topics.WARD))
    await sandbox.start()
    while True:
        match line.recv():
            case _Heard(until, records):
                await _hear(sandbox, _decoder.decode(records), until)
            case _Question(name, args, named):
                _tell(line, await getattr(InProcess(sandbox.ward), name)(*args, **named))


async def _hear(sandbox: Sandbox, records: Sequence[Record], until: datetime) -> None:
    for at, together in groupby(sorted(records, key=_time), key=_time):
        await sandbox.advance(at)
        await sandbox.bus.produce([*together])
    await sandbox.advance(until)


def _time(record: Record) -> datetime:
    return cloudevents.envelope(record.headers).time


def _tell(line: Line, answer: Any) -> None:
    while isinstance(answer, list) and len(answer) > ROWS_AT_ONCE:
        line.send(_Part(answer[:ROWS_AT_ONCE], is_last=False))
        answer = answer[ROWS_AT_ONCE:]
    line.send(_Part(answer, is_last=True))
