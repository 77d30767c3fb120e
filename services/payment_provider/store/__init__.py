"""Every query of the payment provider. Set-based: a sequence in, one statement.

Rows are locked in one order: payments by id, then bank closings by day. Who counts a payment in, or takes one out,
keeps its closing from being totalled meanwhile; others may do the same at the same time. New payments are inserted by
slip and attempt, which is what makes them unique; receipts and closings by their key.
"""

from services.payment_provider.store.closings import (
    add_bank_closing,
    bank_payments_closing,
    find_bank_closings,
    hold_bank_closings,
    lock_bank_closings,
    update_bank_closing,
)
from services.payment_provider.store.payments import (
    add,
    add_consents,
    add_receipts,
    find,
    known_consents,
    lock,
    lock_latest,
    of_slip,
    receipts_of,
    save,
)

__all__ = [
    "add",
    "add_bank_closing",
    "add_consents",
    "add_receipts",
    "bank_payments_closing",
    "find",
    "find_bank_closings",
    "hold_bank_closings",
    "known_consents",
    "lock",
    "lock_bank_closings",
    "lock_latest",
    "of_slip",
    "receipts_of",
    "save",
    "update_bank_closing",
]
