"""The signing key of a party: it signs its certificates of erasure and the checkpoints of its access log."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property
from typing import Final

from services.chassis.deferred import Deferred

_SIGN: Final[Deferred[str]] = Deferred("contracts.signatures:signature_of")
_PUBLIC_KEY: Final[Deferred[str]] = Deferred("contracts.signatures:public_key_of")
_IS_SIGNED: Final[Deferred[bool]] = Deferred("contracts.signatures:is_signed")


class Signer:
    """Signs texts (Ed25519); `cryptography` is imported with the first one.

    The key is `given` if that is not empty, else it is derived from `secret`: that of a seeded party follows from its
    seed. Raises what `secret` raises.
    """

    def __init__(self, given: str, secret: Callable[[], bytes]) -> None:
        self._given, self._secret = given, secret

    def sign(self, text: str) -> str:
        """128 hex digits."""
        return _SIGN.load()(self._private_key, text)

    @cached_property
    def public_key(self) -> str:
        """64 hex digits."""
        return _PUBLIC_KEY.load()(self._private_key)

    @cached_property
    def _private_key(self) -> bytes:
        if self._given:
            return bytes.fromhex(self._given)
        return hashlib.sha256(b"sansha signing key\x1f" + self._secret()).digest()


def is_signed(public_key: str, signature: str, text: str) -> bool:
    """Whether the signature is that of the text by this key."""
    return _IS_SIGNED.load()(public_key, signature, text)
