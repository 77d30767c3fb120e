"""`sansha provision kafka`: users, topics and access rules of a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from contracts.access import LOAD_TEST, LOAD_TEST_RULES, RULES
from services.chassis.settings import InvalidSettings, ServiceSettings
from services.console.cli.commands.provision import ADMINISTRATOR
from services.console.cli.options import Json
from services.console.cli.output import emit, err, fail, out
from services.console.deployment.provisioning import CannotProvision, Cluster, Provisioned
from services.console.deployment.secrets import kafka_passwords

app = typer.Typer(add_completion=False)


@app.command()
def kafka(
    passwords: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            metavar="DIR",
            help="Make users with the passwords in DIR/PRINCIPAL/kafka_password; without it, make no users.",
        ),
    ] = None,
    load_test: Annotated[
        bool,
        typer.Option("--load-test", help="Also allow load_test to publish receipts: only on a cluster for tests."),
    ] = False,
    patience: Annotated[
        float, typer.Option(min=1, max=3600, metavar="SECONDS", help="How long to wait for the cluster.")
    ] = 60.0,
    as_json: Json = False,
) -> None:
    """Make users, topics and access rules on the cluster of SANSHA_BUS_URL.

    Exits with 1 if a topic exists with other settings.
    """
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
    emit({name: list(getattr(done, name)) for name in done.__slots__}) if as_json else _print(done)
    for difference in done.differences:
        err.print(f"[red]sansha:[/] {escape(difference)}", soft_wrap=True)
    raise typer.Exit(1 if done.differences else 0)


def _print(done: Provisioned) -> None:
    for what, names in (
        ("made topic", done.topics_made),
        ("allowed", done.rules_made),
        ("withdrew", done.rules_removed),
    ):
        for name in names:
            out.print(f"{what} {escape(name)}", soft_wrap=True)
    out.print(
        f"passwords of {len(done.users)} users set, {len(done.topics_made)} topics and {len(done.rules_made)} "
        f"access rules made, {len(done.rules_removed)} removed",
        soft_wrap=True,
    )
