"""収納センター: the receipt files, and what terminals ask of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from functools import cached_property, partial

from contracts.http.payment_provider.receipt_files import (
    ReceiptFilesAnswer,
    ReceiptFilesRequest,
    ReceiptFileView,
    RecordedAccess,
    TerminalAccess,
)
from contracts.vocabulary import Refusal
from services.chassis.commands import Command
from services.chassis.service import Service
from services.payment_provider import store
from services.payment_provider.domain.receipt_files import FileTerms
from services.payment_provider.domain.terminal_access import TerminalTerms
from services.payment_provider.handlers.make_receipt_files import make_receipt_files
from services.payment_provider.handlers.record_terminal_access import record_terminal_access
from services.payment_provider.settings import Settings
from services.payment_provider.views import access_view, receipt_file_view


class ReceiptFiles(Service):
    """The part of 乙 that makes receipt files and keeps them for terminals."""

    settings: Settings

    @cached_property
    def _file_terms(self) -> FileTerms:
        s = self.settings
        return FileTerms(
            layout=s.receipt_file_layout,
            made_at=s.receipt_file_time,
            when_empty=s.receipt_file_when_empty,
            prefix=s.receipt_file_prefix,
            retention=timedelta(days=s.receipt_file_retention_days),
            agency_code=s.receipt_file_agency_code,
            company_names=s.receipt_file_company_names,
        )

    @cached_property
    def terminal_terms(self) -> TerminalTerms:
        """Whom the listener of the receipt files admits."""
        s = self.settings
        return TerminalTerms(
            user=s.terminal_user,
            password=s.terminal_password.get_secret_value(),
            certificate=s.terminal_certificate_sha256,
            session_lifetime=timedelta(minutes=s.terminal_session_minutes),
            secret=self.secret,
        )

    @cached_property
    def _make_file(self) -> Command[ReceiptFilesRequest, ReceiptFilesAnswer]:
        handler = partial(make_receipt_files, terms=self._file_terms)
        return Command("make_receipt_file", handler, ReceiptFilesAnswer, lambda r: ("receipt files",))

    @cached_property
    def _record_access(self) -> Command[TerminalAccess, RecordedAccess]:
        return Command("record_terminal_access", record_terminal_access, RecordedAccess, lambda r: ())

    async def receipt_files(self, first: date | None = None, last: date | None = None) -> Sequence[ReceiptFileView]:
        """収納データファイル that can be fetched, of these days; those that are due are made first."""
        await self._make_due_files()
        async with self.reading() as session:
            rows = await store.list_receipt_files(session, first, last, self.clock.now())
        return [receipt_file_view(row) for row in rows]

    async def _make_due_files(self) -> None:
        while True:
            answer = await self.execute(self._make_file, ReceiptFilesRequest())
            if isinstance(answer, Refusal) or answer.made is None:
                break

    async def receipt_file(self, name: str) -> ReceiptFileView | Refusal:
        """One of them."""
        await self._make_due_files()
        async with self.reading() as session:
            row = await store.find_receipt_file(session, name)
        if row is None:
            return Refusal(
                "receipt_file_unknown", f"there is no receipt file {name!r}", "list them: GET /receipt-files"
            )
        if row.kept_until <= self.clock.now():
            over = f"{name} was kept until {row.kept_until:%Y-%m-%dT%H:%M}Z"
            return Refusal("receipt_file_no_longer_kept", over, "ask the collection centre (収納センター) in writing")
        return receipt_file_view(row)

    async def receipt_file_content(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        """A file's bytes from `start` up to, not with, `end`: a part at a time, none of them held longer."""
        while start < end:
            async with self.reading() as session:
                part = await store.part_at(session, name, start)
            assert part is not None, "a file that is kept has all its parts"
            piece = part.content[start - part.starts_at : end - part.starts_at]
            yield piece
            start += len(piece)

    async def record_terminal_access(self, access: TerminalAccess) -> None:
        """接続記録"""
        await self.execute(self._record_access, access)

    async def terminal_accesses(self, limit: int) -> Sequence[RecordedAccess]:
        """接続記録: who asked for what, the latest first."""
        async with self.reading() as session:
            return [access_view(row) for row in await store.list_accesses(session, limit)]
