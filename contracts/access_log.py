"""アクセス記録: who saw whose personal data, when and why; chained, so that a change of any entry is found. Pure.

An entry's mark is SHA-256 over the mark before it and the entry, as compact JSON: a list of its number, instant, user,
roles, route, commitment and purpose. The commitment stands for the persons: SHA-256 (in hex) over 16 random bytes, the
salt, and the persons as a compact JSON list. So the persons can be erased with the salt when their day has come: the
chain still holds, and nobody can try numbers against the commitment that is left. A checkpoint is a mark that another
party holds: with it, entries cannot be replaced as a whole, or removed at the end, without being found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

import msgspec

FIRST_MARK: Final = hashlib.sha256(b"sansha access log").digest()
"""The mark before the first entry."""
SALT_BYTES: Final = 16


class Access(NamedTuple):
    """A read of personal data."""

    at: datetime
    """UTC, by the clock of the simulation."""
    user: str
    roles: tuple[str, ...]
    what: str
    """Method and path of the route."""
    whose: tuple[str, ...]
    """The persons, each as `kind:number`: insured person, slip or payment; `everybody` for a whole ledger,
    `staff` for a register that names staff."""
    why: str
    """利用目的"""


class Entry(msgspec.Struct, frozen=True):
    """An access as it is recorded. `number` counts from 1, without gaps; `mark` and `commitment` are 64 hex digits.

    `salt` is 32 hex digits; empty once the persons were erased, and then the access names none.
    """

    number: int
    access: Access
    mark: str
    salt: str
    commitment: str

    @property
    def is_erased(self) -> bool:
        return not self.salt


class Checkpoint(msgspec.Struct, frozen=True):
    """The log of a party up to an entry, as it was announced to the others, signed."""

    party: str
    on: date
    """The day of which it is the last entry."""
    number: int
    mark: str
    public_key: str
    signature: str
    """Of `signed_text`, by that key; both in hex (Ed25519)."""

    @property
    def signed_text(self) -> str:
        return checkpoint_text(self.party, self.on, self.number, self.mark)


def checkpoint_text(party: str, on: date, number: int, mark: str) -> str:
    """What is signed: five lines."""
    return f"sansha access log checkpoint\n{party}\n{on}\n{number}\n{mark}"


def commitment_to(whose: Sequence[str], salt: bytes) -> bytes:
    """32 bytes."""
    return hashlib.sha256(salt + msgspec.json.encode(whose)).digest()


def mark_of(before: bytes, number: int, access: Access, commitment: str) -> bytes:
    """32 bytes."""
    a = access
    stated = msgspec.json.encode((number, a.at, a.user, a.roles, a.what, commitment, a.why))
    return hashlib.sha256(before + stated).digest()


def chained(
    accesses: Iterable[Access], new_salt: Callable[[], bytes], number: int = 0, mark: bytes = FIRST_MARK
) -> Sequence[Entry]:
    """The entries of these, after the one with this number and mark."""
    made: list[Entry] = []
    for access in accesses:
        number += 1
        salt = new_salt()
        commitment = commitment_to(access.whose, salt).hex()
        mark = mark_of(mark, number, access, commitment)
        made.append(Entry(number, access, mark.hex(), salt.hex(), commitment))
    return made


class Broken(NamedTuple):
    """Something that is wrong with a log."""

    number: int
    """The entry at which it was found."""
    why: str


def broken(entries: Iterable[Entry], checkpoints: Iterable[Checkpoint] = ()) -> Sequence[Broken]:
    """What is wrong with a whole log, in the order of its entries; nothing if it is as it was written."""
    found: list[Broken] = []
    expected: dict[int, set[str]] = {}
    for checkpoint in checkpoints:
        expected.setdefault(checkpoint.number, set()).add(checkpoint.mark)
    number, mark = 0, FIRST_MARK
    for entry in entries:
        if entry.number != number + 1:
            found.append(Broken(entry.number, f"entry {number + 1} is missing or was moved"))
        mark = mark_of(mark, entry.number, entry.access, entry.commitment)
        if entry.mark != mark.hex():
            found.append(Broken(entry.number, f"entry {entry.number} was changed, or one before it"))
            mark = bytes.fromhex(entry.mark) if _is_mark(entry.mark) else mark
        elif not _are_its_persons(entry):
            found.append(Broken(entry.number, f"the persons of entry {entry.number} were changed"))
        number = entry.number
        held = expected.pop(number, {entry.mark})
        if held != {entry.mark}:
            found.append(Broken(number, f"entry {number} differs from the checkpoint that other parties hold"))
    found += [Broken(n, f"entry {n}, of which other parties hold a checkpoint, is missing") for n in sorted(expected)]
    return found


class ErasedPersons(NamedTuple):
    """The entries of a log whose persons were erased: how many, and when the last of these reads was."""

    entries: int
    last_at: datetime | None


def erased(entries: Iterable[Entry]) -> ErasedPersons:
    """To be held against the certificates of erasure (消去証明書): no other reason takes persons out of a log."""
    found = [entry.access.at for entry in entries if entry.is_erased]
    return ErasedPersons(len(found), max(found, default=None))


def _are_its_persons(entry: Entry) -> bool:
    if entry.is_erased:
        return not entry.access.whose
    try:
        salt = bytes.fromhex(entry.salt)
    except ValueError:
        return False
    return commitment_to(entry.access.whose, salt).hex() == entry.commitment


def _is_mark(text: str) -> bool:
    try:
        return len(bytes.fromhex(text)) == len(FIRST_MARK)
    except ValueError:
        return False
