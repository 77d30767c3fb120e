"""A crowd of payers at a running stack. Each request is retried under the same key until it is answered, whichever
process was killed in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from contracts import topics
from contracts.formats.card_number import brand_of
from contracts.vocabulary import Agent
from services.chassis.clock import monotonic, pause
from services.console.payers.cards import card_number
from services.console.stack.clients import StackClient
from services.console.stack.slips import issue_generated
from testbed.keep_alive import Answer, Broken, KeepAlive
from testbed.processes import eventually
from testbed.running_stack import Stack

INSTALMENTS = 9
PATIENCE_SECONDS = 120.0
SEED = 7

APPROVED = ("4000000000000002", "3530000000000003", "5200000000000007", "370000000000002")
NOT_APPROVED = (
    "4000000000000010",  # expired
    "3530000000000029",  # over its limit
    "4000000000000036",  # lost
    "3530000000000052",  # its card company never answers
    "4000000000000069",  # its card company answers late
    "3530000000000045",  # its card company cannot be reached
)


@dataclass(frozen=True, slots=True)
class Order:
    """A slip to pay by this card or, if it is None, by internet banking."""

    barcode: str
    card: str | None

    @property
    def is_good(self) -> bool:
        """Whether the payment will be approved."""
        return self.card not in NOT_APPROVED


Means = Callable[[int, str], str | None]
"""Number of a slip, from 0, and its insured person → the card that pays it; None for internet banking."""


def mixed_means(n: int, insured_number: str) -> str | None:
    """One in three by internet banking, one in twenty with a bad card, most others each with their own card."""
    if n % 3 == 2:
        return None
    if n % 20 == 3:
        return NOT_APPROVED[n // 20 % len(NOT_APPROVED)]
    return APPROVED[n // 20 % len(APPROVED)] if n % 20 == 4 else card_number(SEED, insured_number)


def good_means(n: int, _insured_number: str) -> str | None:
    """Each agent in turn, then internet banking; every payment is approved."""
    return (*APPROVED[:2], None)[n % 3]


async def orders(stack: Stack, count: int, means: Means = mixed_means) -> list[Order]:
    """Issue this many slips, to be paid by these means."""
    async with StackClient(stack.port_base) as client:
        await issue_generated(client, -(-count // INSTALMENTS), 2021, SEED)
    slips = await stack.get(topics.WARD, "/slips", limit=count)
    assert len(slips) == count
    return [Order(slip["barcode"], means(n, slip["insured_number"])) for n, slip in enumerate(slips)]


@dataclass
class Crowd:
    """Pays orders, `at_once` of them at a time. `accepted` holds the payment of each order that was scanned."""

    stack: Stack
    at_once: int = 32
    accepted: dict[Order, str] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)
    """Keys of the requests that were sent more than once."""
    agents: dict[str, str] = field(default_factory=dict)
    """Brand → the principal of its card agent."""
    terms: dict[str, str] = field(default_factory=dict)

    async def pay(self, wanted: Sequence[Order]) -> None:
        """Returns when every order has been scanned and its method chosen."""
        if not self.agents:
            await self._look_around()
        waiting = iter(wanted)
        payers = [Payer(self) for _ in range(self.at_once)]
        try:
            async with asyncio.TaskGroup() as paying:
                for payer in payers:
                    paying.create_task(payer.pay_each(waiting))
            await payers[0].ask_again(wanted)
        finally:
            for payer in payers:
                payer.close()

    async def _look_around(self) -> None:
        terms = await self.stack.get(topics.PAYMENT_PROVIDER, "/terms-of-use")
        self.terms = {"terms_version": terms["terms_version"]}
        for route in await self.stack.get(topics.PAYMENT_PROVIDER, "/card-agents"):
            self.agents |= dict.fromkeys(route["brands"], topics.card_agent(Agent(route["agent"])))

    async def has_scanned(self, count: int) -> None:
        """Wait until this many scans are accepted."""

        async def enough() -> bool:
            return len(self.accepted) >= count

        await eventually(enough, f"scan {count}", every=0.01)


class Payer:
    """One of the crowd, with a connection to each party; sends one request at a time."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._connections = {p: KeepAlive(crowd.stack.port(p), crowd.stack.key) for p in topics.PRINCIPALS}
        self._consent = ""

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()

    async def pay_each(self, waiting: Iterator[Order]) -> None:
        consented = await self._ask(
            topics.PAYMENT_PROVIDER, "/consents", {"app_user": "crowd", **self._crowd.terms}, "crowd"
        )
        self._consent = consented["consent_id"]
        for order in waiting:
            payment_id = self._crowd.accepted[order] = await self._scan(order)
            await self._choose(order, payment_id)

    async def ask_again(self, wanted: Iterable[Order]) -> None:
        """Sends retried keys and some others once more: the answer must be the same."""
        for n, order in enumerate(wanted):
            if n % 20 == 0 or _scan_key(order) in self._crowd.repeated:
                assert await self._scan(order) == self._crowd.accepted[order]

    async def _scan(self, order: Order) -> str:
        body = {"barcode": order.barcode, "consent_id": self._consent}
        return str((await self._ask(topics.PAYMENT_PROVIDER, "/scans", body, _scan_key(order)))["payment_id"])

    async def _choose(self, order: Order, payment_id: str) -> None:
        path, key = f"/payments/{payment_id}", f"choice/{order.barcode}"
        if order.card is None:
            await self._ask(topics.PAYMENT_PROVIDER, f"{path}/internet-banking", {}, key)
            return
        brand = brand_of(order.card)
        assert brand is not None
        typed = {"number": order.card, "expiry": "12/29"}
        token = await self._ask(self._crowd.agents[brand], "/card-tokens", typed, f"token/{order.barcode}")
        await self._ask(topics.PAYMENT_PROVIDER, f"{path}/card", token, key)

    async def _ask(self, principal: str, path: str, body: Any, key: str) -> Any:
        deadline = monotonic() + PATIENCE_SECONDS
        while True:
            answer = await self._answer(principal, path, body, key)
            if answer is not None:
                assert answer.status < HTTPStatus.BAD_REQUEST, f"{path}: {answer.body.decode()}"
                return answer.document
            assert monotonic() < deadline, f"{principal} has not answered {path} within {PATIENCE_SECONDS} s"
            self._crowd.repeated.add(key)
            await pause(0.1)

    async def _answer(self, principal: str, path: str, body: Any, key: str) -> Answer | None:
        try:
            answer = await self._connections[principal].post(path, body, key)
        except Broken:
            return None
        return None if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR else answer


def _scan_key(order: Order) -> str:
    return f"scan/{order.barcode}"
