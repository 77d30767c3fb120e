"""What a scenario is played in: a sandbox, with verbs for payers, staff and the tester, and with claims.

Each action is a line of the timeline. A claim that does not hold ends the scenario with `ScenarioFailed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from itertools import islice
from typing import Any, TypeVar

from contracts.calendar import due_dates, fiscal_year
from contracts.channels import CHANNELS
from contracts.duties.assessing import Status, assess
from contracts.duties.clauses import BY_NUMBER
from contracts.duties.duty import Checked
from contracts.formats.card_number import brand_of
from contracts.http.card_agent.anomalies import CorrectionRequest, SettlementAnomalyRequest
from contracts.http.payment_provider.anomalies import ReceiptAnomalyRequest
from contracts.http.service import Step
from contracts.http.ward.settlement import OpenItem, ResolutionRequest
from contracts.http.ward.slips import SlipRequest, SlipView
from contracts.parties import Contractor
from contracts.vocabulary import (
    IN_APP,
    Agent,
    Brand,
    Method,
    ReceiptAnomaly,
    Refusal,
    SettlementAnomaly,
    business_date,
    on_the_clock,
)
from services.chassis.duties.register import Wanted
from services.chassis.identity import chance
from services.console.books.audit import audit
from services.console.books.known import State
from services.console.payers.plan import PlannedPayment
from services.console.sandbox.channels import payers_of
from services.console.sandbox.sandbox import Sandbox

VISA, MASTERCARD, JCB_CARD = "4000000000000002", "5200000000000007", "3530000000000003"
BRANDS = {Brand.VISA: "VISA", Brand.MASTERCARD: "Mastercard", Brand.JCB: "JCB"}
BANKS = ("0001", "0005", "0009", "9900")
"""Banks of payers who pay by internet banking; each approves."""
TELLER = "scenario"
"""Stands for a party in the timeline, in lines for actions on the parties."""
DUE = date(2021, 8, 2)
"""納期限 of the first instalment of 2021, for stories with fixed days."""
INSTALMENTS, START_OF_BUSINESS = 9, 9


class ScenarioFailed(Exception):
    """A claim did not hold; the text names it, the value expected and the value found."""


Answer = TypeVar("Answer")
Choice = TypeVar("Choice")


def granted(answer: Answer | Refusal) -> Answer:
    """The answer to a step that the story expects to succeed. Raises `ScenarioFailed` with the refusal."""
    if isinstance(answer, Refusal):
        raise ScenarioFailed(f"refused: {answer.code}: {answer.detail}")
    return answer


def only(rows: Sequence[Answer], what: str) -> Answer:
    """The single row. Raises `ScenarioFailed` for none or several."""
    if len(rows) != 1:
        raise ScenarioFailed(f"{what}: expected one, got {len(rows)}")
    return rows[0]


@dataclass
class World:
    """The world of one scenario and one seed.

    The seed chooses everything that a story leaves open: payers, amounts, due dates, cards and banks, days and minutes.
    """

    sandbox: Sandbox
    seed: int
    steps: list[Step] = field(default_factory=list)
    claims: list[str] = field(default_factory=list)
    payments: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = chance(self.seed, "scenario")
        self.payers = payers_of(self.sandbox)
        self.began = self.today
        self.followed: Contractor | None = None

    # ---- actions ------------------------------------------------------------------------------------------

    def tell(self, event: str, detail: str = "") -> None:
        """Add a line to the timeline, at the current time."""
        self.steps.append(Step(event=event, party=TELLER, at=self.sandbox.clock.now(), stage=0, detail=detail))

    async def until(self, day: date, hour: int = 23, minute: int = 0) -> None:
        """Advance to a minute of a day, in Japan."""
        await self.sandbox.advance(on_the_clock(day, time(hour, minute)))

    async def some_days(self, last: date) -> date:
        """Advance by days that the seed chooses, at most to the morning of `last`. Returns the day reached."""
        days = self._chance.randint(0, (last - self.today).days)
        await self.until(self.today + timedelta(days=days), START_OF_BUSINESS)
        return self.today

    @property
    def today(self) -> date:
        return business_date(self.sandbox.clock.now())

    def one_of(self, choices: Sequence[Choice]) -> Choice:
        """One of these, chosen by the seed."""
        return self._chance.choice(choices)

    def any_card(self) -> str:
        """A card of any agent, for a story that does not depend on the settler."""
        return self.one_of((VISA, MASTERCARD, JCB_CARD))

    def yen(self, low: int = 20, high: int = 300) -> int:
        """An amount chosen by the seed: between `low` and `high` hundred yen."""
        return self._chance.randrange(low, high) * 100

    def person(self) -> str:
        """被保険者番号 of a person chosen by the seed."""
        return f"{self._chance.randrange(1, 10**9):010}"

    def instalment(self) -> date:
        """納期限 of one of the next nine instalments (期別)."""
        year = fiscal_year(self.today)
        coming = (due for due in (*due_dates(year), *due_dates(year + 1)) if due > self.today)
        return self.one_of([*islice(coming, INSTALMENTS)])

    async def slip(self, amount: int | None = None, due: date | None = None, insured: str | None = None) -> SlipView:
        """納付書発行: the ward issues a slip. Amount, due date and person are chosen by the seed if not given."""
        number = insured or self.person()
        request = SlipRequest(insured_number=number, amount=amount or self.yen(), due_on=due or self.instalment())
        issued = granted(await self.sandbox.ward.commands.issue_slip(request))
        self.tell("納付書発行 slip issued", f"slip {issued.slip_number}, ¥{issued.amount:,}, due {issued.due_on}")
        return issued

    async def tries(self, slip: SlipView, method: Method, card: str | None = None) -> str | Refusal:
        """Pay a slip, some minutes from now; returns the payment's id, or the refusal.

        The card is one of UC's (VISA, Mastercard) unless given.
        """
        at = self.sandbox.clock.now() + timedelta(minutes=self._chance.randrange(1, 30))
        await self.sandbox.advance(at)
        payment = PlannedPayment(at, slip, method)
        match method:
            case Method.CARD:
                payment = replace(payment, card_number=card or self.one_of((VISA, MASTERCARD)))
            case Method.INTERNET_BANKING:
                payment = replace(payment, bank_code=self.one_of(BANKS))
        answer = await self.payers.pay(payment)
        await self.sandbox.settle()
        if isinstance(answer, Refusal):
            self.tell("拒否 refused", f"{answer.code}: {answer.detail}")
            return answer
        if answer.payment_id not in self.payments:
            self.payments.append(answer.payment_id)
        self.tell(
            f"{CHANNELS[method].japanese} {CHANNELS[method].paid}",
            f"slip {slip.slip_number}, ¥{slip.amount:,}{_with(payment)}",
        )
        return answer.payment_id

    async def pays(self, slip: SlipView, method: Method, card: str | None = None) -> str:
        """Pay a slip, and return the payment's id. Raises `ScenarioFailed` if it is refused."""
        return granted(await self.tries(slip, method, card))

    async def settlement_goes_wrong(self, kind: SettlementAnomaly, **how: Any) -> None:
        """異常: make UC's next closing go wrong."""
        granted(await self.sandbox.agents[Agent.UC].commands.inject(SettlementAnomalyRequest(kind=kind, **how)))
        self.tell("異常 settlement made to go wrong", " ".join([kind.value, *(f"{k} {v}" for k, v in how.items())]))

    async def receipt_data_go_wrong(self, kind: ReceiptAnomaly) -> None:
        """異常: make the receipt data of the next payment contradict each other."""
        granted(await self.sandbox.provider.commands.inject_anomaly(ReceiptAnomalyRequest(kind=kind, next=1)))
        self.tell("異常 receipt data made to go wrong", kind.value)

    async def corrects(self, closing: int = 1) -> None:
        """是正: UC corrects its n-th closing."""
        answer = granted(
            await self.sandbox.agents[Agent.UC].commands.correct(
                CorrectionRequest(statement_id=await self._statement(closing))
            )
        )
        await self.sandbox.settle()
        self.tell("是正 settlement corrected", f"¥{answer.deposited:,} deposited")

    async def decides(self, action: str, **about: str) -> None:
        """差異の処理: the ward's staff decide about a difference, in UC's first closing unless `about` names another
        statement. The decision is on record."""
        asked = {
            "statement_id": about.get("statement_id") or await self._statement(),
            "decided_by": "会計係",
            "because": "as agreed with the agent",
            **about,
        }
        decided = granted(
            await self.sandbox.ward.commands.resolve(ResolutionRequest.model_validate({"action": action, **asked}))
        )
        await self.sandbox.settle()
        self.tell("差異の処理 decided", f"{action} ¥{decided.amount:,}")

    async def _statement(self, closing: int = 1) -> str:
        found = sorted(
            await self.sandbox.agents[Agent.UC].queries.statements(), key=lambda statement: statement.closed_on
        )
        if len(found) < closing:
            raise ScenarioFailed(f"UC has closed {len(found)} periods, not {closing}")
        return found[closing - 1].statement_id

    def follows(self, contractor: Contractor) -> None:
        """The timeline has the records of this contractor's register of duties."""
        self.followed = contractor

    # ---- outcomes -------------------------------------------------------------------------------------------

    def claim(self, words: str, got: object, wanted: object = True) -> None:
        """The story claims this. Raises `ScenarioFailed` if it does not hold."""
        if got != wanted:
            raise ScenarioFailed(f"{words}: expected {wanted!r}, got {got!r}")
        self.claims.append(words)

    async def status(self, payment_id: str) -> str:
        """A payment's status at the provider."""
        return granted(await self.sandbox.provider.queries.payment(payment_id)).status

    async def outstanding(self, slip: SlipView) -> int:
        """The unpaid amount of a slip at the ward, in yen."""
        return granted(await self.sandbox.ward.queries.slip(slip.slip_number)).outstanding

    async def duty(self, number: str, debtor: str) -> Status:
        """How a duty of a party stands today, by the registers of all parties; work began with the story."""
        records = [entry.record for party in self.sandbox.services for entry in await party.duty_records(Wanted())]
        states = assess(records, (), began=self.began, on=self.today, duties=[BY_NUMBER[number]])
        parts = next(state.parts for state in states if state.debtor == debtor)
        return max(part.status for part in parts if not isinstance(part.shown, Checked))

    async def open_items(self) -> dict[str, OpenItem]:
        """Kind → its first open item."""
        return {item.kind: item for item in reversed(await self.sandbox.ward.queries.open_items())}

    async def open_item(self, kind: str) -> OpenItem:
        """The first open item of a kind. Raises `ScenarioFailed` without one."""
        found = await self.open_items()
        if kind not in found:
            raise ScenarioFailed(f"{kind} should be open at the ward; open are {sorted(found) or 'none'}")
        return found[kind]

    async def codes(self) -> tuple[str, ...]:
        """The codes of UC's open statement at the ward."""
        item = (await self.open_items()).get("statement_open")
        return () if item is None else item.codes

    async def balance(self, account: str) -> int:
        """An account's balance in the ward's ledger, in yen: debit positive, credit negative."""
        return next(view.balance for view in await self.sandbox.ward.queries.balances() if view.account == account)

    async def records(self, payment_id: str) -> list[tuple[str, str]]:
        """(kind, day) of the payment's receipt records at the ward."""
        rows = (await self.sandbox.books())["ward"].receipts
        return sorted((r.kind, str(r.on)) for r in rows if r.payment_id == payment_id)

    async def deposited(self) -> dict[str, int]:
        """Day → yen deposited on the ward's account."""
        days: dict[str, int] = {}
        for deposit in (await self.sandbox.books())["ward"].deposits:
            days[str(deposit.on)] = days.get(str(deposit.on), 0) + deposit.amount
        return days

    async def claim_all_is_settled(self) -> None:
        """消込済: nothing is open, and every statement is reconciled."""
        self.claim("消込済 nothing is open at the ward", sorted(await self.open_items()), [])
        books = (await self.sandbox.books())["ward"]
        known = sorted(s.statement_id for s in books.statements)
        self.claim("every closing statement is reconciled", sorted(books.reconciled), known)

    async def claim_conserved(self) -> None:
        """監査: the ward has an explanation on record for every difference, to the yen."""
        lost = [f for f in audit(await self.sandbox.books()).findings if f.state is State.UNEXPLAINED]
        if lost:
            found = "; ".join(f"{f.code} {f.subject}: {f.detail}" for f in lost)
            raise ScenarioFailed(f"監査 audit: expected no unexplained difference, found {found}")
        self.claims.append("監査 audit: nothing lost, nothing twice")


def _with(payment: PlannedPayment) -> str:
    """The means of payment, for the timeline."""
    if payment.card_number is not None:
        brand = brand_of(payment.card_number)
        return f", {BRANDS.get(brand, brand)}" if brand else ", an unknown card"
    return f", bank {payment.bank_code}" if payment.method in IN_APP else " outside the app"
