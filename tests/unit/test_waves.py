"""Waves: order per key, each key once in a wave, nothing lost, as few waves as that allows."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain, pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.chassis.waves import waves

KeySets = Sequence[frozenset[int]]

key_sets = st.lists(st.frozensets(st.integers(0, 4), max_size=3), max_size=30)
single_keys = st.lists(st.integers(0, 4), max_size=40)


def split(keys: KeySets) -> Sequence[Sequence[int]]:
    """Each item is its place in the batch."""
    return waves(range(len(keys)), lambda item: keys[item])


@given(key_sets)
def test_nothing_is_lost_and_nothing_comes_twice(keys: KeySets) -> None:
    assert sorted(chain.from_iterable(split(keys))) == list(range(len(keys)))


@given(key_sets)
def test_a_key_occurs_once_in_a_wave(keys: KeySets) -> None:
    for wave in split(keys):
        assert max(Counter(key for item in wave for key in keys[item]).values(), default=1) == 1


@given(key_sets)
def test_items_that_share_a_key_keep_their_order(keys: KeySets) -> None:
    level = {item: number for number, wave in enumerate(split(keys)) for item in wave}
    for item in range(len(keys)):
        assert all(level[earlier] < level[item] for earlier in range(item) if keys[earlier] & keys[item])


@given(key_sets)
def test_a_wave_keeps_the_order_of_the_batch(keys: KeySets) -> None:
    for wave in split(keys):
        assert list(wave) == sorted(wave)


@given(key_sets)
def test_no_item_could_have_gone_in_an_earlier_wave(keys: KeySets) -> None:
    split_up = split(keys)
    for before, wave in pairwise(split_up):
        for item in wave:
            assert any(other < item and keys[other] & keys[item] for other in before)


@given(single_keys)
def test_there_are_as_many_waves_as_the_most_frequent_key_has_items(keys: Sequence[int]) -> None:
    assert len(waves(keys, lambda key: (key,))) == max(Counter(keys).values(), default=0)


def test_items_without_a_key_all_go_at_once() -> None:
    assert waves("abc", lambda _: ()) == [["a", "b", "c"]]


def test_a_batch_of_one_key_goes_one_by_one() -> None:
    assert waves([1, 2, 3], lambda _: "k") == [[1], [2], [3]]
