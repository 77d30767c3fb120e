"""The stack of containers: healthy, confined, and the same demo as in the sandbox, with two replicas of the ward."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import httpx
import pytest

from contracts.topics import PRINCIPALS, WARD
from services.card_agent.app import TEST_CARDS
from services.chassis.clock import monotonic
from services.console.demo.year import DemoOptions, run_demo
from services.console.stack.addresses import Addresses
from tests.end_to_end.composed_stack import PARTIES, ComposedStack, composed
from tests.end_to_end.test_card_numbers import numbers_in, own_card

pytestmark = pytest.mark.stack

SEED, PAYMENTS, BANK = 7, 40, 20
OWN_SECRETS = {
    *("users.json", "database_url", "kafka_password", "secret", "readers.json"),
    *("ca.pem", "server.pem", "peer.pem", "signing_key"),
}
LISTENING: dict[str, tuple[int, ...]] = {
    "kafka": (9092, 9093, 9094),
    "console": (8400,),
    "gateway": (8400, 8401, 8402, 8403, 8404),
    **{party: (8401 + n,) for n, party in enumerate(PARTIES)},
    **{f"{party}-database": (5432,) for party in PARTIES},
}
"""Ports of the containers."""
REACHES = """
import concurrent.futures, socket, sys
def reached(place):
    host, port = place.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=1.5).close()
    except OSError:
        return ""
    return place
with concurrent.futures.ThreadPoolExecutor(64) as pool:
    print(*pool.map(reached, sys.argv[1:]))
"""
"""Prints the places of the arguments at which a connection is accepted."""
CALL = """
import ssl, sys, urllib.error, urllib.request
url, ca, own = sys.argv[1:4]
context = ssl.create_default_context(cafile=ca)
if own:
    context.load_cert_chain(own)
try:
    print(urllib.request.urlopen(url, context=context, timeout=5).status)
except urllib.error.HTTPError as refused:
    print(refused.code)
except OSError as broken:
    print(type(getattr(broken, "reason", broken)).__name__)
"""
"""Prints the status of a GET over TLS: URL, file of the authority, file of the caller's certificate or nothing."""
OF_ANOTHER_AUTHORITY = """
import asyncio
from services.chassis.database import Database
url = open("/run/sansha/database_url").read().strip()
assert "sslmode=verify-full" in url
try:
    asyncio.run(Database(url.replace("/run/sansha/ca.pem", "/etc/ssl/certs/ca-certificates.crt")).require_writing())
except OSError as refused:
    print(type(refused).__name__)
"""
"""The party's own database, by a client that trusts others than the stack's authority."""
SHOWN = """
import ssl, sys
print(ssl.get_server_certificate((sys.argv[1], int(sys.argv[2]))))
"""
STACK_TRACE = re.compile(r"Traceback \(most recent call last\)|^.*\|\s+at [\w.$/]+\([\w.]+(:\d+)?\)$", re.MULTILINE)
CONNECT = """
import asyncio, asyncpg, sys
from sqlalchemy.engine import make_url
url = make_url(open("/run/sansha/database_url").read().strip())
user, database = sys.argv[1] or url.username, sys.argv[2] or url.database
ssl = sys.argv[3] if len(sys.argv) > 3 else "prefer"
async def ask():
    session = await asyncpg.connect(host=url.host, user=user, password=url.password, database=database, ssl=ssl)
    print(await session.fetchval("SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = user"))
try:
    asyncio.run(ask())
except asyncpg.PostgresError as refused:
    print(type(refused).__name__)
"""


@pytest.fixture(scope="module")
def stack() -> Iterator[ComposedStack]:
    with composed("--scale", "ward=2", SANSHA_SEED=str(SEED), STACK_CLOCK="stepped", STACK_FROM="2021-04-01") as stack:
        yield stack


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
    form = "{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.PidsLimit}}"
    assert {stack.inspected(c, form) for c in services.values()} == {"true 128", "true 256", "true 512"}


def test_a_party_that_cannot_run_is_not_started_for_ever(stack: ComposedStack) -> None:
    form = "{{.HostConfig.RestartPolicy.Name}}:{{.HostConfig.RestartPolicy.MaximumRetryCount}}"
    assert {stack.inspected(c, form) for c in stack.containers(*PARTIES, "console")} == {"on-failure:20"}


