"""The audit (監査): do the parties' books agree, is no yen lost, and none booked twice?

It compares only the books, while nothing is under way; each difference is named with its yen. One that the ward has on
record, to the yen, is known (`known.py`): open, or resolved. Any other is money lost or created.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any

from contracts import topics
from contracts.books import Books
from contracts.parties import PARTIES
from contracts.vocabulary import IN_APP, Agent, Settler
from services.console.books.known import Known, State, effective_deposits

_UNTOLD = "collected"
STANDING = {_UNTOLD, "paid", "confirmed"}
"""Statuses of accepted payments that stand."""
_UNDER_WAY = {"authorizing", "entrusted", "at_bank"}


@dataclass(frozen=True, slots=True)
class Finding:
    """A difference between books. `yen` is the amount concerned."""

    code: str
    subject: str
    detail: str
    yen: int
    state: State = State.UNEXPLAINED


@dataclass(frozen=True, slots=True)
class Audit:
    """The sums compared, in yen, and the differences."""

    receipts_registered: int
    receipts_yen: int
    promised_yen: int
    """Proxy payments and collections of the networks that stand."""
    untold_yen: int
    """Of that, payments whose receipt data are not due yet."""
    deposits_yen: int
    fees_yen: int
    undeposited_yen: int
    under_way: int
    """Payments that wait for an authorization, an entrustment or a bank's answer."""
    findings: tuple[Finding, ...] = field(default=())

    @property
    def conserved(self) -> bool:
        """No yen lost, none booked twice: every difference is on record at the ward."""
        return all(finding.state is not State.UNEXPLAINED for finding in self.findings)


def audit(books: Mapping[str, Books]) -> Audit:
    """`books` by principal. Raises `LookupError` naming missing parties."""
    missing = [p for p in PARTIES if p not in books]
    if missing:
        raise LookupError(f"the books of {', '.join(missing)} are missing")
    provider, ward = books[topics.PAYMENT_PROVIDER], books[topics.WARD]
    settlers = [provider, *(books[topics.card_agent(agent)] for agent in Agent)]
    standing = _standing_receipts(ward)
    promised = [p for b in settlers for p in b.proxy_payments if p.status != "withdrawn"]
    deposits = sum(d.amount for b in settlers for d in b.deposits)
    deposited = {d.statement_id for b in settlers for d in b.deposits}
    fees = sum(s.fee for b in settlers for s in b.statements if s.statement_id in deposited)
    untold = _untold(provider)
    untold_yen = sum(p.amount for p in promised if p.payment_id in untold and p.payment_id not in standing)
    return Audit(
        receipts_registered=len(standing),
        receipts_yen=sum(standing.values()),
        promised_yen=sum(p.amount for p in promised),
        untold_yen=untold_yen,
        deposits_yen=deposits,
        fees_yen=fees,
        undeposited_yen=sum(standing.values()) + untold_yen - deposits - fees,
        under_way=sum(p.status in _UNDER_WAY for p in provider.payments),
        findings=_with_states(_findings(provider, ward, settlers, standing), ward, settlers),
    )


def _with_states(found: Iterable[Finding], ward: Books, settlers: Sequence[Books]) -> tuple[Finding, ...]:
    known = Known(ward, settlers)
    return tuple(replace(f, state=known.state(f.code, f.subject, f.yen)) for f in found)


def _standing_receipts(ward: Books) -> dict[str, int]:
    """Payment → amount, for registered receipts that are not cancelled; the earliest kind's amount stands."""
    cancelled = {r.payment_id for r in ward.receipts if r.kind == "03"}
    latest_first = sorted((r for r in ward.receipts if r.kind != "03"), key=attrgetter("kind"), reverse=True)
    return {r.payment_id: r.amount for r in latest_first if r.payment_id not in cancelled}


def _untold(provider: Books) -> set[str]:
    return {p.payment_id for p in provider.payments if p.status == _UNTOLD}


