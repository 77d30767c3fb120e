"""消去の規則: what becomes of the ward's data once its ledger need not be kept any longer (文書保存期間). Pure.

What remains leads to nobody: amounts, days, accounts, payment ids; a slip keeps a pseudonym, the same in every table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from contracts.duties.erasing import Fate, Rule

_OLD: Final = "of slips due, and paid for the last time, up to the last day"
SLIPS: Final = Rule(
    "納付書・被保険者番号",
    "slips and insured persons",
    "slips",
    _OLD,
    {"slip_number": Fate.REPLACED, "insured_number": Fate.EMPTIED, "barcode": Fate.EMPTIED},
)
ASSESSMENTS: Final = Rule("賦課", "assessments", "assessments", "of levy years up to the last day's")
RECEIPTS: Final = Rule("収納データ", "receipts", "receipts", _OLD, {"slip_number": Fate.REPLACED})
REMINDERS: Final = Rule("督促", "reminders", "reminders", _OLD, {"slip_number": Fate.REPLACED})
OVERPAYMENT_USES: Final = Rule(
    "充当・還付",
    "uses of overpayments",
    "overpayment_uses",
    _OLD,
    {"slip_number": Fate.REPLACED, "to_slip": Fate.REPLACED},
)
LAPSES: Final = Rule("失効", "lapses", "lapses", _OLD, {"slip_number": Fate.REPLACED})
TRANSFERS: Final = Rule("収納簿", "ledger", "transfers", _OLD, {"subject": Fate.REPLACED, "source": Fate.REPLACED})
DISCREPANCIES: Final = Rule(
    "不一致の記録",
    "discrepancies",
    "discrepancies",
    _OLD,
    {"subject": Fate.REPLACED, "about": Fate.REPLACED, "detail": Fate.REPLACED},
)
RESOLUTIONS: Final = Rule(
    "差異の処理の担当者",
    "who decided about differences",
    "resolutions",
    "decided up to the last day",
    {"decided_by": Fate.EMPTIED, "because": Fate.EMPTIED},
)
TERMINAL_STEPS: Final = Rule("端末の作業記録", "work at the terminal", "terminal_steps", "done up to the last day")
NUMBERED: Final = (SLIPS, RECEIPTS, REMINDERS, OVERPAYMENT_USES, LAPSES, TRANSFERS, DISCREPANCIES)
"""Those in which a slip's number stands."""
RULES: Final = (*NUMBERED, ASSESSMENTS, RESOLUTIONS, TERMINAL_STEPS)

_SLIP_NUMBER: Final = re.compile(r"(?<![0-9])[0-9]{21}(?![0-9])")


def with_pseudonyms(text: str, pseudonyms: Mapping[str, str]) -> str:
    """A text with the pseudonym of each slip whose number stands in it."""
    return _SLIP_NUMBER.sub(lambda number: pseudonyms.get(number[0], number[0]), text)
