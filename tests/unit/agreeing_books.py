"""Books of all parties that agree, small enough to read: a card payment, a bank payment, one of each other fate."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from contracts import topics
from contracts.books import (
    Books,
    DepositRow,
    PaymentRow,
    ProxyPaymentRow,
    ReceiptRow,
    RefundRow,
    StatementLineRow,
    StatementRow,
    TransferRow,
)
from contracts.vocabulary import Agent

UC, JCB = topics.card_agent(Agent.UC), topics.card_agent(Agent.JCB)
PROVIDER, WARD = topics.PAYMENT_PROVIDER, topics.WARD
PAID_ON, CONFIRMED_ON = date(2021, 4, 12), date(2021, 4, 15)
BANK_CLOSED_ON, UC_CLOSED_ON, JCB_CLOSES_ON = date(2021, 4, 12), date(2021, 4, 15), date(2021, 4, 30)
BANK_DEPOSIT_ON, UC_DEPOSIT_ON = date(2021, 4, 14), date(2021, 4, 30)

PAYMENTS = (
    PaymentRow("by-card", "slip-a", 1, "card", "uc", 8_500, "confirmed", PAID_ON),
    PaymentRow("by-bank", "slip-b", 1, "internet_banking", "bank", 5_000, "confirmed", PAID_ON),
    PaymentRow("not-closed", "slip-c", 1, "card", "jcb", 300_000, "paid", PAID_ON),
    PaymentRow("refused", "slip-d", 1, "card", "uc", 1_200, "declined", PAID_ON),
    PaymentRow("taken-back", "slip-d", 2, "card", "uc", 1_200, "cancelled", PAID_ON),
    PaymentRow("asked", "slip-e", 1, "card", "uc", 700, "authorizing", PAID_ON),
)
RECEIPTS = (
    ReceiptRow("by-card", "01", 8_500, PAID_ON),
    ReceiptRow("by-card", "02", 8_500, CONFIRMED_ON),
    ReceiptRow("by-bank", "01", 5_000, PAID_ON),
    ReceiptRow("by-bank", "02", 5_000, CONFIRMED_ON),
    ReceiptRow("not-closed", "01", 300_000, PAID_ON),
    ReceiptRow("taken-back", "01", 1_200, PAID_ON),
    ReceiptRow("taken-back", "03", 1_200, PAID_ON),
)
UC_STATEMENT = StatementRow("uc-statement", "uc", UC_CLOSED_ON, UC_DEPOSIT_ON, 1, 8_500, 85)
BANK_STATEMENT = StatementRow("bank-statement", "bank", BANK_CLOSED_ON, BANK_DEPOSIT_ON, 1, 5_000, 0)
UC_LINE = StatementLineRow("uc-statement", "by-card", 8_500)
BANK_LINE = StatementLineRow("bank-statement", "by-bank", 5_000)
UC_DEPOSIT = DepositRow("uc-deposit", "uc-statement", "uc", 8_415, UC_DEPOSIT_ON)
BANK_DEPOSIT = DepositRow("bank-deposit", "bank-statement", "bank", 5_000, BANK_DEPOSIT_ON)
TRANSFERS = (
    TransferRow("in_transit_uc", "premiums", 8_500, "by-card", PAID_ON),
    TransferRow("in_transit_bank", "premiums", 5_000, "by-bank", PAID_ON),
    TransferRow("in_transit_jcb", "premiums", 300_000, "not-closed", PAID_ON),
    TransferRow("bank_account", "in_transit_bank", 5_000, "bank-deposit", BANK_DEPOSIT_ON),
    TransferRow("bank_account", "in_transit_uc", 8_415, "uc-deposit", UC_DEPOSIT_ON),
    TransferRow("fees", "in_transit_uc", 85, "uc-deposit", UC_DEPOSIT_ON),
    TransferRow("refunds_payable", "bank_account", 400, "by-bank", UC_DEPOSIT_ON),
)
REFUND = RefundRow("slip-b", 1, 400, UC_DEPOSIT_ON)


def agreeing_books() -> dict[str, Books]:
    """Principal → its books."""
    return {
        PROVIDER: Books(
            PROVIDER,
            payments=PAYMENTS,
            receipts=RECEIPTS,
            proxy_payments=(ProxyPaymentRow("by-bank", "bank", 5_000, "collected", BANK_CLOSED_ON),),
            statements=(BANK_STATEMENT,),
            lines=(BANK_LINE,),
            deposits=(BANK_DEPOSIT,),
        ),
        UC: Books(
            UC,
            proxy_payments=(
                ProxyPaymentRow("by-card", "uc", 8_500, "taken_on", UC_CLOSED_ON),
                ProxyPaymentRow("taken-back", "uc", 1_200, "withdrawn", UC_CLOSED_ON),
            ),
            statements=(UC_STATEMENT,),
            lines=(UC_LINE,),
            deposits=(UC_DEPOSIT,),
        ),
        JCB: Books(JCB, proxy_payments=(ProxyPaymentRow("not-closed", "jcb", 300_000, "taken_on", JCB_CLOSES_ON),)),
        WARD: Books(
            WARD,
            receipts=RECEIPTS,
            statements=(BANK_STATEMENT, UC_STATEMENT),
            lines=(BANK_LINE, UC_LINE),
            deposits=(BANK_DEPOSIT, UC_DEPOSIT),
            transfers=TRANSFERS,
            refunds=(REFUND,),
            reconciled=("bank-statement", "uc-statement"),
        ),
    }


def with_rows(books: dict[str, Books], principals: tuple[str, ...], **rows: Any) -> dict[str, Books]:
    """The agreeing books, with these rows of these parties replaced."""
    return books | {principal: replace(books[principal], **rows) for principal in principals}
