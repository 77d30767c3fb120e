"""What parties are called on screen, in Japanese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PARTY_NAMES: Final[Mapping[str, str]] = {
    "ward": "甲 ward",
    "payment_provider": "乙 payment provider",
    "card_agent.jcb": "丙 JCB",
    "card_agent.uc": "丙 UC",
}
