"""Whose personal data an answer shows: the persons in its JSON and in the request, by the fields that identify one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

KINDS: Final[Mapping[str, str]] = {
    "insured_number": "insured",
    "slip_number": "slip",
    "payment_id": "payment",
    "app_user": "app_user",
}
"""Field → kind of number, the one that says most of a person first: an object is recorded by its first field."""
EVERYBODY: Final = ("everybody",)


def persons(document: Any) -> Iterator[str]:
    """`kind:number` of every person in a JSON document, as often as it occurs."""
    if isinstance(document, Mapping):
        found = next((f for f in KINDS if isinstance(document.get(f), str)), None)
        if found is not None:
            yield f"{KINDS[found]}:{document[found]}"
        for value in document.values():
            if isinstance(value, (Mapping, list)):
                yield from persons(value)
    elif isinstance(document, list):
        for value in document:
            yield from persons(value)


def shows_persons(schema: Any, definitions: Mapping[str, Any], seen: frozenset[str] = frozenset()) -> bool:
    """Whether documents of a JSON schema can have a field that identifies a person."""
    if isinstance(schema, list):
        return any(shows_persons(part, definitions, seen) for part in schema)
    if not isinstance(schema, Mapping):
        return False
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    if name and name not in seen:
        return shows_persons(definitions.get(name), definitions, seen | {name})
    if any(field in KINDS for field in schema.get("properties", ())):
        return True
    return any(shows_persons(part, definitions, seen) for key, part in schema.items() if key != "examples")
