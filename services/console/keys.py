"""Keys for sealing, in a data folder or that of a trial: `<principal>.json` is private, `readers.json` public."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from contracts.parties import PARTIES
from contracts.sealing import periods
from services.chassis.deferred import Deferred
from services.chassis.sealing.key_files import read_public_keys, write_public_keys
from services.chassis.sealing.port import MissingKeys

MAKE: Final[Deferred[Mapping[str, str]]] = Deferred("services.chassis.sealing.making:make_private_keys")


def key_folder(data: Path) -> Path:
    """Of a data folder."""
    return data / "sealing"


def keys_file(folder: Path, principal: str) -> Path:
    """A party's private keys in a folder of keys."""
    return folder / f"{principal}.json"


def readers_file(folder: Path) -> Path:
    """The public keys of all parties in a folder of keys."""
    return folder / "readers.json"


def make_keys(
    file_of: Callable[[str], Path], readers: Iterable[Path], months: Iterable[str] = tuple(periods())
) -> list[Path]:
    """Make every party's keys that are missing, by default for all months that the clock may show, and write their
    public keys to each of `readers`; returns the files written.

    Keys that are there stay. Raises `MissingKeys` for a damaged file, and for private keys that are gone although
    others seal with their public ones; `OSError` if one cannot be written.
    """
    made = [party for party in PARTIES if not file_of(party).exists()]
    places = list(readers)
    for file in (place for place in places if made and place.exists()):
        _require_none_lost(file, [party for party in made if party in read_public_keys(file)], file_of)
    stale = [file for file in places if made or not file.exists()]
    if not stale:
        return []
    public = {party: MAKE.load()(file_of(party), party, months) for party in PARTIES}
    for file in stale:
        known = read_public_keys(file) if file.exists() else {}
        write_public_keys(file, {**known, **public})
    return [*map(file_of, made), *stale]


def _require_none_lost(readers: Path, lost: Sequence[str], file_of: Callable[[str], Path]) -> None:
    if lost:
        files = ", ".join(str(file_of(party)) for party in lost)
        raise MissingKeys(
            f"{files}: missing, and {readers} has their public keys, so what was sealed with those could be opened by "
            f"nobody: restore it, or, if it is lost for good, remove {readers} to have new keys made"
        )


def make_folder_of_keys(folder: Path, months: Iterable[str] = tuple(periods())) -> None:
    make_keys(lambda principal: keys_file(folder, principal), [readers_file(folder)], months)


def key_settings(folder: Path, principal: str, *, seals: bool = True) -> dict[str, Any]:
    """The settings of a party that opens, and seals, with the keys of a folder."""
    own: dict[str, Any] = {"sealing_keys_file": keys_file(folder, principal)}
    return {**own, "sealing_readers_file": readers_file(folder)} if seals else own
