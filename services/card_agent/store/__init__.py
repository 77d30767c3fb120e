"""Every query of a card agent. Set-based: a sequence in, one statement.

Rows are locked in one order, so that replicas never wait for each other in a circle: closings by day, authorizations,
accounts, each by id. What a closing has (deposits, anomalies) is changed only while that closing is locked. New cards
are inserted by the card's key.
"""

from services.card_agent.store.authorizations import (
    closing_lines,
    find,
    lock,
    lock_accepted,
    lock_with_outcomes,
    save,
)
from services.card_agent.store.cards import add_cards, known_cards, lock_accounts
from services.card_agent.store.closings import (
    Closing,
    add_closing,
    all_closings,
    find_closings,
    lock_closings,
    lock_statement,
    lock_statements,
    save_closing,
)
from services.card_agent.store.deposits import (
    Deposit,
    KeptAnomaly,
    add_anomalies,
    add_deposits,
    all_anomalies,
    all_deposits,
    anomalies_of,
    counted_before,
    deposits_of,
    save_anomalies,
    save_deposits,
)

__all__ = [
    "Closing",
    "Deposit",
    "KeptAnomaly",
    "add_anomalies",
    "add_cards",
    "add_closing",
    "add_deposits",
    "all_anomalies",
    "all_closings",
    "all_deposits",
    "anomalies_of",
    "closing_lines",
    "counted_before",
    "deposits_of",
    "find",
    "find_closings",
    "known_cards",
    "lock",
    "lock_accepted",
    "lock_accounts",
    "lock_closings",
    "lock_statement",
    "lock_statements",
    "lock_with_outcomes",
    "save",
    "save_anomalies",
    "save_closing",
    "save_deposits",
]
