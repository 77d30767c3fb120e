"""What a check says of what it looked at: each can fail, for a cause that is planted here."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import to_builtins

from contracts.access_log import FIRST_MARK, Access, Checkpoint, Entry, chained, checkpoint_text
from contracts.duties.duty import RecordKind
from contracts.duties.items import TOLD, items_of
from contracts.http.duties import DutyRecordView
from contracts.http.payment_provider.receipt_files import RecordedAccess
from contracts.http.service import Confinement, Protections
from contracts.http.ward.terminal import ReceivedFileView, StepView
from contracts.signatures import public_key_of, signature_of
from contracts.topics import PAYMENT_PROVIDER, WARD
from services.chassis.bus.port import Message, TopicPartition
from services.chassis.bus.sqlite_groups import GroupsFile, readers_in
from services.chassis.protections import confinement
from services.console.backup.making import pack
from services.console.duties.checks import access_logs, backing_up, bus, collecting, network, operating, terminal
from services.console.duties.fields import requested
from services.console.duties.words import Said

AT = datetime(2021, 8, 2, 1, tzinfo=UTC)
EVERYTHING = Said("要求", "requests")


# ---- the access log


def log(length: int = 3) -> list[Entry]:
    reads = [Access(AT, "suzuki", ("auditor",), "GET /slips", (f"slip:{n}",), "監査") for n in range(length)]
    return list(chained(reads, lambda: bytes(16)))


KEY, DAY = bytes(32), AT.date()


def checkpoint(number: int, mark: str, key: bytes = KEY, on: date = DAY) -> Checkpoint:
    signature = signature_of(key, checkpoint_text(PAYMENT_PROVIDER, on, number, mark))
    return Checkpoint(PAYMENT_PROVIDER, on, number, mark, public_key_of(key), signature)


def test_a_whole_log_holds_and_tells_how_long_it_is() -> None:
    found = access_logs.judge(log(), [checkpoint(2, log()[1].mark)])
    assert (found.holds, found.said.english.split(",")[0]) == (True, "3 entries")
    assert "others hold: 1," in found.said.english


def test_an_entry_removed_from_the_log_is_found() -> None:
    found = access_logs.judge([entry for entry in log() if entry.number != 2], [])
    assert found.holds is False
    assert "entry 2 is missing" in found.said.english


def test_a_log_that_was_written_anew_differs_from_what_others_hold() -> None:
    former, anew = checkpoint(2, FIRST_MARK.hex()), checkpoint(2, log()[1].mark)
    held = [
        DutyRecordView(
            party=party,
            kind=RecordKind.ACCESS_LOG_CHECKPOINTED,
            record_id="c",
            contractor=PAYMENT_PROVIDER,
            at=AT,
            content=to_builtins(kept),
        )
        for party, kept in ((WARD, former), ("card_agent.uc", former), (PAYMENT_PROVIDER, anew))
    ]
    assert access_logs.held_by_others(PAYMENT_PROVIDER, held) == [former], "its own could be rewritten with the log"
    assert access_logs.judge(log(), [former]).holds is False
    assert access_logs.judge(log(), [anew, former]).holds is False


def test_a_checkpoint_that_another_key_signed_is_found() -> None:
    later = checkpoint(3, log()[2].mark, bytes(31) + b"\1", AT.date() + timedelta(days=1))
    found = access_logs.judge(log(), [checkpoint(2, log()[1].mark), later])
    assert (found.holds, "is not signed with the key" in found.said.english) == (False, True)


# ---- the terminal


def access(outcome: str = "admitted", **other: Any) -> RecordedAccess:
    shown = {"terminal_user": "suzuki", "certificate": "ab" * 32, "what": "login", "outcome": outcome, "at": AT}
    return RecordedAccess.model_validate({**shown, **other})


@pytest.mark.parametrize(
    ("accesses", "knock", "holds"),
    [
        ([access(), access("no_certificate", certificate="")], "", True),
        ([access(certificate="")], "", False),
        ([access(terminal_user="")], None, False),
        ([access()], "HTTP 401", False),
    ],
)
def test_a_terminal_is_admitted_by_certificate_and_user_alone(
    accesses: list[RecordedAccess], knock: str | None, holds: bool
) -> None:
    assert terminal.judge_accesses(accesses, knock).holds is holds


def step(name: str, user: str = "suzuki", file: str = "") -> StepView:
    return StepView(step=name, file_name=file, terminal_user=user, at=AT)


def test_who_received_data_had_logged_in() -> None:
    assert terminal.judge_steps([step("deleted", file="a"), step("logged_in")]).holds is True
    stranger = terminal.judge_steps([step("deleted", "mallory", "a"), step("logged_in")])
    assert (stranger.holds, "mallory" in stranger.said.english) == (False, True)
    assert terminal.judge_steps([]).holds is None


def test_a_registered_file_whose_copy_was_not_deleted_is_found() -> None:
    file = ReceivedFileView(
        name="SHUNO20210801.txt",
        sha256="0",
        size=1,
        line="lgwan",
        times_received=1,
        begun_at=AT,
        arrives_at=AT,
        records=1,
        amount=1,
        new=1,
        registered_at=AT,
    )
    assert terminal.judge_copies([file], [step("deleted", file=file.name)]).holds is True
    left = terminal.judge_copies([file], [step("logged_in")])
    assert (left.holds, file.name in left.said.english) == (False, True)
    assert terminal.judge_copies([file.model_copy(update={"registered_at": None})], []).holds is True


# ---- collecting


def test_a_field_that_nobody_was_told_of_is_found() -> None:
    assert collecting.judge_fields({"amount", "paid_at"}, EVERYTHING).holds is True
    found = collecting.judge_fields({"amount", "date_of_birth"}, EVERYTHING)
    assert (found.holds, found.said.english.endswith("date_of_birth")) == (False, True)


def test_the_fields_of_a_request_are_found_wherever_they_stand() -> None:
    inner = {"properties": {"religion": {"type": "string"}}, "examples": [{"properties": {"no": {}}}]}
    body = {
        "content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/In"}}}}
    }
    document = {
        "paths": {"/x": {"post": {"requestBody": body, "parameters": [{"name": "page"}, {"name": "Idempotency-Key"}]}}},
        "components": {"schemas": {"In": inner}},
    }
    assert requested(document) == {"religion", "page"}


def terms(*items: str) -> dict[str, Any]:
    return {
        "terms_version": "2021-04",
        "purpose": {"japanese": "収納", "english": "collection"},
        "text": [{}],
        "items": [{"name": {"english": name}} for name in items],
    }


def test_an_item_that_the_terms_leave_out_is_found() -> None:
    told = [item.name for item in TOLD]
    assert collecting.judge_terms(WARD, terms(*told)).holds is True
    found = collecting.judge_terms(PAYMENT_PROVIDER, terms(*told[1:], "bank"))
    assert found.holds is (told[0] not in {item.name for item in items_of(PAYMENT_PROVIDER)})
    assert collecting.judge_terms(WARD, terms(*told[1:])).said.english.endswith(told[0])
    assert collecting.judge_terms(WARD, {"terms_version": "1"}).said.english.endswith("text, purpose, items")


# ---- the bus


def test_a_reader_that_is_no_party_of_the_contract_is_found(tmp_path: Path) -> None:
    assert bus.judge_readers(PAYMENT_PROVIDER, readers_in(tmp_path), []).holds is True
    groups = GroupsFile(tmp_path / "groups.sqlite")
    groups.set_offsets(WARD, {TopicPartition("payment_provider.receipts", 0): 1})
    assert bus.judge_readers(PAYMENT_PROVIDER, readers_in(tmp_path), [WARD]).holds is True
    groups.set_offsets("analytics", {TopicPartition("payment_provider.receipts", 0): 1})
    groups.close()
    found = bus.judge_readers(PAYMENT_PROVIDER, readers_in(tmp_path), [])
    assert (found.holds, "analytics → payment_provider.receipts" in found.said.english) == (False, True)
    assert bus.judge_readers("card_agent.uc", readers_in(tmp_path), []).holds is True, "none of its topics"
    assert bus.judge_readers("card_agent.uc", [], ["card_agent.uc", "broker"]).holds is False


def message(value: bytes, key: str = "k", **headers: bytes) -> Message:
    return Message("payment_provider.receipts", 0, 7, key, value, tuple(headers.items()))


@pytest.mark.parametrize(
    "clear",
    [
        message(b'{"slip_number":"001044103000123450100"}'),
        message(b"\x00\x01sealed\xff", key="001044103000123450100"),
        message(b"\x00\x01sealed\xff", ce_subject=b"0000000123"),
        message(b"0000000123"),
    ],
)
def test_a_message_that_can_be_read_in_clear_is_found(clear: Message) -> None:
    payment = "01980000-5a7e-8000-8000-000000000001"
    sealed = message(b"\x00\x01sealed\xff", payment, ce_id=b"0000000123", ce_subject=payment.encode())
    assert bus.judge_sample([sealed], 1).holds is True
    found = bus.judge_sample([sealed, clear], 1)
    assert found.holds is False
    assert "1 of 2 messages" in found.said.english
    assert "partition 0, offset 7" in found.said.english
    assert bus.judge_sample([], 1).holds is None
    assert [bus.judge_word(word).holds for word in (True, False)] == [True, False]


# ---- operating


def exposition(**values: str) -> str:
    lines = {f"sansha_{name}": "0.0" for name in ("outbox_due", "dead_letters")}
    lines |= {'sansha_outage{what="bus"}': "0.0", 'sansha_consumer_lag{topic="t"}': "0.0"}
    lines |= {f"sansha_{name}": value for name, value in values.items()}
    return "\n".join(f"{name} {value}" for name, value in lines.items())


def test_what_a_monitor_cannot_see_is_found() -> None:
    assert operating.judge_monitored(200, exposition()).holds is True
    assert operating.judge_monitored(503, exposition()).holds is True, "it says that something waits"
    assert operating.judge_monitored(500, exposition()).holds is False
    assert operating.judge_monitored(200, exposition(dead_letters="NaN")).said.english.endswith("sansha_dead_letters")
    assert operating.judge_monitored(200, "").holds is False


def test_a_copy_of_a_database_beside_it_is_found(tmp_path: Path) -> None:
    for name in ("ward.db", "payment_provider.db"):
        (tmp_path / name).write_bytes(b"SQLite format 3\0 and more")
    (tmp_path / "up.log").write_text("no database")
    assert operating.judge_copies(WARD, tmp_path).holds is True
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "payment_provider-for-me.bin").write_bytes(b"SQLite format 3\0 and more")
    found = operating.judge_copies(PAYMENT_PROVIDER, tmp_path)
    assert (found.holds, found.said.english.endswith("desk/payment_provider-for-me.bin")) == (False, True)
    assert operating.judge_copies(WARD, tmp_path).holds is True, "it bears another party's name"


def test_a_backup_that_cannot_be_restored_is_found(tmp_path: Path) -> None:
    keys, to, dump = tmp_path / "keys", tmp_path / "backups", tmp_path / "ward.dump"
    assert backing_up.judge_backups(keys, to).said.english.startswith("no backup has been made")
    dump.write_bytes(b"a ledger")
    made = pack([dump], to, keys)
    found = backing_up.judge_backups(keys, to)
    assert (found.holds, "1 files of 8 bytes" in found.said.english) == (True, True)
    assert backing_up.judge_backups(keys, tmp_path / "elsewhere").holds is None
    altered = made / "ward.dump.enc"
    altered.write_bytes(altered.read_bytes()[:-1] + b"x")
    found = backing_up.judge_backups(keys, to)
    assert (found.holds, "was altered" in found.said.english) == (False, True)


# ---- the network


CONTAINED = Confinement(read_only=True, capabilities=0, no_new_privileges=True, memory_bytes=2**28, processes=128)
IN_CONTAINERS = Protections(
    http="named_peers",
    http_peers=("console", "gateway"),
    bus="password_over_tls",
    database="verified",
    sealed=True,
    confinement=CONTAINED,
)


@pytest.mark.parametrize("weak", [{"http": "plain"}, {"http": "tls"}, {"bus": "password"}, {"database": "tls"}])
def test_a_hop_that_authenticates_nobody_is_found(weak: dict[str, str]) -> None:
    assert network.judge_peers(IN_CONTAINERS).holds is True
    found = network.judge_peers(IN_CONTAINERS.model_copy(update=weak))
    assert (found.holds, next(iter(weak.values())) in found.said.english) == (False, True)
    here = {"http": "loopback", "bus": "own_files", "database": "own_file"}
    assert network.judge_peers(IN_CONTAINERS.model_copy(update=here)).holds is None


@pytest.mark.parametrize(
    "loose",
    [
        {"read_only": False},
        {"capabilities": 2**21},
        {"no_new_privileges": False},
        {"memory_bytes": None},
        {"processes": None},
    ],
)
def test_a_container_that_may_do_more_than_it_needs_is_found(loose: dict[str, Any]) -> None:
    assert network.judge_confinement(CONTAINED).holds is True
    assert network.judge_confinement(CONTAINED.model_copy(update=loose)).holds is False
    assert network.judge_confinement(None).holds is None


def test_what_linux_lets_a_process_do_is_read_from_its_files(tmp_path: Path) -> None:
    assert confinement(tmp_path) is None
    for name, text in {
        ".dockerenv": "",
        "proc/self/status": "CapInh:\t0\nCapEff:\t00000000a80425fb\nNoNewPrivs:\t1\n",
        "sys/fs/cgroup/memory.max": "268435456\n",
        "sys/fs/cgroup/pids.max": "max\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = confinement(tmp_path)
    assert found == Confinement(
        read_only=False, capabilities=0xA80425FB, no_new_privileges=True, memory_bytes=2**28, processes=None
    )
