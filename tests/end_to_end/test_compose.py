"""The stack of containers: healthy, confined, and the same demo as in the sandbox, with two replicas of the ward."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import httpx
import pytest

from contracts.topics import PRINCIPALS, WARD
from services.card_agent.app import TEST_CARDS
from services.console.demo.year import DemoOptions, run_demo
from services.console.stack.addresses import Addresses
from tests.end_to_end.composed_stack import PARTIES, ComposedStack
from tests.end_to_end.test_card_numbers import numbers_in, own_card

pytestmark = pytest.mark.stack

SEED, PAYMENTS, BANK = 7, 40, 20
OWN_SECRETS = {"users.json", "database_url", "kafka_password", "secret"}
STACK_TRACE = re.compile(r"Traceback \(most recent call last\)|^.*\|\s+at [\w.$/]+\([\w.]+(:\d+)?\)$", re.MULTILINE)
CONNECT = """
import asyncio, asyncpg, sys
from sqlalchemy.engine import make_url
url = make_url(open("/run/sansha/database_url").read().strip())
user, database = sys.argv[1] or url.username, sys.argv[2] or url.database
async def ask():
    session = await asyncpg.connect(host=url.host, user=user, password=url.password, database=database)
    print(await session.fetchval("SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = user"))
try:
    asyncio.run(ask())
except asyncpg.PostgresError as refused:
    print(type(refused).__name__)
