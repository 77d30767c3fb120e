"""The consumer loop: a batch from the bus, split into waves, one transaction per wave, then the offsets.

A wave that fails is retried event by event, so that a poison event is set aside alone, with its reason, and the others
are handled. During an outage of the database the loop retries until it ends; no event is set aside for it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import structlog

from contracts import cloudevents
from contracts.bounds import shown
from contracts.cloudevents import Envelope, UndecodableEvent
from contracts.events import EVENTS, Event
from contracts.reading import MisplacedEvent, Reader
from contracts.sealing import UnopenableEvent, opened_headers
from services.chassis.bus.port import Fenced, Message, Subscription
from services.chassis.clock import Clock, pause
from services.chassis.faults import Faults, NoFaults
from services.chassis.messaging.dead_letters import DeadLetter, DeadLetters, Mended, place_of
from services.chassis.messaging.inbox import Inbox, fingerprint
from services.chassis.outages import Unusable, is_outage, said
from services.chassis.retrying import RetryPolicy
from services.chassis.sealing.port import Opener, is_sealed
from services.chassis.transaction import Transaction
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.waits import Patience, Waits
from services.chassis.waves import waves

Handler = Callable[[Sequence[Any], Transaction], Awaitable[None]]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class On:
    """Routes an event to its handler: one line of a party's table of contents (`subscriptions.py`)."""

    event: type[Event]
    handler: Handler
    natural_key: bool = False
    """Whether the handler itself makes sure that a second delivery changes nothing. Then the event has no inbox row,
    which saves a SELECT and an INSERT.

    Such a handler checks for each event whether its effect is already there, by a key that follows from the event's
    fields. If it is, the handler adds the event to `tx.repeated` and writes, publishes and schedules nothing for it (it
    may record a contradiction, once). One call may contain the same event twice. Two members that handle one event at a
    time are separated in one of two ways:

    - the first row that the handler writes for an event has that key as a unique key and is never deleted: the second
      member fails with `IntegrityError`, is rolled back, and retries its events one by one;
    - the event is a step of something whose row the handler locks before it checks, and the row records for good that
      the step was taken.

    Event ids do not matter: the same effect under another id is a repetition, another effect under the same id is
    another effect.
    """
    outside: Callable[[Any, datetime], Awaitable[None]] | None = None
    """Work on each event that no transaction can hold, done before it is handled; it is repeated after a crash."""


class Delivery(NamedTuple):
    """A decoded message on its way to its handler."""

    message: Message
    envelope: Envelope
    event: Event
    to: On
    value: bytes
    """The event as JSON: the message's value, opened if it is sealed."""


class IdReused(Exception):
    """An event came under the id of another event."""


