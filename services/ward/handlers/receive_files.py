"""収納データファイル受信・登録: what the terminal fetched is registered once, and every step of it recorded.

The line carries one file after the other, and nothing of a file can be registered before all of it has arrived.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time, timedelta
from itertools import islice

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
from services.ward.domain.receipts import JAPANESE, Discrepancy
from services.ward.domain.terminal_line import TerminalLines
from services.ward.handlers.register_receipts import register
from services.ward.handlers.statements_expected import StatementWatch
from services.ward.store import discrepancies, received_files, terminal_steps
from services.ward.store.rows import FileRecordKey, StoredFile, StoredFilePage, StoredStep


async def begin_transfers(
    requests: Sequence[TransferRequest], tx: Transaction, *, lines: TerminalLines
) -> Sequence[TransferAnswer | Refusal]:
    """受信開始. A file that was registered before may come again: its records are known then, and that is answered."""
    known = await received_files.lock(tx.session, {r.name for r in requests})
    return [await _begin(request, known.get(request.name), tx, lines) for request in requests]


async def _begin(
    request: TransferRequest, known: StoredFile | None, tx: Transaction, lines: TerminalLines
) -> TransferAnswer | Refusal:
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
    free_from = await received_files.line_busy_until(tx.session) or tx.now
    file = StoredFile(
        name=request.name,
        sha256=request.sha256,
        size=request.size,
        line=lines.on(business_date(tx.now)).name,
        times_received=known.times_received + 1 if known and known.registered_at else 1,
        begun_at=tx.now,
        arrives_at=lines.arrival(max(tx.now, free_from), request.size),
        registered_at=None,
    )
    if known is None:
        await received_files.add(tx.session, file)
        await _report_repetition(request, tx)
    else:
        await received_files.replace(tx.session, file)
    await _note(tx, "begun" if known is None else "begun_again", request, f"{request.size:,} bytes by {file.line}")
    return _answer(file)


async def _is_registered(file: StoredFile, tx: Transaction) -> bool:
    """Whether any record of a file is registered. A damaged file without any may be replaced by another."""
    return file.registered_at is not None or bool(await received_files.pages_of(tx.session, file.name))


def _answer(file: StoredFile) -> TransferAnswer:
    again = file.times_received > 1
    return TransferAnswer(name=file.name, line=file.line, arrives_at=file.arrives_at, registered_before=again)


async def _report_repetition(request: TransferRequest, tx: Transaction) -> None:
    """A known content under another name becomes a discrepancy, although its records are registered once."""
    others = await received_files.same_content(tx.session, request.sha256, request.name) if request.size else []
    if others:
        detail = f"{request.name} has the content of {others[0]}; each record is registered once"
        found = Discrepancy("receipt_file_repeated", request.name, others[0], 0, detail)
        await discrepancies.add(tx.session, [found], tx.now)


async def register_pages(
    requests: Sequence[PageRequest], tx: Transaction, *, watch: StatementWatch
) -> Sequence[PageAnswer | Refusal]:
    """登録. A page registered before is answered as it was; a record known from an event is not registered twice."""
    files = await received_files.lock(tx.session, {r.name for r in requests})
    pages = {r.name: await received_files.pages_of(tx.session, r.name) for r in requests}
    known = [_known(r, files.get(r.name), pages[r.name].get(r.page), tx) for r in requests]
    to_register = [r for r, answer in zip(requests, known, strict=True) if answer is None]
    are_new = iter(await register([_event(item) for r in to_register for item in r.records], tx, watch))
    registered = {id(r): sum(islice(are_new, len(r.records))) for r in to_register}
    for r in to_register:
        if r.page not in pages[r.name]:
            await received_files.add_page(tx.session, _page(r, registered[id(r)], tx))
            keys = {FileRecordKey(item.payment_id, item.kind, r.name) for item in r.records}
            await received_files.add_records(tx.session, sorted(keys))
    return [
        answer or PageAnswer(new=registered[id(r)], known=len(r.records) - registered[id(r)])
        for r, answer in zip(requests, known, strict=True)
    ]


def _known(
    request: PageRequest, file: StoredFile | None, page: StoredFilePage | None, tx: Transaction
) -> PageAnswer | Refusal | None:
    """The answer to a page that cannot be registered, or was; None for one to register."""
    refusal = _not_yet(request.name, file, tx)
    if refusal is None and page is not None and file is not None and file.times_received == 1:
        return PageAnswer(new=page.new_records, known=page.records - page.new_records)
    return refusal


def _page(request: PageRequest, new: int, tx: Transaction) -> StoredFilePage:
    amount = sum(r.amount for r in request.records)
    return StoredFilePage(request.name, request.page, len(request.records), new, amount, tx.now)


def _not_yet(name: str, file: StoredFile | None, tx: Transaction) -> Refusal | None:
    if file is None:
        return Refusal("receipt_file_unknown", f"no transfer of {name} has begun", "begin it: POST /terminal/transfers")
    if tx.now < file.arrives_at:
        wrong = f"the line ({file.line}) carries {name} until {file.arrives_at.isoformat()}"
        return Refusal("receipt_file_on_the_line", wrong, "register it then; do not delete the terminal's copy")
    return None


def _event(item: ReceiptItem) -> ReceiptDelivered:
    return ReceiptDelivered(**{**dict(item), "amount": Yen(item.amount)})


async def complete_transfers(
    requests: Sequence[CompletionRequest], tx: Transaction
) -> Sequence[TransferAnswer | Refusal]:
    """登録完了: the whole file is registered, to the yen; only then may the terminal delete its copy."""
    files = await received_files.lock(tx.session, {r.name for r in requests})
    answers: list[TransferAnswer | Refusal] = []
    for request in requests:
        refusal = _not_yet(request.name, files.get(request.name), tx)
        answers.append(refusal or await _complete(request, files[request.name], tx))
    return answers


async def _complete(request: CompletionRequest, file: StoredFile, tx: Transaction) -> TransferAnswer | Refusal:
    pages = (await received_files.pages_of(tx.session, request.name)).values()
    records, amount = sum(p.records for p in pages), sum(p.amount for p in pages)
    if (records, amount) != (request.records, request.amount):
        said = f"{request.name} has {request.records} records of ¥{request.amount:,}"
        wrong = f"{said}; registered are {records} of ¥{amount:,}"
        return Refusal("receipt_file_incomplete", wrong, "hand over the pages that are missing")
    answer = _answer(file)
    if file.registered_at is None:
        await received_files.save_registered(tx.session, request.name, tx.now)
        new = 0 if answer.registered_before else sum(p.new_records for p in pages)
        await _note(tx, "registered", request, f"{records} records, ¥{amount:,}; {new} of them new")
        await _find_missing(request, tx)
    return answer


async def _find_missing(request: CompletionRequest, tx: Transaction) -> None:
    """A record that came as an event on a file's day and is in no file of that day becomes a discrepancy."""
    since, before = (on_the_clock(request.day + timedelta(days=n), time(0)) for n in (0, 1))
    missing = [
        Discrepancy(
            "receipt_missing_from_file",
            record.payment_id,
            record.kind,
            record.amount,
            f"the {JAPANESE[record.kind]} of ¥{record.amount:,} delivered by event on {request.day} is in no file",
        )
        for record in await received_files.in_no_file(tx.session, since, before)
    ]
    await discrepancies.add(tx.session, missing, tx.now)


async def record_steps(requests: Sequence[StepRequest], tx: Transaction) -> Sequence[StepView | Refusal]:
    """作業記録: login, reception, refusal, deletion of the temporary copy."""
    await terminal_steps.add(tx.session, [StoredStep(at=tx.now, **dict(request)) for request in requests])
    return [StepView(at=tx.now, **dict(request)) for request in requests]


async def _note(tx: Transaction, step: str, about: TransferRequest | CompletionRequest, detail: str) -> None:
    await terminal_steps.add(tx.session, [StoredStep(tx.now, step, about.name, about.terminal_user, detail)])
