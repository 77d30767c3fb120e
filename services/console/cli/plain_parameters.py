"""Reads text and flags of the command line without Pydantic.

Typer reads every parameter with a type adapter, and importing Pydantic for it takes as long as the rest of a short
command. Text, flags, and what an option's own parser makes of its text need none. Typer has no public hook for this: if
a later version is built differently, commands work as before and only start later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from typer._click import Parameter


class _AsTyped(NamedTuple):
    parser: Callable[[Any], Any] | None

    def coerce(self, value: Any, **_context: object) -> Any:
        return value if value is None or self.parser is None else self.parser(value)


def read_plainly(parameters: Sequence[Parameter]) -> None:
    for parameter in parameters:
        typed = getattr(parameter, "type_descriptor", None)
        if typed is not None and (typed.parameter_info.parser or typed.annotation in (str, bool)):
            parameter.__dict__["_runtime_param"] = _AsTyped(typed.parameter_info.parser)
