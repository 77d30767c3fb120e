"""消去の規則: what becomes of each kind of data that a card agent holds, and when an authorization is settled. Pure.

What remains leads to no card: payment id, amount, days and status, by which the books still agree.
"""

from __future__ import annotations

from typing import Final

from contracts.duties.erasing import PAYMENTS_KIND, Fate, Rule
from services.card_agent.domain.authorization import AuthorizationStatus

AUTHORIZATIONS: Final = Rule(
    PAYMENTS_KIND,
    "payments (authorizations)",
    "authorizations",
    "made up to the last day, deposited, or ended without a payment",
    {
        "card_token": Fate.REPLACED,
        "account_id": Fate.EMPTIED,
        "decline_reason": Fate.EMPTIED,
        "approval_code": Fate.EMPTIED,
    },
)
CARDS: Final = Rule("カードトークン", "card tokens", "cards", "made up to the last day, and no payment needs them")
ACCOUNTS: Final = Rule("カード口座の識別子", "card accounts", "accounts", "without a card, and with nothing held")
RULES: Final = (AUTHORIZATIONS, CARDS, ACCOUNTS)

ENDED: Final = (AuthorizationStatus.DECLINED, AuthorizationStatus.REVERSED, AuthorizationStatus.WITHDRAWN)
SETTLED: Final = AuthorizationStatus.ACCEPTED
"""Once it is deposited, too."""
