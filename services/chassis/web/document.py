"""The OpenAPI document of a service: FastAPI's, with what is answered before a route sees a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from fastapi import FastAPI

from contracts.http.problems import Problem
from services.chassis.web.admission import security_schemes

REFUSED: Final = {
    "400": "not a request, or not text",
    "403": "of a web page of another site",
    "408": "not received in time",
    "414": "path or query too long",
    "421": "of a host that is not this listener's",
    "422": "with a card number where none belongs",
    "431": "headers too large",
    "503": "too many at once, or an outage: try again later",
}
"""Status → a request that any route refuses so, before it is looked at."""
REFUSED_BODIES: Final = {"413": "body too large", "415": "body of a type that is not read here"}
NOT_ADMITTED: Final = {"401": "without a key or session that is known here"}
"""By a route that is not public. Without its role it is answered 403, like a page of another site."""
_PROBLEM: Final = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_OF_FASTAPI: Final = ("HTTPValidationError", "ValidationError")
"""Its own form of an answer to a malformed request; ours is a problem like any other."""


def described(app: FastAPI) -> FastAPI:
    """The application, whose document says what the entrance and the admission answer, and has problems as such."""
    app.openapi = partial(_described, app.openapi)  # type: ignore[method-assign]
    return app


def _described(describe: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    document = describe()
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas.setdefault("Problem", Problem.model_json_schema())
    operations = list(_operations(document))
    if any("security" in operation for operation in operations):
        components["securitySchemes"] = security_schemes()
    for operation in operations:
        _say_what_is_refused(operation)
    for name in _OF_FASTAPI:
        schemas.pop(name, None)
    return document


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (operation for path in document["paths"].values() for operation in path.values())


def _say_what_is_refused(operation: dict[str, Any]) -> None:
    refused = dict(REFUSED)
    if "requestBody" in operation:
        refused |= REFUSED_BODIES
    if "security" in operation:
        refused |= NOT_ADMITTED
    responses = operation["responses"]
    for status, description in refused.items():
        responses.setdefault(status, {"description": description, "content": _PROBLEM})
    for status, response in responses.items():
        if status >= "400" and "application/json" in response.get("content", {}):
            response["content"] = _PROBLEM
