"""A party's signing key, and how anybody verifies what it signed."""

from __future__ import annotations

import msgspec
import pytest

from contracts.duties.certificates import certificate_text
from contracts.events import ErasedKind
from contracts.signatures import fingerprint_of, is_signed, public_key_of, signature_of
from services.chassis.service import MissingSecret
from services.chassis.signing import Signer
from tests.duty_letters import certificate

KEY = bytes(range(32))


def test_a_signature_is_of_one_text_by_one_key() -> None:
    public, signature = public_key_of(KEY), signature_of(KEY, "消去")
    assert (len(public), len(signature)) == (64, 128)
    assert is_signed(public, signature, "消去")
    assert not is_signed(public, signature, "消去 ")
    assert not is_signed(public_key_of(bytes(32)), signature, "消去")


@pytest.mark.parametrize("wrong", ["", "00", "no hex", "00" * 32, "ff" * 64])
def test_what_is_no_key_or_signature_verifies_nothing(wrong: str) -> None:
    assert not is_signed(wrong, signature_of(KEY, "x"), "x")
    assert not is_signed(public_key_of(KEY), wrong, "x")


def test_a_key_follows_from_the_secret_unless_it_is_given() -> None:
    seeded = Signer("", lambda: b"secret of seed 7")
    assert seeded.public_key == Signer("", lambda: b"secret of seed 7").public_key
    assert seeded.public_key != Signer("", lambda: b"secret of seed 8").public_key
    assert Signer(KEY.hex(), lambda: b"").public_key == public_key_of(KEY)
    assert is_signed(seeded.public_key, seeded.sign("x"), "x")


def test_without_a_secret_there_is_no_key() -> None:
    def secret() -> bytes:
        raise MissingSecret("none")

    with pytest.raises(MissingSecret):
        _ = Signer("", secret).public_key


def test_a_fingerprint_is_read_in_groups_of_four() -> None:
    groups = fingerprint_of(public_key_of(KEY)).split()
    assert [len(group) for group in groups] == [4] * 8


@pytest.mark.parametrize(
    "change",
    [
        {"how": "行の削除"},
        {"responsible": "他の者"},
        {"kinds": (ErasedKind("与信・代理納付", 1_204),)},
        {"certificate_id": "e1/9"},
    ],
)
def test_a_certificate_that_was_changed_has_a_wrong_signature(change: dict[str, object]) -> None:
    right = certificate()
    assert is_signed(right.public_key, right.signature, certificate_text(right))
    changed = msgspec.structs.replace(right, **change)
    assert not is_signed(right.public_key, right.signature, certificate_text(changed))
