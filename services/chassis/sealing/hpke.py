"""Data keys wrapped for a reader, and unwrapped by it: HPKE (RFC 9180) in base mode, one encryption per context."""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from contracts.sealing import KEY_BYTES, TAG_BYTES, Unopenable

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
WRAPPED_BYTES = KEY_BYTES + KEY_BYTES + TAG_BYTES
"""The encapsulated key, the data key, a tag."""


def wrap(data_key: bytes, public_key: bytes, info: bytes) -> bytes:
    """80 bytes: `enc ‖ ciphertext`."""
    wrapped: bytes = _SUITE.encrypt(data_key, X25519PublicKey.from_public_bytes(public_key), info=info)
    return wrapped


def unwrap(wrapped: bytes, private_key: bytes, info: bytes) -> bytes:
    """Raises `Unopenable` for what was altered, or wrapped for another key or context."""
    try:
        if len(wrapped) != WRAPPED_BYTES:
            raise ValueError(f"a wrapped key has {WRAPPED_BYTES} bytes, not {len(wrapped)}")
        data_key: bytes = _SUITE.decrypt(wrapped, X25519PrivateKey.from_private_bytes(private_key), info=info)
    except (InvalidTag, ValueError) as wrong:
        why = f" ({wrong})" if str(wrong) else ""
        raise Unopenable(f"its data key was altered, or wrapped for something else{why}") from None
    return data_key
