"""Makes an erasure real: what was deleted is still in free pages, journals and whatever was sealed with older keys.

Runs outside of transactions, and may be repeated: after a crash it begins again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from services.chassis.backup_keys import destroy_keys
from services.chassis.clock import real_now
from services.chassis.database import Database
from services.chassis.sealing.port import Opener

BECAUSE: Final = "消去 erased on its set date (D-11)"


@dataclass(frozen=True, slots=True)
class Media:
    """`opener` is None for a party without keys: then nothing that it receives is sealed. `backup_keys` is the folder
    with the keys of backups of its data."""

    database: Database
    opener: Opener | None
    backup_keys: Path | None = None

    async def erase(self, tables: Sequence[str], keys_before: str, at: datetime) -> None:
        """Write the database, or these tables of it, anew; destroy the private keys of the months before one."""
        await self.database.write_anew(tables)
        if self.opener is not None and keys_before:
            self.opener.destroy(keys_before, at)
        if self.backup_keys is not None:
            now = real_now()  # a backup made until here may hold what was deleted
            destroy_keys(self.backup_keys, now, now, BECAUSE)

    @property
    def is_sealed(self) -> bool:
        return self.opener is not None
