"""Commands that set up a stack of containers, or an existing cluster: secrets, Kafka, the way in."""

from __future__ import annotations

import asyncio
import signal
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from contracts.access import LOAD_TEST, LOAD_TEST_RULES, RULES
from services.console.cli.options import (
    DEFAULT_PORT_BASE,
    Json,
    PortBase,
    emit,
    err,
    fail,
    out,
    stack_addresses,
)

deployment = typer.Typer()
provision = typer.Typer(no_args_is_help=True, help="Set up what a stack stands on.")
deployment.add_typer(provision, name="provision")

ADMINISTRATOR = "provision"


class RulesForm(StrEnum):
    """How access rules are shown."""

    TABLE = "table"
    COMMANDS = "commands"


@provision.command("secrets")
def provision_secrets(
    folder: Annotated[Path, typer.Argument(metavar="DIR", file_okay=False, help="A folder in it for each owner.")],
) -> None:
    """Make the passwords of a stack, once: those that are there stay as they are."""
    from services.console.deployment.secrets import make_secrets

    try:
        made = make_secrets(folder)
    except OSError as failure:
        fail(f"{failure.filename or folder}: {failure.strerror}; name a folder that can be written")
    for file in made:
        out.print(f"made {file.relative_to(folder)}", soft_wrap=True)
    out.print(f"{len(made)} secrets made in {folder}" if made else f"every secret is there already in {folder}")


@provision.command("kafka")
def provision_kafka(
    passwords: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, metavar="DIR", help="PRINCIPAL/kafka_password; else no users."),
    ] = None,
    load_test: Annotated[
        bool, typer.Option("--load-test", help="Let load_test put receipts onto it: for a test stack alone.")
    ] = False,
    patience: Annotated[float, typer.Option(min=1, max=3600, metavar="SECONDS", help="For the cluster.")] = 60.0,
    as_json: Json = False,
) -> None:
    """Make users, topics and access rules on the cluster of SANSHA_BUS_URL. Exit 1 for a topic with other settings."""
    from services.chassis.settings import InvalidSettings, ServiceSettings
    from services.console.deployment.secrets import kafka_passwords

    try:
        from services.console.deployment.provisioning import CannotProvision, Cluster
    except ImportError:
        fail("confluent-kafka is not installed; install sansha with its extra: sansha[provision]")
    try:
        settings = ServiceSettings.from_environment(ADMINISTRATOR)
        options = settings.kafka_options(f"sansha-{ADMINISTRATOR}")
        if options is None:
            fail(f"SANSHA_BUS_URL is {settings.bus_url!r}; give the cluster as kafka://HOST:PORT")
        others, rules = ((LOAD_TEST,), (*RULES, *LOAD_TEST_RULES)) if load_test else ((), RULES)
        known = {} if passwords is None else kafka_passwords(passwords, *others)
        done = Cluster(options).provision(known, rules, patience_seconds=patience)
    except (CannotProvision, InvalidSettings) as wrong:
        fail(str(wrong))
    except LookupError as missing:
        fail(str(missing.args[0]))
    if as_json:
        emit({name: list(getattr(done, name)) for name in done.__slots__})
    else:
        for said, names in (
            ("made topic", done.topics_made),
            ("allowed", done.rules_made),
            ("withdrew", done.rules_removed),
        ):
            for name in names:
                out.print(f"{said} {escape(name)}", soft_wrap=True)
        out.print(
            f"passwords of {len(done.users)} users set, {len(done.topics_made)} topics and {len(done.rules_made)} "
            f"access rules made, {len(done.rules_removed)} removed",
            soft_wrap=True,
        )
    for difference in done.differences:
        err.print(f"[red]sansha:[/] {escape(difference)}", soft_wrap=True)
    raise typer.Exit(1 if done.differences else 0)


@provision.command("rules")
def provision_rules(
    form: Annotated[RulesForm, typer.Option("--as", help="commands: of Kafka's own tools.")] = RulesForm.TABLE,
    as_json: Json = False,
) -> None:
    """Show what each principal may do on the cluster, and why; nothing is changed."""
    from services.chassis.settings import InvalidSettings, ServiceSettings
    from services.console.deployment.access_commands import commands

    try:
        settings = ServiceSettings.from_environment(ADMINISTRATOR)
    except InvalidSettings as wrong:
        fail(str(wrong))
    prefix = settings.kafka_topic_prefix
    if as_json:
        emit([{f: getattr(r, f) for f in ("principal", "operation", "resource", "name", "reason")} for r in RULES])
    elif form is RulesForm.COMMANDS:
        for command in commands(prefix, settings.kafka_replication_factor):
            out.print(command, soft_wrap=True, markup=False)
    else:
        table = Table("principal", "may", "on", "since it", box=None)
        for (principal, resource, name), rules in groupby(RULES, key=lambda r: (r.principal, r.resource, r.name)):
            operations, reasons = zip(*((rule.operation, rule.reason) for rule in rules), strict=True)
            may = ", ".join(operations)
            table.add_row(prefix + principal, may, f"{resource.lower()} {prefix}{name}", reasons[0])
        out.print(table)


@deployment.command()
def gateway(
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port_base: PortBase = DEFAULT_PORT_BASE,
) -> None:
    """Pass connections on to the parties of SANSHA_STACK_HOSTS: one port each, to all its replicas in turn."""
    from services.console.deployment.gateway import serve

    addresses = stack_addresses(port_base)
    ports = {addresses.port(principal): principal for principal in addresses.hosts}
    if not ports:
        fail("SANSHA_STACK_HOSTS names no party; write it like ward=HOST,console=HOST")

    async def run() -> None:
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        await serve(host, ports, addresses, stopping)

    try:
        asyncio.run(run())
    except OSError as taken:
        fail(f"cannot listen: {taken.strerror}; choose other ports: --port-base")
