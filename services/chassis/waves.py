"""Splits a batch into waves, each of which is one transaction and holds every key at most once, in order per key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


def waves(items: Iterable[T], keys: Callable[[T], Iterable[Hashable]]) -> Sequence[Sequence[T]]:
    """Split `items` so that an item is in a later wave than every earlier item that shares one of its keys."""
    items = list(items)
    named = [tuple(keys(item)) for item in items]
    every = [name for names in named for name in names]
    if items and len(set(every)) == len(every):
        return [items]
    height: defaultdict[Hashable, int] = defaultdict(int)
    split: list[list[T]] = []
    for item, names in zip(items, named, strict=True):
        level = max((height[name] for name in names), default=0)
        if level == len(split):
            split.append([])
        split[level].append(item)
        for name in names:
            height[name] = level + 1
    return split