def test_every_container_has_a_memory_limit(stack: ComposedStack) -> None:
    assert "0" not in {stack.inspected(c, "{{.HostConfig.Memory}}") for c in stack.containers()}


def test_a_party_reaches_its_own_database_and_the_bus(stack: ComposedStack) -> None:
    assert stack.reaches("ward", "ward-database", 5432)
    assert stack.reaches("ward", "kafka", 9092)


def test_a_party_reaches_nothing_but_its_database_the_bus_and_the_console(stack: ComposedStack) -> None:
    """By every address of every container: not the gateway, another party or its database."""
    form = (
        '{{index .Config.Labels "com.docker.compose.service"}}{{range .NetworkSettings.Networks}} {{.IPAddress}}{{end}}'
    )
    places: dict[str, set[str]] = {service: set() for service in LISTENING}
    for service, *hosts in (stack.inspected(container, form).split() for container in stack.containers()):
        places[service] |= {f"{host}:{port}" for host in hosts for port in LISTENING[service]}
    for party in PARTIES:
        own = places[party] | places[f"{party}-database"] | places["console"]
        own |= {place for place in places["kafka"] if place.endswith(":9092")}
        reached = set(stack.said(party, "python", "-c", REACHES, *sorted(set().union(*places.values()))).split())
        assert reached - own == set(), f"{party} reaches more than its own"
        assert {place.rpartition(":")[2] for place in reached} >= {"5432", "9092"}


def test_every_hop_is_tls_and_the_caller_over_http_is_named(stack: ComposedStack) -> None:
    ca, own, url = "/run/sansha/ca.pem", "/run/sansha/peer.pem", "https://ward:8401/health/ready"
    called = [stack.said("console", "python", "-c", CALL, url, ca, shown) for shown in (own, "")]
    assert called[0] == "200"
    assert called[1] != "200", "without a certificate there is no answer"
    server = "/run/sansha/server.pem"
    assert stack.said("console", "python", "-c", CALL, url, ca, server) != "200", (
        "a server's certificate is no caller's"
    )
    assert stack.said("ward", "python", "-c", CALL, "https://console:8400/health/ready", ca, own) == "403"
    assert stack.said("ward", "python", "-c", CALL, url, "/etc/ssl/certs/ca-certificates.crt", own) == (
        "SSLCertVerificationError"
    )


def test_a_database_answers_over_tls_alone(stack: ComposedStack) -> None:
    assert stack.said("ward", "python", "-c", CONNECT, "", "", "require") == "False"
    assert stack.said("ward", "python", "-c", OF_ANOTHER_AUTHORITY) == "SSLCertVerificationError"
    refused = stack.said("ward", "python", "-c", CONNECT, "", "", "disable")
    assert refused == "InvalidAuthorizationSpecificationError"


def test_a_renewed_certificate_is_taken_on_without_a_restart(stack: ComposedStack) -> None:
    started = [stack.inspected(c, "{{.State.StartedAt}}") for c in stack.containers("ward")]
    look = ("python", "-c", SHOWN, "ward", "8401")
    before = stack.said("console", *look)
    assert "renewed ward/server.pem" in stack.ran("secrets", "sansha", "certificates", "renew", "/secrets", "ward")
    deadline = monotonic() + 30
    while stack.said("console", *look) == before:
        assert monotonic() < deadline, "the ward still shows its former certificate"
    assert [stack.inspected(c, "{{.State.StartedAt}}") for c in stack.containers("ward")] == started
    ports = [Addresses(stack.port_base).port(principal) for principal in PRINCIPALS]
    assert [httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=10).status_code for port in ports] == [200] * 5


def test_a_partys_database_is_backed_up_in_its_own_network(stack: ComposedStack) -> None:
    command = "sansha backup database ward --to=/backups --keys=/backup-keys"
    backup = stack.ran("ward-backup", "-c", command, entrypoint="sh").split()[-1]
    checked = stack.ran("ward-backup", "-c", f"sansha backup check {backup} --keys=/backup-keys", entrypoint="sh")
    assert "complete and unchanged" in checked


