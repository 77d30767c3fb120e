"""What the ward shows of slips, receipts, deposits and its ledger."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from statistics import median_low
from typing import Any

from contracts.formats import barcode
from contracts.formats.barcode import Barcode
from contracts.http import Body, SlipView
from contracts.vocabulary import Method, ReceiptKind, Refusal, Settler, business_date
from services.ward.domain.arrears import Arrears, Stretch
from services.ward.domain.instalments import Slip
from services.ward.domain.ledger import JAPANESE, Account
from services.ward.domain.overpayments import Given, Person, Use
from services.ward.domain.reissue import Reissue


class RecordView(Body):
    """One receipt record as registered."""

    kind: ReceiptKind
    amount: int
    received_on: date
    delivered_at: datetime
    registered_at: datetime


class ReceiptView(Body):
    """What the ward has registered of one payment. `stands` is False once it was cancelled."""

    payment_id: str
    slip_number: str
    slip_known: bool
    amount: int
    settler: Settler
    stands: bool
    confirmed: bool
    records: tuple[RecordView, ...]


class BalanceView(Body):
    """One account: debits less credits."""

    account: str
    japanese: str
    balance: int


class DepositView(Body):
    """入金: a deposit seen on the ward's account."""

    deposit_id: str
    statement_id: str
    settler: Settler
    closed_on: date
    amount: int
    deposited_on: date
    reconciled_at: datetime | None


class ReminderView(Body):
    """督促状 as sent; `outstanding` as the ward knew it then. `crossed`: a payment was made before, and seen after."""

    slip_number: str
    number: int
    sent_at: datetime
    outstanding: int
    crossed: bool


class CrossingView(Body):
    """督促の行き違い: a reminder, and the payment that was made before it and registered after it."""

    slip_number: str
    number: int
    outstanding: int
    payment_id: str
    method: Method
    settler: Settler
    amount: int
    paid_at: datetime
    sent_at: datetime
    visible_at: datetime
    """When the first record of the payment was registered."""
    paid_to_visible_seconds: int
    sent_to_visible_seconds: int


class ChannelCrossings(Body):
    """Crossings of one way of paying."""

    method: Method
    crossings: int
    median_paid_to_visible_seconds: int
    median_sent_to_visible_seconds: int


class DelayCrossings(Body):
    """Crossings of payments that were registered so many calendar days after the day of payment."""

    days: int
    crossings: int


class CrossingsView(Body):
    """How many reminders crossed a payment, by channel and by delay, with the list."""

    reminders: int
    """Sent in all."""
    crossed: int
    by_channel: tuple[ChannelCrossings, ...]
    by_delay: tuple[DelayCrossings, ...]
    crossings: tuple[CrossingView, ...]


class StretchView(Body):
    """Days, both counted, with one base and one rate, in thousandths a year."""

    first: date
    last: date
    days: int
    base: int
    per_mille: int


class ArrearsView(Body):
    """延滞金 of a slip up to a day."""

    slip_number: str
    due_on: date
    until: date
    outstanding: int
    arrears: int
    stretches: tuple[StretchView, ...]


class UseView(Body):
    """充当・還付: what an overpayment was given for. `withdrawn` was taken back, `reclaimed` is owed by the payer."""

    number: int
    use: Use
    amount: int
    to_slip: str | None
    decided_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    withdrawn: int
    reclaimed: int


class OverpaymentView(Body):
    """過誤納 of a slip: what is not decided on, and what it was given for."""

    slip_number: str
    undecided: int
    opened_at: datetime | None
    decide_at: datetime | None
    uses: tuple[UseView, ...]


def slip_view(slip: Slip | Any, outstanding: int) -> SlipView:
    """A slip, or its row."""
    return SlipView(
        slip_number=slip.slip_number,
        charge_type=slip.charge_type,
        insured_number=slip.insured_number,
        levy_year=slip.levy_year,
        instalment=slip.instalment,
        amount=slip.amount,
        due_on=slip.due_on,
        use_by=slip.use_by,
        barcode=slip.barcode,
        human_readable=_human_readable(slip.barcode),
        outstanding=outstanding,
        reissue=slip.reissue,
    )


def slip_unknown(slip_number: str) -> Refusal:
    """No such slip."""
    return Refusal("slip_unknown", f"no slip {slip_number} was issued", "list the slips: GET /slips")


def stored_slip_view(row: Any) -> SlipView:
    """A slip as the ledger has it."""
    return slip_view(row, max(0, row.amount - row.received))


