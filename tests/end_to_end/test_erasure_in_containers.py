"""消去 in the stack of containers: on the day, databases, broker and an older backup of a contractor lead to nobody."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator

import pytest

from tests.end_to_end.composed_stack import ComposedStack, composed

pytestmark = [pytest.mark.stack, pytest.mark.night]

PROVIDER, UC = "payment-provider", "card-agent-uc"
SEARCH = "cat > /tmp/numbers; grep -raoFf /tmp/numbers --exclude-dir=pg_wal $0 | sort -u; rm /tmp/numbers"
"""The numbers that a server's files hold. Its write-ahead log is the operator's to erase (docs/protection.md)."""


@pytest.fixture
def stack() -> Iterator[ComposedStack]:
    with composed(SANSHA_SEED="7", STACK_CLOCK="stepped", STACK_FROM="2022-03-14") as stack:
        yield stack


def sansha(stack: ComposedStack, *command: str) -> str:
    return stack.said("console", "sansha", *command)


def paid(stack: ComposedStack, insured: str, *how: str) -> set[str]:
    """The numbers that lead to a person whose slip was paid."""
    sansha(stack, "slip", "issue", "--insured", insured, "--amount", "8500", "--due", "2022-04-30")
    slips = json.loads(sansha(stack, "slip", "list", "--json"))
    (slip,) = [one for one in slips if one["insured_number"] == insured]
    sansha(stack, "pay", slip["barcode"], *how)
    return {insured, slip["slip_number"], slip["barcode"]}


def held(stack: ComposedStack, server: str, folder: str, numbers: Collection[str]) -> set[tuple[str, str]]:
    """(file, number) of those of the numbers that the files of a server hold."""
    found = stack.said(server, "sh", "-c", SEARCH, folder, given="\n".join(numbers)).split()
    return {(place, number) for place, _, number in (line.rpartition(":") for line in found)}


def checkpointed(stack: ComposedStack, party: str) -> None:
    """The server writes what it has in memory, and removes the files of tables that were written anew."""
    stack.said(f"{party}-database", "psql", "--username=postgres", "--quiet", "--command", "CHECKPOINT")


def test_on_its_day_a_contractor_s_volumes_and_its_backup_lead_to_nobody(stack: ComposedStack) -> None:
    numbers = paid(stack, "0000000101", "--card", "visa/approved") | paid(stack, "0000000102", "--bank")
    sansha(stack, "clock", "advance", "--to", "2022-06-29")
    checkpointed(stack, PROVIDER)
    data = "/var/lib/postgresql/data"
    before = {number for _, number in held(stack, f"{PROVIDER}-database", data, numbers)}
    assert before >= {number for number in numbers if len(number) > len("0000000101")}
    backed_up = "sansha backup database payment_provider --to=/backups --keys=/backup-keys"
    backup = stack.ran(f"{PROVIDER}-backup", "-c", backed_up, entrypoint="sh").split()[-1]
    check = ("sh", "-c", f"test -e /backup-keys/{backup.rpartition('/')[2]}.key && echo kept || echo destroyed")
    assert stack.said(PROVIDER, *check) == "kept"

    sansha(stack, "clock", "advance", "--to", "2022-07-04")
    for party in (PROVIDER, UC):
        checkpointed(stack, party)
        assert held(stack, f"{party}-database", data, numbers) == set(), party
    assert held(stack, "kafka", "/var/lib/kafka/data", numbers) == set()
    assert stack.said(PROVIDER, *check) == "destroyed"
    months = ("sh", "-c", "grep -o '20[0-9][0-9]-[0-9][0-9]' /var/lib/sansha/keys.json | sort | head -1")
    assert stack.said(PROVIDER, *months) >= "2022-06"
    erased = json.loads(sansha(stack, "duties", "erasures", "--json"))
    assert [e["kinds"]["支払"] for e in erased["payment_provider"]] == [2]
    audited = json.loads(sansha(stack, "audit", "--stack", "--json"))
    assert audited["conserved"] is True
