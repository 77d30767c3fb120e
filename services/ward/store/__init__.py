"""Every query of the ward's use cases. Set-based: a sequence in, one statement. (What only looks is in books.py.)

Rows are locked in one order: slips by number, then statements by id, all of a transaction's in one step. What is
inserted stands under keys that no two use cases share.
"""

from services.ward.store.ledger import add_discrepancies, book
from services.ward.store.receipts import add_receipts, records_of
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
    "add_statements",
    "assessed",
    "book",
    "find_deposits",
    "find_statements",
    "instalments_of",
    "issue",
    "known_pages",
    "lines_of",
    "lock_listing",
    "lock_slip_accounts",
    "lock_slips",
    "lock_statements",
    "records_of",
    "save_reissues",
    "save_settled",
    "save_slip_accounts",
    "unreconciled_statements",
]
