"""The verdict of an audit, on the screen and as a document: `sansha audit`, `sansha demo`."""

from __future__ import annotations

from typing import Any, Final

from services.console.books.audit import Audit
from services.console.books.known import State
from services.console.cli.output import out

MOST_SHOWN: Final = 50
_COLOURS = {State.UNEXPLAINED: "red", State.OPEN: "yellow", State.RESOLVED: "green"}


def findings_json(audit: Audit) -> list[dict[str, Any]]:
    return [
        {"code": f.code, "subject": f.subject, "detail": f.detail, "yen": f.yen, "state": f.state.value}
        for f in audit.findings
    ]


def print_verdict(audit: Audit) -> None:
    """Prints whether money is conserved, and at most 50 findings."""
    if audit.conserved:
        untold = f" + not reported yet ¥{audit.untold_yen:,}" if audit.untold_yen else ""
        out.print(
            f"[green]監査 audit: conserved[/]: receipts ¥{audit.receipts_yen:,}{untold} = "
            f"promised ¥{audit.promised_yen:,} = "
            f"deposited ¥{audit.deposits_yen:,} + fees ¥{audit.fees_yen:,} + not yet ¥{audit.undeposited_yen:,}; "
            "nothing lost, nothing twice"
        )
    else:
        unexplained = sum(f.state is State.UNEXPLAINED for f in audit.findings)
        out.print(f"[red]監査 audit: {unexplained} findings[/]")
    if audit.findings and audit.conserved:
        out.print(f"{len(audit.findings)} differences are known to the ward: sansha open")
    for f in audit.findings[:MOST_SHOWN]:
        colour = _COLOURS[f.state]
        out.print(f"  [{colour}]{f.code}[/] {f.subject} ¥{f.yen:,} {f.state.value}: {f.detail}")
