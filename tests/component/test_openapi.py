"""Operation ids are unique in each party's OpenAPI document."""

from __future__ import annotations

import warnings
from importlib import import_module

import pytest

from services.chassis.web.application import create_http
from tests.component.test_migrations import PARTIES, a_service


@pytest.mark.parametrize("party", PARTIES)
def test_no_operation_is_there_twice(party: str) -> None:
    service, routes = a_service(party, "sqlite://"), import_module(f"services.{party}.routes")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        document = create_http(service, routes.router(service)).openapi()
    assert [str(w.message) for w in warned if "Duplicate Operation ID" in str(w.message)] == []
    assert len(document["paths"]) > 10
