"""Classes and functions that are imported when they are first used.

Not every process needs every adapter, and an adapter's driver may be an optional dependency (asyncpg, aiokafka) or slow
to import (Alembic). This is the only place that imports by name; why, see docs/decisions/0032.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Generic, TypeVar, cast

T = TypeVar("T", covariant=True)


@dataclass(frozen=True)
class Deferred(Generic[T]):
    """What `name` (`module:attribute`) names: a callable that returns a `T`."""

    name: str
    extra: str = ""
    """The extra of this distribution that installs what the module imports."""

    def load(self) -> Callable[..., T]:
        """Raises `ModuleNotFoundError`, which says how to install the extra."""
        try:
            return cast("Callable[..., T]", resolve_name(self.name))
        except ModuleNotFoundError as missing:
            if not self.extra:
                raise
            raise ModuleNotFoundError(
                f"{missing.name} is not installed: pip install 'sansha[{self.extra}]'", name=missing.name
            ) from missing
