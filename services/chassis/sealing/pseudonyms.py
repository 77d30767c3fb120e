"""Pseudonyms: what stands on the bus, and in a pending timer's name, in place of a text that holds a personal number.

Only the party's secret leads from one to the other, so that a broker's operator cannot try all slip numbers.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import cached_property


class Pseudonyms:
    """`secret` is asked for at the first pseudonym."""

    def __init__(self, secret: Callable[[], bytes]) -> None:
        self._of = secret

    def of(self, text: str) -> str:
        """128 bits of HMAC-SHA-256, as lower-case hex digits; the same text always has the same."""
        return hmac.digest(self._key, text.encode(), "sha256")[:16].hex()

    @cached_property
    def _key(self) -> bytes:
        return hmac.digest(self._of(), b"sansha/pseudonyms", "sha256")
