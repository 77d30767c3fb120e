"""Every setting with its variable, default and meaning, from the fields of the settings classes.

`python -m services.console.deployment.settings_listing docs/operations.md` writes the tables into a document,
between its marks.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from services.card_agent.app import Settings as CardAgentSettings
from services.chassis.settings import KafkaSettings, ServiceSettings
from services.console.stack.standalone import ConsoleSettings
from services.payment_provider.app import Settings as PaymentProviderSettings
from services.ward.app import Settings as WardSettings

BEGIN, END = "<!-- settings: generated -->\n", "<!-- settings: end -->\n"
"""Marks in a document: the text between them is `as_markdown`."""


class SettingRow(NamedTuple):
    """One setting: its variable, its default in the form of the environment (empty for none), its meaning."""

    variable: str
    default: str
    meaning: str


SECTIONS: tuple[tuple[str, str, type[BaseSettings], type[BaseSettings]], ...] = (
    ("every service", "SANSHA_", ServiceSettings, KafkaSettings),
    ("Kafka", "SANSHA_", KafkaSettings, BaseSettings),
    ("甲 ward", "SANSHA_WARD_", WardSettings, ServiceSettings),
    ("乙 payment provider", "SANSHA_PAYMENT_PROVIDER_", PaymentProviderSettings, ServiceSettings),
    ("丙 card agents", "SANSHA_CARD_AGENT_", CardAgentSettings, ServiceSettings),
    ("console", "SANSHA_CONSOLE_", ConsoleSettings, ServiceSettings),
)
"""(title, prefix of the variables, settings, settings listed elsewhere: left out unless their default differs)."""


def listing() -> Mapping[str, list[SettingRow]]:
    """All settings by section. A more particular prefix is always possible: `SANSHA_CARD_AGENT_UC_…`."""
    return {title: list(_rows(prefix, kind, without)) for title, prefix, kind, without in SECTIONS}


def as_markdown() -> str:
    """The listing as tables for docs/operations.md."""
    parts = []
    for title, rows in listing().items():
        head = f"### {title}\n\n| Variable | Default | Meaning |\n|---|---|---|\n"
        parts.append(head + "".join(f"| `{r.variable}` | {_code(r.default)} | {r.meaning} |\n" for r in rows))
    return "\n".join(parts)


def with_settings(document: str) -> str:
    """The document with today's tables between its marks. Raises `ValueError` if it lacks a mark."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no place for the settings; mark one with the lines {BEGIN.strip()} and {END.strip()}")
    return f"{before}{begin}\n{as_markdown()}\n{end}{after}"


def _rows(prefix: str, kind: type[BaseSettings], without: type[BaseSettings]) -> Iterator[SettingRow]:
    for name, field in kind.model_fields.items():
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        if (listed := without.model_fields.get(name)) is None or listed.default != field.default:
            yield SettingRow(prefix + name.upper(), _text(default), " ".join((field.description or "").split()))


def _text(default: Any) -> str:
    match default:
        case None | "":
            return ""
        case SecretStr():
            return default.get_secret_value()
        case bool():
            return str(default).lower()
        case Path() | str() | int() | float():
            return str(default)
        case _ if hasattr(default, "isoformat"):
            return str(default.isoformat())
        case _:
            return json.dumps(default, ensure_ascii=False)


def _code(default: str) -> str:
    return f"`{default}`" if default else "—"


if __name__ == "__main__":
    for file in map(Path, sys.argv[1:]):
        file.write_text(with_settings(file.read_text(encoding="utf-8")), encoding="utf-8")
