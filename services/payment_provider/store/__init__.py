"""Every query of the payment provider. Set-based: a sequence in, one statement.

Rows are locked in one order: payments by id, then closings by settler and day, then anomalies by number. Who counts a
payment in, or takes one out, keeps its closing from being totalled meanwhile; others may do the same at the same time.
New payments are inserted by slip and attempt, which is what makes them unique; receipts, closings and anomalies by
their key.
"""

from services.payment_provider.store.anomalies import (
    add_anomalies,
    all_anomalies,
    count_anomalies,
    lock_waiting_anomalies,
    strike_anomalies,
)
from services.payment_provider.store.closings import (
    Period,
    add_closing,
    find_closings,
    hold_closings,
    lock_closings,
    payments_closing,
    update_closing,
)
from services.payment_provider.store.payments import (
    add,
    add_consents,
    add_receipts,
    find,
    known_consents,
    lock,
    lock_of_slips,
    lock_to_take,
    of_slip,
    receipts_of,
    save,
)

__all__ = [
    "Period",
    "add",
    "add_anomalies",
    "add_closing",
    "add_consents",
    "add_receipts",
    "all_anomalies",
    "count_anomalies",
    "find",
    "find_closings",
    "hold_closings",
    "known_consents",
    "lock",
    "lock_closings",
    "lock_of_slips",
    "lock_to_take",
    "lock_waiting_anomalies",
    "of_slip",
    "payments_closing",
    "receipts_of",
    "save",
    "strike_anomalies",
    "update_closing",
]
