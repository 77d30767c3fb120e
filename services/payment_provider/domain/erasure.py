"""消去の規則: what becomes of each kind of data that the provider holds, and when a payment is settled. Pure.

What remains of a payment leads to nobody: its id, amount, days, method and settler, by which the books still agree.
"""

from __future__ import annotations

from typing import Final

from contracts.duties.erasing import PAYMENTS_KIND, Fate, Rule
from services.payment_provider.domain.payment import PaymentStatus

PAYMENTS: Final = Rule(
    PAYMENTS_KIND,
    "payments",
    "payments",
    "made up to the last day, confirmed and deposited, or ended without a payment",
    {
        "slip_number": Fate.REPLACED,
        "barcode": Fate.EMPTIED,
        "consent_id": Fate.EMPTIED,
        "card_token": Fate.EMPTIED,
        "brand": Fate.EMPTIED,
        "last4": Fate.EMPTIED,
        "bank_code": Fate.EMPTIED,
        "decline_reason": Fate.EMPTIED,
    },
)
CONSENTS: Final = Rule(
    "利用規約への同意", "consents", "consents", "given up to the last day, with no payment left that was made under it"
)
FILES: Final = Rule(
    "収納データファイルの内容",
    "content of receipt files",
    "receipt_file_parts",
    "when their retention ends, or with a payment that they report",
)
TERMINAL_ACCESSES: Final = Rule(
    "端末の接続記録", "requests of terminals", "terminal_accesses", "recorded up to the last day"
)
RULES: Final = (PAYMENTS, CONSENTS, FILES, TERMINAL_ACCESSES)

ENDED: Final = (PaymentStatus.DECLINED, PaymentStatus.CANCELLED, PaymentStatus.ABANDONED)
LEFT_OPEN: Final = PaymentStatus.SCANNED
"""No method was ever chosen: it ends with its erasure."""
SETTLED: Final = PaymentStatus.CONFIRMED
"""Once it is deposited, too."""
IN_NO_FILE: Final = "-"
"""Stands for the file of a record that was in none when its payment was erased: none is made of it any more."""