class EventProcessor:
    """Applies messages to a party's database, each once."""

    def __init__(
        self,
        unit: UnitOfWork,
        inbox: Inbox,
        letters: DeadLetters,
        subscriptions: Iterable[On],
        clock: Clock,
        opener: Opener,
    ) -> None:
        routes = tuple(subscriptions)
        self._unit, self._inbox, self._letters = unit, inbox, letters
        self._routes = {route.event.TYPE: route for route in routes}
        self._reader = Reader(route.event for route in routes)
        self._known_types = frozenset((*(event.TYPE for event in EVENTS), *self._routes))
        self._clock, self.opener, self.metrics = clock, opener, unit.metrics

    def decode(self, message: Message) -> Delivery | None:
        """None for an event that this party does not subscribe to. Raises `UndecodableEvent`."""
        value = self.opener.open(message.topic, message.key, message.headers, message.value)
        envelope, event = self._reader.read(message.topic, message.key, message.headers, value)
        route = self._routes.get(event.TYPE)
        return None if route is None else Delivery(message, envelope, event, route, value)

    def opened(self, message: Message) -> Message:
        """The message as it was before it was sealed; a plain one stays as it is. Raises `UnopenableEvent`."""
        if not is_sealed(message.headers):
            return message
        value = self.opener.open(message.topic, message.key, message.headers, message.value)
        return message._replace(value=value, headers=opened_headers(message.headers))

    def now_for(self, envelope: Envelope) -> datetime:
        """The message's own time under a stepped clock, else the clock's."""
        return envelope.time if self._clock.is_stepped else self._clock.now()

    def by_instant(self, wave: Sequence[Delivery]) -> Iterable[Sequence[Delivery]]:
        """Parts of a wave that share one `now`, the earliest first."""
        if not self._clock.is_stepped:
            return (wave,)
        parts: defaultdict[datetime, list[Delivery]] = defaultdict(list)
        for delivery in wave:
            parts[delivery.envelope.time].append(delivery)
        return [parts[at] for at in sorted(parts)]

    async def apply(self, wave: Sequence[Delivery]) -> None:
        """Handle, in one transaction, the events that were not handled before, and mark them as handled."""
        began = self.metrics.began()
        now = self.now_for(wave[0].envelope)
        for delivery in wave:
            if delivery.to.outside is not None:
                await delivery.to.outside(delivery.event, now)
        async with self._unit.transaction(now) as tx:
            with self.metrics.stage("inbox"):
                fresh = await self._not_yet_handled(wave, tx)
            with self.metrics.stage("handlers"):
                by_type: defaultdict[str, list[Event]] = defaultdict(list)
                for delivery in fresh:
                    by_type[delivery.event.TYPE].append(delivery.event)
                for event_type, events in by_type.items():
                    await self._routes[event_type].handler(events, tx)
        handled = Counter({event_type: len(events) for event_type, events in by_type.items()})
        handled.subtract(event.TYPE for event in tx.repeated)
        self.metrics.wave_applied(began, handled, duplicates=len(wave) - handled.total())

    async def _not_yet_handled(self, wave: Sequence[Delivery], tx: Transaction) -> Sequence[Delivery]:
        """The events with a natural key, and those that the inbox has not; it has them from now on."""
        with_inbox = [d for d in wave if not d.to.natural_key]
        if not with_inbox:
            return wave
        handled = await self._inbox.handled(tx.session, [d.envelope.id for d in with_inbox])
        fresh: list[Delivery] = []
        marks: dict[str, bytes] = {}
        for delivery in wave:
            if delivery.to.natural_key:
                fresh.append(delivery)
                continue
            event_id, mark = delivery.envelope.id, fingerprint(delivery.value)
            earlier = handled.get(event_id) or marks.get(event_id)
            if earlier is None:
                marks[event_id] = mark
                fresh.append(delivery)
            elif earlier != mark:
                raise IdReused(f"event id {event_id} was used before for another {delivery.envelope.type}")
        if marks:
            await self._inbox.mark(tx.session, tx.now, marks)
        return fresh

    async def set_aside(self, message: Message, reason: str, attempts: int) -> None:
        """Store a message as a dead letter."""
        letter = DeadLetter.of(message, reason, attempts, self._clock.now())
        try:
            is_new = await self._store(letter)
        except Exception as failure:
            if is_outage(failure):
                raise
            reason = f"{reason}; it could not be stored under its own id ({type(failure).__name__})"
            letter = DeadLetter.of(message, reason, attempts, self._clock.now(), letter_id=place_of(message))
            is_new = await self._store(letter)
        if is_new:
            self.metrics.dead_lettered(letter.event_type if letter.event_type in self._known_types else "unknown")
        subject = dict(message.headers).get("ce_subject", b"").decode(errors="replace")
        log.error(
            "event set aside",
            correlation_id=cloudevents.trace_id(shown(subject)),
            event_id=letter.id,
            event_type=letter.event_type,
            reason=letter.reason,
        )

    async def _store(self, letter: DeadLetter) -> bool:
        async with self._unit.transaction(self._clock.now()) as tx:
            return await self._letters.store(tx.session, letter)

    async def replay(self, tx: Transaction, letter_id: str, mended: Mended) -> DeadLetter | None:
        """Handle a dead letter again, with what is mended in place of what came; None for an unknown id.

        Raises what its handler raises, or `UndecodableEvent`; the transaction is then rolled back and the letter stays.
        """
        letter = await self._letters.get(tx.session, letter_id)
        if letter is None:
            return None
        delivery = self.decode(self._mended(letter.message, mended))
        if delivery is not None and delivery.to.outside is not None:
            raise ValueError("its work is done outside of transactions, so a timer must bring it: sansha duties erase")
        if delivery is not None and await self._not_yet_handled([delivery], tx):
            await delivery.to.handler([delivery.event], tx)
        await self._letters.delete(tx.session, letter_id)
        return letter

    def _mended(self, came: Message, mended: Mended) -> Message:
        """A sealed message, opened and mended. It is opened with the mended headers, if only that opens it; one that
        cannot be opened at all is mended by a whole value, which is plain.
        """
        wrong: UnopenableEvent | None = None
        for sealed in (came, came._replace(headers=mended.message(came).headers)):
            try:
                return mended.message(self.opened(sealed))
            except UnopenableEvent as failed:
                wrong = failed
        if mended.value is None and wrong is not None:
            raise wrong
        return mended.message(came._replace(headers=opened_headers(came.headers)))


