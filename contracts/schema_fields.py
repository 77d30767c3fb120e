"""Descriptions, examples and bounds of the events' fields in the schemas.

A field's docstring in `contracts.events` takes precedence over the description here. All examples are of one payment:
a slip of ¥8,500 scanned on 2021-07-20, paid by card, closed on 31 July and deposited on 16 August.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from contracts.events import LINES_PER_PAGE

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


class FieldWords(NamedTuple):
    """`bounds` are JSON Schema keywords that the Python type does not express."""

    example: Json
    meaning: str
    bounds: Mapping[str, Json] = {}


_PAYMENT: Final = "01980000-5a7e-8000-8000-000000000001"
_STATEMENT: Final = "01980000-5a7e-8000-8000-000000000002"
_DEPOSIT: Final = "01980000-5a7e-8000-8000-000000000003"
_FROM_ONE: Final[Mapping[str, Json]] = {"minimum": 1}
_FROM_ZERO: Final[Mapping[str, Json]] = {"minimum": 0}

FIELDS: Final[Mapping[str, FieldWords]] = {
    "payment_id": FieldWords(_PAYMENT, "Id of the payment, a UUID.", {"format": "uuid"}),
    "slip_number": FieldWords(
        "001044103000123450100",
        "自由使用欄: the 21 digits that identify the slip, whatever its reissue count.",
        {"pattern": "^[0-9]{21}$"},
    ),
    "barcode": FieldWords(
        "91912345001044103000123450100021080200085001",
        "GS1-128 AI (91): the 44 digits of the slip's barcode.",
        {"pattern": "^91[0-9]{42}$"},
    ),
    "amount": FieldWords(8500, "金額, yen."),
    "method": FieldWords("card", "How the payer pays."),
    "reason": FieldWords("over_limit", "Why the payment failed."),
    "agent": FieldWords("jcb", "指定代理納付者: the card agent concerned."),
    "card_token": FieldWords("tok_jcb_0001", "The agent's token for the card; never its number (非保持化)."),
    "brand": FieldWords("jcb", "The card's brand."),
    "kind": FieldWords("01", "01 速報 preliminary, 02 確報 confirmed, 03 速報取消 preliminary cancelled."),
    "repetition": FieldWords(0, "0 for the first record of its kind; from 1 for each further one.", _FROM_ZERO),
    "settler": FieldWords("jcb", "Who deposits the money into the ward's account."),
    "approval_code": FieldWords("A12345", "承認番号: the card company's number for the approval."),
    "statement_id": FieldWords(_STATEMENT, "Id of the closing statement."),
    "deposit_id": FieldWords(_DEPOSIT, "Id of the deposit."),
    "scanned_at": FieldWords("2021-07-20T03:15:00Z", "読取日時"),
    "requested_at": FieldWords("2021-07-20T03:15:20Z", "依頼日時"),
    "approved_at": FieldWords("2021-07-20T03:15:21Z", "承認日時"),
    "declined_at": FieldWords("2021-07-20T03:15:21Z", "否認日時"),
    "entrusted_at": FieldWords("2021-07-20T03:15:22Z", "委託を受けた日時: when the payer entrusted the payment."),
    "accepted_at": FieldWords("2021-07-20T03:15:23Z", "引受日時"),
    "paid_at": FieldWords("2021-07-20T03:15:24Z", "領収日時"),
    "delivered_at": FieldWords("2021-07-20T03:16:00Z", "データ作成日時"),
    "reversed_at": FieldWords("2021-07-20T03:17:00Z", "取消日時"),
    "withdrawn_at": FieldWords("2021-07-21T01:00:00Z", "取下日時"),
    "received_on": FieldWords("2021-07-20", "収納日"),
    "closes_on": FieldWords("2021-07-31", "締日"),
    "closed_on": FieldWords("2021-07-31", "締日"),
    "deposit_on": FieldWords("2021-08-16", "入金予定日"),
    "deposited_on": FieldWords("2021-08-16", "入金日"),
    "designated_date": FieldWords("2021-08-23", "指定日"),
    "account": FieldWords("", "入金先口座"),
    "total_count": FieldWords(1, "件数: number of payments in the whole statement.", _FROM_ZERO),
    "total_amount": FieldWords(8500, "合計金額: total of the whole statement, yen."),
    "fee": FieldWords(0, "手数料, yen."),
    "page": FieldWords(1, "Number of the page, from 1.", _FROM_ONE),
    "pages": FieldWords(1, "Number of pages of the statement.", _FROM_ONE),
    "lines": FieldWords(
        [[_PAYMENT, 8500, "2021-07-20T03:15:21Z", "2021-07-20T03:15:22Z"]],
        "明細: one line per payment.",
        {"maxItems": LINES_PER_PAGE},
    ),
    "sequence": FieldWords(1, "Number of this change of the clock.", _FROM_ZERO),
    "simulated_at": FieldWords("2021-07-20T03:15:00Z", "Simulated time when the clock was set."),
    "real_at": FieldWords("2021-07-01T00:00:00Z", "Real time when the clock was set."),
    "rate": FieldWords(0.0, "Simulated seconds per real second.", _FROM_ZERO),
}


def words_of(field: str) -> FieldWords:
    """Raises `LookupError`, which says what to add, for a field that has no entry yet."""
    try:
        return FIELDS[field]
    except KeyError:
        raise LookupError(f"contracts.schema_fields.FIELDS has no entry for the field {field!r}") from None
