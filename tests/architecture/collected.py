"""Every field in which the parties may collect something: columns of tables, fields of events and of requests."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Final

from contracts import events
from services.chassis.bus.memory import MemoryBus
from services.chassis.clock import Clock, real_now
from services.chassis.service import Service
from services.chassis.web.application import create_http
from services.console.duties.checks.collecting import OF_THE_CHASSIS, fields_of_struct
from services.console.duties.fields import requested

PARTIES: Final = ("ward", "payment_provider", "card_agent")


def fields() -> set[str]:
    return {*of_events(), *(name for party in PARTIES for name in (*of_tables(party), *of_requests(party)))}


def service_of(party: str) -> Service:
    app = import_module(f"services.{party}.app")
    more = {"agent": "uc"} if party == "card_agent" else {}
    settings = app.Settings.model_validate({"seed": 1, "access": "open", **more})
    made: Service = app.create_app(settings, MemoryBus(), Clock.stepped(real_now()))
    return made


def of_tables(party: str) -> Iterator[str]:
    """Columns of all its tables but those that only carry what others hold."""
    for schema in service_of(party).schemas:
        for table in schema.tables.tables.values():
            if table.name not in OF_THE_CHASSIS:
                yield from table.columns.keys()


def of_requests(party: str) -> set[str]:
    routes = import_module(f"services.{party}.routes")
    service = service_of(party)
    return requested(create_http(service, routes.router(service)).openapi())


def of_events() -> Iterator[str]:
    for event_type in events.EVENTS:
        yield from fields_of_struct(event_type)
