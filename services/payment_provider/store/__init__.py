"""Every query of the payment provider. Set-based: a sequence in, one statement.

Rows are locked in one order: payments by id, then closings by settler and day, then anomalies by number. Who counts a
payment in, or takes one out, keeps its closing from being totalled meanwhile; others may do the same at the same time.
New payments are inserted by slip and attempt, which is what makes them unique; receipts, closings and anomalies by
their key. Who makes a receipt file inserts its row first, then takes the records; neither waits for a payment or
a closing.
"""

from services.payment_provider.store.anomalies import (
    add_anomalies,
    all_anomalies,
    count_anomalies,
    lock_waiting_anomalies,
    strike_anomalies,
    struck_at,
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
from services.payment_provider.store.receipt_files import (
    add_access,
    add_parts,
    add_receipt_file,
    erase_files,
    files_of_day,
    find_receipt_file,
    first_unfiled,
    last_filed,
    list_accesses,
    list_receipt_files,
    part_at,
    put_into_file,
    records_in_file,
    update_receipt_file,
)

__all__ = [
    "Period",
    "add",
    "add_access",
    "add_anomalies",
    "add_closing",
    "add_consents",
    "add_parts",
    "add_receipt_file",
    "add_receipts",
    "all_anomalies",
    "count_anomalies",
    "erase_files",
    "files_of_day",
    "find",
    "find_closings",
    "find_receipt_file",
    "first_unfiled",
    "hold_closings",
    "known_consents",
    "last_filed",
    "list_accesses",
    "list_receipt_files",
    "lock",
    "lock_closings",
    "lock_of_slips",
    "lock_to_take",
    "lock_waiting_anomalies",
    "of_slip",
    "part_at",
    "payments_closing",
    "put_into_file",
    "receipts_of",
    "records_in_file",
    "save",
    "strike_anomalies",
    "struck_at",
    "update_closing",
    "update_receipt_file",
]
