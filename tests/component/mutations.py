"""Damaged events: real messages of the bus, changed by chance as a careless or hostile sender might change them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from services.chassis.bus.port import Message, Record
from services.chassis.identity import Chance

Headers = list[tuple[str, bytes]]

TEXTS: Final = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\x1b[2J",
    "\x7f",
    "\x85",
    "納付書",
    "\u202e",
    "�",
    "\U0010ffff",
    "x" * 200,
    "x" * 999,
    "字" * 333,
    "x" * 1_001,
    "字" * 400,
    "x" * 70_000,
    "../../etc",
    "%00",
    "'; DROP TABLE inbox; --",
    "null",
    "4000000000000002",
)
BYTES: Final = (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\x00", b"\xfe\xff\x00a", b"")
NUMBERS: Final = (
    "0", "-0", "-1", "1", "2147483647", "2147483648", "4611686018427387904", "9223372036854775807",
    "9223372036854775808", "-9223372036854775809", "18446744073709551616", "9" * 40, "9" * 5_000, "1.0", "1e3", "1e-3",
    "1e400", "-1e400", "0.1", "true", "false", "null", '"5"', "[]", "{}", "NaN", "Infinity", "01", "0x10",
)  # fmt: skip
TIMES: Final = (
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+09:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00",
    "1970-01-01T00:00:00Z", "2000-03-31T14:59:59Z", "2099-03-31T15:00:00Z", "2150-01-01T00:00:00+09:00",
    "2021-07-05T12:00:00", "2021-02-30T00:00:00Z", "2021-07-05", "2021-07-05T24:00:00Z", "2021-07-05T23:59:60Z",
    "2021-07-05T12:00:00+99:99", "10000-01-01T00:00:00Z", "-001-01-01T00:00:00Z", "yesterday", "1625454000", "",
)  # fmt: skip
DATES: Final = (
    "0001-01-01", "9999-12-31", "2000-03-31", "2100-01-01", "2021-02-30", "2021-7-5", "20210705",
    "2021-07-05T00:00:00Z", "", "today",
)  # fmt: skip
RAW: Final = (
    b"", b"{", b"{]", b"[]", b"null", b"true", b"42", b'"text"', b"\xff\xfe", b"\x00", b"{}", b'{"a":"\\ud800"}',
    b"\xef\xbb\xbf{}", b"{}\x00", b"[" * 100_000, b'{"x":' * 3_000 + b"1" + b"}" * 3_000,
)  # fmt: skip
SURROGATES: Final = (rb"\ud800", rb"\udfff", rb"\ud800\u0041", rb"\u0000", rb"\u001b", rb"\x00")


def mutated(message: Message, chance: Chance) -> Record:
    """The message with one to three changes."""
    key, value, headers = message.key, message.value, list(message.headers)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        match chance.choice(("header", "header", "field", "field", "field", "bytes", "raw", "key", "time")):
            case "header":
                headers = chance.choice(_HEADERS)(headers, chance)
            case "time":
                headers = _with(headers, "ce_time", chance.choice(TIMES).encode())
            case "field":
                value = _field(value, chance)
            case "bytes":
                value = _flipped(value, chance)
            case "raw":
                value = chance.choice(RAW)
            case _:
                key = chance.choice(TEXTS)
    return Record(message.topic, key, value, tuple(headers))


def _with(headers: Headers, name: str, content: bytes) -> Headers:
    return [(n, content if n == name else c) for n, c in headers]


def _any_name(headers: Headers, chance: Chance) -> str:
    return chance.choice([name for name, _ in headers] or ["ce_id"])


def _left_out(headers: Headers, chance: Chance) -> Headers:
    name = _any_name(headers, chance)
    return [header for header in headers if header[0] != name]


def _twice(headers: Headers, chance: Chance) -> Headers:
    return [*headers, (_any_name(headers, chance), chance.choice(TEXTS).encode())]


def _further(headers: Headers, chance: Chance) -> Headers:
    return [*headers, (chance.choice(TEXTS), chance.choice(BYTES))]


def _text(headers: Headers, chance: Chance) -> Headers:
    return _with(headers, _any_name(headers, chance), chance.choice(TEXTS).encode())


def _bytes(headers: Headers, chance: Chance) -> Headers:
    return _with(headers, _any_name(headers, chance), chance.choice(BYTES))


def _of_another(headers: Headers, chance: Chance) -> Headers:
    sources = (b"/sansha/ward", b"/sansha/card_agent.jcb", b"/sansha/card_agent.uc", b"/sansha/payment_provider", b"/x")
    return _with(headers, "ce_source", chance.choice(sources))


def _none(_headers: Headers, _chance: Chance) -> Headers:
    return []


_HEADERS: Sequence[Callable[[Headers, Chance], Headers]] = (
    _left_out, _twice, _further, _text, _text, _bytes, _of_another, _none,
)  # fmt: skip


def _field(value: bytes, chance: Chance) -> bytes:
    """Another content in one field, as JSON text: Python could not hold all of them."""
    try:
        fields = json.loads(value)
    except (ValueError, RecursionError):
        return value
    if not isinstance(fields, dict) or not fields:
        return value
    name = chance.choice(sorted(fields))
    match chance.choice(("number", "text", "time", "date", "escape", "missing", "nested", "further")):
        case "number":
            return _put(fields, name, chance.choice(NUMBERS))
        case "text":
            return _put(fields, name, json.dumps(chance.choice(TEXTS), ensure_ascii=chance.random() < 0.5))
        case "time":
            return _put(fields, name, json.dumps(chance.choice(TIMES)))
        case "date":
            return _put(fields, name, json.dumps(chance.choice(DATES)))
        case "escape":
            return _put(fields, name, f'"{chance.choice(SURROGATES).decode()}"')
        case "missing":
            return json.dumps({n: content for n, content in fields.items() if n != name}).encode()
        case "nested":
            depth = chance.choice((1, 50, 400, 5_000))
            return _put(fields, name, "[" * depth + "]" * depth)
        case _:
            return _put(fields, chance.choice(TEXTS[:8]), chance.choice(NUMBERS))


def _put(fields: dict[str, Any], name: str, content: str) -> bytes:
    held = "\x00place\x00"
    text = json.dumps({**fields, name: held}, ensure_ascii=False)
    return text.replace(json.dumps(held), content, 1).encode(errors="replace")


def _flipped(value: bytes, chance: Chance) -> bytes:
    if not value:
        return b"\x00"
    at = chance.randrange(len(value))
    return value[:at] + bytes([chance.randrange(256)]) + value[at + chance.choice((0, 1, 1, 5)) :]


def mutations(messages: Sequence[Message], count: int, chance: Chance) -> list[Record]:
    """This many damaged copies of these messages."""
    return [*map(partial(mutated, chance=chance), (chance.choice(messages) for _ in range(count)))]
