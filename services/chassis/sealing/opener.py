"""Opens events and files that were sealed for one party."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from contracts.cloudevents import Headers
from contracts.sealing import (
    CONTENT_TYPE,
    NONCE_BYTES,
    SEALED,
    SEALED_FOR,
    TAG_BYTES,
    SealedFor,
    Unopenable,
    UnopenableEvent,
    bound_to,
    event_info,
    file_info,
    read_sealed_for,
)
from services.chassis.sealing.files import opened_file
from services.chassis.sealing.keyring import Keyring
from services.chassis.sealing.port import is_sealed_file, plain_file

KEYS_HELD = 1_024


class HpkeOpener:
    """Unwraps a data key when it first meets it. `changed` is called when private keys were destroyed."""

    def __init__(self, keyring: Keyring, changed: Callable[[], None]) -> None:
        self._keyring, self._changed = keyring, changed
        self._keys: dict[tuple[str, bytes], AESGCM] = {}
        """(topic, header `sealed-for`) → data key."""

    def open(self, topic: str, key: str, headers: Headers, value: bytes) -> bytes:
        found = dict(headers)
        if found.get(CONTENT_TYPE) != SEALED:
            return value
        try:
            data_key = self._data_key(topic, found.get(SEALED_FOR, b""))
            if len(value) < NONCE_BYTES + TAG_BYTES:
                raise Unopenable(f"its value has {len(value)} bytes, fewer than a nonce and a tag")
            opened: bytes = data_key.decrypt(value[:NONCE_BYTES], value[NONCE_BYTES:], bound_to(topic, key, found))
        except InvalidTag:
            raise UnopenableEvent("its value, its key or a header was altered, or belongs to another event") from None
        except Unopenable as wrong:
            raise UnopenableEvent(str(wrong)) from None
        return opened

    def open_file(self, name: str, content: BinaryIO) -> Iterator[bytes]:
        return opened_file(name, content, self._file_key) if is_sealed_file(content) else plain_file(content)

    def refresh(self) -> None:
        if self._keyring.refresh():
            self._forget()

    def destroy(self, before: str, at: datetime) -> None:
        self._keyring.destroy(before, at)
        self._forget()

    def _forget(self) -> None:
        self._keys.clear()
        self._changed()

    def _data_key(self, topic: str, sealed_for: bytes) -> AESGCM:
        known = self._keys.get((topic, sealed_for))
        if known is None:
            wanted = read_sealed_for(sealed_for)
            info = event_info(topic, wanted.period, self._keyring.principal)
            known = AESGCM(self._keyring.data_key(wanted, info))
            if len(self._keys) >= KEYS_HELD:
                self._keys.clear()
            self._keys[topic, sealed_for] = known
        return known

    def _file_key(self, name: str, sealed_for: SealedFor) -> bytes:
        return self._keyring.data_key(sealed_for, file_info(name, sealed_for.period, self._keyring.principal))
