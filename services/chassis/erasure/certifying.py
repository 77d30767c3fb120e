"""消去証明書: a contractor certifies an erasure to the ward, signed for its responsible person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from msgspec import structs

from contracts.bounds import MOST_PAYMENTS
from contracts.duties.certificates import certificate_text
from contracts.events import ErasedKind, ErasureCertified
from contracts.events.duties import MOST_ENTRIES
from contracts.parties import Contractor
from services.chassis.duties.correspondence import Correspondence
from services.chassis.erasure.records import Erased
from services.chassis.signing import Signer
from services.chassis.transaction import Transaction

NOBODY: Final = "未選任"
"""Stands for the responsible person where none is named (D-13): the ward rejects such a certificate."""
_REWRITTEN: Final = "行を削除し、又は番号等を仮名に置き換えた後、データベースを書き直した。"
_BACKUPS: Final = "消去前の控え（バックアップ）の鍵を廃棄した。"
_UNSEALED: Final = "通知の履歴は封緘されておらず、トピックの保存期間の終わりに消える。"


@dataclass(frozen=True, slots=True)
class Certifier:
    """`has_backups`: the keys of backups are destroyed, too."""

    contractor: Contractor
    signer: Signer
    correspondence: Correspondence
    has_backups: bool

    async def certify(self, erased: Erased, number: int, tx: Transaction) -> None:
        """Send the erasure's certificate of this number to the ward; it is registered here as well."""
        unsigned = ErasureCertified(
            contractor=self.contractor,
            erasure_id=erased.erasure_id,
            certificate_id=f"{erased.erasure_id}/{number}",
            due_on=erased.due_on,
            erased_at=tx.now,
            data_until=erased.data_until,
            kinds=tuple(ErasedKind(name, min(count, MOST_PAYMENTS)) for name, count in erased.kinds),
            kept_count=len(erased.kept),
            kept=erased.kept[:MOST_ENTRIES],
            how=how(erased, self.has_backups),
            responsible=await self._responsible(tx) or NOBODY,
            public_key=self.signer.public_key,
            signature="",
        )
        signature = self.signer.sign(certificate_text(unsigned))
        await self.correspondence.send(structs.replace(unsigned, signature=signature), tx)

    async def _responsible(self, tx: Transaction) -> str:
        return await self.correspondence.register.responsible(tx.session, self.contractor, tx.now)


def how(erased: Erased, has_backups: bool) -> str:
    """消去の方法"""
    keys = f"{erased.keys_before}より前の月の暗号鍵を廃棄した。" if erased.keys_before else _UNSEALED
    return _REWRITTEN + keys + (_BACKUPS if has_backups else "")