def reissued_slip_view(row: Any, anew: Reissue) -> SlipView:
    """A slip as printed anew; `row` is as it was before."""
    changed = {
        "reissue": anew.reissue,
        "use_by": anew.use_by,
        "barcode": anew.barcode,
        "human_readable": _human_readable(anew.barcode),
    }
    return stored_slip_view(row).model_copy(update=changed)


def _human_readable(digits: str | None) -> str | None:
    code = None if digits is None else barcode.decode(digits)
    return code.human_readable() if isinstance(code, Barcode) else None


def receipt_view(rows: Sequence[Any]) -> ReceiptView:
    """`rows` are the records of one payment in the order of their kinds: the first one's word counts."""
    first, kinds = rows[0], {row.kind for row in rows}
    return ReceiptView(
        payment_id=first.payment_id,
        slip_number=first.slip_number,
        slip_known=first.slip_known,
        amount=first.amount,
        settler=first.settler,
        stands=ReceiptKind.CANCELLED not in kinds,
        confirmed=ReceiptKind.CONFIRMED in kinds,
        records=tuple(
            RecordView(
                kind=row.kind,
                amount=row.amount,
                received_on=row.received_on,
                delivered_at=row.delivered_at,
                registered_at=row.registered_at,
            )
            for row in rows
        ),
    )


def balance_view(account: Account, balance: int) -> BalanceView:
    """An account's balance under both its names."""
    return BalanceView(account=account.value, japanese=JAPANESE[account], balance=balance)


def deposit_view(row: Any) -> DepositView:
    """A deposit with the reconciliation of its statement."""
    return DepositView(**{name: getattr(row, name) for name in DepositView.model_fields})


def overpayment_view(slip_number: str, person: Person) -> OverpaymentView:
    """The overpayment of one of a person's slips."""
    claim = person.claims.get(slip_number)
    return OverpaymentView(
        slip_number=slip_number,
        undecided=person.excess(slip_number),
        opened_at=None if claim is None else claim.opened_at,
        decide_at=None if claim is None else claim.decide_at,
        uses=tuple(_use_view(given) for given in person.given if given.slip_number == slip_number),
    )


def _use_view(given: Given) -> UseView:
    return UseView(**{name: getattr(given, name) for name in UseView.model_fields})


def arrears_view(row: Any, until: date, outstanding: int, reckoned: Arrears) -> ArrearsView:
    """Arrears of a slip, with their reckoning."""
    return ArrearsView(
        slip_number=row.slip_number,
        due_on=row.due_on,
        until=until,
        outstanding=outstanding,
        arrears=reckoned.amount,
        stretches=tuple(map(_stretch_view, reckoned.stretches)),
    )


def _stretch_view(stretch: Stretch) -> StretchView:
    return StretchView(**{name: getattr(stretch, name) for name in StretchView.model_fields})


def reminder_view(row: Any) -> ReminderView:
    """A reminder, and whether it crossed a payment."""
    return ReminderView(**{name: getattr(row, name) for name in ReminderView.model_fields})


def crossings_view(reminders: int, rows: Sequence[Any], limit: int | None) -> CrossingsView:
    """All counted, and listed the first of them."""
    crossings = [_crossing_view(row) for row in rows]
    delays = Counter((business_date(c.visible_at) - business_date(c.paid_at)).days for c in crossings)
    channels: defaultdict[Method, list[CrossingView]] = defaultdict(list)
    for crossing in crossings:
        channels[crossing.method].append(crossing)
    return CrossingsView(
        reminders=reminders,
        crossed=len({(c.slip_number, c.number) for c in crossings}),
        by_channel=tuple(_channel_view(method, found) for method, found in sorted(channels.items())),
        by_delay=tuple(DelayCrossings(days=days, crossings=count) for days, count in sorted(delays.items())),
        crossings=tuple(crossings[:limit]),
    )


def _crossing_view(row: Any) -> CrossingView:
    return CrossingView(
        **{name: getattr(row, name) for name in CrossingView.model_fields if hasattr(row, name)},
        paid_to_visible_seconds=round((row.visible_at - row.paid_at).total_seconds()),
        sent_to_visible_seconds=round((row.visible_at - row.sent_at).total_seconds()),
    )


def _channel_view(method: Method, found: Sequence[CrossingView]) -> ChannelCrossings:
    return ChannelCrossings(
        method=method,
        crossings=len(found),
        median_paid_to_visible_seconds=median_low(c.paid_to_visible_seconds for c in found),
        median_sent_to_visible_seconds=median_low(c.sent_to_visible_seconds for c in found),
    )
