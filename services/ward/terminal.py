"""端末: the ward's terminal, which fetches receipt files (収納データファイル) and hands them over for registration.

It is a separate device, not part of the service: it fetches from the collection centre over HTTPS, and calls the ward
through `Desk` (its use cases, or its HTTP). What it holds is temporary: a file is deleted once its last record is
registered, or once it proves to be damaged, and each step is recorded at the ward.

A transfer that is cut resumes at the byte it had reached, in this session or in the next. A file's name in the folder
has its checksum, so that two contents are never mixed in one copy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Final

import httpx
from pydantic import TypeAdapter, ValidationError

from contracts.formats import receipt_csv, receipt_file
from contracts.formats.damage import DamagedFile
from contracts.formats.receipt_record import ReceiptRecord
from contracts.http.payment_provider.receipt_files import ReceiptFileView, TerminalSession
from contracts.http.problems import Problem
from contracts.http.ward.terminal import (
    CompletionRequest,
    PageRequest,
    ReceiptItem,
    ReceivedFileView,
    StepRequest,
    TransferAnswer,
    TransferRequest,
)
from contracts.sealing import Unopenable
from contracts.vocabulary import Refusal
from services.chassis.sealing.port import Opener
from services.chassis.web.tls import Tls
from services.ward.desk import Desk
from services.ward.domain.file_records import understood

RECORDS_PER_PAGE: Final = 500
FILES_LOOKED_AT: Final = 10_000
ATTEMPTS: Final = 3
"""How often a session tries a transfer; the next session resumes it."""
PARTIAL_CONTENT: Final = 206
_FILES: Final = TypeAdapter(tuple[ReceiptFileView, ...])


@dataclass(frozen=True, slots=True)
class TerminalKeys:
    """What the terminal authenticates with: certificate, user ID and password."""

    url: str
    user: str
    password: str = field(repr=False)
    ca_file: Path
    certificate_file: Path
    key_file: Path

    def client(self) -> httpx.AsyncClient:
        """A connection to the collection centre. Raises `UnusableTls` for files that cannot be used."""
        context = Tls(self.ca_file, self.certificate_file, self.key_file).client_context()
        return httpx.AsyncClient(base_url=self.url, verify=context, auth=(self.user, self.password), timeout=30.0)


@dataclass(frozen=True, slots=True)
class Fetched:
    """The outcome for one file: `registered`, or the code of what prevented it."""

    name: str
    outcome: str
    detail: str
    records: int = 0
    new: int = 0
    arrives_at: datetime | None = None
    """Until when it is still on the line, if it is."""


class CutOff(Exception):
    """The collection centre does not answer, or the line was cut; the bytes received so far remain."""


class NotAdmitted(Exception):
    """The collection centre refused; the text is its problem document."""


class Terminal:
    """One terminal. `centre` is a client whose requests carry certificate, user ID and password; `opener` has the
    ward's keys.
    """

    def __init__(self, centre: httpx.AsyncClient, desk: Desk, folder: Path, user: str, opener: Opener) -> None:
        self._centre, self._desk, self._folder, self._user = centre, desk, folder, user
        self._opener = opener

    async def pull(
        self, first: date | None = None, last: date | None = None, *, again: bool = False
    ) -> Sequence[Fetched]:
        """Fetch and register the new files of these days, or with `again` all that the centre still has.

        Raises `NotAdmitted`, and `CutOff` if not even the list comes.
        """
        files = await self._log_in_and_list(first, last)
        done = set() if again else {(f.name, f.sha256) for f in await self._registered()}
        return [await self._fetch_and_register(file) for file in files if (file.name, file.sha256) not in done]

    async def _log_in_and_list(self, first: date | None, last: date | None) -> Sequence[ReceiptFileView]:
        try:
            answer = await self._ask("POST", "/login")
        except (CutOff, NotAdmitted) as stopped:
            await self._note("not_logged_in", detail=str(stopped))
            raise
        session = TerminalSession.model_validate_json(answer.content)
        self._centre.headers["Terminal-Session"] = session.session
        await self._note("logged_in", detail=f"until {session.valid_until.isoformat()}")
        days = {"from": first, "to": last}
        answer = await self._ask("GET", "/receipt-files", {k: str(v) for k, v in days.items() if v is not None})
        return _FILES.validate_json(answer.content)

    async def _registered(self) -> Sequence[ReceivedFileView]:
        return [f for f in await self._desk.received_files(FILES_LOOKED_AT) if f.registered_at is not None]

    async def _ask(self, method: str, path: str, parameters: dict[str, str] | None = None) -> httpx.Response:
        try:
            answer = await self._centre.request(method, path, params=parameters)
        except httpx.TransportError as broken:
            raise CutOff(f"the collection centre does not answer ({type(broken).__name__})") from None
        if answer.is_error:
            raise NotAdmitted(_said(answer))
        return answer

    async def _fetch_and_register(self, file: ReceiptFileView) -> Fetched:
        wanted = TransferRequest(name=file.name, size=file.size, sha256=file.sha256, terminal_user=self._user)
        begun = await self._desk.begin_transfer(wanted)
        if isinstance(begun, Refusal):
            return Fetched(file.name, begun.code, f"{begun.detail}; {begun.remedy}")
        copy = self._folder / f"{file.name}.{file.sha256[:16]}.part"
        try:
            await self._receive(file, copy)
        except (CutOff, NotAdmitted) as stopped:
            await self._note("cut", file.name, f"{_size(copy):,} of {file.size:,} bytes received: {stopped}")
            return Fetched(file.name, "cut", str(stopped))
        refusal = _damage(file, copy, self._opener)
        if refusal is not None:
            return await self._refuse(file, copy, refusal)
        return await self._register(file, copy, begun)

    async def _refuse(self, file: ReceiptFileView, copy: Path, refusal: Refusal) -> Fetched:
        """A damaged file: nothing of it is registered, and the copy is deleted."""
        detail = f"{refusal.code}: {refusal.detail}; {refusal.remedy}"
        await self._note("refused", file.name, detail[:1_000])
        await self._delete(file, copy)
        return Fetched(file.name, refusal.code, f"{refusal.detail}; {refusal.remedy}")

    async def _receive(self, file: ReceiptFileView, copy: Path) -> None:
        """Receive all of a file. Raises `CutOff`, with the bytes received so far in `copy`, and `NotAdmitted`."""
        _prepare(copy)
        for attempt in range(1, ATTEMPTS + 1):
            here = _size(copy)
            if here == file.size:
                return
            if here:
                await self._note("resumed", file.name, f"from byte {here + 1:,} of {file.size:,}")
            try:
                await self._receive_rest(file, copy, here)
            except httpx.TransportError as broken:
                if attempt == ATTEMPTS:
                    raise CutOff(f"the line was cut ({type(broken).__name__})") from None
        if _size(copy) != file.size:
            raise CutOff("the collection centre sends fewer or more bytes than it lists")

    async def _receive_rest(self, file: ReceiptFileView, copy: Path, here: int) -> None:
        headers = {"Range": f"bytes={here}-", "If-Range": f'"{file.sha256}"'} if here else {}
        async with self._centre.stream("GET", f"/receipt-files/{file.name}", headers=headers) as answer:
            if answer.is_error:
                await answer.aread()
                raise NotAdmitted(_said(answer))
            with copy.open("ab" if answer.status_code == PARTIAL_CONTENT else "wb") as received:
                async for piece in answer.aiter_raw():
                    received.write(piece)

    async def _register(self, file: ReceiptFileView, copy: Path, begun: TransferAnswer) -> Fetched:
        new = 0
        for page, records in enumerate(_pages(file, copy, self._opener), 1):
            answer = await self._desk.register_page(PageRequest(name=file.name, page=page, records=records))
            if isinstance(answer, Refusal):
                return Fetched(file.name, answer.code, f"{answer.detail}; {answer.remedy}", arrives_at=begun.arrives_at)
            new += answer.new
        done = CompletionRequest(
            name=file.name, day=file.day, records=file.records, amount=file.amount, terminal_user=self._user
        )
        completed = await self._desk.complete_transfer(done)
        if isinstance(completed, Refusal):
            detail = f"{completed.detail}; {completed.remedy}"
            return Fetched(file.name, completed.code, detail, arrives_at=begun.arrives_at)
        await self._delete(file, copy)
        again = "received again: every record was known" if begun.registered_before else ""
        return Fetched(file.name, "registered", again, file.records, new)

    async def _delete(self, file: ReceiptFileView, copy: Path) -> None:
        _remove(copy)
        await self._note("deleted", file.name, "the temporary copy at the terminal")

    async def _note(self, step: str, name: str = "", detail: str = "") -> None:
        await self._desk.record_step(
            StepRequest(step=step, file_name=name, terminal_user=self._user, detail=detail[:1_000])
        )


def _records(file: ReceiptFileView, copy: Path, opener: Opener) -> Iterator[ReceiptRecord]:
    """Opened as it is read: what is on the disk stays sealed."""
    with copy.open("rb") as received:
        content = opener.open_file(file.name, received)
        yield from receipt_file.records(content) if file.layout == "fixed" else receipt_csv.read(content)


def _items(file: ReceiptFileView, copy: Path, opener: Opener) -> Iterator[ReceiptItem]:
    """The records of a file that was checked before."""
    for number, record in enumerate(_records(file, copy, opener), 1):
        found = understood(record, number)
        assert not isinstance(found, Refusal), "the file was checked before"
        yield ReceiptItem.model_construct(**found._asdict())


def _pages(file: ReceiptFileView, copy: Path, opener: Opener) -> Iterator[tuple[ReceiptItem, ...]]:
    items = _items(file, copy, opener)
    while page := tuple(islice(items, RECORDS_PER_PAGE)):
        yield page


def _damage(file: ReceiptFileView, copy: Path, opener: Opener) -> Refusal | None:
    """Why a received file cannot be registered; it is read to its end before any of it is."""
    remedy = "have the collection centre (収納センター) look at it, then fetch it again"
    records = amount = 0
    try:
        for records, record in enumerate(_records(file, copy, opener), 1):
            amount += record.amount
            if isinstance(found := understood(record, records), Refusal):
                return found
    except DamagedFile as damage:
        return Refusal("receipt_file_damaged", f"{damage.code} at {damage}", remedy)
    except Unopenable as sealed:
        return Refusal("receipt_file_unopenable", f"it is sealed and cannot be opened: {sealed}", remedy)
    if (records, amount) != (file.records, file.amount):
        wrong = f"{records} records of ¥{amount:,} received, {file.records} of ¥{file.amount:,} listed"
        return Refusal("receipt_file_damaged", wrong, remedy)
    with copy.open("rb") as content:
        found_sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    if found_sha256 != file.sha256:
        return Refusal("receipt_file_damaged", f"its SHA-256 is {found_sha256}, not {file.sha256}", remedy)
    return None


def _prepare(copy: Path) -> None:
    """Make the copy's file, readable by its owner alone. Deletes copies of other content under the file's name."""
    copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = copy.name.rsplit(".", 2)[0]
    for other in copy.parent.glob(f"{name}.*.part"):
        if other != copy:
            other.unlink(missing_ok=True)
    copy.touch(mode=0o600)


def _remove(copy: Path) -> None:
    copy.unlink(missing_ok=True)


def _size(copy: Path) -> int:
    return copy.stat().st_size if copy.exists() else 0


def _said(answer: httpx.Response) -> str:
    with suppress(ValidationError):
        problem = Problem.model_validate_json(answer.content)
        return f"{problem.code}: {problem.detail}; {problem.remedy}"
    return f"HTTP {answer.status_code} without problem details"
