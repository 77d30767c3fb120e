"""Ids: from seed and natural key the same in every process; in real time unique and ordered by time."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.clock import real_time
from services.chassis.identity import SeededIdentity, TimeOrderedIdentity, chance, random_token

ROOT = Path(__file__).parents[2]
PRINTS_IDS = """
from services.chassis.identity import SeededIdentity, chance
print(SeededIdentity(42).new("payment", "131044210000012345021", "1"))
print(SeededIdentity(42).new("支払", "納付書"))
print(chance(42, "payers", "card").random())
"""
PAYMENT_OF_SEED_42 = "c7e2fcec-4e4d-8b74-8062-3ecfec25af38"
"""Fixed values, since simulations of different versions of this program are compared by these ids."""


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_another_process_gives_the_same_ids_and_chances(hash_seed: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    printed = subprocess.run(
        [sys.executable, "-c", PRINTS_IDS], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout.split()
    assert printed == [
        PAYMENT_OF_SEED_42,
        SeededIdentity(42).new("支払", "納付書"),
        str(chance(42, "payers", "card").random()),
    ]


@given(st.integers(0, 2**63), st.text(max_size=20), st.lists(st.text(max_size=20), max_size=3))
def test_a_seeded_id_is_a_version_8_uuid_and_stays_the_same(seed: int, kind: str, key: list[str]) -> None:
    made = SeededIdentity(seed).new(kind, *key)
    assert made == SeededIdentity(seed).new(kind, *key)
    read = uuid.UUID(made)
    assert (str(read), read.version, read.variant) == (made, 8, uuid.RFC_4122)


def test_seed_kind_and_each_part_of_the_key_make_another_id() -> None:
    makers = [SeededIdentity(1), SeededIdentity(2)]
    keys = [("payment", "ab", "c"), ("payment", "a", "bc"), ("payment", "abc"), ("deposit", "ab", "c"), ("payment",)]
    assert len({maker.new(*key) for maker in makers for key in keys}) == len(makers) * len(keys)


def test_a_time_ordered_id_is_a_version_7_uuid_of_the_time_it_was_made() -> None:
    before = int(real_time() * 1000)
    read = uuid.UUID(TimeOrderedIdentity().new("payment", "p1"))
    assert (read.version, read.variant) == (7, uuid.RFC_4122)
    assert before <= read.int >> 80 <= int(real_time() * 1000)


def test_time_ordered_ids_are_unique_and_sort_by_their_milliseconds() -> None:
    identity = TimeOrderedIdentity()
    made = [identity.new("payment", "p1") for _ in range(5_000)]
    assert len(set(made)) == len(made)
    milliseconds = [uuid.UUID(each).int >> 80 for each in made]
    assert milliseconds == sorted(milliseconds)
    assert [each[:13] for each in made] == sorted(each[:13] for each in made)


def test_chance_follows_from_the_seed_and_what_it_is_for() -> None:
    assert [chance(1, "a").random() for _ in range(2)] == [chance(1, "a").random()] * 2
    assert len({chance(seed, *names).random() for seed in (1, 2) for names in (("a",), ("b",), ("a", "b"))}) == 6


def test_a_random_token_is_32_hex_digits_and_not_repeated() -> None:
    tokens = {random_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 32 and int(token, 16) >= 0 for token in tokens)
