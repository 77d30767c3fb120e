"""接続記録: keep who asked for receipt files, when, for what, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.http.payment_provider.receipt_files import RecordedAccess, TerminalAccess
from contracts.vocabulary import Refusal
from services.chassis.transaction import Transaction
from services.payment_provider import store


async def record_terminal_access(
    accesses: Sequence[TerminalAccess], tx: Transaction
) -> Sequence[RecordedAccess | Refusal]:
    """Each is a row of its own, admitted or not."""
    for access in accesses:
        await store.add_access(tx.session, {**access.model_dump(), "at": tx.now})
    return [RecordedAccess(at=tx.now, **access.model_dump()) for access in accesses]
