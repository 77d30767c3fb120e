"""The demo: a fiscal year of app payments, from scanned barcode to reconciled deposit.

It is played on a `Scene`: a sandbox, or a running stack (`stack_scene`). Same seed, same digest.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from contracts.books import Books, DepositRow, StatementRow
from contracts.calendar import due_dates, fiscal_year
from contracts.http.payment_provider.payments import PaymentView
from contracts.http.service import Explanation, Step
from contracts.http.ward.slips import SlipView
from contracts.parties import PARTIES, PAYMENT_PROVIDER
from contracts.vocabulary import on_the_clock
from services.chassis.clock import monotonic
from services.console.books.audit import Audit, audit
from services.console.books.digest import digest
from services.console.demo.scene import Scene
from services.console.folder import make_private
from services.console.keys import key_folder, key_settings, make_folder_of_keys
from services.console.payers.levy import levy
from services.console.payers.paying import expect
from services.console.payers.plan import PlannedPayment, plan
from services.console.sandbox.sandbox import Sandbox
from services.console.sandbox.scene import SandboxScene
from services.console.timeline import merged_steps

KEPT: Final = {"duties": "kept"}
SLIPS_PER_PAYMENT_TENTHS = 13
"""Slips issued per payment in the app, in tenths: the others are not paid, or not in the app."""
EARLIEST_PAYMENT, LATEST_PAYMENT = timedelta(days=21), timedelta(days=16)
"""The longest time before and after a due date at which payers pay."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """Options of a demo. Both dates are included."""

    cards: int = 150
    banks: int = 76
    seed: int = 7
    first_day: date = date(2021, 4, 1)
    last_day: date = date(2022, 3, 31)
    folder: Path | None = None
    stories: int | None = None
    """The number of payments, from the first on, whose stories are collected; None for all."""
    sealed: bool = False
    """Events and files are sealed for their readers."""


@dataclass(frozen=True, slots=True)
class PaymentStory:
    """One payment, with its steps at every party."""

    view: PaymentView
    steps: Sequence[Step]
    explanations: Sequence[Explanation]


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The outcome of a demo."""

    options: DemoOptions
    digest: str
    wall_seconds: float
    stories: Sequence[PaymentStory]
    deposits: Sequence[tuple[StatementRow, DepositRow, bool]]
    """(statement, deposit, whether the ward has reconciled it)."""
    audit: Audit
    scanned: int
    approved: int
    declined: int
    open_items: int

    @property
    def reconciled(self) -> bool:
        """Every deposit is matched with confirmed receipts, to the yen."""
        return all(matched for _, _, matched in self.deposits)

    @property
    def simulated_days(self) -> int:
        return (self.options.last_day - self.options.first_day).days + 1


Progress = Callable[[int, int, datetime], None]
"""Called with (payments made, payments planned, simulated time)."""


class BadRequest(Exception):
    """The demo cannot be played as asked; the text says why and what would work."""


async def run_demo(options: DemoOptions, progress: Progress | None = None) -> DemoResult:
    """Play the year in a sandbox. Raises `BadRequest` for contradictory options."""
    check(options)
    began = monotonic()
    with _settings(options) as overrides:
        async with opened_sandbox(options, overrides) as sandbox:
            return await play(SandboxScene(sandbox), options, began, progress)


async def play(scene: Scene, options: DemoOptions, began: float, progress: Progress | None = None) -> DemoResult:
    """Play the year on a scene. Raises `BadRequest` if the period is too short for this many payments."""
    made = await _pay(scene, await _within(options, await issue_slips(scene, options), scene), progress)
    await scene.advance(on_the_clock(options.last_day, time(23, 59, 59)))
    books = await scene.books()
    stories = await _stories(scene, made[: options.stories])
    statuses = Counter(payment.status for payment in books[PAYMENT_PROVIDER].payments)
    open_items = await scene.open_items()
    return DemoResult(
        options=options,
        digest=digest(books),
        wall_seconds=monotonic() - began,
        stories=stories,
        deposits=_deposits(books),
        audit=audit(books),
        scanned=statuses.total(),
        approved=sum(statuses[status] for status in ("paid", "confirmed", "cancelled")),
        declined=statuses["declined"],
        open_items=open_items,
    )


