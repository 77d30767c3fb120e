"""Sealed files: a line of text, then chunks of AES-256-GCM, so that a file is sealed and opened in constant memory.

The line is bound to every chunk, and a chunk's nonce has its number and whether it is the last (STREAM, as in age).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from contracts.sealing import (
    CHUNK_BYTES,
    FILE_MARK,
    LONGEST_LINE,
    TAG_BYTES,
    SealedFor,
    Unopenable,
    chunk_nonce,
    read_sealed_for,
)


def sealed_file(name: str, key: bytes, sealed_for: SealedFor, content: Iterable[bytes]) -> Iterator[bytes]:
    """The line, then a chunk at a time; a file without any byte has one empty chunk."""
    line = f"{FILE_MARK} {sealed_for}".encode()
    yield line + b"\n"
    aead, bound = AESGCM(key), _bound(line, name)
    for number, (chunk, is_last) in enumerate(_chunks(content)):
        yield aead.encrypt(chunk_nonce(number, is_last=is_last), chunk, bound)


def opened_file(name: str, content: BinaryIO, key_of: Callable[[str, SealedFor], bytes]) -> Iterator[bytes]:
    """Chunk by chunk. Raises `Unopenable` for a chunk that was altered, moved or left out."""
    line = content.readline(LONGEST_LINE)
    if not line.endswith(b"\n"):
        raise Unopenable("its first line does not end")
    line = line[:-1]
    aead = AESGCM(key_of(name, read_sealed_for(line.removeprefix(f"{FILE_MARK} ".encode()))))
    bound = _bound(line, name)
    for number, chunk, is_last in read_chunks(content, CHUNK_BYTES + TAG_BYTES):
        try:
            yield aead.decrypt(chunk_nonce(number, is_last=is_last), chunk, bound)
        except (InvalidTag, ValueError):
            raise Unopenable(f"chunk {number + 1} was altered, or is not the one that belongs there") from None


def read_chunks(content: BinaryIO, size: int) -> Iterator[tuple[int, bytes, bool]]:
    """(number from 0, bytes, whether it is the last); content without any byte has one empty chunk."""
    number, chunk = 0, content.read(size)
    while True:
        following = content.read(size) if len(chunk) == size else b""
        yield number, chunk, not following
        if not following:
            return
        number, chunk = number + 1, following


def _bound(line: bytes, name: str) -> bytes:
    return line + b"\n" + name.encode()


def _chunks(content: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """(chunk, whether it is the last); all but the last are full."""
    rest = b""
    for piece in content:
        rest += piece
        whole = (len(rest) - 1) // CHUNK_BYTES * CHUNK_BYTES if rest else 0
        for at in range(0, whole, CHUNK_BYTES):
            yield rest[at : at + CHUNK_BYTES], False
        rest = rest[whole:]
    yield rest, True
