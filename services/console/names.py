"""What bank notices are called on screen, in Japanese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NOTICE_NAMES: Final[Mapping[str, str]] = {
    "01": "振込入金通知 transfers received (01)",
    "03": "入出金取引明細 account entries (03)",
}
"""By the kind (種別コード) in a notice's header."""
