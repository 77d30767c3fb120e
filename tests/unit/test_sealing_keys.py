"""Keys of a stack: made once, for every month of the clock; what is gone is not made anew behind anybody's back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts.access import LOAD_TEST
from contracts.parties import CONSOLE, PARTIES, WARD
from contracts.sealing import periods
from services.chassis.sealing.key_files import read_private_keys, read_public_keys
from services.chassis.sealing.port import MissingKeys
from services.console.deployment.sealing import KEYS, READERS, make_sealing_keys
from services.console.folder import StackFile
from services.console.keys import key_folder, keys_file, make_folder_of_keys, readers_file


def private(folder: Path, party: str) -> Path:
    return folder / f"{party}.sealing" / KEYS


def test_every_party_gets_its_own_keys_and_everybody_who_sends_the_public_ones(tmp_path: Path) -> None:
    made = make_sealing_keys(tmp_path)
    senders = (*PARTIES, LOAD_TEST)
    assert set(made) == {*(private(tmp_path, p) for p in PARTIES), *(tmp_path / s / READERS for s in senders)}
    assert not (tmp_path / CONSOLE).exists()
    public = read_public_keys(tmp_path / LOAD_TEST / READERS)
    for party in PARTIES:
        own = read_private_keys(private(tmp_path, party))
        assert (own.principal, list(own.private_keys)) == (party, list(periods()))
        assert list(public[party]) == list(own.private_keys)
        assert set(public[party].values()).isdisjoint(own.private_keys.values())
        assert read_public_keys(tmp_path / party / READERS) == public
        assert private(tmp_path, party).stat().st_mode & 0o777 == 0o600
    every = [key for party in PARTIES for key in read_private_keys(private(tmp_path, party)).private_keys.values()]
    assert len(set(every)) == len(every)


def test_starting_again_makes_none_and_a_sender_that_lost_the_public_ones_gets_the_same(tmp_path: Path) -> None:
    make_sealing_keys(tmp_path)
    assert make_sealing_keys(tmp_path) == []
    before = (tmp_path / WARD / READERS).read_bytes()
    (tmp_path / WARD / READERS).unlink()
    assert make_sealing_keys(tmp_path) == [tmp_path / WARD / READERS]
    assert (tmp_path / WARD / READERS).read_bytes() == before


def test_private_keys_that_are_gone_are_not_made_anew_while_others_seal_for_them(tmp_path: Path) -> None:
    make_sealing_keys(tmp_path)
    private(tmp_path, WARD).unlink()
    with pytest.raises(MissingKeys, match=r"ward\.sealing/keys\.json: missing, .* restore it"):
        make_sealing_keys(tmp_path)
    for sender in (*PARTIES, LOAD_TEST):
        (tmp_path / sender / READERS).unlink()
    made = make_sealing_keys(tmp_path)
    assert private(tmp_path, WARD) in made
    assert len(made) == 1 + len(PARTIES) + 1, "the others' stay"


def test_keys_of_others_in_the_file_of_readers_stay(tmp_path: Path) -> None:
    make_folder_of_keys(tmp_path, ["2021-07"])
    readers = readers_file(tmp_path)
    known = json.loads(readers.read_text())
    readers.write_text(json.dumps({"auditor": known[WARD]}))
    for party in PARTIES:
        keys_file(tmp_path, party).unlink()
    make_folder_of_keys(tmp_path, ["2021-07"])
    assert set(read_public_keys(readers)) == {"auditor", *PARTIES}


def test_a_data_folder_says_which_of_its_keys_is_gone(tmp_path: Path) -> None:
    file = StackFile.open(tmp_path, 7)
    make_folder_of_keys(key_folder(tmp_path), ["2021-07"])
    assert "sealing/ward.json" in file.with_all(tmp_path).holds
    keys_file(key_folder(tmp_path), WARD).unlink()
    with pytest.raises(ValueError, match=r"held sealing/ward\.json: missing now; restore the whole folder"):
        StackFile.open(tmp_path, None)
