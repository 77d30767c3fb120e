"""What the ward shows of slips, receipts, deposits and its ledger."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from statistics import median_low
from typing import Any

from contracts.formats import barcode
from contracts.http.ward.ledger import BalanceView, DeemingView, ProxyPaymentView
from contracts.http.ward.overpayments import OverpaymentView, UseView
from contracts.http.ward.receipts import ReceiptView, RecordView
from contracts.http.ward.reminders import (
    ArrearsView,
    ChannelCrossings,
    ChannelVisibility,
    CrossingsView,
    CrossingView,
    DelayCrossings,
    ReminderView,
    StretchView,
    Visibility,
    VisibilityView,
)
from contracts.http.ward.settlement import ReceivedDepositView, ResolutionView
from contracts.http.ward.slips import SlipView
from contracts.http.ward.terminal import LineView, ReceivedFileView, StepView
from contracts.percentiles import percentile
from contracts.vocabulary import Method, ReceiptKind, Refusal, business_date
from services.ward.domain.arrears import Arrears, Stretch
from services.ward.domain.deeming import deeming, legal_mode, slip_deeming
from services.ward.domain.instalments import Slip
from services.ward.domain.ledger import JAPANESE, Account
from services.ward.domain.line import Line
from services.ward.domain.overpayments import Given, Person
from services.ward.domain.reissue import Reissue
from services.ward.store import Made


def resolution_view(row: Mapping[str, Any]) -> ResolutionView:
    """A decision, as its row says."""
    return ResolutionView(**{name: row[name] for name in ResolutionView.model_fields})


def deeming_view(slip_number: str, amount: int, made: Sequence[Made], on: date, old_until: date) -> DeemingView:
    """A slip of `amount` yen with the payments made for it."""
    whole = slip_deeming(amount, [m.payment for m in made], on, old_until)
    return DeemingView(
        slip_number=slip_number,
        on=on,
        effect=whole.effect.value,
        since=whole.since,
        owed_by_payer=whole.is_owed_by_payer,
        payments=tuple(_proxy_payment_view(m, on, old_until) for m in made),
    )


def _proxy_payment_view(made: Made, on: date, old_until: date) -> ProxyPaymentView:
    p, found = made.payment, deeming(made.payment, on, old_until)
    return ProxyPaymentView(
        payment_id=made.payment_id,
        amount=p.amount,
        mode=legal_mode(p.entrusted_on, old_until).value if p.by_agent else "none",
        approved_on=p.approved_on,
        entrusted_on=p.entrusted_on,
        designated_date=p.designated_date,
        deposited_on=p.deposited_on,
        effect=found.effect.value,
        since=found.since,
    )


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
    return None if digits is None else barcode.in_two_lines(digits)


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


def deposit_view(row: Any) -> ReceivedDepositView:
    """A deposit with the reconciliation of its statement."""
    return ReceivedDepositView(**{name: getattr(row, name) for name in ReceivedDepositView.model_fields})


def received_file_view(row: Any) -> ReceivedFileView:
    """A receipt file as the ward has it."""
    return ReceivedFileView(**{name: getattr(row, name) for name in ReceivedFileView.model_fields})


def step_view(row: Any) -> StepView:
    """A step at the terminal."""
    return StepView(**{name: getattr(row, name) for name in StepView.model_fields})


def line_view(line: Line, *, is_open: bool) -> LineView:
    """The line of a day."""
    return LineView(
        line=line.name,
        bytes_per_second=line.bytes_per_second,
        opens=f"{line.opens:%H:%M}",
        closes=f"{line.closes:%H:%M}",
        is_open=is_open,
    )


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


def visibility_view(rows: Iterable[Any]) -> VisibilityView:
    """Of rows (method, paid at, visible at)."""
    channels: defaultdict[Method, list[int]] = defaultdict(list)
    for method, paid_at, visible_at in rows:
        channels[method].append(round((visible_at - paid_at).total_seconds()))
    every = [seconds for found in channels.values() for seconds in found]
    return VisibilityView(
        overall=Visibility(**_spread(every)) if every else None,
        by_channel=tuple(ChannelVisibility(method=m, **_spread(found)) for m, found in sorted(channels.items())),
    )


def _spread(seconds: Iterable[int]) -> dict[str, int]:
    ascending = sorted(seconds)
    return {
        "payments": len(ascending),
        "median_seconds": percentile(ascending, 50),
        "p95_seconds": percentile(ascending, 95),
        "longest_seconds": ascending[-1],
    }
