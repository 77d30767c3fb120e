"""Keys for sealing in a stack of containers: a folder of its own for each party's private keys, which it may change.

`<principal>.sealing/keys.json` has a party's private keys, among which it destroys those of months that nobody shall
read any more. `<principal>/readers.json` has the public keys of all readers, among its secrets, which it only reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from contracts.access import LOAD_TEST
from contracts.parties import PARTIES
from services.console.keys import make_keys

READERS = "readers.json"
KEYS = "keys.json"


def make_sealing_keys(folder: Path) -> Sequence[Path]:
    """Make missing keys, for all months that the clock may show; returns the files written.

    Raises `MissingKeys` for a damaged file, `OSError` if the folder cannot be written.
    """
    return make_keys(
        lambda party: folder / f"{party}.sealing" / KEYS,
        [folder / sender / READERS for sender in (*PARTIES, LOAD_TEST)],
    )
