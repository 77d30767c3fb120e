"""Requests of terminals (接続記録)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.http.payment_provider.receipt_files import TerminalAccess
from services.payment_provider.tables import terminal_accesses


async def add(session: AsyncConnection, access: TerminalAccess, at: datetime) -> None:
    await session.execute(insert(terminal_accesses).values(**access.model_dump(), at=at))