def _findings(
    provider: Books, ward: Books, settlers: Sequence[Books], standing: Mapping[str, int]
) -> Iterator[Finding]:
    yield from _once(provider)
    yield from _receipts_agree(provider, ward)
    yield from _promises_agree(provider, settlers, standing)
    for kind in ("statements", "lines", "deposits"):
        issued = [row for b in settlers for row in getattr(b, kind)]
        yield from _same_rows(kind, issued, getattr(ward, kind))
    yield from _lines_cover_promises(settlers)
    yield from _deposits_fit_statements(settlers)
    yield from _ledger_agrees(ward, standing)


def _once(provider: Books) -> Iterator[Finding]:
    """The app takes a slip once. A further payment at a store or counter is 二重納付, not a difference."""
    taken = Counter(p.slip_number for p in provider.payments if p.status in STANDING and p.method in IN_APP)
    amounts = {p.slip_number: p.amount for p in provider.payments}
    for slip, times in taken.items():
        if times > 1:
            yield Finding("slip_taken_twice", slip, f"taken {times} times in the app", amounts[slip])


def _receipts_agree(provider: Books, ward: Books) -> Iterator[Finding]:
    delivered = {(r.payment_id, r.kind): r.amount for r in provider.receipts}
    registered = Counter((r.payment_id, r.kind) for r in ward.receipts)
    amounts = {(r.payment_id, r.kind): r.amount for r in ward.receipts}
    for key, amount in delivered.items():
        if key not in registered:
            yield Finding("receipt_lost", key[0], f"receipt data {key[1]} delivered, not registered", amount)
        elif registered[key] > 1:
            yield Finding("receipt_registered_twice", key[0], f"receipt data {key[1]}", amount)
        elif amounts[key] != amount:
            detail = f"delivered ¥{amount:,}, registered ¥{amounts[key]:,}"
            yield Finding("receipt_amount_differs", key[0], detail, amount)
    for key in registered.keys() - delivered.keys():
        yield Finding("receipt_invented", key[0], f"receipt data {key[1]} registered, never delivered", amounts[key])


def _promises_agree(provider: Books, settlers: Iterable[Books], standing: Mapping[str, int]) -> Iterator[Finding]:
    """Receipts registered = proxy payments + collections of networks − those not reported yet, one by one."""
    promised = {p.payment_id: p.amount for b in settlers for p in b.proxy_payments if p.status != "withdrawn"}
    paid = {p.payment_id: p.amount for p in provider.payments if p.status in STANDING}
    untold = _untold(provider)
    for payment_id, amount in promised.items():
        if payment_id in untold and payment_id not in standing:
            continue
        if standing.get(payment_id) != amount:
            detail = f"promised ¥{amount:,}, receipts ¥{standing.get(payment_id, 0):,}"
            yield Finding("promise_without_receipt", payment_id, detail, amount)
    for payment_id, amount in standing.items():
        if payment_id not in promised:
            yield Finding("receipt_without_promise", payment_id, "no settler owes the ward this money", amount)
        if paid.get(payment_id) != amount:
            yield Finding("receipt_without_payment", payment_id, "the provider has no such payment", amount)


def _same_rows(kind: str, issued: Iterable[Any], seen: Iterable[Any]) -> Iterator[Finding]:
    issued_rows, seen_rows = Counter(issued), Counter(seen)
    for row in (issued_rows - seen_rows).elements():
        yield Finding(
            f"{kind}_not_at_ward", row[0], f"in the settler's books, not in the ward's: {_words(row)}", row.amount
        )
    for row in (seen_rows - issued_rows).elements():
        yield Finding(
            f"{kind}_only_at_ward", row[0], f"in the ward's books, not in the settler's: {_words(row)}", row.amount
        )


def _words(row: Any) -> str:
    return ", ".join(f"{name} {value}" for name, value in row._asdict().items())


