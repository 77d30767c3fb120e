"""What the ward shows of slips, receipts, deposits and its ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from contracts.formats import barcode
from contracts.formats.barcode import Barcode
from contracts.http import Body, SlipView
from contracts.http_settlement import ResolutionView
from contracts.http_terminal import LineView, ReceivedFileView, StepView
from contracts.vocabulary import ReceiptKind, Refusal, Settler
from services.ward.domain.deeming import deeming, legal_mode, slip_deeming
from services.ward.domain.instalments import Slip
from services.ward.domain.ledger import JAPANESE, Account
from services.ward.domain.line import Line
from services.ward.domain.reissue import Reissue
from services.ward.store import Made


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


class ProxyPaymentView(Body):
    """A payment of a slip: its dates, and what it does for the slip on a day."""

    payment_id: str
    amount: int
    mode: str
    approved_on: date
    entrusted_on: date
    named_day: date | None
    deposited_on: date | None
    effect: str
    since: date | None


class DeemingView(Body):
    """代理納付の効力 of a slip at the end of a day: `since` is the day from which it counts as paid."""

    slip_number: str
    on: date
    effect: str
    since: date | None
    owed_by_payer: bool
    payments: tuple[ProxyPaymentView, ...]


class DepositView(Body):
    """入金: a deposit that was seen. `account` is empty for the ward's; `counts_for` differs once it is reassigned."""

    deposit_id: str
    statement_id: str
    settler: Settler
    closed_on: date
    amount: int
    deposited_on: date
    account: str
    counts_for: str
    reconciled_at: datetime | None


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
        named_day=p.named_day,
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
