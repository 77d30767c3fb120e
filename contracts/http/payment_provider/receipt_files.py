"""乙: receipt files (収納データファイル) for the ward's terminal."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from contracts.http.bodies import (
    Body,
    InstantOfTime,
)


class ReceiptFilesRequest(Body):
    """収納データファイル作成: create the next file that is due, if any."""


class ReceiptFilesAnswer(Body):
    """The name of the file that was created; null if none is due."""

    made: str | None


class TerminalAccess(Body):
    """接続記録: one request of a terminal."""

    terminal_user: str
    certificate: str
    """SHA-256 of the client certificate."""
    what: str
    outcome: str


class RecordedAccess(TerminalAccess):
    """接続記録: a request of a terminal, with the instant at which it was recorded."""

    at: InstantOfTime


class TerminalSession(Body):
    """ログイン: the terminal sends `session` with each further request, besides certificate, user ID and password."""

    session: str
    valid_until: InstantOfTime


class ReceiptFileView(Body):
    """A receipt file (収納データファイル) that can be fetched."""

    name: Annotated[str, Field(examples=["SHUNO20210701.txt"])]
    day: date
    """データ作成日 of its records."""
    layout: str
    records: int
    amount: int
    """Yen of all its records, of every kind."""
    size: int
    """Bytes."""
    sha256: str
    made_at: InstantOfTime
    kept_until: InstantOfTime
