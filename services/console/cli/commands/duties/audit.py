"""`sansha duties audit`: the yearly inspection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.padding import Padding
from rich.text import Text

from services.console.cli.duties_screen import Backups, print_summary
from services.console.cli.options import Json, PortBase
from services.console.cli.output import emit, fail, out
from services.console.cli.running import on_stack
from services.console.duties.inspections import Inspection, inspections, record
from services.console.duties.looking import Asked, NoSuchDay, look_at_stack
from services.console.duties.site import BACKUPS
from services.console.duties.standing import Standing
from services.console.duties.words import party_name
from services.console.stack.addresses import DEFAULT_PORT_BASE
from services.console.stack.clients import StackClient

INSPECTORS = "介護保険課"

app = typer.Typer(add_completion=False)


@app.command()
def audit(
    inspected_by: Annotated[
        str, typer.Option("--by", metavar="NAME", help="Who inspects, as the record names them.")
    ] = INSPECTORS,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be recorded, and record nothing.")
    ] = False,
    backups: Backups = BACKUPS,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """立入調査: run every check, and record at the ward what was found at each contractor.

    Once a day: what is on record already is shown, and stays as it is. Guidance (改善の指導) is the ward's to give.

    Exits with 1 if a contractor has missed a duty.
    """

    async def hold(client: StackClient) -> tuple[Standing, Sequence[Inspection], Sequence[str]]:
        standing = await look_at_stack(client, Asked(backups=backups))
        found, on = inspections(standing), standing.on.isoformat()
        ids = [one.held_already if dry_run else await record(client, one, inspected_by, on) for one in found]
        return standing, found, ids

    try:
        standing, found, ids = on_stack(hold, port_base)
    except NoSuchDay as wrong:
        fail(str(wrong))
    if as_json:
        emit({"on": standing.on, "inspections": [_document(*one) for one in zip(found, ids, strict=True)]})
    else:
        print_summary(standing)
        for inspection, record_id in zip(found, ids, strict=True):
            _print(inspection, record_id)
    raise typer.Exit(1 if any(one.findings for one in found) else 0)


def _document(inspection: Inspection, record_id: str) -> dict[str, object]:
    return {
        "contractor": inspection.contractor,
        "checks": inspection.checks,
        "findings": [finding._asdict() for finding in inspection.findings],
        "record_id": record_id or None,
        "held_already": bool(inspection.held_already),
    }


def _print(inspection: Inspection, record_id: str) -> None:
    name = party_name(inspection.contractor)
    verdict = (
        f"[red]指摘 {len(inspection.findings)} findings[/]" if inspection.findings else "[green]指摘なし no finding[/]"
    )
    out.print(f"\n[bold]{name}[/]  {inspection.checks} duties checked  {verdict}", soft_wrap=True)
    for finding in inspection.findings:
        out.print(Padding(Text(f"{finding.duty}  {finding.found}"), (0, 0, 0, 2)))
    if inspection.held_already:
        out.print(f"  記録済 on record already today: {record_id}", soft_wrap=True)
    else:
        out.print(
            f"  記録 recorded: {record_id}" if record_id else "  記録せず not recorded (--dry-run)", soft_wrap=True
        )
