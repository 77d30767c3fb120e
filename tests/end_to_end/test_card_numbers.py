"""非保持化: a card number is entered at its agent and stored nowhere, whatever mistake the payer makes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts import topics
from contracts.vocabulary import business_date
from services.card_agent.app import TEST_CARDS
from services.chassis.clock import real_now
from services.console.payers.cards import card_number, luhn_digit
from testbed.processes import finished, module
from testbed.running_stack import NewStack, Stack

SEED = 7
JCB, UC = "card_agent.jcb", "card_agent.uc"
REFUSED = 422

APPROVED, DECLINED = "4000000000000002", "4000000000000036"
WRONG_DIGIT = "4992123412341230"
OTHER_BRAND = "6011000000000004"


def own_card(n: int) -> str:
    """A generated card, like those of the payers in the sandbox."""
    return card_number(SEED, f"{n:010d}")


def spellings(number: str) -> Iterator[str]:
    """The ways in which a number may be written."""
    for separator in ("", " ", "-"):
        yield separator.join(re.findall(r"\d{1,4}", number))
    if number not in TEST_CARDS:  # the test cards' numbers are mostly zeros and could match other numbers
        yield number[:12]


def numbers_in(content: bytes, numbers: Iterable[str]) -> list[str]:
    return [number for number in numbers if any(spelt.encode() in content for spelt in spellings(number))]


def found_in_files(folder: Path, numbers: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Files in a folder that contain a number; every byte of every file is searched."""
    numbers = list(numbers)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.name.endswith(".db") for path in files)
    assert any(path.suffix == ".sqlite" and path.stat().st_size > 0 for path in (folder / "bus").iterdir())
    found = ((str(path), numbers_in(path.read_bytes(), numbers)) for path in files)
    return [(path, named) for path, named in found if named]


def test_the_search_finds_what_is_planted(tmp_path: Path) -> None:
    number = own_card(1)
    for spelt in spellings(number):
        assert numbers_in(f"<{spelt}>".encode(), [number, own_card(2)]) == [number]
    assert numbers_in(b"4000-0000-0000-0002", TEST_CARDS) == [APPROVED]
    assert numbers_in(f"{number[:6]}******{number[-4:]}".encode(), [number]) == []
    assert luhn_digit(WRONG_DIGIT[:-1]) != WRONG_DIGIT[-1]


async def test_no_number_is_left_by_a_year_in_the_sandbox(tmp_path: Path) -> None:
    folder, payers = tmp_path / "kept", 60
    arguments = ("demo", "--payments", "200", "--bank", "5", "--seed", str(SEED), "--database-dir", str(folder))
    done = await finished(*module("services.console", *arguments), cwd=tmp_path)
    assert done.status == 0, done.err
    numbers = [*TEST_CARDS, *(own_card(n) for n in range(1, payers + 1))]
    assert numbers_in((done.out + done.err).encode(), numbers) == []
    assert found_in_files(folder, numbers) == []


