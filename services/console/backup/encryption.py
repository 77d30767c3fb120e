"""Files of a backup: AES-256-GCM in chunks of a mebibyte, with a key for each file that follows from the backup's.

A file is its chunks, each followed by its tag. A chunk's nonce is its number and whether it is the last one, so that
none can be changed, moved, left out or added; what is no whole file fails.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from contracts.sealing import TAG_BYTES, chunk_nonce
from services.chassis.sealing.files import read_chunks

CHUNK_BYTES: Final = 1024 * 1024


class Altered(Exception):
    """A file of a backup is not what was written; the text names it."""


class Written(NamedTuple):
    """What a file has become: bytes of content, bytes and SHA-256 of the encrypted file."""

    content_bytes: int
    file_bytes: int
    sha256: str


def key_for(key: bytes, purpose: str) -> bytes:
    """A key that follows from a backup's, for one purpose."""
    return HKDF(SHA256(), 32, salt=None, info=f"sansha backup/{purpose}".encode()).derive(key)


class Encrypted:
    """A file of a backup that is being written, piece by piece."""

    def __init__(self, key: bytes, name: str, out: BinaryIO) -> None:
        self._cipher, self._out, self._digest = AESGCM(key_for(key, f"file/{name}")), out, hashlib.sha256()
        self._pending, self._number, self._read, self._wrote = bytearray(), 0, 0, 0

    def write(self, piece: bytes) -> None:
        """Raises `OSError`."""
        self._pending += piece
        while len(self._pending) > CHUNK_BYTES:
            self._seal(bytes(self._pending[:CHUNK_BYTES]), last=False)
            del self._pending[:CHUNK_BYTES]

    def finish(self) -> Written:
        """Write the last chunk, which may be empty. Raises `OSError`."""
        self._seal(bytes(self._pending), last=True)
        return Written(self._read, self._wrote, self._digest.hexdigest())

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(chunk_nonce(self._number, is_last=last), chunk, None)
        self._digest.update(sealed)
        self._out.write(sealed)
        self._number, self._read, self._wrote = self._number + 1, self._read + len(chunk), self._wrote + len(sealed)


def encrypt(key: bytes, name: str, content: BinaryIO, file: Path) -> Written:
    """Write the encrypted file `name` of a backup. Raises `OSError`."""
    with file.open("xb") as out:
        sealed = Encrypted(key, name, out)
        while piece := content.read(CHUNK_BYTES):
            sealed.write(piece)
        return sealed.finish()


def decrypt(key: bytes, name: str, file: Path) -> Iterator[bytes]:
    """The content of a file, a chunk at a time; complete only when it ends. Raises `Altered`."""
    cipher = AESGCM(key_for(key, f"file/{name}"))
    try:
        with file.open("rb") as sealed:
            for number, chunk, last in read_chunks(sealed, CHUNK_BYTES + TAG_BYTES):
                yield cipher.decrypt(chunk_nonce(number, is_last=last), chunk, None)
    except InvalidTag:
        raise Altered(f"{file} was altered, or is not complete") from None
    except OSError as wrong:
        raise Altered(f"{file} cannot be read ({wrong.strerror})") from None
