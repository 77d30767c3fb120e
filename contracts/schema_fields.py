"""Descriptions, examples and bounds of the events' fields in the schemas.

A field's docstring in `contracts.events` takes precedence over the description here. The examples of payments are
of one: a slip of ¥8,500 scanned on 2021-07-20, paid by card, closed on 31 July and deposited on 16 August.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from contracts.events import LINES_PER_PAGE
from contracts.events.duties import MOST_ENTRIES

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


class FieldWords(NamedTuple):
    """`bounds` are JSON Schema keywords that the Python type does not express."""

    example: Json
    meaning: str
    bounds: Mapping[str, Json] = {}


_PAYMENT: Final = "01980000-5a7e-8000-8000-000000000001"
_STATEMENT: Final = "01980000-5a7e-8000-8000-000000000002"
_DEPOSIT: Final = "01980000-5a7e-8000-8000-000000000003"
_INCIDENT: Final = "01980000-5a7e-8000-8000-000000000004"
_GUIDANCE: Final = "01980000-5a7e-8000-8000-000000000005"
_FROM_ONE: Final[Mapping[str, Json]] = {"minimum": 1}
_FROM_ZERO: Final[Mapping[str, Json]] = {"minimum": 0}
_MANY: Final[Mapping[str, Json]] = {"maxItems": MOST_ENTRIES}

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
    "contractor": FieldWords("payment_provider", "受託者: the contractor whom the message concerns."),
    "register_id": FieldWords(f"{_INCIDENT[:-1]}6", "Id of this state of the register."),
    "fiscal_year": FieldWords(2021, "年度: from 1 April of this year."),
    "named_at": FieldWords("2021-04-01T00:00:00Z", "報告日時"),
    "handlers": FieldWords([["佐藤 花子", "responsible", "取扱責任者"]], "取扱責任者及び従事者", _MANY),
    "training_id": FieldWords(f"{_INCIDENT[:-1]}7", "Id of the training."),
    "held_at": FieldWords("2021-06-15T01:00:00Z", "実施日時"),
    "taught": FieldWords("個人情報保護条例と特記事項", "What was taught."),
    "attendees": FieldWords(4, "受講者数"),
    "request_id": FieldWords(f"{_INCIDENT[:-1]}8", "Id of the request for a report."),
    "reported_at": FieldWords("2021-08-10T01:00:00Z", "報告日時"),
    "figures": FieldWords([["保有件数", 12]], "What is counted, and how many there are.", _MANY),
    "incident_id": FieldWords(_INCIDENT, "Id of the incident."),
    "incident_kind": FieldWords("leak", "事故の種別"),
    "noticed_at": FieldWords("2021-08-05T01:00:00Z", "発見日時"),
    "notified_at": FieldWords("2021-08-05T01:05:00Z", "通知日時"),
    "what": FieldWords("納付者の一覧を誤送信した", "What happened, or what is to be improved."),
    "persons": FieldWords(3, "対象者数"),
    "report_due_on": FieldWords("2021-08-19", "報告書の提出期限"),
    "report": FieldWords([["原因", "宛先の確認漏れ"]], "Headings and texts of the report.", _MANY),
    "guidance_id": FieldWords(_GUIDANCE, "Id of the guidance."),
    "erasure_id": FieldWords(f"{_INCIDENT[:-1]}9", "Id of the erasure."),
    "certificate_id": FieldWords(f"{_INCIDENT[:-1]}a", "Id of the certificate."),
    "due_on": FieldWords("2022-06-30", "期限"),
    "erased_at": FieldWords("2022-06-30T01:00:00Z", "消去日時"),
    "data_until": FieldWords("2022-03-31", "The last day whose data were erased."),
    "kinds": FieldWords([["支払情報", 12]], "Kinds of data, and how many of each.", _MANY),
    "kept_count": FieldWords(0, "未完了のため残した支払の件数"),
    "kept": FieldWords([], "未完了のため残した支払", _MANY),
    "how": FieldWords("行の消去及び暗号鍵の廃棄", "消去の方法"),
    "responsible": FieldWords("佐藤 花子", "取扱責任者"),
    "public_key": FieldWords("0" * 64, "Ed25519 public key, 64 hex digits."),
    "signature": FieldWords("0" * 128, "Ed25519 signature, 128 hex digits."),
    "claim_id": FieldWords(f"{_INCIDENT[:-2]}10", "Id of the claim."),
    "lockout_id": FieldWords(f"{_INCIDENT[:-2]}11", "Id of the lock-out."),
    "user": FieldWords("suzuki", "利用者ID"),
    "locked_at": FieldWords("2021-08-05T01:00:00Z", "停止日時"),
    "until": FieldWords("2021-08-05T01:15:00Z", "解除日時"),
    "failures": FieldWords(5, "連続失敗回数"),
    "party": FieldWords("payment_provider", "The party whose access log it is."),
    "on": FieldWords("2021-08-05", "照合日"),
    "number": FieldWords(42, "Number of the last entry, from 1.", _FROM_ZERO),
    "mark": FieldWords("0" * 64, "Mark of that entry, 64 hex digits."),
    "about": FieldWords("個人情報の取扱状況", "What is asked."),
    "inspection_id": FieldWords(f"{_INCIDENT[:-2]}12", "Id of the inspection."),
    "inspected_by": FieldWords("介護保険課長", "検査員"),
    "checks": FieldWords(40, "How many duties were checked.", _FROM_ZERO),
    "findings": FieldWords([["1", "D-12", "消去証明書がない"]], "指摘事項", _MANY),
    "cause_id": FieldWords(_INCIDENT, "Id of the finding, incident or erasure that gave cause."),
    "duty": FieldWords("D-19", "Number of the duty."),
    "given_at": FieldWords("2021-08-20T01:00:00Z", "指導日時"),
    "improve_by": FieldWords("2021-09-20", "改善期限"),
    "published_at": FieldWords("2021-10-01T01:00:00Z", "公表日時"),
    "text": FieldWords("改善の指導に従わなかった", "Text of what is published, or of a paragraph."),
    "claimed_at": FieldWords("2021-09-01T01:00:00Z", "請求日時"),
    "checked_at": FieldWords("2022-07-01T01:00:00Z", "確認日時"),
    "accepted": FieldWords(True, "Whether the certificate is in order."),
    "why": FieldWords("", "What is wrong with it; empty if nothing is."),
    "name": FieldWords("佐藤 花子", "氏名, or the name of what is counted."),
    "role": FieldWords("responsible", "役割"),
    "task": FieldWords("取扱責任者", "担当"),
    "count": FieldWords(12, "件数", _FROM_ZERO),
    "heading": FieldWords("原因", "見出し"),
    "finding_id": FieldWords("1", "Id of the finding."),
    "found": FieldWords("消去証明書がない", "指摘内容"),
}


def words_of(field: str) -> FieldWords:
    """Raises `LookupError`, which says what to add, for a field that has no entry yet."""
    try:
        return FIELDS[field]
    except KeyError:
        raise LookupError(f"contracts.schema_fields.FIELDS has no entry for the field {field!r}") from None
