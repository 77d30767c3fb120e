"""What parties and settlers are called on screen, in Japanese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PARTY_NAMES: Final[Mapping[str, str]] = {
    "ward": "甲 ward",
    "payment_provider": "乙 payment provider",
    "card_agent.jcb": "丙 JCB",
    "card_agent.uc": "丙 UC",
}
SETTLER_NAMES: Final[Mapping[str, str]] = {
    "jcb": "丙 JCB",
    "uc": "丙 UC",
    "bank": "金融機関 bank network",
    "counter": "窓口 counters",
    "bank_counter": "金融機関窓口 bank counters",
    "direct_debit": "口座振替 direct debit",
    "convenience_store": "コンビニ convenience stores",
}
