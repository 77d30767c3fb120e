"""What one request or event must not do, in the stack of containers: through the gateway, and on its broker."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import httpx
import pytest

from tests.end_to_end.composed_stack import PARTIES, ComposedStack, composed
from tests.end_to_end.test_compose import STACK_TRACE

pytestmark = [pytest.mark.stack, pytest.mark.night]

CARD = "4000000000000002"
SLIP = {"insured_number": "0000000101", "amount": 8_500, "due_on": "2021-08-02"}
HALF_REQUESTS = 300
FORGE = """
import asyncio
from contracts.cloudevents import encode_value, headers
from contracts.events import ReceiptDelivered
from contracts.schema_generation import example_of
from services.chassis.bus.opening import open_bus
from services.chassis.bus.port import Record
from services.payment_provider.app import Settings
import json, msgspec
from datetime import UTC, datetime

TOPIC = "payment_provider.receipts"
right = msgspec.convert(example_of(ReceiptDelivered), ReceiptDelivered)
marks = headers("forged", right, "payment_provider", datetime(2021, 7, 1, tzinfo=UTC))

def other(name, content):
    return tuple((n, content if n == name else c) for n, c in marks)

def valued(**changes):
    return json.dumps({**json.loads(encode_value(right)), **changes}).encode()

FORGED = [
    (other("ce_time", b"9999-12-31T23:59:59-12:00"), encode_value(right)),
    (other("ce_time", b"yesterday"), encode_value(right)),
    (other("ce_id", b"a\\x00b"), encode_value(right)),
    (other("ce_id", b"\\xff\\xfe"), encode_value(right)),
    (other("ce_source", b"/sansha/ward"), encode_value(right)),
    (other("ce_type", b"sansha.ward.unknown.v1"), encode_value(right)),
    (other("ce_id", b"amount"), valued(amount=2**62)),
    (other("ce_id", b"truth"), valued(amount=True)),
    (other("ce_id", b"settler"), valued(settler="nobody")),
    (other("ce_id", b"deep"), b"[" * 100_000),
    ((), b""),
]

async def main():
    settings = Settings.from_environment("payment_provider")
    bus = await open_bus(settings.bus_url, durable=True, kafka=settings.kafka_options("forger"))
    await bus.produce([Record(TOPIC, "key", value, its) for its, value in FORGED])
    await bus.close()
    print(len(FORGED))

asyncio.run(main())
"""
"""Publishes events that are none, as the payment provider, on its own topic; prints how many."""


@pytest.fixture(scope="module")
def stack() -> Iterator[ComposedStack]:
    with composed(SANSHA_SEED="7", STACK_CLOCK="stepped", STACK_FROM="2021-07-01") as stack:
        yield stack


@pytest.fixture
def caller(stack: ComposedStack) -> Iterator[httpx.Client]:
    """The operator, at the gateway."""
    key = stack.said("console", "cat", "/run/sansha/operator_key")
    with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        yield client


def url(stack: ComposedStack, party: str, path: str) -> str:
    return f"http://127.0.0.1:{stack.port_base + 1 + PARTIES.index(party)}{path}"


def clock(stack: ComposedStack, path: str) -> str:
    return f"http://127.0.0.1:{stack.port_base}{path}"


def sansha(stack: ComposedStack, *command: str) -> str:
    return stack.said("console", "sansha", *command)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"amount": 2**62}, 422),
        ({"amount": True}, 422),
        ({"due_on": "9999-12-31"}, 422),
        ({"insured_number": CARD}, 422),
    ],
)
def test_what_is_out_of_bounds_is_refused(
    stack: ComposedStack, caller: httpx.Client, changed: Mapping[str, object], status: int
) -> None:
    answer = caller.post(url(stack, "ward", "/slips"), json={**SLIP, **changed})
    assert answer.status_code == status
    assert CARD not in answer.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Idempotency-Key": CARD}, 422),
        ({"Content-Type": "text/plain"}, 422),
        ({"Authorization": "Bearer nobody"}, 401),
        ({"Content-Encoding": "gzip"}, 415),
    ],
)
def test_what_comes_from_elsewhere_is_refused(
    stack: ComposedStack, caller: httpx.Client, headers: Mapping[str, str], status: int
) -> None:
    own = {"Content-Type": "application/json", **headers}
    answer = caller.post(url(stack, "ward", "/slips"), content=json.dumps(SLIP), headers=own)
    assert answer.status_code == status
    assert CARD not in answer.text


def test_a_body_is_bounded_before_it_is_read(stack: ComposedStack, caller: httpx.Client) -> None:
    answer = caller.post(url(stack, "payment-provider", "/scans"), content=b" " * 2_000_000)
    assert answer.status_code in (413, 415)


@pytest.mark.parametrize("to", ["2021-06-01T00:00:00+09:00", "9999-01-01T00:00:00+09:00", "soon"])
def test_the_clock_goes_neither_back_nor_out_of_bounds(stack: ComposedStack, caller: httpx.Client, to: str) -> None:
    before = caller.get(clock(stack, "/clock")).json()
    assert caller.post(clock(stack, "/clock/advance"), json={"to": to}).status_code in (409, 422)
    assert caller.get(clock(stack, "/clock")).json() == before


def test_half_requests_keep_nobody_out(stack: ComposedStack) -> None:
    """More than the gateway has places for."""
    with ExitStack() as open_ones:
        for _ in range(HALF_REQUESTS):
            half = open_ones.enter_context(socket.create_connection(("127.0.0.1", stack.port_base + 1), timeout=10))
            half.sendall(b"POST /slips HTTP/1.1\r\nHost: localhost\r\nContent-Le")
        for _ in range(10):
            assert httpx.get(url(stack, "ward", "/health/ready"), timeout=30).status_code == 200


def test_forged_events_are_set_aside_and_what_comes_after_is_handled(
    stack: ComposedStack, caller: httpx.Client
) -> None:
    forged = int(stack.said("payment-provider", "python", "-c", FORGE))
    sansha(stack, "slip", "issue", "--insured", "0000000102", "--amount", "8500", "--due", "2021-08-02")
    (slip,) = json.loads(sansha(stack, "slip", "list", "--json"))
    sansha(stack, "pay", slip["barcode"], "--card", "visa/approved")
    sansha(stack, "clock", "advance", "--to", "2021-08-25")
    letters = caller.get(url(stack, "ward", "/ops/dead-letters")).json()
    assert len(letters) == forged, [letter["reason"] for letter in letters]
    audited = json.loads(sansha(stack, "audit", "--stack", "--json"))
    assert (audited["conserved"], audited["receipts_yen"]) == (True, 8_500)


def test_none_of_it_left_a_stack_trace_or_a_card_number_in_a_log(stack: ComposedStack) -> None:
    logs = stack.logs()
    assert STACK_TRACE.findall(logs) == []
    assert CARD not in logs
    assert [stack.inspected(c, "{{.RestartCount}}") for c in stack.containers("gateway", *PARTIES)] == ["0"] * 5
