"""Every query of a card agent. Set-based: a sequence in, one statement.

Rows are locked in one order, so that replicas never wait for each other in a circle: closings, authorizations,
accounts, each by id. New cards are inserted by the card's key.
"""

from services.card_agent.store.authorizations import closing_lines, find, find_owed, lock, lock_taken_on, save
from services.card_agent.store.cards import add_cards, known_cards, lock_held
from services.card_agent.store.closings import (
    Closing,
    add_closing,
    all_closings,
    find_closings,
    lock_closings,
    lock_statement,
    save_closing,
)

__all__ = [
    "Closing",
    "add_cards",
    "add_closing",
    "all_closings",
    "closing_lines",
    "find",
    "find_closings",
    "find_owed",
    "known_cards",
    "lock",
    "lock_closings",
    "lock_held",
    "lock_statement",
    "lock_taken_on",
    "save",
    "save_closing",
]
