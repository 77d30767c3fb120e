"""What stands before the routes of every listener, outermost first: heads, sizes, callers, bodies, requests at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from fastapi import FastAPI

from services.chassis.settings import ServiceSettings
from services.chassis.web.admission import Admission
from services.chassis.web.bodies import Bodies, BodyRule, BodyRules, RequestsAtOnce, Sizes
from services.chassis.web.heads import Heads

OPERATIONAL: Final = ("/health/", "/metrics", "/ops/")
"""Not counted among the requests at once: a busy service can still be monitored."""
EVERY_ADDRESS: Final = ("0.0.0.0", "::", "")
LETTERS: Final = "/ops/dead-letters/"


@dataclass(frozen=True, slots=True)
class Entrance:
    """Hosts by which a listener may be called, and the bounds of its requests."""

    settings: ServiceSettings = field(default_factory=ServiceSettings)
    principal: str = ""
    """In containers a party's host name is this, in hyphens."""
    bodies: Mapping[str, BodyRule] = field(default_factory=dict)
    """Path → the rule of its body, where it is not the usual one."""

    @classmethod
    def of(cls, settings: ServiceSettings, principal: str, bodies: Mapping[str, BodyRule] | None = None) -> Self:
        return cls(settings, principal, bodies or {})

    def stand_before(self, app: FastAPI) -> None:
        """Add the middleware; what is added last stands outermost."""
        s = self.settings
        app.add_middleware(RequestsAtOnce, most=s.http_requests_at_once, unbounded=OPERATIONAL)
        app.add_middleware(Bodies)
        app.add_middleware(Admission)
        app.add_middleware(Sizes, rules=self._rules, at_once=s.http_bytes_at_once)
        app.add_middleware(Heads, hosts=self._hosts)

    @property
    def _hosts(self) -> tuple[str, ...]:
        in_containers = self.principal.replace(".", "-").replace("_", "-")
        own = () if self.settings.host in EVERY_ADDRESS else (self.settings.host,)
        return (*self.settings.http_hosts.split(","), *own, in_containers)

    @property
    def _rules(self) -> BodyRules:
        s = self.settings
        return BodyRules(BodyRule(s.http_body_bytes), self.bodies, {LETTERS: BodyRule(s.http_bulk_bytes)})


ENTRANCE: Final = Entrance()
"""With the settings' defaults."""
