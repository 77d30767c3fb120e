"""Every query of the ward's use cases. Set-based: a sequence in, one statement. (What only looks is in books.py.)

Rows are locked in one order: received files by name, then slips by number, then statements by id, all of a
transaction's in one step. What is inserted stands under keys that no two use cases share.
Rows are locked in one order: slips by number, then months that are watched, then statements by id, all of a
transaction's in one step. What a statement has (deposits, lines, decisions) is changed only while it is locked, what
became of a proxy payment (lapses) only while its slip is. What is inserted stands under keys that no two use cases
share.
Days of reminders are inserted after statements are locked. Overpayments and what was given away of them have no lock of
their own: who changes them holds all slips of their person.
"""

from services.ward.store.deeming import (
    Lapse,
    Made,
    add_lapses,
    lapses_of,
    payments_of_slips,
    payments_of_statements,
    save_lapses,
)
from services.ward.store.ledger import add_discrepancies, book
from services.ward.store.lines import (
    add_line,
    decide_line,
    lines_of,
    listed_payment,
    payments_concerned,
    statements_listing,
)
from services.ward.store.overpayments import (
    add_uses,
    applied_to,
    change_claims,
    find_people,
    find_refunds,
    find_refunds_payable,
    find_repayment_claims,
    lock_people,
    overpaid_slip_numbers,
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
from services.ward.store.resolutions import add_resolution, reassign, resolutions_of, seen_deposit
from services.ward.store.settlement import (
    add_deposits,
    add_pages,
    add_statements,
    find_deposits,
    find_statements,
    known_pages,
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
from services.ward.store.terminal import (
    add_received_file,
    add_received_page,
    add_received_records,
    add_step,
    in_no_file,
    line_busy_until,
    list_received_files,
    list_steps,
    lock_received_files,
    registered_pages,
    same_content,
    update_received_file,
)
from services.ward.store.unlisted import left_out_receipts, months_on_record, unlisted_receipts, watch_months

__all__ = [
    "PEOPLE_PER_QUERY",
    "Lapse",
    "Made",
    "add_assessments",
    "add_deposits",
    "add_discrepancies",
    "add_lapses",
    "add_line",
    "add_pages",
    "add_receipts",
    "add_received_file",
    "add_received_page",
    "add_received_records",
    "add_reminder_days",
    "add_reminders",
    "add_resolution",
    "add_statements",
    "add_step",
    "add_uses",
    "applied_to",
    "assessed",
    "book",
    "change_claims",
    "count_reminders",
    "crossings",
    "decide_line",
    "find_deposits",
    "find_people",
    "find_refunds",
    "find_refunds_payable",
    "find_repayment_claims",
    "find_statements",
    "in_no_file",
    "instalments_of",
    "issue",
    "known_pages",
    "lapses_of",
    "left_out_receipts",
    "line_busy_until",
    "lines_of",
    "list_received_files",
    "list_steps",
    "listed_payment",
    "lock_listing",
    "lock_people",
    "lock_received_files",
    "lock_slip_accounts",
    "lock_slips",
    "lock_statements",
    "lock_unpaid",
    "months_on_record",
    "overpaid_slip_numbers",
    "payments_concerned",
    "payments_of_slips",
    "payments_of_statements",
    "plan_reminders",
    "reassign",
    "records_of",
    "registered_pages",
    "reminders_of",
    "reminders_sent",
    "resolutions_of",
    "same_content",
    "save_lapses",
    "save_reissues",
    "save_settled",
    "save_slip_accounts",
    "save_uses",
    "seen_deposit",
    "statements_listing",
    "unlisted_receipts",
    "unreconciled_statements",
    "update_received_file",
    "watch_months",
]
