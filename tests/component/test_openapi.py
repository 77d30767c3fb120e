"""Each party's HTTP document names every operation once."""

from __future__ import annotations

import warnings

import pytest

from tests.component.test_migrations import PARTIES, a_service


@pytest.mark.parametrize("party", PARTIES)
def test_no_operation_is_there_twice(party: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        document = a_service(party, "sqlite://").http.openapi()
    operations = [o["operationId"] for path in document["paths"].values() for o in path.values()]
    assert len(operations) == len(set(operations)) > 10
