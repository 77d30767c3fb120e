"""The fields that a party asks for over HTTP, read from its OpenAPI document. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

HEADERS = frozenset({"Idempotency-Key"})
"""Parameters that say nothing of persons."""


def requested(document: Mapping[str, Any]) -> set[str]:
    """Fields of request bodies, and parameters."""
    schemas = document.get("components", {}).get("schemas", {})
    found: set[str] = set()
    for operation in (one for path in document["paths"].values() for one in path.values()):
        found.update(_properties(operation.get("requestBody", {}), schemas, frozenset()))
        found.update(parameter["name"] for parameter in operation.get("parameters", ()))
    return found - HEADERS


def _properties(schema: Any, schemas: Mapping[str, Any], seen: frozenset[str]) -> Iterator[str]:
    if isinstance(schema, list):
        for part in schema:
            yield from _properties(part, schemas, seen)
    elif isinstance(schema, Mapping):
        name = str(schema.get("$ref", "")).rpartition("/")[2]
        if name and name not in seen:
            yield from _properties(schemas[name], schemas, seen | {name})
        yield from schema.get("properties", ())
        for key, part in schema.items():
            if key != "examples":
                yield from _properties(part, schemas, seen)
