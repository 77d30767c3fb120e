"""Which roles open which route: the table of docs/protection.md, from the routes themselves.

`python -m tests.architecture.route_roles docs/protection.md` writes it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

from contracts.roles import ROLE_NAMES, Role
from services.chassis.bus.memory import MemoryBus
from services.chassis.clock import Clock, real_now
from services.chassis.web.admission import GuardedRoute
from services.chassis.web.application import create_http

BEGIN: Final = "<!-- routes: python -m tests.architecture.route_roles docs/protection.md -->"
END: Final = "<!-- end of routes -->"
PARTIES: Final = {"ward": "甲", "payment_provider": "乙", "card_agent": "丙"}


def rows(party: str) -> Iterator[tuple[str, str, frozenset[Role]]]:
    """(method, path, roles) of every route of a party; no roles if it is public."""
    app = import_module(f"services.{party}.app")
    more = {"agent": "uc"} if party == "card_agent" else {}
    settings = app.Settings.model_validate({"seed": 1, "access": "open", **more})
    service = app.create_app(settings, MemoryBus(), Clock.stepped(real_now()))
    for route in create_http(service, import_module(f"services.{party}.routes").router(service)).routes:
        if isinstance(route, GuardedRoute):
            for method in sorted(route.methods or ()):
                yield method, route.path, route.roles


def table() -> str:
    """Markdown: a row for each route; routes that every party has are listed once, as 各者."""
    by_route: dict[tuple[str, str, frozenset[Role]], list[str]] = {}
    for party, sign in PARTIES.items():
        for method, path, roles in rows(party):
            by_route.setdefault((method, path, roles), []).append(sign)
    head = " | ".join(ROLE_NAMES[role].japanese for role in Role)
    lines = [f"| | route | {head} |", f"|---|---|{'---|' * len(Role)}"]
    for (method, path, roles), signs in sorted(by_route.items(), key=lambda one: (-len(one[1]), one[1], one[0][1])):
        whose = "各者" if len(signs) == len(PARTIES) else "・".join(signs)
        marks = " | ".join("○" if role in roles else "" for role in Role) if roles else "公開" + " |" * (len(Role) - 1)
        lines.append(f"| {whose} | `{method} {path}` | {marks} |")
    return "\n".join(lines)


def with_table(document: str) -> str:
    """The document with today's table between its marks."""
    before, _, rest = document.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(with_table(path.read_text(encoding="utf-8")), encoding="utf-8")
