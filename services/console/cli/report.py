"""What the console prints of a demo: for people with Rich, for machines as one JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from contracts.http.service import Step
from contracts.parties import NAMES
from contracts.vocabulary import JST, Method, Settler
from services.console.books.audit import Audit
from services.console.books.known import State
from services.console.demo.year import DemoResult, PaymentStory


def demo_json(result: DemoResult) -> dict[str, Any]:
    """The demo as a document."""
    return {
        "seed": result.options.seed,
        "digest": result.digest,
        "wall_seconds": round(result.wall_seconds, 3),
        "simulated_days": result.simulated_days,
        "payments": [_payment_json(story) for story in result.stories],
        "deposits": [
            {
                "agent": deposit.settler,
                "closed_on": statement.closed_on.isoformat(),
                "deposited_on": deposit.on.isoformat(),
                "amount": deposit.amount,
                "count": statement.payments,
                "reconciled": matched,
            }
            for statement, deposit, matched in result.deposits
        ],
        "totals": {
            "scanned": result.scanned,
            "approved": result.approved,
            "declined": result.declined,
            "receipts_registered": result.audit.receipts_registered,
            "receipts_yen": result.audit.receipts_yen,
            "deposits_yen": result.audit.deposits_yen,
            "undeposited_yen": result.audit.undeposited_yen,
        },
        "reconciled": result.reconciled,
        "conserved": result.audit.conserved,
        "findings": findings_json(result.audit),
    }


def findings_json(audit: Audit) -> list[dict[str, Any]]:
    """What does not add up."""
    return [
        {"code": f.code, "subject": f.subject, "detail": f.detail, "yen": f.yen, "state": f.state.value}
        for f in audit.findings
    ]


def _payment_json(story: PaymentStory) -> dict[str, Any]:
    view = story.view
    return {
        "id": view.payment_id,
        "method": view.method.value if view.method else None,
        "amount": view.amount,
        "status": view.status,
        "timeline": [
            {"event": s.event, "party": s.party, "at": s.at.astimezone(JST).isoformat(), "detail": s.detail}
            for s in story.steps
        ],
    }


def print_demo(result: DemoResult, out: Console) -> None:
    """The timeline of one payment of each kind, the deposits, the totals, the audit."""
    o = result.options
    out.print(
        f"\n[bold]三者契約 three-party contract[/] {o.first_day} – {o.last_day}: "
        f"{o.cards} card and {o.banks} internet-banking payments, seed {o.seed}"
    )
    for method, title in (
        (Method.CARD, "カード払い a card payment"),
        (Method.INTERNET_BANKING, "ネットバンキング an internet-banking payment"),
    ):
        story = most_telling(result.stories, method)
        if story is not None:
            out.print(f"\n[bold]{title}[/]  {story.view.payment_id}  ¥{story.view.amount:,}")
            out.print(timeline(story.steps))
    out.print("\n甲 the ward  乙 the payment provider  丙 the card agents; times of Japan", style="dim")
    out.print("\n[bold]入金 deposits into the ward's account[/]")
    out.print(_deposits(result))
    out.print(f"each of the {len(result.deposits)} deposits, with its closing: --json", style="dim")
    _print_totals(result, out)


def most_telling(stories: Sequence[PaymentStory], method: Method) -> PaymentStory | None:
    """The payment of this kind that went the furthest; of those the one with the longest way."""
    of_kind = [s for s in stories if s.view.method is method]
    return max(of_kind, key=lambda s: (len(s.steps), s.steps[-1].at - s.steps[0].at), default=None)


def timeline(steps: Sequence[Step]) -> Group:
    """Each step with its simulated date, the wait before it, and the reason; fits 80 columns."""
    lines: list[RenderableType] = []
    before = steps[0].at
    for step in steps:
        waited = step.at - before
        line = Text(f"{step.at.astimezone(JST):%Y-%m-%d %H:%M:%S} ")
        line.append(f"{_duration(waited.total_seconds()):>8} ", style="bold yellow" if waited.days else "dim")
        line.append(f"{party_label(step.party):<7}", style="cyan")
        line.append(step.event)
        lines.append(line)
        if step.detail:
            lines.append(Padding(Text(step.detail, style="dim"), (0, 0, 0, 29)))
        before = step.at
    return Group(*lines)


def party_label(party: str) -> str:
    """The party's sign in the contract, and which agent."""
    if party in NAMES:
        return NAMES[party].short
    return "演" if party == "scenario" else party


def _duration(seconds: float) -> str:
    if seconds < 1:
        return ""
    days, rest = divmod(int(seconds), 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    if days:
        return f"+{days}d {hours}h" if hours else f"+{days}d"
    return f"+{hours}h {minutes}m" if hours else f"+{minutes}m {left}s" if minutes else f"+{left}s"


def _deposits(result: DemoResult) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("入金元\nfrom")
    table.add_column("締日\nclosings", no_wrap=True)
    for name in ("入金\ndeposits", "件数\npayments", "金額\namount", "消込済\nreconciled"):
        table.add_column(name, justify="right", no_wrap=True)
    for settler in Settler:
        rows = [r for r in result.deposits if r[1].settler == settler]
        if rows:
            matched = sum(r[2] for r in rows)
            days = f"{min(r[0].closed_on for r in rows)} – {max(r[0].closed_on for r in rows)}"
            amount, count = sum(r[1].amount for r in rows), sum(r[0].payments for r in rows)
            table.add_row(
                settler.upper(), days, str(len(rows)), str(count), f"¥{amount:,}", f"{matched} of {len(rows)}"
            )
    return table


def _print_totals(result: DemoResult, out: Console) -> None:
    a = result.audit
    out.print(
        f"\n[bold]合計 totals[/]  scanned {result.scanned}, approved {result.approved}, declined {result.declined}; "
        f"receipts {a.receipts_registered} = ¥{a.receipts_yen:,}; deposited ¥{a.deposits_yen:,}, "
        f"not yet due ¥{a.undeposited_yen:,}"
    )
    print_audit(a, out)
    matched = "[green]消込済 reconciled[/]" if result.reconciled else "[red]deposits are open[/]"
    out.print(
        f"{matched}: every deposit that arrived matches confirmed receipts, to the yen"
        if result.reconciled
        else matched
    )
    out.print(
        f"digest [bold]{result.digest[:16]}[/]  {result.simulated_days} days in {result.wall_seconds:.2f} s "
        f"(same seed, same digest; --json has all of it)"
    )


_COLOURS = {State.UNEXPLAINED: "red", State.OPEN: "yellow", State.RESOLVED: "green"}


def print_audit(audit: Audit, out: Console) -> None:
    """The audit's verdict, and each finding."""
    if audit.conserved:
        untold = f" + not told yet ¥{audit.untold_yen:,}" if audit.untold_yen else ""
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
        out.print(f"{len(audit.findings)} that do not agree are known to the ward: sansha open")
    for f in audit.findings[:50]:
        colour = _COLOURS[f.state]
        out.print(f"  [{colour}]{f.code}[/] {f.subject} ¥{f.yen:,} {f.state.value}: {f.detail}")
