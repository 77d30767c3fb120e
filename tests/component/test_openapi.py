"""Each party's HTTP document names every operation once."""

from __future__ import annotations

import warnings

import pytest

from tests.component.test_migrations import PARTIES, a_service


@pytest.mark.parametrize("party", PARTIES)
def test_no_operation_is_there_twice(party: str) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        document = a_service(party, "sqlite://").http.openapi()
    assert [str(w.message) for w in told if "Duplicate Operation ID" in str(w.message)] == []
    assert len(document["paths"]) > 10
