"""Commands: use cases that change something, group-committed.

Concurrent requests share a transaction: while one commits, the next ones gather. A handler takes a sequence of
requests, as it would of events. Its answer is stored with its effect under the request's idempotency key, so that a
retry gets the same answer, after a crash too, until the answer is erased on the day set for it; with another payload it
is refused.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, cast

import msgspec
import structlog
from pydantic import BaseModel
from sqlalchemy import Boolean, Column, LargeBinary, MetaData, String, Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import Refusal
from services.chassis.clock import Clock
from services.chassis.database.bulk import Bulk
from services.chassis.database.columns import Instant
from services.chassis.database.expressions import in_list
from services.chassis.database.lookup import Lookup
from services.chassis.outages import is_unstorable, lost_a_race
from services.chassis.telemetry import Metrics
from services.chassis.transaction import Transaction
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.waves import waves

Request = TypeVar("Request", bound=BaseModel)
Taken = TypeVar("Taken", bound=BaseModel)
Answer = TypeVar("Answer", bound=BaseModel)
Answer_co = TypeVar("Answer_co", bound=BaseModel, covariant=True)

log = structlog.get_logger(__name__)

COMMANDS_PER_TRANSACTION = 500
ATTEMPTS = 3
"""How often a command is attempted if another replica inserts the same key first."""


class UseCase(Protocol[Request, Answer_co]):
    """What can be asked for: called with a request and, if that may be sent again, an idempotency key."""

    @property
    def name(self) -> str: ...

    @property
    def request(self) -> type[Request]: ...

    @property
    def answer(self) -> type[Answer_co]: ...

    async def __call__(self, request: Request, key: str | None = None) -> Answer_co | Refusal: ...


@dataclass(frozen=True, eq=False)
class Command(Generic[Request, Answer]):
    """A use case that changes something: a handler of batches, in a transaction with its stored answers.

    `keys` names what a request touches: two requests that share a key never share a transaction.
    """

    name: str
    request: type[Request]
    answer: type[Answer]
    handler: Callable[[Sequence[Request], Transaction], Awaitable[Sequence[Answer | Refusal]]]
    keys: Callable[[Request], tuple[str, ...]]
    executor: Executor

    async def __call__(self, request: Request, key: str | None = None) -> Answer | Refusal:
        """The answer, or the named reason why not. Raises what the handler raises."""
        return await self.executor.execute(self, request, key)


@dataclass(frozen=True, eq=False)
class Prepared(Generic[Request, Taken, Answer]):
    """A use case whose request is replaced by another before anything is stored: `command` never sees the original."""

    request: type[Request]
    prepare: Callable[[Request], Taken | Refusal]
    command: Command[Taken, Answer]

    @property
    def name(self) -> str:
        return self.command.name

    @property
    def answer(self) -> type[Answer]:
        return self.command.answer

    async def __call__(self, request: Request, key: str | None = None) -> Answer | Refusal:
        """The answer, or a named refusal."""
        taken = self.prepare(request)
        return taken if isinstance(taken, Refusal) else await self.command(taken, key)


@dataclass(eq=False)
class _Pending:
    command: Command[Any, Any]
    request: BaseModel
    idempotency_key: str | None
    fingerprint: bytes
    outcome: asyncio.Future[BaseModel | Refusal]

    @property
    def slot(self) -> tuple[str, str] | None:
        return None if self.idempotency_key is None else (self.command.name, self.idempotency_key)


class _Stored(NamedTuple):
    command: str
    idempotency_key: str
    fingerprint: bytes
    refused: bool
    answer: bytes


KEY_REUSED = Refusal(
    "idempotency_key_reused",
    "this Idempotency-Key was used before with another payload",
    "send a new key with a new request, or the same payload with this key",
)


UNSTORABLE = Refusal(
    "invalid_request",
    "a value cannot be stored: it holds a NUL character, or is longer or larger than what is kept",
    "see /docs for the fields and their bounds",
)


class Answers:
    """Stored answers of the commands that had an idempotency key."""

    def __init__(self, metadata: MetaData) -> None:
        self.table = Table(
            "command_answers",
            metadata,
            Column("command", String, primary_key=True),
            Column("idempotency_key", String, primary_key=True),
            Column("fingerprint", LargeBinary, nullable=False),
            Column("refused", Boolean, nullable=False),
            Column("answer", LargeBinary, nullable=False),
            Column("answered_at", Instant, nullable=False),
        )
        t = self.table
        self._store = Bulk(t.insert())
        asked = in_list(t.c.command, "commands"), in_list(t.c.idempotency_key, "keys")
        self._stored = Lookup(select(*(t.c[name] for name in _Stored._fields)).where(*asked))

    async def stored(self, tx: Transaction, pending: Sequence[_Pending]) -> Mapping[tuple[str, str], _Stored]:
        """(command, key) → the stored answer, of those among `pending` that were answered before."""
        slots = [p.slot for p in pending if p.slot is not None]
        if not slots:
            return {}
        commands, keys = (sorted(set(part)) for part in zip(*slots, strict=True))
        found = [_Stored(*row) for row in await self._stored.rows(tx.session, commands=commands, keys=keys)]
        return {(row.command, row.idempotency_key): row for row in found}

    async def store(self, tx: Transaction, answered: Sequence[tuple[_Pending, BaseModel | Refusal]]) -> None:
        """Insert the answers of those with a key."""
        rows = [
            {
                "command": pending.command.name,
                "idempotency_key": pending.idempotency_key,
                "fingerprint": pending.fingerprint,
                "refused": isinstance(answer, Refusal),
                "answer": _encode(answer),
                "answered_at": tx.now,
            }
            for pending, answer in answered
            if pending.idempotency_key is not None
        ]
        await self._store.execute(tx.session, rows)

    async def erase(self, session: AsyncConnection, before: datetime) -> int:
        """消去: delete the answers given before an instant; a key that comes again after it is a new one."""
        return (await session.execute(delete(self.table).where(self.table.c.answered_at < before))).rowcount


class Executor:
    """Runs commands. Those that arrive while one transaction commits share the next.

    `secret` keys the payload fingerprints, so that a stored one reveals nothing about the payload.
    """

    def __init__(self, unit: UnitOfWork, answers: Answers, clock: Clock, metrics: Metrics, secret: bytes) -> None:
        self._unit, self._answers, self._clock, self._metrics = unit, answers, clock, metrics
        self._secret = secret
        self._gathering: list[_Pending] = []
        self._leader: asyncio.Task[None] | None = None

    def command(
        self,
        name: str,
        request: type[Request],
        answer: type[Answer],
        handler: Callable[[Sequence[Request], Transaction], Awaitable[Sequence[Answer | Refusal]]],
        keys: Callable[[Request], tuple[str, ...]],
    ) -> Command[Request, Answer]:
        """A use case that runs here. Its stored answers and its metrics are under `name`."""
        return Command(name, request, answer, handler, keys, self)

    async def execute(
        self, command: Command[Request, Answer], request: Request, idempotency_key: str | None = None
    ) -> Answer | Refusal:
        """Gather the request into the next transaction. Raises what the command's handler raises."""
        mark = b"" if idempotency_key is None else self._mark(request)
        pending = _Pending(command, request, idempotency_key, mark, asyncio.get_running_loop().create_future())
        self._gathering.append(pending)
        if self._leader is None:
            self._leader = asyncio.create_task(self._lead())
        answer = await pending.outcome
        self._metrics.command_answered(command.name, answer.code if isinstance(answer, Refusal) else None)
        return cast("Answer | Refusal", answer)

    def _mark(self, request: BaseModel) -> bytes:
        return hmac.digest(self._secret, request.model_dump_json().encode(), hashlib.sha256)

    async def _lead(self) -> None:
        batch: list[_Pending] = []
        try:
            while self._gathering:
                batch = self._gathering[:COMMANDS_PER_TRANSACTION]
                del self._gathering[: len(batch)]
                for wave in waves(batch, _keys):
                    await self._run(wave)
        except BaseException as end:  # the process is going down: no caller may wait for ever
            for pending in (*batch, *self._gathering):
                if not pending.outcome.done():
                    pending.outcome.set_exception(end)
            self._gathering.clear()
            if isinstance(end, (asyncio.CancelledError, KeyboardInterrupt, SystemExit)):
                raise
        finally:
            self._leader = None

    async def _run(self, wave: Sequence[_Pending], attempt: int = 1) -> None:
        try:
            answers = await self._in_one_transaction(wave)
        except Exception as failure:
            if len(wave) > 1:
                for pending in wave:
                    await self._run([pending])
            elif attempt < ATTEMPTS and lost_a_race(failure):
                await self._run(wave, attempt + 1)
            elif not wave[0].outcome.done():  # the caller may have been cancelled
                if is_unstorable(failure):
                    log.warning("request refused", command=wave[0].command.name, error=type(failure).__name__)
                    wave[0].outcome.set_result(UNSTORABLE)
                else:
                    wave[0].outcome.set_exception(failure)
        else:
            for pending, answer in answers:
                if not pending.outcome.done():
                    pending.outcome.set_result(answer)

    async def _in_one_transaction(self, wave: Sequence[_Pending]) -> Sequence[tuple[_Pending, BaseModel | Refusal]]:
        async with self._unit.transaction(self._clock.now()) as tx:
            with self._metrics.stage("commands"):
                return await self._answered(wave, tx)

    async def _answered(
        self, wave: Sequence[_Pending], tx: Transaction
    ) -> Sequence[tuple[_Pending, BaseModel | Refusal]]:
        stored = await self._answers.stored(tx, wave)
        known = [(p, _recall(p, row)) for p in wave if p.slot and (row := stored.get(p.slot)) is not None]
        new: list[tuple[_Pending, BaseModel | Refusal]] = []
        for command, group in _by_command([p for p in wave if p.slot not in stored]).items():
            answers = await command.handler([p.request for p in group], tx)
            new.extend(zip(group, answers, strict=True))
        await self._answers.store(tx, new)
        return [*known, *new]


def _by_command(pending: Sequence[_Pending]) -> Mapping[Command[Any, Any], list[_Pending]]:
    groups: defaultdict[Command[Any, Any], list[_Pending]] = defaultdict(list)
    for p in pending:
        groups[p.command].append(p)
    return groups


def _keys(pending: _Pending) -> tuple[str, ...]:
    keys = pending.command.keys(cast("Any", pending.request))
    return keys if pending.slot is None else (*keys, "\x1f".join(pending.slot))


def _recall(pending: _Pending, row: _Stored) -> BaseModel | Refusal:
    if row.fingerprint != pending.fingerprint:
        return KEY_REUSED
    if row.refused:
        return msgspec.json.decode(row.answer, type=Refusal)
    answer: BaseModel = pending.command.answer.model_validate_json(row.answer)
    return answer


def _encode(answer: BaseModel | Refusal) -> bytes:
    return msgspec.json.encode(answer) if isinstance(answer, Refusal) else answer.model_dump_json().encode()
