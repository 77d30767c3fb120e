"""`sansha provision rules`: what each principal may do on the cluster."""

from __future__ import annotations

from enum import StrEnum
from itertools import groupby
from typing import Annotated

import typer
from rich.table import Table

from contracts.access import RULES
from services.chassis.settings import InvalidSettings, ServiceSettings
from services.console.cli.commands.provision import ADMINISTRATOR
from services.console.cli.options import Json
from services.console.cli.output import emit, fail, out
from services.console.deployment.access_commands import commands


class Form(StrEnum):
    """How access rules are shown."""

    TABLE = "table"
    COMMANDS = "commands"


app = typer.Typer(add_completion=False)


@app.command()
def rules(
    form: Annotated[
        Form, typer.Option("--as", help="As a table, or as commands of the tools that Kafka comes with.")
    ] = Form.TABLE,
    as_json: Json = False,
) -> None:
    """Show what each principal may do on the cluster, and why. Changes nothing."""
    try:
        settings = ServiceSettings.from_environment(ADMINISTRATOR)
    except InvalidSettings as wrong:
        fail(str(wrong))
    prefix = settings.kafka_topic_prefix
    if as_json:
        emit([{f: getattr(r, f) for f in ("principal", "operation", "resource", "name", "reason")} for r in RULES])
    elif form is Form.COMMANDS:
        for command in commands(prefix, settings.kafka_replication_factor):
            out.print(command, soft_wrap=True, markup=False)
    else:
        out.print(_table(prefix))


def _table(prefix: str) -> Table:
    """A row for each principal and resource, with the reason for its first operation."""
    table = Table("principal", "may", "on", "because it", box=None)
    for (principal, resource, name), its in groupby(RULES, key=lambda r: (r.principal, r.resource, r.name_on(prefix))):
        operations, reasons = zip(*((rule.operation, rule.reason) for rule in its), strict=True)
        table.add_row(prefix + principal, ", ".join(operations), f"{resource.lower()} {name}", reasons[0])
    return table
