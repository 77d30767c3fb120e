"""消去: three months after its fiscal year, what leads to a person is gone at 乙 and 丙, and the books still agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from contracts import topics
from contracts.access_log import broken
from contracts.duties.certificates import certificate_text
from contracts.duties.duty import RecordKind
from contracts.events import ErasureCertified
from contracts.http.duties import ErasureRequest
from contracts.http.payment_provider.anomalies import ReceiptAnomalyRequest
from contracts.http.payment_provider.receipt_files import ReceiptFilesRequest
from contracts.parties import PARTIES, PAYMENT_PROVIDER, WARD
from contracts.sealing import periods
from contracts.signatures import is_signed
from contracts.vocabulary import Agent, Method, ReceiptAnomaly, Refusal
from services.chassis.bus.port import Record
from services.chassis.duties.register import Registered, Wanted
from services.chassis.erasure.by_hand import listed
from services.chassis.service import Service
from services.console.books.audit import audit
from services.console.books.trial_balance import position
from services.console.keys import key_settings, make_folder_of_keys
from services.console.payers.paying import expect
from services.console.payers.plan import PlannedPayment
from services.console.sandbox.channels import payers_of
from services.console.sandbox.sandbox import Sandbox
from tests.scenarios.searched import found_in_files, found_on_bus
from tests.scenarios.town import CLERK, Town, a_march, at, tokens_of

MONTHS = tuple(p for p in periods() if "2021-12" <= p <= "2023-12")
CONTRACTORS = tuple(party for party in PARTIES if party != WARD)


def kept(**more: Any) -> dict[str, dict[str, Any]]:
    return {party: {"duties": "kept", **more} for party in PARTIES}


async def records(service: Service, kind: RecordKind) -> list[Registered]:
    return [*reversed(await service.duty_records(Wanted(kind)))]


@pytest.fixture
def sealed(tmp_path: Path) -> dict[str, dict[str, Any]]:
    make_folder_of_keys(tmp_path / "keys", MONTHS)
    return {party: {**kept()[party], **key_settings(tmp_path / "keys", party)} for party in PARTIES}


def contractors_of(sandbox: Sandbox) -> list[Service]:
    return [service for service in sandbox.services if service.principal != WARD]


async def test_after_the_set_date_no_byte_at_a_contractor_leads_to_a_person(
    tmp_path: Path, sealed: dict[str, dict[str, Any]]
) -> None:
    data = tmp_path / "data"
    async with Sandbox(at(3, 14), seed=7, folder=data, overrides=sealed) as sandbox:
        town = await a_march(sandbox)
        await sandbox.advance(at(4, 20))
        new = await town.slip("0000000201")
        town.numbers -= {new.slip_number, new.barcode or "", "0000000201"}
        await sandbox.advance(at(6, 29))
        before, books = found_in_files(data, town.numbers), await sandbox.books()
        for number in town.numbers - {n for n in town.numbers if n.startswith("00000001")}:
            assert f"{PAYMENT_PROVIDER}.db" in {n.removesuffix("-wal") for n in before[number]}, number
        tokens = await tokens_of(sandbox)
        for service in contractors_of(sandbox)[1:]:
            assert await found_on_bus(sandbox.bus, service, tokens, outside=False), (
                "an agent can read what it was asked"
            )

        await sandbox.advance(at(7, 1))
        for service in contractors_of(sandbox):
            assert found_in_files(data, town.numbers | tokens, of=service.principal) == {}, service.principal
            assert await found_on_bus(sandbox.bus, service, town.numbers) == {}, service.principal
            assert await found_on_bus(sandbox.bus, service, tokens, outside=False) == {}, service.principal
        assert found_in_files(data, town.cards) == {}
        assert found_in_files(data / "bus", town.numbers) == {}, "it is sealed"

        after = await sandbox.books()
        assert audit(after) == audit(books)
        assert audit(after).conserved
        assert position(after) == position(books)
        assert await sandbox.ward.queries.open_items() == []


async def test_the_books_an_explanation_and_the_access_log_say_what_is_still_known(tmp_path: Path) -> None:
    async with Sandbox(at(3, 14), seed=7, folder=tmp_path, overrides=kept()) as sandbox:
        town = await a_march(sandbox)
        by_card = town.payments["0000000101"]
        told = (await sandbox.provider.queries.explain([by_card]))[by_card]
        await sandbox.advance(at(7, 1))
        for service in sandbox.services:
            async with service.reading() as session:
                log = await service.access_log.entries(session)
            assert broken(log) == []
            assert [entry.is_erased for entry in log] == [service.principal != WARD] * len(log) != []
        refused = await sandbox.provider.queries.payment(by_card)
        assert isinstance(refused, Refusal)
        assert (refused.code, "erased on 2022-06-30" in refused.detail) == ("payment_erased", True)
        assert await sandbox.provider.queries.payments([*town.payments.values()]) == []
        for service in (sandbox.provider, sandbox.agents[Agent.UC]):
            (last,) = (await service.queries.explain([by_card]))[by_card].steps[-1:]
            assert (last.event, last.at) == ("消去 erased", at(6, 30, 3))
        steps = (await sandbox.provider.queries.explain([by_card]))[by_card].steps
        assert [(step.event, step.at) for step in steps[: len(told.steps)]] == [(s.event, s.at) for s in told.steps]
        assert not any(number in step.detail for step in steps for number in town.numbers)
        day = date(2022, 4, 30)
        then = (await sandbox.agents[Agent.UC].queries.explain([town.payments["0000000105"]], on=day)).values()
        assert [step.detail for step in next(iter(then)).steps] == ["a card, ¥8,500", "消去済 erased"]


async def test_a_certificate_is_signed_for_the_responsible_person_and_the_ward_accepts_it() -> None:
    async with Sandbox(at(3, 14), seed=7, overrides=kept()) as sandbox:
        await a_march(sandbox)
        await sandbox.advance(at(6, 29))
        due = await records(sandbox.provider, RecordKind.ERASURE_DUE)
        assert [(one.record.record_id, one.record.due_on) for one in due] == [
            (f"{PAYMENT_PROVIDER}/2022-03-31/1", date(2022, 6, 30)),
        ]
        assert await records(sandbox.provider, RecordKind.ERASURE_CERTIFIED) == []
        await sandbox.advance(at(7, 8))
        for service in contractors_of(sandbox):
            (certified,) = await records(service, RecordKind.ERASURE_CERTIFIED)
            certificate = msgspec.convert(certified.content, ErasureCertified)
            assert certificate.certificate_id == f"{service.principal}/2022-03-31/1/1"
            assert is_signed(certificate.public_key, certificate.signature, certificate_text(certificate))
            (named,) = (await records(service, RecordKind.HANDLERS_NAMED))[:1]
            assert certificate.responsible == named.content["handlers"][0][0]
            counts = {kind.name: kind.count for kind in certificate.kinds}
            assert counts["支払"] == {PAYMENT_PROVIDER: 7, "card_agent.jcb": 1, "card_agent.uc": 3}[service.principal]
            (checked,) = await records(service, RecordKind.ERASURE_CHECKED)
            assert (checked.record.holds, checked.content["why"]) == (True, "")
        erasures = await listed_of(sandbox.provider)
        assert [(e.due_on, e.erased_at, e.finished_at, e.certificates) for e in erasures] == [
            (date(2022, 6, 30), at(6, 30, 3), at(6, 30, 3), 1),
        ]


async def listed_of(service: Any) -> Any:
    async with service.reading() as session:
        return await listed(session, service.erasing)


async def test_what_is_not_settled_is_kept_named_and_erased_by_a_further_one(tmp_path: Path) -> None:
    async with Sandbox(at(3, 14), seed=7, folder=tmp_path, overrides=kept()) as sandbox:
        town = Town(sandbox)
        anomaly = ReceiptAnomalyRequest(kind=ReceiptAnomaly.NEVER_CONFIRMED, next=1)
        expect(await sandbox.provider.commands.inject_anomaly(anomaly))
        unconfirmed = await town.pays("0000000101", Method.CONVENIENCE_STORE)
        settled = await town.pays("0000000102", Method.CONVENIENCE_STORE)
        await sandbox.advance(at(7, 1))
        (first,) = await records(sandbox.provider, RecordKind.ERASURE_CERTIFIED)
        assert (first.content["kept_count"], first.content["kept"]) == (1, [town.payments["0000000101"]])
        paid = expect(await sandbox.provider.queries.payment(town.payments["0000000101"]))
        assert paid.slip_number == unconfirmed.slip_number
        assert found_in_files(tmp_path, [settled.slip_number], of=PAYMENT_PROVIDER) == {}
        await sandbox.advance(at(9, 1))
        certified = await records(sandbox.provider, RecordKind.ERASURE_CERTIFIED)
        assert [(c.content["due_on"], c.content["kept_count"]) for c in certified] == [
            ("2022-06-30", 1), ("2022-07-31", 1), ("2022-08-31", 1)
        ]  # fmt: skip


class Crash(BaseException):
    """Ends a party as a kill would."""


@dataclass
class CrashOnce:
    point: str
    nth: int = 1

    def reached(self, point: str) -> None:
        if point == self.point:
            self.nth -= 1
            if self.nth == 0:
                raise Crash


@pytest.mark.parametrize("point", ["transaction.committed", "erasure.made_real", "wave.committed", "outbox.sent"])
async def test_a_crash_on_the_day_leaves_one_erasure_and_one_certificate(tmp_path: Path, point: str) -> None:
    async with Sandbox(at(3, 14), seed=7, folder=tmp_path, overrides=kept()) as sandbox:
        town = await a_march(sandbox)
        await sandbox.advance(at(6, 30, 2))
        await sandbox.restart(PAYMENT_PROVIDER, CrashOnce(point, nth=2 if point == "transaction.committed" else 1))
        crashes = 0
        while True:
            try:
                await sandbox.advance(at(7, 8))
                break
            except Crash:
                crashes += 1
                await sandbox.restart(PAYMENT_PROVIDER)
        assert crashes == 1
        assert found_in_files(tmp_path, town.numbers, of=PAYMENT_PROVIDER) == {}
        assert len(await records(sandbox.provider, RecordKind.ERASURE_CERTIFIED)) == 1
        (checked,) = [
            c
            for c in await records(sandbox.ward, RecordKind.ERASURE_CHECKED)
            if c.record.contractor == PAYMENT_PROVIDER
        ]
        assert checked.record.holds
        assert audit(await sandbox.books()).conserved


class Broken:
    """What no retry mends by itself, at one point, this many times."""

    def __init__(self, times: int) -> None:
        self.times = times

    def reached(self, point: str) -> None:
        if point == "erasure.made_real" and self.times:
            self.times -= 1
            raise RuntimeError("the disk is not as it should be")


async def test_an_erasure_that_could_not_be_finished_is_not_certified_until_it_is(tmp_path: Path) -> None:
    async with Sandbox(at(3, 14), seed=7, folder=tmp_path, overrides=kept()) as sandbox:
        town = await a_march(sandbox)
        await sandbox.advance(at(6, 30, 2))
        await sandbox.restart(PAYMENT_PROVIDER, Broken(times=5))
        await sandbox.advance(at(7, 1))
        assert await records(sandbox.provider, RecordKind.ERASURE_CERTIFIED) == []
        (letter,) = await sandbox.provider.dead_letters()
        refused = await sandbox.provider.replay(letter.id, None)
        assert isinstance(refused, Refusal)
        assert "sansha duties erase" in refused.detail
        (again,) = expect(await sandbox.provider.erase(ErasureRequest())).erasures
        assert (again.finished_at, again.certificates) == (None, 0)
        await sandbox.settle()
        assert len(await records(sandbox.provider, RecordKind.ERASURE_CERTIFIED)) == 1
        assert found_in_files(tmp_path, town.numbers, of=PAYMENT_PROVIDER) == {}


async def test_at_the_contract_s_end_all_that_is_settled_goes_at_once_and_a_scan_begins_anew(tmp_path: Path) -> None:
    async with Sandbox(at(7, 11, year=2021), seed=7, folder=tmp_path) as sandbox:
        town = Town(sandbox)
        slip = await town.pays("0000000101", Method.CONVENIENCE_STORE)
        erase = sandbox.provider.erase
        nothing = await erase(ErasureRequest())
        assert isinstance(nothing, Refusal)
        assert nothing.code == "nothing_to_erase"
        await sandbox.advance(at(4, 10))
        (done,) = expect(await erase(ErasureRequest(end_of_contract=True), "end")).erasures
        assert (done.data_until, done.kinds["支払"], done.kept) == (date(2022, 4, 10), 1, ())
        await sandbox.settle()
        assert found_in_files(tmp_path, town.numbers, of=PAYMENT_PROVIDER) == {}
        (certified,) = await records(sandbox.ward, RecordKind.ERASURE_CERTIFIED)
        assert certified.content["responsible"] == "未選任", "nobody was ever named"
        again = await payers_of(sandbox).pay(PlannedPayment(sandbox.clock.now(), slip, Method.COUNTER))
        assert expect(again).payment_id != town.payments["0000000101"]


async def test_five_years_later_the_ward_s_ledger_names_nobody_and_still_agrees(tmp_path: Path) -> None:
    quick = {party: {"duties": "left"} for party in PARTIES} | {WARD: {"duties": "kept", "ledger_years": 1}}
    async with Sandbox(at(7, 11, year=2021), seed=7, folder=tmp_path, overrides=quick) as sandbox:
        town = Town(sandbox)
        await town.pays("0000000101", Method.CONVENIENCE_STORE)
        twice = await town.pays("0000000102", Method.CONVENIENCE_STORE)
        expect(await payers_of(sandbox).pay(PlannedPayment(sandbox.clock.now(), twice, Method.COUNTER)))
        await town.slip("0000000103")
        await sandbox.advance(at(3, 1, year=2023))
        before, balances = await sandbox.books(), await sandbox.ward.queries.balances()
        assert set(found_in_files(tmp_path, town.numbers, of=WARD)) == town.numbers
        await sandbox.advance(at(4, 1, year=2023))
        assert found_in_files(tmp_path, town.numbers, of=WARD) == {}
        after = await sandbox.books()
        assert (audit(after), position(after)) == (audit(before), position(before))
        assert await sandbox.ward.queries.balances() == balances
        assert len(await sandbox.ward.queries.open_items()) == 0


async def test_content_of_receipt_files_goes_when_its_retention_ends_though_nobody_looks() -> None:
    overrides = {PAYMENT_PROVIDER: {"receipt_file_retention_days": 10}}
    async with Sandbox(at(3, 14), seed=7, overrides=overrides) as sandbox:
        await Town(sandbox).pays("0000000101", Method.CONVENIENCE_STORE)
        await sandbox.advance(at(3, 16))
        centre = sandbox.provider.commands.make_receipt_file
        made = expect(await centre(ReceiptFilesRequest()))
        assert made.made is not None
        parts = text("SELECT count(*) FROM receipt_file_parts")
        for day, left in ((20, 1), (30, 0)):
            await sandbox.advance(at(3, day))
            async with sandbox.provider.reading() as session:
                assert (await session.execute(parts)).scalar_one() == left


async def test_a_later_read_of_an_erased_slip_and_a_dead_letter_about_it_go_with_it(tmp_path: Path) -> None:
    async with Sandbox(at(3, 14), seed=7, folder=tmp_path, overrides=kept()) as sandbox:
        town = Town(sandbox)
        slip = await town.pays("0000000101", Method.CONVENIENCE_STORE)
        await sandbox.advance(at(5, 2))
        other = await town.slip("0000000102")
        for number in (slip.slip_number, other.slip_number):
            await sandbox.provider.record_access(CLERK, "GET /payments", [f"slip:{number}"])
        for about in (town.payments["0000000101"], "another payment"):
            value = f'{{"payment_id":"{about}"}}'.encode()
            await sandbox.bus.produce([Record(topics.timers(PAYMENT_PROVIDER).name, about, value, ())])
        await sandbox.settle()
        assert len(await sandbox.provider.dead_letters()) == 2
        await sandbox.advance(at(7, 1))
        async with sandbox.provider.reading() as session:
            log = await sandbox.provider.access_log.entries(session)
        assert [entry.access.whose for entry in log] == [(), (f"slip:{other.slip_number}",)]
        (letter,) = await sandbox.provider.dead_letters()
        assert letter.value == {"payment_id": "another payment"}