def test_a_party_may_use_its_own_database_and_is_no_superuser(stack: ComposedStack) -> None:
    assert stack.said("ward", "python", "-c", CONNECT, "", "") == "False"
    assert stack.said("ward", "python", "-c", CONNECT, "", "postgres") == "InsufficientPrivilegeError"
    assert stack.said("ward", "python", "-c", CONNECT, "postgres", "") == "InvalidPasswordError"


@pytest.mark.parametrize("party", PARTIES)
def test_a_party_sees_its_own_secrets_and_no_others(stack: ComposedStack, party: str) -> None:
    assert set(stack.said(party, "ls", "/run/sansha").split()) == OWN_SECRETS
    assert stack.said(party, "find", "/secrets", "-type", "f") == ""
    assert stack.run_in(party, "sh", "-c", "echo x > /run/sansha/secret").returncode != 0


@pytest.mark.parametrize("party", PARTIES)
def test_a_party_alone_has_its_private_keys_and_may_destroy_them(stack: ComposedStack, party: str) -> None:
    assert stack.said(party, "stat", "-c", "%a %n", "/var/lib/sansha/keys.json") == "600 /var/lib/sansha/keys.json"
    assert json.loads(stack.said(party, "head", "-n", "2", "/var/lib/sansha/keys.json") + '"":""}')["principal"]
    assert stack.said(party, "sh", "-c", "touch /var/lib/sansha/may && rm /var/lib/sansha/may && echo yes") == "yes"


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


def test_no_number_of_a_slip_or_a_person_is_in_the_broker_s_files(stack: ComposedStack) -> None:
    slips = json.loads(stack.said("console", "sansha", "slip", "list", "--limit", "1000", "--json"))
    numbers = {slip[name] for slip in slips for name in ("slip_number", "insured_number", "barcode") if slip[name]}
    assert len(numbers) > 2 * PAYMENTS
    find = ("sh", "-c", "cat > /tmp/numbers; grep -rlaFf /tmp/numbers /var/lib/kafka/data; rm /tmp/numbers")
    assert stack.said("kafka", *find, given="\n".join(numbers)) == ""
    assert stack.said("kafka", *find, given="application/vnd.sansha.sealed.v1") != "", "the files are not compressed"


def test_an_inspector_finds_the_duties_of_containers_kept_but_for_the_rights_of_the_load_test(
    stack: ComposedStack,
) -> None:
    done = stack.run_in("console", "sansha", "duties", "--json")
    found = json.loads(done.stdout)
    held = {(one["party"], one["check"]): (one["holds"], one["found"]) for one in found["checks"]}
    here = {"named_peers", "sealed", "roles", "access_log", "containers", "fields_collected", "terms_published"}
    for check in (*here, "monitored"):
        parties = {party for party, name in held if name == check}
        assert len(parties) >= 2
        assert [held[party, check] for party in parties if held[party, check][0] is not True] == []
    missed = {one["number"]: one["why"][0]["english"] for one in found["duties"] if one["status"] == "missed"}
    assert missed.keys() == {"D-6", "D-7", "D-10"}
    assert all(
        why.startswith("12 rights that the contract gives to nobody: User:load_test ") for why in missed.values()
    )
    assert done.returncode == 1


def test_a_load_test_writes_receipts_as_a_principal_of_its_own_and_the_ward_has_each_once(stack: ComposedStack) -> None:
    found = json.loads(stack.ran("load", "receipts", "--rate", "50", "--duration", "2s", "--warm-up", "1s", "--json"))
    assert (found["sent"], found["audit"]["registered_once"], found["audit"]["twice"]) == (150, 150, 0)
    assert "fsync=on" in found["environment"]["ward_database"]
    assert (found["environment"]["ward_replicas"], found["parties"]["ward"]["replicas"]) == (2, 2)


def test_a_stack_trace_in_a_log_is_found() -> None:
    assert STACK_TRACE.search("ward-1  | Traceback (most recent call last):")
    assert STACK_TRACE.search("kafka-1  | \tat org.apache.kafka.common.network.Selector.poll(Selector.java:1)")
    assert not STACK_TRACE.search("ward-1  | looked at it (twice)")
