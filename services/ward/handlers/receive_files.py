"""収納データファイル受信・登録: what the terminal fetched, registered once, and every step of it recorded.

The line decides when: it carries one file after the other, and nothing of a file can be registered before all of it
has arrived.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time, timedelta
from typing import Any

from contracts.events import ReceiptDelivered
from contracts.http.ward.terminal import (
    CompletionRequest,
    PageAnswer,
    PageRequest,
    ReceiptItem,
    StepRequest,
    StepView,
    TransferAnswer,
    TransferRequest,
)
from contracts.vocabulary import Refusal, Yen, business_date, on_the_clock
from services.chassis.transaction import Transaction
from services.chassis.waves import waves
from services.ward import store
from services.ward.domain.line import Lines
from services.ward.domain.receipts import JAPANESE, Discrepancy
from services.ward.handlers.register_receipts import register_receipts
from services.ward.handlers.statements_expected import StatementWatch


async def begin_transfers(
    requests: Sequence[TransferRequest], tx: Transaction, *, lines: Lines
) -> Sequence[TransferAnswer | Refusal]:
    """受信開始. A file that was registered before may come again: that is noticed, and its records are known."""
    known = await store.lock_received_files(tx.session, {r.name for r in requests})
    return [await _begin(request, known.get(request.name), tx, lines) for request in requests]


async def _begin(request: TransferRequest, known: Any, tx: Transaction, lines: Lines) -> TransferAnswer | Refusal:
    if known is not None and known.sha256 != request.sha256 and await _is_registered(known, tx):
        wrong = f"{request.name} was received with other content (SHA-256 {known.sha256[:16]}…)"
        await _note(tx, "differs", request, wrong)
        return Refusal(
            "receipt_file_differs", wrong, "ask the collection centre (収納センター) which of the two is right"
        )
    if known is not None and known.registered_at is None and known.sha256 == request.sha256:
        return _answer(known)
    if not lines.is_open(tx.now):
        opens = lines.next_opening(tx.now)
        wrong = f"the line ({lines.on(business_date(tx.now)).name}) is closed now"
        return Refusal("line_closed", wrong, f"it opens at {opens.isoformat()}; fetch the file then")
    free_from = await store.line_busy_until(tx.session) or tx.now
    row = {
        "name": request.name,
        "sha256": request.sha256,
        "size": request.size,
        "line": lines.on(business_date(tx.now)).name,
        "times_received": known.times_received + 1 if known and known.registered_at else 1,
        "begun_at": tx.now,
        "arrives_at": lines.arrival(max(tx.now, free_from), request.size),
        "registered_at": None,
    }
    if known is None:
        await store.add_received_file(tx.session, row)
        await _notice_repetition(request, tx)
    else:
        await store.update_received_file(tx.session, request.name, row)
    await _note(tx, "begun" if known is None else "begun_again", request, f"{request.size:,} bytes by {row['line']}")
    begun = await store.lock_received_files(tx.session, [request.name])
    return _answer(begun[request.name])


async def _is_registered(file: Any, tx: Transaction) -> bool:
    """Whether anything of a file is; one that proved to be damaged may be replaced by what should have come."""
    return file.registered_at is not None or bool(await store.registered_pages(tx.session, file.name))


def _answer(file: Any) -> TransferAnswer:
    again = file.times_received > 1
    return TransferAnswer(name=file.name, line=file.line, arrives_at=file.arrives_at, registered_before=again)


async def _notice_repetition(request: TransferRequest, tx: Transaction) -> None:
    """The same content under another name: its records are registered once all the same, and somebody has to look."""
    others = await store.same_content(tx.session, request.sha256, request.name) if request.size else []
    if others:
        detail = f"{request.name} has the content of {others[0]}; each record is registered once"
        found = Discrepancy("receipt_file_repeated", request.name, others[0], 0, detail)
        await store.add_discrepancies(tx.session, [found], tx.now)


async def register_pages(
    requests: Sequence[PageRequest], tx: Transaction, *, watch: StatementWatch
) -> Sequence[PageAnswer | Refusal]:
    """登録. A page that was registered before is answered as then; a record known by event is not registered twice."""
    files = await store.lock_received_files(tx.session, {r.name for r in requests})
    answers: list[PageAnswer | Refusal] = []
    for request in requests:
        refusal = _not_yet(request.name, files.get(request.name), tx)
        if refusal is not None:
            answers.append(refusal)
            continue
        page = (await store.registered_pages(tx.session, request.name)).get(request.page)
        if page is not None and files[request.name].times_received == 1:
            answers.append(PageAnswer(new=page.new_records, known=page.records - page.new_records))
            continue
        new = await _register(request.records, tx, watch)
        if page is None:
            row = {"name": request.name, "page": request.page, "records": len(request.records), "new_records": new}
            amount = sum(r.amount for r in request.records)
            await store.add_received_page(tx.session, {**row, "amount": amount, "registered_at": tx.now})
            said = {(r.payment_id, r.kind): r for r in request.records}
            rows = [{"payment_id": payment_id, "kind": kind, "name": request.name} for payment_id, kind in said]
            await store.add_received_records(tx.session, rows)
        answers.append(PageAnswer(new=new, known=len(request.records) - new))
    return answers


def _not_yet(name: str, file: Any, tx: Transaction) -> Refusal | None:
    if file is None:
        return Refusal("receipt_file_unknown", f"no transfer of {name} has begun", "begin it: POST /terminal/transfers")
    if tx.now < file.arrives_at:
        wrong = f"the line ({file.line}) carries {name} until {file.arrives_at.isoformat()}"
        return Refusal("receipt_file_on_the_line", wrong, "register it then; the terminal keeps what it has")
    return None


async def _register(items: Sequence[ReceiptItem], tx: Transaction, watch: StatementWatch) -> int:
    """How many of the records were new. Records of one payment are registered one after the other."""
    new = 0
    for wave in waves(items, lambda item: (item.payment_id,)):
        known = await store.records_of(tx.session, {item.payment_id for item in wave})
        new += sum(item.kind not in known[item.payment_id] for item in wave)
        await register_receipts([_event(item) for item in wave], tx, watch=watch)
    return new


def _event(item: ReceiptItem) -> ReceiptDelivered:
    return ReceiptDelivered(**{**dict(item), "amount": Yen(item.amount)})


async def complete_transfers(
    requests: Sequence[CompletionRequest], tx: Transaction
) -> Sequence[TransferAnswer | Refusal]:
    """登録完了: the whole file is registered, to the yen; only then may the terminal delete its copy."""
    files = await store.lock_received_files(tx.session, {r.name for r in requests})
    answers: list[TransferAnswer | Refusal] = []
    for request in requests:
        file = files.get(request.name)
        answers.append(_not_yet(request.name, file, tx) or await _complete(request, file, tx))
    return answers


async def _complete(request: CompletionRequest, file: Any, tx: Transaction) -> TransferAnswer | Refusal:
    pages = (await store.registered_pages(tx.session, request.name)).values()
    records, amount = sum(p.records for p in pages), sum(p.amount for p in pages)
    if (records, amount) != (request.records, request.amount):
        said = f"{request.name} has {request.records} records of ¥{request.amount:,}"
        wrong = f"{said}; registered are {records} of ¥{amount:,}"
        return Refusal("receipt_file_incomplete", wrong, "hand over the pages that are missing")
    answer = _answer(file)
    if file.registered_at is None:
        await store.update_received_file(tx.session, request.name, {"registered_at": tx.now})
        new = 0 if answer.registered_before else sum(p.new_records for p in pages)
        await _note(tx, "registered", request, f"{records} records, ¥{amount:,}; {new} of them new")
        await _find_missing(request, tx)
    return answer


async def _find_missing(request: CompletionRequest, tx: Transaction) -> None:
    """What an event said on a file's day and no file of that day has: somebody has to look."""
    since, before = (on_the_clock(request.day + timedelta(days=n), time(0)) for n in (0, 1))
    missing = [
        Discrepancy(
            "receipt_missing_from_file",
            row.payment_id,
            row.kind,
            row.amount,
            f"the {JAPANESE[row.kind]} of ¥{row.amount:,} that an event told on {request.day} is in no file of it",
        )
        for row in await store.in_no_file(tx.session, since, before)
    ]
    await store.add_discrepancies(tx.session, missing, tx.now)


async def record_steps(requests: Sequence[StepRequest], tx: Transaction) -> Sequence[StepView | Refusal]:
    """作業記録: login, reception, refusal, deletion of the temporary copy."""
    for request in requests:
        await store.add_step(tx.session, {**request.model_dump(), "at": tx.now})
    return [StepView(at=tx.now, **request.model_dump()) for request in requests]


async def _note(tx: Transaction, step: str, about: TransferRequest | CompletionRequest, detail: str) -> None:
    row = {"step": step, "file_name": about.name, "terminal_user": about.terminal_user, "detail": detail}
    await store.add_step(tx.session, {**row, "at": tx.now})
