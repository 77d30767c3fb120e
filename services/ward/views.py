"""Rows and decisions as bodies of HTTP answers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from statistics import median_low

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
from services.ward.domain.arrears import Arrears
from services.ward.domain.deeming import StandingPayment, deeming, legal_mode, slip_deeming
from services.ward.domain.instalments import Slip
from services.ward.domain.ledger import JAPANESE, Account
from services.ward.domain.overpayments import Person
from services.ward.domain.reissue import Reissue
from services.ward.domain.terminal_line import TerminalLine
from services.ward.store.rows import (
    Crossing,
    DepositSeen,
    ReceivedFile,
    SentReminder,
    StoredReceipt,
    StoredResolution,
    StoredSlip,
    StoredStep,
    VisiblePayment,
)


def resolution_view(decision: StoredResolution) -> ResolutionView:
    return ResolutionView.model_validate(decision, from_attributes=True)


def deeming_view(
    slip_number: str, amount: int, payments: Sequence[StandingPayment], on: date, old_until: date
) -> DeemingView:
    """A slip of `amount` yen with the payments made for it."""
    whole = slip_deeming(amount, [p.payment for p in payments], on, old_until)
    return DeemingView(
        slip_number=slip_number,
        on=on,
        effect=whole.effect.value,
        since=whole.since,
        owed_by_payer=whole.is_owed_by_payer,
        payments=tuple(_proxy_payment_view(p, on, old_until) for p in payments),
    )


def _proxy_payment_view(standing: StandingPayment, on: date, old_until: date) -> ProxyPaymentView:
    p, found = standing.payment, deeming(standing.payment, on, old_until)
    return ProxyPaymentView(
        payment_id=standing.payment_id,
        amount=p.amount,
        mode=legal_mode(p.entrusted_on, old_until).value if p.by_agent else "none",
        approved_on=p.approved_on,
        entrusted_on=p.entrusted_on,
        designated_date=p.designated_date,
        deposited_on=p.deposited_on,
        effect=found.effect.value,
        since=found.since,
    )


def slip_view(slip: Slip | StoredSlip) -> SlipView:
    return SlipView.model_validate(slip, from_attributes=True)


def reissued_slip_view(slip: StoredSlip, new: Reissue) -> SlipView:
    """A reissued slip; `slip` is the slip before the reissue."""
    return slip_view(slip._replace(reissue=new.reissue, use_by=new.use_by, barcode=new.barcode))


def slip_unknown(slip_number: str) -> Refusal:
    return Refusal("slip_unknown", f"no slip {slip_number} was issued", "list the slips: GET /slips")


def receipt_view(records: Sequence[StoredReceipt]) -> ReceiptView:
    """Of the records of one payment in the order of their kinds: the amount, slip and settler of the first stand."""
    first, kinds = records[0], {record.kind for record in records}
    return ReceiptView(
        payment_id=first.payment_id,
        slip_number=first.slip_number,
        slip_known=first.slip_known,
        amount=first.amount,
        settler=first.settler,
        stands=ReceiptKind.CANCELLED not in kinds,
        confirmed=ReceiptKind.CONFIRMED in kinds,
        records=tuple(RecordView.model_validate(record, from_attributes=True) for record in records),
    )


def balance_view(account: Account, balance: int) -> BalanceView:
    return BalanceView(account=account.value, japanese=JAPANESE[account], balance=balance)


def deposit_view(deposit: DepositSeen) -> ReceivedDepositView:
    return ReceivedDepositView.model_validate(deposit, from_attributes=True)


def received_file_view(file: ReceivedFile) -> ReceivedFileView:
    return ReceivedFileView.model_validate(file, from_attributes=True)


def step_view(step: StoredStep) -> StepView:
    return StepView.model_validate(step, from_attributes=True)


def line_view(line: TerminalLine, *, is_open: bool) -> LineView:
    return LineView(
        line=line.name,
        bytes_per_second=line.bytes_per_second,
        opens=f"{line.opens:%H:%M}",
        closes=f"{line.closes:%H:%M}",
        is_open=is_open,
    )


def overpayment_view(slip_number: str, person: Person) -> OverpaymentView:
    """The overpayment of one of a person's slips."""
    undecided = person.undecided.get(slip_number)
    uses = (use for use in person.uses if use.slip_number == slip_number)
    return OverpaymentView(
        slip_number=slip_number,
        undecided=person.excess(slip_number),
        opened_at=None if undecided is None else undecided.opened_at,
        decide_at=None if undecided is None else undecided.decide_at,
        uses=tuple(UseView.model_validate(use, from_attributes=True) for use in uses),
    )


def arrears_view(slip: StoredSlip, until: date, outstanding: int, calculated: Arrears) -> ArrearsView:
    return ArrearsView(
        slip_number=slip.slip_number,
        due_on=slip.due_on,
        until=until,
        outstanding=outstanding,
        arrears=calculated.amount,
        stretches=tuple(StretchView.model_validate(s, from_attributes=True) for s in calculated.stretches),
    )


def reminder_view(reminder: SentReminder) -> ReminderView:
    return ReminderView.model_validate(reminder, from_attributes=True)


def crossings_view(reminders: int, found: Sequence[Crossing], limit: int | None) -> CrossingsView:
    """All counted, at most `limit` listed; `reminders` were sent in all."""
    crossings = [CrossingView.model_validate(crossing, from_attributes=True) for crossing in found]
    delays = Counter((business_date(c.visible_at) - business_date(c.paid_at)).days for c in crossings)
    channels: defaultdict[Method, list[CrossingView]] = defaultdict(list)
    for crossing in crossings:
        channels[crossing.method].append(crossing)
    return CrossingsView(
        reminders=reminders,
        crossed=len({(c.slip_number, c.number) for c in crossings}),
        by_channel=tuple(_channel_view(method, of_it) for method, of_it in sorted(channels.items())),
        by_delay=tuple(DelayCrossings(days=days, crossings=count) for days, count in sorted(delays.items())),
        crossings=tuple(crossings[:limit]),
    )


def _channel_view(method: Method, found: Sequence[CrossingView]) -> ChannelCrossings:
    return ChannelCrossings(
        method=method,
        crossings=len(found),
        median_paid_to_visible_seconds=median_low(c.paid_to_visible_seconds for c in found),
        median_sent_to_visible_seconds=median_low(c.sent_to_visible_seconds for c in found),
    )


def visibility_view(payments: Iterable[VisiblePayment]) -> VisibilityView:
    channels: defaultdict[Method, list[int]] = defaultdict(list)
    for method, paid_at, visible_at in payments:
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
