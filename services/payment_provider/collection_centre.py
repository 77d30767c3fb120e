"""収納センター: the receipt files (収納データファイル) that terminals fetch. Files that are due are made on request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date

from contracts.http.payment_provider.receipt_files import (
    ReceiptFilesRequest,
    ReceiptFileView,
    RecordedAccess,
    TerminalAccess,
)
from contracts.vocabulary import Refusal
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.payment_provider.commands import Commands
from services.payment_provider.domain.terminal_access import TerminalTerms
from services.payment_provider.queries import receipt_files
from services.payment_provider.views import receipt_file_view


class CollectionCentre:
    """`terms` decide which terminal is admitted; the routes check them before each call."""

    def __init__(self, terms: TerminalTerms, commands: Commands, database: Database, clock: Clock) -> None:
        self.terms, self.clock = terms, clock
        self._commands, self._read = commands, database.read

    async def files(self, first: date | None = None, last: date | None = None) -> Sequence[ReceiptFileView]:
        """Files of these days that can be fetched."""
        await self._make_due_files()
        async with self._read() as session:
            files = await receipt_files.listed(session, first, last, self.clock.now())
        return [receipt_file_view(file) for file in files]

    async def file(self, name: str) -> ReceiptFileView | Refusal:
        """A file that can be fetched."""
        await self._make_due_files()
        async with self._read() as session:
            file = await receipt_files.find(session, name)
        if file is None:
            return Refusal(
                "receipt_file_unknown", f"there is no receipt file {name!r}", "list them: GET /receipt-files"
            )
        if file.kept_until <= self.clock.now():
            over = f"{name} was kept until {file.kept_until:%Y-%m-%dT%H:%M}Z"
            return Refusal("receipt_file_no_longer_kept", over, "ask the collection centre (収納センター) in writing")
        return receipt_file_view(file)

    async def content(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes of a file from `start` up to, not including, `end`; at most a part of the file is in memory."""
        while start < end:
            async with self._read() as session:
                part = await receipt_files.part_at(session, name, start)
            assert part is not None, "a file that is kept has all its parts"
            piece = part.content[start - part.starts_at : end - part.starts_at]
            yield piece
            start += len(piece)

    async def record(self, access: TerminalAccess) -> RecordedAccess:
        """接続記録: the access as it is recorded."""
        recorded = await self._commands.record_terminal_access(access)
        assert not isinstance(recorded, Refusal), "an access is always recorded"
        return recorded

    async def _make_due_files(self) -> None:
        while True:
            answer = await self._commands.make_receipt_file(ReceiptFilesRequest())
            if isinstance(answer, Refusal) or answer.made is None:
                break
