"""Every query of the ward's use cases. Set-based: a sequence in, one statement. (What only looks is in books.py.)

Rows are locked in one order: slips by number, then statements by id, all of a transaction's in one step; days of
reminders are inserted after. Overpayments and what was given away of them have no lock of their own: who changes them
holds all slips of their person. What else is inserted stands under keys that no two use cases share.
"""

from services.ward.store.ledger import add_discrepancies, book
from services.ward.store.overpayments import (
    add_uses,
    change_claims,
    find_people,
    find_refunds,
    find_refunds_payable,
    find_repayment_claims,
    lock_people,
    overpaid_slip_numbers,
    paid_for,
    save_uses,
)
from services.ward.store.receipts import add_receipts, records_of
from services.ward.store.reminders import (
    add_reminder_days,
    add_reminders,
    count_reminders,
    crossings,
    lock_unpaid,
    plan_reminders,
    reminders_of,
    reminders_sent,
)
from services.ward.store.settlement import (
    add_deposits,
    add_pages,
    add_statements,
    find_deposits,
    find_statements,
    known_pages,
    lines_of,
    lock_listing,
    lock_statements,
    save_settled,
    unreconciled_statements,
)
from services.ward.store.slips import (
    PEOPLE_PER_QUERY,
    add_assessments,
    assessed,
    instalments_of,
    issue,
    lock_slip_accounts,
    lock_slips,
    save_reissues,
    save_slip_accounts,
)

__all__ = [
    "PEOPLE_PER_QUERY",
    "add_assessments",
    "add_deposits",
    "add_discrepancies",
    "add_pages",
    "add_receipts",
    "add_reminder_days",
    "add_reminders",
    "add_statements",
    "add_uses",
    "assessed",
    "book",
    "change_claims",
    "count_reminders",
    "crossings",
    "find_deposits",
    "find_people",
    "find_refunds",
    "find_refunds_payable",
    "find_repayment_claims",
    "find_statements",
    "instalments_of",
    "issue",
    "known_pages",
    "lines_of",
    "lock_listing",
    "lock_people",
    "lock_slip_accounts",
    "lock_slips",
    "lock_statements",
    "lock_unpaid",
    "overpaid_slip_numbers",
    "paid_for",
    "plan_reminders",
    "records_of",
    "reminders_of",
    "reminders_sent",
    "save_reissues",
    "save_settled",
    "save_slip_accounts",
    "save_uses",
    "unreconciled_statements",
]