"""


@pytest.fixture(scope="module")
def stack() -> Iterator[ComposedStack]:
    stack = ComposedStack({"SANSHA_SEED": str(SEED), "STACK_CLOCK": "stepped", "STACK_FROM": "2021-04-01"})
    try:
        stack.build()
        stack.up("--scale", "ward=2")
        yield stack
    finally:
        stack.remove()


def test_every_service_answers_at_its_published_port(stack: ComposedStack) -> None:
    ports = [Addresses(stack.port_base).port(principal) for principal in PRINCIPALS]
    assert [httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=10).status_code for port in ports] == [200] * 5


def test_nothing_runs_as_root_or_can_become_root(stack: ComposedStack) -> None:
    services = {
        stack.inspected(c, '{{index .Config.Labels "com.docker.compose.service"}}'): c for c in stack.containers()
    }
    assert len(services) == len(PARTIES) * 2 + len(["kafka", "console", "gateway"])
    assert {
        service: stack.said(service, "stat", "-c", "%u", "/proc/1") == "0" for service in services
    } == dict.fromkeys(services, False)
    confined = {stack.inspected(c, "{{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}}") for c in services.values()}
    assert confined == {"[ALL] [no-new-privileges:true]"}


def test_a_party_that_cannot_run_is_not_started_for_ever(stack: ComposedStack) -> None:
    form = "{{.HostConfig.RestartPolicy.Name}}:{{.HostConfig.RestartPolicy.MaximumRetryCount}}"
    assert {stack.inspected(c, form) for c in stack.containers(*PARTIES, "console")} == {"on-failure:20"}


def test_every_container_has_a_memory_limit(stack: ComposedStack) -> None:
    assert "0" not in {stack.inspected(c, "{{.HostConfig.Memory}}") for c in stack.containers()}


def test_a_party_reaches_its_own_database_the_bus_and_no_other_party(stack: ComposedStack) -> None:
    assert stack.reaches("ward", "ward-database", 5432)
    assert stack.reaches("ward", "kafka", 9092)
    (agents_database,) = stack.containers("card-agent-jcb-database")
    address = stack.inspected(agents_database, "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")
    assert stack.reaches("card-agent-jcb", address, 5432)
    for host, port in (
        ("card-agent-jcb-database", 5432),
        (address, 5432),
        ("payment-provider", 8402),
        ("card-agent-uc", 8404),
        ("kafka", 9093),
        ("kafka", 9094),
    ):
        assert not stack.reaches("ward", host, port), f"the ward reaches {host}:{port}"


def test_a_party_may_use_its_own_database_and_is_no_superuser(stack: ComposedStack) -> None:
    assert stack.said("ward", "python", "-c", CONNECT, "", "") == "False"
    assert stack.said("ward", "python", "-c", CONNECT, "", "postgres") == "InsufficientPrivilegeError"
    assert stack.said("ward", "python", "-c", CONNECT, "postgres", "") == "InvalidPasswordError"


@pytest.mark.parametrize("party", PARTIES)
def test_a_party_sees_its_own_secrets_and_no_others(stack: ComposedStack, party: str) -> None:
    assert set(stack.said(party, "ls", "/run/sansha").split()) == OWN_SECRETS
    assert stack.said(party, "find", "/secrets", "-type", "f") == ""
    assert stack.run_in(party, "sh", "-c", "echo x > /run/sansha/secret").returncode != 0


def test_only_a_caller_with_a_key_is_served(stack: ComposedStack) -> None:
    url = Addresses(stack.port_base).url(WARD) + "/slips"
    key = stack.said("console", "cat", "/run/sansha/operator_key")
    answers = [httpx.get(url, timeout=10), httpx.get(url, timeout=10, headers={"Authorization": f"Bearer {key}"})]
    assert [answer.status_code for answer in answers] == [401, 200]


def test_starting_again_makes_no_secret_anew(stack: ComposedStack) -> None:
    before = stack.said("ward", "sha256sum", *(f"/run/sansha/{name}" for name in sorted(OWN_SECRETS)))
    stack.up("--scale", "ward=2")
    assert stack.said("ward", "sha256sum", *(f"/run/sansha/{name}" for name in sorted(OWN_SECRETS))) == before
    assert "every secret exists already" in stack.logs("secrets")


def test_two_replicas_of_the_ward_share_its_partitions(stack: ComposedStack) -> None:
    tool = "/opt/kafka/bin/kafka-consumer-groups.sh"
    described = stack.said(
        "kafka", tool, "--bootstrap-server", "127.0.0.1:9094", "--describe", "--members", "--group", "ward"
    )
    members = [line.split()[-1] for line in described.splitlines() if line.startswith("ward ")]
    assert len(members) == 2
    assert all(int(partitions) > 0 for partitions in members)


async def test_the_demo_gives_the_sandboxs_digest_and_logs_no_card_number(stack: ComposedStack) -> None:
    wanted = await run_demo(DemoOptions(PAYMENTS, BANK, SEED))
    options = ("--seed", str(SEED), "--payments", str(PAYMENTS), "--bank", str(BANK), "--json")

    played = json.loads(stack.said("console", "sansha", "demo", "--stack", *options))

    assert played["digest"] == wanted.digest
    logs = stack.logs()
    numbers = [*TEST_CARDS, *map(own_card, range(1_000))]
    assert '"event": "serving"' in logs
    assert numbers_in(logs.encode(), numbers) == []
    assert STACK_TRACE.findall(logs) == []


def test_a_load_test_writes_receipts_as_a_principal_of_its_own_and_the_ward_has_each_once(stack: ComposedStack) -> None:
    found = json.loads(stack.ran("load", "receipts", "--rate", "50", "--duration", "2s", "--warm-up", "1s", "--json"))
    assert (found["sent"], found["audit"]["registered_once"], found["audit"]["twice"]) == (150, 150, 0)
    assert "fsync=on" in found["environment"]["ward_database"]
    assert (found["environment"]["ward_replicas"], found["parties"]["ward"]["replicas"]) == (2, 2)


def test_a_stack_trace_in_a_log_is_found() -> None:
    assert STACK_TRACE.search("ward-1  | Traceback (most recent call last):")
    assert STACK_TRACE.search("kafka-1  | \tat org.apache.kafka.common.network.Selector.poll(Selector.java:1)")
    assert not STACK_TRACE.search("ward-1  | looked at it (twice)")
