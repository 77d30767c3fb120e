"""Migrations: the revisions that made the tables of a database what they are.

Each set of tables has a history of revisions, one file each in its folder `versions`: the chassis (outbox, inbox, …)
has one, and so has each party. A new database gets the tables of today, an older one the revisions that it lacks
(`up_to_date.py`); one made before there were revisions is at the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import MetaData

from services.chassis.outages import Unusable


@dataclass(frozen=True, slots=True)
class History:
    """The revisions of one set of tables: `name_0001` to `name_{newest:04}`, in the files of `folder`."""

    name: str
    newest: int
    folder: Path

    @property
    def first(self) -> str:
        return f"{self.name}_0001"

    @property
    def head(self) -> str:
        return f"{self.name}_{self.newest:04}"


CHASSIS: Final = History("chassis", 6, Path(__file__).parent / "versions")


class Schema(NamedTuple):
    """Tables as they are today, and their history."""

    tables: MetaData
    history: History


class NewerDatabase(Unusable):
    """The database has revisions that this version of sansha does not know."""
