"""Each service's OpenAPI document: operation ids are unique, and what a route may answer is there."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, cast

import pytest

from contracts.topics import CONSOLE
from services.chassis.settings import ServiceSettings
from services.chassis.web.application import create_http
from services.chassis.web.known_callers import known_callers
from services.console.stack.clock_authority import ClockAuthority
from services.console.stack.control import control
from tests.component.test_migrations import PARTIES, a_service


@pytest.mark.parametrize("party", PARTIES)
def test_no_operation_is_there_twice(party: str) -> None:
    service, routes = a_service(party, "sqlite://"), import_module(f"services.{party}.routes")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        document = create_http(service, routes.router(service)).openapi()
    assert [str(w.message) for w in warned if "Duplicate Operation ID" in str(w.message)] == []
    assert len(document["paths"]) > 10


EACH = pytest.mark.parametrize("name", [*PARTIES, CONSOLE])


@cache
def document_of(name: str) -> Mapping[str, Any]:
    if name == CONSOLE:
        settings = ServiceSettings(access="open")
        return control(cast("ClockAuthority", None), settings, known_callers(settings)).openapi()
    service, routes = a_service(name, "sqlite://"), import_module(f"services.{name}.routes")
    return create_http(service, routes.router(service)).openapi()


@EACH
def test_a_guarded_route_says_that_it_asks_for_a_caller(name: str) -> None:
    document = document_of(name)
    operations = {
        f"{method} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    guarded = {name: operation for name, operation in operations.items() if "security" in operation}
    assert len(guarded) > len(operations) / 2
    assert [name for name, operation in guarded.items() if not {"401", "403"} <= operation["responses"].keys()] == []
    assert document["components"]["securitySchemes"].keys() == {"bearer"}


@EACH
def test_every_refusal_has_the_form_of_a_problem(name: str) -> None:
    document = document_of(name)
    refusals = [
        response
        for methods in document["paths"].values()
        for operation in methods.values()
        for status, response in operation["responses"].items()
        if status >= "400"
    ]
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert all(response["content"] == problem for response in refusals)
    assert "HTTPValidationError" not in document["components"]["schemas"]