class Consumer:
    """Feeds a party's subscription to its processor, in larger batches while there is a backlog."""

    def __init__(
        self,
        subscription: Subscription,
        processor: EventProcessor,
        *,
        batch_sizes: tuple[int, int] = (500, 2000),
        retry: RetryPolicy | None = None,
        faults: Faults | None = None,
        waits: Waits | None = None,
    ) -> None:
        """`batch_sizes`: of a usual batch, and of one during a backlog."""
        self._subscription, self._processor, self._metrics = subscription, processor, processor.metrics
        self._sizes, self._retry = batch_sizes, retry or RetryPolicy()
        self._size = batch_sizes[0]
        self._faults = faults or NoFaults()
        self._waits = waits or Waits()
        self._patience = Patience("consumer", "handling events", self._waits)

    async def handle_next(self, timeout: float) -> int:
        """Handle one batch. Returns the number of its messages; 0 after `timeout` seconds without any."""
        began = self._metrics.began()
        messages = await self._subscription.fetch(self._size, timeout)
        self._size = self._sizes[len(messages) >= self._size]
        if not messages:
            return 0
        self._metrics.stage_ended("fetch", began)
        with self._waits.under_way("consumer", "handling a batch"):
            await self._handle(messages)
        return len(messages)

    async def _handle(self, messages: Sequence[Message]) -> None:
        self._processor.opener.refresh()
        with self._metrics.stage("decode"):
            deliveries = [d for m in messages if (d := await self._decoded(m)) is not None]
        for wave in waves(deliveries, _keys):
            for same_time in self._processor.by_instant(wave):
                await self._apply(same_time)
        self._faults.reached("wave.committed")
        try:
            with self._metrics.stage("commit_offsets"):
                await self._subscription.commit(messages)
        except Fenced as lost:
            log.warning("partitions went to another member; it handles these events again", detail=str(lost))
            await self._subscription.rewind()
        self._faults.reached("offsets.committed")

    async def _decoded(self, message: Message) -> Delivery | None:
        try:
            return self._processor.decode(message)
        except UnopenableEvent as wrong:
            await self._set_aside(message, f"unopenable: {wrong}", attempts=1)
        except MisplacedEvent as wrong:
            await self._set_aside(message, f"misplaced: {wrong}", attempts=1)
        except UndecodableEvent as wrong:
            await self._set_aside(message, f"undecodable: {wrong}", attempts=1)
        except Exception as failure:  # a bug of the reader: the events that follow are handled all the same
            log.exception("event cannot be read", topic=message.topic, offset=message.offset)
            await self._set_aside(message, f"undecodable: {type(failure).__name__}: {failure}", attempts=1)
        return None

    async def _apply(self, wave: Sequence[Delivery]) -> None:
        try:
            await self._through_outages(partial(self._processor.apply, wave))
        except Unusable:
            raise
        except Exception as failure:
            log.warning("wave failed; trying its events one by one", size=len(wave), error=said(failure))
            for delivery in wave:
                await self._apply_one(delivery)

    async def _apply_one(self, delivery: Delivery) -> None:
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._through_outages(partial(self._processor.apply, [delivery]))
            except Unusable:
                raise
            except Exception as failure:
                if attempt >= self._retry.attempts or isinstance(failure, IdReused):
                    reason = f"{type(failure).__name__}: {failure}"
                    return await self._set_aside(delivery.message, reason, attempts=attempt)
                await pause(self._retry.pause_after(attempt))

    async def _set_aside(self, message: Message, reason: str, attempts: int) -> None:
        """Retries on any failure: an event that is neither handled nor stored would be lost."""
        while True:
            try:
                await self._processor.set_aside(message, reason, attempts)
            except Unusable:
                raise
            except Exception as failure:
                await self._patience.wait(failure)
            else:
                return self._patience.over()

    async def _through_outages(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work, and retry it until an outage ends. Raises any failure that is not an outage."""
        while True:
            try:
                await work()
            except Exception as failure:
                if not is_outage(failure):
                    raise
                await self._patience.wait(failure)
            else:
                return self._patience.over()


def _keys(delivery: Delivery) -> tuple[str, ...]:
    return (delivery.message.key,)