def _lines_cover_promises(settlers: Iterable[Books]) -> Iterator[Finding]:
    for book in settlers:
        closed = {s.closed_on for s in book.statements}
        lines = Counter(line.payment_id for line in book.lines)
        for p in book.proxy_payments:
            due = 1 if p.status != "withdrawn" and p.closes_on in closed else 0
            if lines[p.payment_id] != due:
                detail = f"in {lines[p.payment_id]} closing statements instead of {due}"
                yield Finding("closing_differs", p.payment_id, detail, p.amount)
        promised = {p.payment_id for p in book.proxy_payments}
        for line in book.lines:
            if line.payment_id not in promised:
                detail = f"in closing statement {line.statement_id}, never promised"
                yield Finding("line_without_promise", line.payment_id, detail, line.amount)


def _deposits_fit_statements(settlers: Iterable[Books]) -> Iterator[Finding]:
    for book in settlers:
        sums: Counter[str] = Counter()
        for line in book.lines:
            sums[line.statement_id] += line.amount
        paid = Counter(d.statement_id for d in book.deposits)
        amounts: Counter[str] = Counter()
        for d in book.deposits:
            amounts[d.statement_id] += d.amount
        for s in book.statements:
            if sums[s.statement_id] != s.amount:
                detail = f"lines ¥{sums[s.statement_id]:,}, total ¥{s.amount:,}"
                yield Finding("statement_total_differs", s.statement_id, detail, s.amount)
            due, came = s.amount - s.fee, amounts[s.statement_id]
            if paid[s.statement_id] > 1 and came > due:
                yield Finding("deposited_twice", s.statement_id, f"{paid[s.statement_id]} deposits", s.amount)
            if paid[s.statement_id] and came != due:
                yield Finding("deposit_differs", s.statement_id, f"deposited ¥{came:,}, due ¥{due:,}", due)
        known = {s.statement_id for s in book.statements}
        for d in book.deposits:
            if d.statement_id not in known:
                detail = f"deposit {d.deposit_id} belongs to no closing statement"
                yield Finding("deposit_without_statement", d.statement_id, detail, d.amount)


def _ledger_agrees(ward: Books, standing: Mapping[str, int]) -> Iterator[Finding]:
    balances: Counter[str] = Counter()
    for t in ward.transfers:
        balances[t.debit] += t.amount
        balances[t.credit] -= t.amount
    came, refunds = effective_deposits(ward), sum(r.amount for r in ward.refunds)
    returned = sum(r.returned for r in ward.resolutions)
    deposits = sum(d.amount for d in came)
    if balances["bank_account"] != deposits - returned - refunds:
        less = f" less ¥{returned:,} returned" if returned else ""
        less += f" less refunds ¥{refunds:,}" if refunds else ""
        detail = f"ledger ¥{balances['bank_account']:,}, deposits ¥{deposits:,}{less}"
        difference = balances["bank_account"] - (deposits - returned - refunds)
        yield Finding("bank_account_differs", "bank_account", detail, difference)
    if balances["applications"]:
        detail = "an application (充当) debited one slip and credited no other"
        yield Finding("applications_differ", "applications", detail, balances["applications"])
    statements = {s.statement_id: s for s in ward.statements}
    settled = {d.statement_id for d in came} | {r.statement_id for r in ward.resolutions if r.payment_id is None}
    cleared = sum(statements[i].amount for i in settled if i in statements)
    cleared += sum(d.amount for d in came if d.statement_id not in statements)
    in_transit = sum(balances[f"in_transit_{settler.value}"] for settler in Settler)
    restored = sum(r.restored for r in ward.resolutions)
    expected = sum(standing.values()) - cleared + restored
    if in_transit != expected:
        detail = f"ledger ¥{in_transit:,}, receipts less closed and deposited ¥{expected:,}"
        yield Finding("in_transit_differs", "in_transit", detail, in_transit - expected)