class Typist:
    """Sends what payers enter, and collects all answers."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.answered = b""

    async def post(self, principal: str, path: str, body: Any, status: int, **more: str) -> Any:
        async with httpx.AsyncClient(timeout=30.0, auth=self._stack.as_operator) as http:
            content = body if isinstance(body, str) else json.dumps(body)
            headers = {"content-type": "application/json", "Idempotency-Key": f"{len(self.answered)}", **more}
            answer = await http.post(self._stack.url(principal) + path, content=content, headers=headers)
        assert answer.status_code == status, answer.text
        self.answered += answer.content + repr(answer.headers).encode()
        return answer.json()

    async def scan(self, amount: int) -> str:
        """A new slip, scanned; returns the payment."""
        due = business_date(real_now()) + timedelta(days=60)
        wanted = {"insured_number": "0000000123", "amount": amount, "due_on": due.isoformat()}
        self.slip = await self.post(topics.WARD, "/slips", wanted, 201)
        terms = await self._stack.get(topics.PAYMENT_PROVIDER, "/terms-of-use")
        accepted = {"app_user": "typist", "terms_version": terms["terms_version"]}
        consent = await self.post(topics.PAYMENT_PROVIDER, "/consents", accepted, 201)
        body = {"barcode": self.slip["barcode"], "consent_id": consent["consent_id"]}
        return str((await self.post(topics.PAYMENT_PROVIDER, "/scans", body, 201))["payment_id"])


async def type_wrongly(typist: Typist, payment_id: str) -> list[str]:
    """Enter a card with every mistake that a payer can make; returns the numbers entered."""
    good, other = own_card(101), own_card(102)
    letters = f"{own_card(103)[:-1]}X"
    wrong: list[tuple[str, Any]] = [
        (UC, {"number": good, "expiry": "13/29"}),
        (UC, {"number": good, "expiry": "soon"}),
        (UC, {"number": good, "expiry": other}),
        (UC, {"number": good}),
        (UC, {"number": good, "expiry": "12/29", "security_code": "123"}),
        (UC, {"number": good, "expiry": "12/29", good: "the number as a field"}),
        (UC, {"number": int(good), "expiry": "12/29"}),
        (UC, {"number": [good], "expiry": "12/29"}),
        (UC, [good]),
        (UC, f'{{"number": "{good}", '),
        (UC, {"number": letters, "expiry": "12/29"}),
        (UC, {"number": " ".join(re.findall("....", letters)), "expiry": "12/29"}),
        (UC, {"number": WRONG_DIGIT, "expiry": "12/29"}),
        (UC, {"number": good * 2, "expiry": "12/29"}),
        (UC, {"number": OTHER_BRAND, "expiry": "12/29"}),
        (JCB, {"number": APPROVED, "expiry": "12/29"}),
    ]
    for agent, body in wrong:
        await typist.post(agent, "/card-tokens", body, REFUSED)
    for token in (good, " ".join(re.findall("....", other))):
        choice = {"agent": "uc", "card_token": token, "brand": "visa", "last4": good[-4:]}
        await typist.post(topics.PAYMENT_PROVIDER, f"/payments/{payment_id}/card", choice, REFUSED)
    choice = {"agent": "uc", "card_token": "a-token", "brand": "visa", "last4": good}
    await typist.post(topics.PAYMENT_PROVIDER, f"/payments/{payment_id}/card", choice, REFUSED)
    await typist.post(topics.PAYMENT_PROVIDER, "/scans", {"barcode": good, "consent_id": other}, REFUSED)
    await type_elsewhere(typist, payment_id, good, other)
    return [good, other, letters[:-1], WRONG_DIGIT, OTHER_BRAND]


async def type_elsewhere(typist: Typist, payment_id: str, good: str, other: str) -> None:
    """Type cards where no number belongs: in names, reasons, files, keys, paths and queries, at every party."""
    grouped = " ".join(re.findall("....", good))
    elsewhere: list[tuple[str, str, Any]] = [
        (topics.PAYMENT_PROVIDER, "/consents", {"app_user": good, "terms_version": "2021-04"}),
        (topics.PAYMENT_PROVIDER, "/consents", {"app_user": "typist", "terms_version": f"card {grouped}"}),
        (topics.PAYMENT_PROVIDER, f"/payments/{payment_id}/internet-banking", {"bank_code": "0001", grouped: 1}),
        (topics.PAYMENT_PROVIDER, f"/payments/{good}/internet-banking", {}),
        (topics.PAYMENT_PROVIDER, f"/ops/dead-letters/{other}/replay", {"value": {"card": good}}),
        (topics.PAYMENT_PROVIDER, f"/scans?card={good}", {}),
        (topics.WARD, "/resolutions", {"action": "claim_shortfall", "decided_by": good, "because": grouped}),
        (topics.WARD, "/terminal/steps", {"step": "paid", "terminal_user": "me", "detail": f"({other}) by hand"}),
        (topics.WARD, f"/slips/{other}/reissue", {}),
        (UC, f"/statements/{good}/correction", {}),
    ]
    for principal, path, body in elsewhere:
        await typist.post(principal, path, body, REFUSED)
    for header in ("Idempotency-Key", "traceparent", "Terminal-Session", "X-User"):
        body = {"app_user": "typist", "terms_version": "2021-04"}
        await typist.post(topics.PAYMENT_PROVIDER, "/consents", body, REFUSED, **{header: grouped})


async def pay(typist: Typist, amount: int, number: str) -> None:
    payment_id = await typist.scan(amount)
    token = await typist.post(UC, "/card-tokens", {"number": number, "expiry": " 12/49"}, 201)
    await typist.post(topics.PAYMENT_PROVIDER, f"/payments/{payment_id}/card", token, 202)


@pytest.mark.processes
async def test_no_number_is_left_by_a_stack_however_it_was_typed(new_stack: NewStack) -> None:
    stack = new_stack("--log-level", "debug")
    await stack.start()
    typist = Typist(stack)
    typed = await type_wrongly(typist, await typist.scan(1_000))
    for n, number in enumerate((APPROVED, "4000-0000-0000-0010", "4000 0000 0000 0028", DECLINED)):
        await pay(typist, 2_000 + n, number)
    said = ""
    for n, (number, status) in enumerate(
        [(own_card(104), 0), (DECLINED, 1), (WRONG_DIGIT, 2), (own_card(105)[:-1], 2)]
    ):
        await typist.scan(3_000 + n)
        order = ("pay", typist.slip["barcode"], "--expiry", "12/49", "--card")
        shown = await stack.sansha(*order, number)
        assert (shown.status, "list of processes" in shown.err, "visa/approved" in shown.err) == (2, True, True)
        done = await stack.sansha(*order, "-", typed=f"{number}\n")
        assert done.status == status, (done.out, done.err)
        said += shown.err + done.out + done.err
        typed.append(number)
    await stack.stop()

    numbers = [*TEST_CARDS, *typed]
    assert numbers_in(typist.answered, numbers) == []
    assert numbers_in((said + stack.said).encode(), numbers) == []
    assert found_in_files(stack.data, numbers) == []
    assert sum(log.stat().st_size for log in (stack.data / "logs").iterdir()) > 0
