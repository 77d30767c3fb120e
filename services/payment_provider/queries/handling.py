"""取扱状況: what the provider's handlers do, and how much personal data it holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events import Figure
from services.payment_provider.tables import consents, payments, receipt_files, receipts, terminal_accesses

TASKS: Final = ("収納データの作成", "利用者からの照会への回答", "収納センターの運用", "システムの保守")
_HELD: Final = {
    "利用規約への同意": consents,
    "支払": payments,
    "収納データ": receipts,
    "収納データファイル": receipt_files,
    "端末の接続記録": terminal_accesses,
}


async def held(session: AsyncConnection) -> Sequence[Figure]:
    """Rows by kind of data."""
    counts = select(*(select(func.count()).select_from(table).scalar_subquery() for table in _HELD.values()))
    return [Figure(name, count) for name, count in zip(_HELD, (await session.execute(counts)).one(), strict=True)]
