"""接続記録: each request for receipt files: by whom, when, for what, and its outcome."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.http.payment_provider.receipt_files import RecordedAccess, TerminalAccess
from contracts.vocabulary import Refusal
from services.chassis.transaction import Transaction
from services.payment_provider.store import terminal_accesses


async def record_terminal_access(
    accesses: Sequence[TerminalAccess], tx: Transaction
) -> Sequence[RecordedAccess | Refusal]:
    """A row for each request, admitted or not."""
    for access in accesses:
        await terminal_accesses.add(tx.session, access, tx.now)
    return [RecordedAccess(at=tx.now, **access.model_dump()) for access in accesses]
