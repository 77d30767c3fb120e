"""What is imported when it is first used: every name resolves, and a missing extra says how to install it."""

from __future__ import annotations

import pytest

from services.chassis.bus import opening
from services.chassis.database import POSTGRESQL
from services.chassis.deferred import Deferred
from services.chassis.migrations.up_to_date import ALEMBIC
from services.chassis.paper import LETTER
from services.chassis.sealing import choosing
from services.console.keys import MAKE
from services.ward.paper import DOCUMENT


@pytest.mark.parametrize(
    "deferred",
    [
        *(opening.KAFKA, opening.EMBEDDED, opening.MEMORY, POSTGRESQL, ALEMBIC, DOCUMENT, LETTER),
        *(choosing.KEYRING, choosing.SEALER, choosing.OPENER, MAKE),
    ],
    ids=lambda d: d.name,
)
def test_every_name_resolves(deferred: Deferred[object]) -> None:
    assert callable(deferred.load())


def test_what_is_not_installed_says_which_extra_installs_it() -> None:
    absent = "services.chassis.no_such_driver:Driver"
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'sansha\[postgres\]'"):
        Deferred(absent, extra="postgres").load()
    with pytest.raises(ModuleNotFoundError, match="No module named"):
        Deferred(absent).load()
