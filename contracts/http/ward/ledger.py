"""甲: balances of the ledger, and the effect of proxy payments on a slip (代理納付の効力)."""

from __future__ import annotations

from datetime import date

from contracts.http.bodies import Body


class BalanceView(Body):
    """One account: debits less credits."""

    account: str
    japanese: str
    balance: int


class ProxyPaymentView(Body):
    """A payment of a slip: its dates, and its effect on the slip on a day."""

    payment_id: str
    amount: int
    mode: str
    approved_on: date
    entrusted_on: date
    designated_date: date | None
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
