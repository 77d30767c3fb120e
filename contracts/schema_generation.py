"""Generates `contracts/schemas/`: one JSON Schema (2020-12) per event type, and the AsyncAPI document.

`python -m contracts.schema_generation` writes them; `--check` only compares, and exits with 1 if they differ. The
output depends only on the contracts.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import sys
import typing
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from contracts import events
from contracts.asyncapi import document
from contracts.bounds import FIRST_DAY, FIRST_INSTANT, LAST_DATE, LAST_INSTANT
from contracts.schema_fields import Json, words_of

FOLDER: Final = Path(__file__).parent / "schemas"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_TIMES: Final[Mapping[object, Schema]] = {
    datetime: {
        "format": "date-time",
        "formatMinimum": FIRST_INSTANT.isoformat(),
        "formatMaximum": LAST_INSTANT.isoformat(),
    },
    date: {"format": "date", "formatMinimum": FIRST_DAY.isoformat(), "formatMaximum": LAST_DATE.isoformat()},
}
"""JSON Schema has no keyword for the bounds of a time; validators that do not know these pass over them."""
_OPTIONAL_TIMES: Final[Mapping[object, Schema]] = {datetime | None: _TIMES[datetime], date | None: _TIMES[date]}


def schema_of(event_type: type[events.Event]) -> Schema:
    """The JSON Schema of an event's value. Additional fields are allowed: a reader ignores them."""
    _, components = msgspec.json.schema_components([event_type], ref_template="#/$defs/{name}")
    for name, component in components.items():
        struct = getattr(events, name, None)
        if struct is not None:  # else one of the enumerations
            _describe(component, struct)
    root: Schema = components.pop(event_type.__name__)
    root |= {
        "$schema": DIALECT,
        "$id": f"{event_type.TYPE}.json",
        "additionalProperties": True,
        "examples": [example_of(event_type)],
    }
    return root | ({"$defs": components} if components else {})


def example_of(event_type: type[events.Event]) -> dict[str, Json]:
    """An instance of the event, as JSON."""
    return {field.encode_name: words_of(field.name).example for field in msgspec.structs.fields(event_type)}


def files() -> Mapping[str, str]:
    """Name → content of every generated file."""
    schemas = {f"{event_type.TYPE}.json": schema_of(event_type) for event_type in events.EVENTS}
    examples = {event_type: example_of(event_type) for event_type in events.EVENTS}
    return {name: _text(content) for name, content in {**schemas, "asyncapi.json": document(examples)}.items()}


def differences(folder: Path = FOLDER) -> Sequence[str]:
    """Each file in `folder` that differs from what would be generated, as a line of text."""
    generated = files()
    present = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    names = sorted(generated.keys() | present.keys())
    return [
        f"{name}: {'missing' if name not in present else 'differs' if name in generated else 'not generated'}"
        for name in names
        if generated.get(name) != present.get(name)
    ]


def write(folder: Path = FOLDER) -> None:
    """Write the generated files into `folder`, and delete its other JSON files."""
    folder.mkdir(exist_ok=True)
    generated = files()
    for path in folder.glob("*.json"):
        if path.name not in generated:
            path.unlink()
    for name, text in generated.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 1 if `--check` finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m contracts.schema_generation", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the existing files; write nothing")
    if not parser.parse_args(arguments).check:
        write()
        return 0
    found = differences()
    if found:
        sys.stderr.write("\n".join([*found, "Run `make schemas` and commit the result.\n"]))
    return int(bool(found))


def _describe(schema: Schema, struct: type[msgspec.Struct]) -> None:
    """Add each field's description and bounds to its schema, whether the struct is an object or an array."""
    own_words = _field_docstrings(struct)
    types = typing.get_type_hints(struct)
    fields = msgspec.structs.fields(struct)
    places = schema.get("prefixItems") or [schema["properties"][field.encode_name] for field in fields]
    for field, place in zip(fields, places, strict=True):
        words = words_of(field.name)
        place |= {"description": own_words.get(field.name, words.meaning), **words.bounds}
        if "prefixItems" in schema:
            place["title"] = field.name
        if (bounds := _TIMES.get(types[field.name])) is not None:
            place.update(bounds)
        elif (bounds := _OPTIONAL_TIMES.get(types[field.name])) is not None:
            next(either for either in place["anyOf"] if either["type"] == "string").update(bounds)


def _field_docstrings(struct: type) -> Mapping[str, str]:
    """The docstring below each field; a subclass's takes precedence."""
    found: dict[str, str] = {}
    for cls in reversed(struct.__mro__):
        if cls.__module__.startswith(events.__name__):
            found |= _docstrings_below(ast.parse(inspect.getsource(cls)).body[0])
    return found


def _docstrings_below(definition: ast.stmt) -> Mapping[str, str]:
    assert isinstance(definition, ast.ClassDef)
    found: dict[str, str] = {}
    for field, below in zip(definition.body, definition.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = inspect.cleandoc(text)
            case _:
                pass
    return found


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.exit(main())
