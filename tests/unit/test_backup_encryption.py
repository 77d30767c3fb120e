"""A backup's files: what was changed, cut, extended or put in another's place is refused."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.sealing import TAG_BYTES
from services.console.backup.encryption import CHUNK_BYTES, Altered, decrypt, encrypt

KEY = bytes(range(32))
SIZES = (0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES + 7)


def written(folder: Path, content: bytes, name: str = "ward.db", key: bytes = KEY) -> Path:
    file = folder / "file.enc"
    file.unlink(missing_ok=True)
    encrypt(key, name, io.BytesIO(content), file)
    return file


@pytest.mark.parametrize("size", SIZES)
def test_what_is_written_is_read(tmp_path: Path, size: int) -> None:
    content = bytes(n * 7 % 251 for n in range(size))
    file = written(tmp_path, content)
    assert b"".join(decrypt(KEY, "ward.db", file)) == content
    assert file.stat().st_size == size + TAG_BYTES * max(1, -(-size // CHUNK_BYTES))
    assert size < 100 or content[:100] not in file.read_bytes()


@given(place=st.integers(0, 3 * TAG_BYTES + 99), bit=st.integers(0, 7))
def test_no_bit_can_be_changed(tmp_path_factory: pytest.TempPathFactory, place: int, bit: int) -> None:
    file = written(tmp_path_factory.mktemp("backup"), bytes(132))
    changed = bytearray(file.read_bytes())
    changed[place] ^= 1 << bit
    file.write_bytes(changed)
    with pytest.raises(Altered, match="was altered"):
        list(decrypt(KEY, "ward.db", file))


@pytest.mark.parametrize("kept", [0, TAG_BYTES, CHUNK_BYTES + TAG_BYTES, 2 * (CHUNK_BYTES + TAG_BYTES) - 1])
def test_a_file_that_ends_early_is_refused(tmp_path: Path, kept: int) -> None:
    file = written(tmp_path, bytes(3 * CHUNK_BYTES))
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(Altered):
        list(decrypt(KEY, "ward.db", file))


def test_chunks_cannot_change_places_or_be_added(tmp_path: Path) -> None:
    file, size = written(tmp_path, bytes(2 * CHUNK_BYTES)), CHUNK_BYTES + TAG_BYTES
    one, two = file.read_bytes()[:size], file.read_bytes()[size:]
    for other in (two + one, one + one, one + two + two, one + two + b"x"):
        file.write_bytes(other)
        with pytest.raises(Altered):
            list(decrypt(KEY, "ward.db", file))


@pytest.mark.parametrize(("name", "key"), [("jcb.db", KEY), ("ward.db", bytes(32))])
def test_a_file_is_none_of_another_name_or_backup(tmp_path: Path, name: str, key: bytes) -> None:
    file = written(tmp_path, b"content")
    with pytest.raises(Altered):
        list(decrypt(key, name, file))