def opened_sandbox(options: DemoOptions, overrides: dict[str, dict[str, Any]] | None = None) -> Sandbox:
    """A sandbox at the first minute of the first day, whose staff do what the contract's duties ask for."""
    overrides = {principal: {**KEPT, **(overrides or {}).get(principal, {})} for principal in PARTIES}
    return Sandbox(on_the_clock(options.first_day, time(0)), options.seed, options.folder, overrides)


@contextmanager
def _settings(options: DemoOptions) -> Iterator[dict[str, dict[str, Any]]]:
    """The parties' own settings: their keys, in the demo's folder or, while it is played, in another."""
    if not options.sealed:
        yield {}
        return
    with TemporaryDirectory(prefix="sansha-keys-") as name:
        keys = Path(name) if options.folder is None else key_folder(options.folder)
        make_folder_of_keys(keys)
        yield {principal: key_settings(keys, principal) for principal in PARTIES}


async def issue_slips(scene: Scene, options: DemoOptions) -> Sequence[SlipView]:
    """賦課: assess enough payers for every fiscal year of the period. Returns the slips that can be paid within it."""
    first, last = options.first_day + EARLIEST_PAYMENT, options.last_day - LATEST_PAYMENT
    years = range(fiscal_year(options.first_day), fiscal_year(options.last_day) + 1)
    payable_days = [day for year in years for day in due_dates(year) if first <= day <= last]
    if not payable_days:
        raise BadRequest(
            f"no instalment falls due between {first} and {last} (payers pay from {EARLIEST_PAYMENT.days} days before "
            f"to {LATEST_PAYMENT.days} days after); give a longer period (--from, --to)"
        )
    wanted = options.cards + options.banks
    payers = max(1, -(-wanted * SLIPS_PER_PAYMENT_TENTHS // (10 * len(payable_days))))
    for year in years:
        for request in levy(options.seed, payers, year):
            await scene.assess(request)
    slips = await scene.slips(limit=len(years) * payers * 9)
    return [slip for slip in slips if first <= slip.due_on <= last]


async def _within(options: DemoOptions, slips: Sequence[SlipView], scene: Scene) -> list[PlannedPayment]:
    try:
        return plan(slips, options.cards, options.banks, options.seed, await scene.test_cards())
    except ValueError as wrong:
        raise BadRequest(f"{wrong}: give a longer period (--from, --to) or fewer payments") from None


async def _pay(scene: Scene, payments: Sequence[PlannedPayment], progress: Progress | None) -> list[str]:
    made: list[str] = []
    for at, together in groupby(payments, attrgetter("at")):
        await scene.advance(at)
        made += [expect(answer).payment_id for answer in await scene.pay([*together])]
        if progress is not None:
            progress(len(made), len(payments), at)
    return made


async def _stories(scene: Scene, payment_ids: Sequence[str]) -> list[PaymentStory]:
    stories = []
    for n in range(0, len(payment_ids), 500):
        page = payment_ids[n : n + 500]
        views = {v.payment_id: v for v in await scene.payments(page)}
        parts = await scene.explanations(page)
        stories += [PaymentStory(views[i], merged_steps(parts[i]), parts[i]) for i in page]
    return stories


def _deposits(books: Mapping[str, Books]) -> list[tuple[StatementRow, DepositRow, bool]]:
    statements = {s.statement_id: s for book in books.values() for s in book.statements}
    matched = set(books["ward"].reconciled)
    rows = [(statements[d.statement_id], d, d.statement_id in matched) for d in books["ward"].deposits]
    return sorted(rows, key=lambda r: (r[1].on, r[0].settler, r[0].closed_on))


def check(options: DemoOptions) -> None:
    """Raises `BadRequest` for contradictory options."""
    if options.last_day < options.first_day:
        raise BadRequest(f"--to {options.last_day} is before --from {options.first_day}; give a later day")
    if options.cards < 0 or options.banks < 0 or options.cards + options.banks == 0:
        raise BadRequest("there is nothing to pay; give --payments or --bank a number above 0")
    if options.folder is not None:
        _check_folder(options.folder)


def _check_folder(folder: Path) -> None:
    try:
        holds_something = folder.exists() and any(folder.iterdir())
        if not holds_something:
            make_private(folder)
    except OSError as wrong:
        raise BadRequest(f"{folder} cannot be used ({wrong.strerror}); name another --database-dir") from None
    except ValueError as wrong:
        raise BadRequest(str(wrong)) from None
    if holds_something:
        raise BadRequest(f"{folder} is not empty; name an empty or a new folder for --database-dir")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BadRequest(f"{folder} cannot be written to; name another --database-dir")
