"""Every setting with its variable, default and meaning, read from the settings classes themselves."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from services.card_agent.app import Settings as CardAgentSettings
from services.chassis.settings import KafkaSettings, ServiceSettings
from services.payment_provider.app import Settings as PaymentProviderSettings
from services.ward.app import Settings as WardSettings


class SettingRow(NamedTuple):
    """One setting: its variable, its default as it would be written there (empty for none), what it means."""

    variable: str
    default: str
    meaning: str


SECTIONS: tuple[tuple[str, str, type[BaseSettings], type[BaseSettings]], ...] = (
    ("every service", "SANSHA_", ServiceSettings, KafkaSettings),
    ("Kafka", "SANSHA_", KafkaSettings, BaseSettings),
    ("甲 ward", "SANSHA_WARD_", WardSettings, ServiceSettings),
    ("乙 payment provider", "SANSHA_PAYMENT_PROVIDER_", PaymentProviderSettings, ServiceSettings),
    ("丙 card agents", "SANSHA_CARD_AGENT_", CardAgentSettings, ServiceSettings),
)
"""(title, prefix of the variables, settings, whose settings are told elsewhere)."""


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


def _rows(prefix: str, kind: type[BaseSettings], without: type[BaseSettings]) -> Iterator[SettingRow]:
    meanings = _docstrings(kind)
    for name, field in kind.model_fields.items():
        if name not in without.model_fields:
            default = None if field.is_required() else field.get_default(call_default_factory=True)
            yield SettingRow(prefix + name.upper(), _text(default), meanings.get(name, ""))


def _docstrings(kind: type[BaseSettings]) -> dict[str, str]:
    """What the string under each field says; a field without one is told by the next that has."""
    found: dict[str, str] = {}
    for owner in kind.__mro__:
        if not issubclass(owner, BaseSettings) or owner is BaseSettings:
            continue
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
        assert isinstance(definition, ast.ClassDef)
        untold: list[str] = []
        for statement in definition.body:
            match statement:
                case ast.AnnAssign(target=ast.Name(id=name)):
                    untold.append(name)
                case ast.Expr(value=ast.Constant(value=str(text))):
                    found.update(dict.fromkeys(untold, " ".join(text.split())))
                    untold.clear()
                case _:
                    untold.clear()
    return found


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
            return json.dumps(default)


def _code(default: str) -> str:
    return f"`{default}`" if default else "—"
