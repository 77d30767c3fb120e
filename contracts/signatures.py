"""Signatures of a party: Ed25519 over a text in UTF-8. Keys and signatures are written in hex. Pure.

Loaded when first used, as `cryptography` is.
"""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_BYTES = 32


def signature_of(private_key: bytes, text: str) -> str:
    """128 hex digits. The key is 32 bytes."""
    return Ed25519PrivateKey.from_private_bytes(private_key).sign(text.encode()).hex()


def public_key_of(private_key: bytes) -> str:
    """64 hex digits."""
    return Ed25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw().hex()


def is_signed(public_key: str, signature: str, text: str) -> bool:
    """Whether the signature is that of the text by this key; False for what is no key or signature at all."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), text.encode())
    except (ValueError, InvalidSignature):
        return False
    return True


def fingerprint_of(public_key: str) -> str:
    """The first 16 bytes of the key's SHA-256, in groups of four hex digits. Raises `ValueError` for no hex."""
    digits = hashlib.sha256(bytes.fromhex(public_key)).hexdigest()[:32]
    return " ".join(digits[n : n + 4] for n in range(0, len(digits), 4))
