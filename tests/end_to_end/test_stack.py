"""`sansha up`: the parties as processes, watched, moved through time, stopped without leftovers."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from contracts import topics
from contracts.http.card_agent.cards import CardTokenRequest
from contracts.http.payment_provider.payments import CardChoice, PaymentView, ScanRequest
from contracts.vocabulary import Agent
from services.console.payers.paying import Payers, expect
from services.console.payers.plan import ByBank, ByCard
from services.console.stack.channels import StackChannels, payers_at
from services.console.stack.clients import StackClient
from services.console.stack.slips import issue_generated
from testbed.processes import eventually
from testbed.running_stack import STEPPED, NewStack, Stack

pytestmark = pytest.mark.processes

CARD = "4000000000000002"
CONFLICT = 409


async def issue(stack: Stack, payers: int = 1) -> list[str]:
    """Issue slips for this many payers; returns their barcodes."""
    async with StackClient(stack.port_base) as client:
        await issue_generated(client, payers, 2021, 7)
    return [slip["barcode"] for slip in await stack.get(topics.WARD, "/slips", limit=9 * payers)]


async def pay_by_card(stack: Stack, barcode: str) -> str:
    return await pay(stack, barcode, ByCard(CARD))


async def pay_by_bank(stack: Stack, barcode: str) -> str:
    return await pay(stack, barcode, ByBank())


async def pay(stack: Stack, barcode: str, means: ByCard | ByBank) -> str:
    async with StackClient(stack.port_base) as client:
        return expect(await payers_at(client).pay_barcode(barcode, means, "payer", barcode)).payment_id


async def status_of(stack: Stack, payment_id: str) -> str:
    return PaymentView.model_validate(await stack.get(topics.PAYMENT_PROVIDER, f"/payments/{payment_id}")).status


async def advanced(stack: Stack, to: str) -> None:
    answer = await stack.advance(to)
    assert answer.status_code == 200, answer.text


async def explained(stack: Stack, payment_id: str) -> str:
    done = await stack.sansha("explain", payment_id)
    assert done.status == 0, done.err
    return done.out


async def test_many_at_once_are_paid_by_card(new_stack: NewStack) -> None:
    stack = new_stack(*STEPPED)
    await stack.start()
    barcodes = await issue(stack, payers=2)
    async with StackClient(stack.port_base) as client:
        channels = StackChannels(client)
        consent = await Payers(channels).consent("gateway")
        scans = [ScanRequest(barcode=barcode, consent_id=consent) for barcode in (*barcodes, "nonsense")]
        scanned = await channels.scan_many(scans, "scans")
        assert [r.code for r in scanned.refused] == ["barcode_not_digits"]
        typed = CardTokenRequest(number=SecretStr(CARD), expiry="12/29")
        tokens = await channels.tokenize_many(Agent.UC, [typed] * len(barcodes), "cards")
        pairs = zip(scanned.payments, tokens.tokens, strict=True)
        choices = [CardChoice(payment_id=p.payment_id, **token.model_dump()) for p, token in pairs]
        chosen = await channels.choose_cards(choices, "choices")
        assert [p.status for p in chosen.payments] == ["authorizing"] * len(barcodes)
        assert await channels.choose_cards(choices, "choices") == chosen

    async def all_paid() -> bool:
        return [await status_of(stack, p.payment_id) for p in chosen.payments] == ["paid"] * len(barcodes)

    await eventually(all_paid, "payments that are paid")
    await stack.stop()
    assert (await stack.audit()).findings == ()


async def test_a_card_and_a_bank_payment_go_all_the_way_to_a_reconciled_deposit(new_stack: NewStack) -> None:
    stack = new_stack(*STEPPED)
    await stack.start()
    first, second, *_ = await issue(stack)
    by_card, by_bank = await pay_by_card(stack, first), await pay_by_bank(stack, second)
    assert "待ち" in await explained(stack, by_bank)
    await advanced(stack, "2021-08-25")
    for payment_id in (by_card, by_bank):
        assert await status_of(stack, payment_id) == "confirmed"
        story = await explained(stack, payment_id)
        assert "消込" in story
        assert "it waits for nothing" in story
    document = await stack.sansha_json("explain", by_card)
    assert document["waiting"] == []
    assert {step["party"] for step in document["timeline"]} == {"ward", "payment_provider", "card_agent.uc"}
    audited = await stack.audited()
    assert audited.status == 0, audited.out
    await stack.stop()


def open_to_others(folder: Path) -> list[Path]:
    return [path for path in (folder, *folder.rglob("*")) if path.stat().st_mode & 0o077]


async def test_after_a_stop_everything_goes_on_from_where_it_stood(new_stack: NewStack) -> None:
    stack = new_stack(*STEPPED)
    await stack.start()
    payment_id = await pay_by_card(stack, (await issue(stack))[0])
    await advanced(stack, "2021-07-10")
    assert open_to_others(stack.data) == []
    await stack.stop()
    assert "stopped" in stack.said

    (stack.data / "notes.txt").touch()
    for path in (stack.data, *stack.data.rglob("*")):  # as a version before left them
        path.chmod(0o755 if path.is_dir() else 0o644)
    await stack.start()
    assert open_to_others(stack.data) == [stack.data / "notes.txt"], "what is not ours is left alone"
    assert datetime.fromisoformat(await stack.now()) == datetime.fromisoformat("2021-07-10T00:00:00+09:00")
    assert await status_of(stack, payment_id) == "confirmed"
    await advanced(stack, "2021-08-25")
    assert "消込" in await explained(stack, payment_id)
    assert (await stack.audit()).undeposited_yen == 0
    await stack.stop()


async def test_a_party_can_be_left_out(new_stack: NewStack) -> None:
    stack = new_stack(*STEPPED, "--without", "jcb")
    await stack.start()
    assert set(await stack.pids()) == {"ward", "payment_provider", "card_agent.uc"}
    assert await stack.status_of("card_agent.jcb", "/health/live") == 0
    payment_id = await pay_by_card(stack, (await issue(stack))[0])
    await advanced(stack, "2021-07-10")
    assert await status_of(stack, payment_id) == "confirmed"
    await stack.stop()


async def test_packages_of_the_same_name_in_the_working_directory_are_not_in_the_way(
    new_stack: NewStack, tmp_path: Path
) -> None:
    here = tmp_path / "project"
    (here / "services").mkdir(parents=True)
    for trap in (here / "services" / "__init__.py", here / "contracts.py"):
        trap.write_text("raise SystemExit('the wrong package was imported')\n")
    stack = new_stack(*STEPPED, cwd=here)
    await stack.start()
    assert (await stack.sansha_json("slip", "issue", "--generate", "1"))["slips_issued"] > 0
    await stack.stop()
    said = [stack.said, *(log.read_text() for log in (stack.data / "logs").iterdir())]
    assert not [text for text in said if "wrong package" in text]


async def test_when_the_supervisor_is_killed_its_children_end(new_stack: NewStack) -> None:
    stack = new_stack(*STEPPED)
    await stack.start()
    children = await stack.pids()
    assert len(children) == len(topics.PRINCIPALS) - 1
    await stack.kill()  # fails if a child is still alive


async def test_a_port_that_is_taken_is_named_in_one_line(new_stack: NewStack) -> None:
    stack = new_stack(*STEPPED)
    taken = stack.port(topics.PAYMENT_PROVIDER)
    with socket.socket() as other:
        other.bind(("127.0.0.1", taken))
        other.listen()
        await stack.start_unready()
        assert await stack.end() == 2
    (line,) = stack.said.splitlines()
    assert f"port {taken} is taken" in line
    assert "--port-base" in line


async def test_a_folder_has_one_stack_at_a_time(new_stack: NewStack) -> None:
    stack = new_stack(*STEPPED)
    stack.data.mkdir()
    with (stack.data / "up.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        await stack.start_unready()
        assert await stack.end() == 2
    (line,) = stack.said.splitlines()
    assert f"another sansha up runs over {stack.data}" in line


async def goes_not_back(stack: Stack) -> None:
    """Neither by command nor over HTTP; out of bounds it goes neither."""
    back = await stack.sansha("clock", "advance", "--to", "2021-07-01T00:00")
    assert back.status == 2
    assert "cannot go back" in back.err
    answer = await stack.advance("2021-07-01")
    assert (answer.status_code, answer.json()["code"]) == (CONFLICT, "clock_cannot_move")
    assert "shows 20" in answer.json()["detail"]
    for day in ("9999-12-31", "0001-01-01"):
        answer = await stack.advance(day)
        assert (answer.status_code, "out of bounds" in answer.json()["detail"]) == (422, True)
    for where in (("--days", "36600"), ("--to", "9999-12-31"), ("--to", "0001-01-01")):
        wrong = await stack.sansha("clock", "advance", *where)
        assert (wrong.status, "out of bounds" in wrong.err) == (2, True)


async def test_a_scaled_clock_brings_the_deposit_and_never_goes_back(new_stack: NewStack) -> None:
    stack = new_stack("--clock", "scaled:100000", "--from", "2021-07-01", "--seed", "7")
    await stack.start()
    payment_id = await pay_by_bank(stack, (await issue(stack))[0])

    async def deposited() -> bool:
        audit = await stack.audit()
        return audit.deposits_yen > 0 and audit.undeposited_yen == 0

    await eventually(deposited, "the deposit of a bank payment", every=0.3)
    assert await status_of(stack, payment_id) in ("paid", "confirmed")
    refused = await stack.sansha("clock", "advance", "--days", "1")
    assert refused.status == 2
    (line,) = refused.err.strip().splitlines()
    assert "runs by itself" in line
    await goes_not_back(stack)
    before = await stack.now()
    await stack.kill()

    await stack.start()
    assert datetime.fromisoformat(await stack.now()) >= datetime.fromisoformat(before)
    assert await status_of(stack, payment_id) in ("paid", "confirmed")
    await stack.stop()


async def test_two_advances_at_once_agree(new_stack: NewStack) -> None:
    stack = new_stack(*STEPPED)
    await stack.start()
    first, second, *_ = await issue(stack)
    await pay_by_card(stack, first)
    await pay_by_bank(stack, second)
    answers = await asyncio.gather(*(stack.advance(day) for day in ("2021-08-20", "2021-07-15", "2021-08-20")))
    assert {answer.status_code for answer in answers} <= {200, CONFLICT}
    assert 200 in {answer.status_code for answer in answers}
    at = datetime.fromisoformat("2021-08-20T00:00:00+09:00")
    assert datetime.fromisoformat(await stack.now()) == at
    for principal in stack.principals:
        status = await stack.get(principal, "/ops/status")
        assert datetime.fromisoformat(status["now"]) == at
    audit = await stack.audit()
    assert (audit.findings, audit.undeposited_yen) == ((), 0)
    await stack.stop()


async def test_a_party_that_hangs_blocks_the_clock_and_is_named(new_stack: NewStack) -> None:
    stack = new_stack(*STEPPED)
    await stack.start()
    pid = (await stack.pids())["card_agent.uc"]
    async with AsyncExitStack() as afterwards:
        os.kill(pid, signal.SIGSTOP)
        afterwards.callback(os.kill, pid, signal.SIGCONT)
        answer = await stack.advance("2021-07-02", patience_seconds=1.0)
        assert answer.status_code == CONFLICT
        assert answer.json()["code"] == "clock_blocked"
        assert "card_agent.uc does not answer" in answer.json()["detail"]
        blocked = await stack.sansha("clock", "advance", "--days", "1", "--patience", "1")
        assert blocked.status == 1
        (line,) = blocked.err.strip().splitlines()
        assert "card_agent.uc does not answer" in line
        assert "ward" not in line
    await advanced(stack, "2021-07-02")
    await goes_not_back(stack)
    assert datetime.fromisoformat(await stack.now()) == datetime.fromisoformat("2021-07-02T00:00:00+09:00")
    await stack.stop()


@pytest.mark.parametrize(
    ("options", "variables"),
    [
        (("--log-level", "warning"), {"SANSHA_LOG_LEVEL": "debug", "SANSHA_WARD_LOG_LEVEL": "debug"}),
        ((), {"SANSHA_LOG_LEVEL": "WARNING"}),
    ],
    ids=["the option wins", "the variable alone"],
)
async def test_the_log_level_is_the_option_s_or_else_the_variable_s(
    new_stack: NewStack, options: tuple[str, ...], variables: dict[str, str]
) -> None:
    others = [f"--without={p}" for p in ("payment_provider", "jcb", "uc")]
    stack = new_stack(*STEPPED, *options, *others, **variables)
    await stack.start_unready()

    async def ready() -> bool:
        return await stack.status_of(topics.WARD, "/health/ready") == 200

    await eventually(ready, "a ward that is ready")
    await stack.stop()
    assert (stack.data / "logs" / "ward.log").read_text() == ""
