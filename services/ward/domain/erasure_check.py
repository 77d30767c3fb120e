"""消去の確認: what is wrong with a certificate of erasure, by what the ward itself knows. Pure."""

from __future__ import annotations

from dataclasses import dataclass

SIGNATURE_WRONG = "署名が証明書の内容と一致しない"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a certificate says, beside what the ward has."""

    is_signed: bool
    responsible: str
    named: str
    """The responsible person (取扱責任者) as last named to the ward; empty if none was."""
    payments: int
    """Erased by this contractor up to the last day, by all its certificates, and kept by the last one."""
    received: int
    """Payments of that time of which the ward has receipt data of this contractor."""


def fault_of(claim: Claim) -> str:
    """The reason for which it is rejected; empty if there is none."""
    if not claim.is_signed:
        return SIGNATURE_WRONG
    if not claim.named:
        return "取扱責任者の届出がない"
    if claim.responsible != claim.named:
        return f"届出のある取扱責任者（{claim.named}）の証明でない"
    if claim.payments < claim.received:
        return f"消去した支払と残した支払の計{claim.payments}件が、区が受領した{claim.received}件に足りない"
    return ""
