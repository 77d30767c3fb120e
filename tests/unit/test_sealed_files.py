"""A sealed file is opened by its reader alone, as a whole and under its own name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts import topics
from contracts.parties import WARD
from contracts.sealing import Unopenable
from services.chassis.sealing.choosing import opener_for, sealer_for
from services.chassis.sealing.port import Keyless, Opener
from services.console.keys import keys_file, readers_file

AT = datetime(2021, 7, 20, 3, 0, tzinfo=UTC)
TOPIC = topics.RECEIPTS.name
NAME = "SHUNO20210720.txt"


@pytest.fixture(scope="module")
def ward(keys: Path) -> Opener:
    return opener_for(WARD, keys_file(keys, WARD))


def file_sealed(keys: Path, pieces: Sequence[bytes]) -> bytes:
    return b"".join(sealer_for(readers_file(keys)).seal_file(NAME, TOPIC, AT, pieces))


def file_opened(opener: Opener, content: bytes, folder: Path, name: str = NAME) -> bytes:
    path = folder / "file"
    path.write_bytes(content)
    with path.open("rb") as file:
        return b"".join(opener.open_file(name, file))


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000])
def test_a_file_of_any_size_in_any_pieces_is_opened(size: int, ward: Opener, keys: Path, tmp_path: Path) -> None:
    content = bytes(n % 251 for n in range(size))
    for piece in (1_000, 65_536, 300_000):
        sealed = file_sealed(keys, [content[at : at + piece] for at in range(0, size, piece)])
        assert file_opened(ward, sealed, tmp_path) == content
    assert len(sealed) == sealed.index(b"\n") + 1 + size + 16 * max(1, -(-size // 65_536))


def opens(opener: Opener, content: bytes, folder: Path) -> bool:
    try:
        file_opened(opener, content, folder)
    except Unopenable:
        return False
    return True


def test_a_file_that_was_changed_moved_about_or_cut_is_refused(ward: Opener, keys: Path, tmp_path: Path) -> None:
    sealed = file_sealed(keys, [bytes(200_000)])
    assert opens(ward, sealed, tmp_path)
    head, body = sealed[: sealed.index(b"\n") + 1], sealed[sealed.index(b"\n") + 1 :]
    chunks = [body[at : at + 65_552] for at in range(0, len(body), 65_552)]
    wrong = {
        "a bit": head + body[:70_000] + bytes([body[70_000] ^ 1]) + body[70_001:],
        "two chunks exchanged": head + chunks[1] + chunks[0] + b"".join(chunks[2:]),
        "the first chunk left out": head + b"".join(chunks[1:]),
        "the last chunk left out": head + b"".join(chunks[:-1]),
        "a chunk twice": head + chunks[0] + body,
        "something after the end": sealed + b"x",
        "no chunk": head,
        "another period": head.replace(b" 2021-07 ", b" 2021-08 ") + body,
        "no line": sealed[: len(head) - 1],
    }
    assert [what for what, changed in wrong.items() if opens(ward, changed, tmp_path)] == []
    with pytest.raises(Unopenable, match="wrapped for something else"):
        file_opened(ward, sealed, tmp_path, name="SHUNO20210721.txt")
    with pytest.raises(Unopenable, match="there are no private keys"):
        file_opened(Keyless(), sealed, tmp_path)


def test_a_file_that_is_not_sealed_is_read_as_it_is(ward: Opener, tmp_path: Path) -> None:
    for opener in (ward, Keyless()):
        assert file_opened(opener, b"1" * 300_000, tmp_path) == b"1" * 300_000
