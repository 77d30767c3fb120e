"""Types that all three parties share: money, ids, reasons. Pure; any `domain/` may import it.

Money is whole yen (`Yen`, an int). Instants are timezone-aware UTC datetimes; a *business date* is a date in Japan
(`business_date`). Ids are canonical UUID strings.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import IntEnum, StrEnum
from typing import NewType

Yen = NewType("Yen", int)
PaymentId = NewType("PaymentId", str)
SlipNumber = NewType("SlipNumber", str)
"""The 21 digits of a barcode's free area (自由使用欄): identify the slip, whatever its reissue count."""

JST = timezone(timedelta(hours=9), "JST")
BARCODE_LIMIT = Yen(300_000)
"""Yen. Above it no barcode is printed and the app takes no payment; exactly this amount is allowed."""


def business_date(at: datetime) -> date:
    """The date in Japan at the instant `at`."""
    return at.astimezone(JST).date()


def on_the_clock(day: date, at: time) -> datetime:
    """The instant, in UTC, at which Japan's clocks show `at` on `day`."""
    return datetime.combine(day, at, JST).astimezone(UTC)


class Agent(StrEnum):
    """The card agents (丙); each is a separate party with its own terms."""

    JCB = "jcb"
    UC = "uc"


class Settler(StrEnum):
    """入金元: deposits collected money into the ward's account; a card agent, or the network of another channel."""

    JCB = "jcb"
    UC = "uc"
    BANK = "bank"  # 金融機関: internet banking
    COUNTER = "counter"  # 窓口
    BANK_COUNTER = "bank_counter"  # 金融機関窓口
    DIRECT_DEBIT = "direct_debit"  # 口座振替
    CONVENIENCE_STORE = "convenience_store"  # コンビニ本部


class ChargeType(StrEnum):
    """科目: what a slip is for. The properties of each are data: `contracts.charges` and the parties' settings."""

    CARE_INSURANCE = "care_insurance"  # 介護保険料
    RESIDENT_TAX = "resident_tax"  # 特別区民税・都民税
    LIGHT_VEHICLE_TAX = "light_vehicle_tax"  # 軽自動車税
    HEALTH_INSURANCE = "health_insurance"  # 国民健康保険料


class Brand(StrEnum):
    """Card brands that the app accepts."""

    VISA = "visa"
    MASTERCARD = "mastercard"
    JCB = "jcb"
    AMEX = "amex"
    DINERS = "diners"


class Method(StrEnum):
    """How the payer pays: the channel (収納チャネル). The first two are in the app, the others outside it."""

    CARD = "card"  # クレジットカード
    INTERNET_BANKING = "internet_banking"  # インターネットバンキング
    COUNTER = "counter"  # 窓口: 介護保険課・特別出張所
    BANK_COUNTER = "bank_counter"  # 金融機関窓口
    DIRECT_DEBIT = "direct_debit"  # 口座振替
    CONVENIENCE_STORE = "convenience_store"  # コンビニ


IN_APP = frozenset({Method.CARD, Method.INTERNET_BANKING})
"""The methods of the app; it knows only of payments made in it."""
OUTSIDE_APP = tuple(method for method in Method if method not in IN_APP)


class ReceiptKind(StrEnum):
    """Kind of receipt data (収納データ種別)."""

    PRELIMINARY = "01"  # 速報
    CONFIRMED = "02"  # 確報
    CANCELLED = "03"  # 速報取消


class ReceiptAnomaly(StrEnum):
    """異常: how the receipt data of a payment can contradict itself, at a tester's request."""

    CONFIRMED_AMOUNT_DIFFERS = "confirmed_amount_differs"  # 速報・確報金額相違
    CONFIRMED_WITHOUT_PRELIMINARY = "confirmed_without_preliminary"  # 速報なし確報
    CANCELLED_AFTER_CONFIRMED = "cancelled_after_confirmed"  # 確報後取消
    NEVER_CONFIRMED = "never_confirmed"  # 確報未送信
    NEVER_REPORTED = "never_reported"  # 収納データ未送信
    SENT_TWICE = "sent_twice"  # 内容相違の二重送信


class SettlementAnomaly(StrEnum):
    """精算異常: how a card agent's closing can go wrong, at a tester's request."""

    DEPOSIT_SHORT = "deposit_short"  # 入金不足
    DEPOSIT_OVER = "deposit_over"  # 入金過大
    DEPOSIT_LATE = "deposit_late"  # 入金遅延
    DEPOSIT_DOUBLED = "deposit_doubled"  # 二重入金
    DEPOSIT_MISSING = "deposit_missing"  # 未入金
    WRONG_ACCOUNT = "wrong_account"  # 口座相違
    FEE_TWICE = "fee_twice"  # 手数料二重控除
    PAYMENT_LEFT_OUT = "payment_left_out"  # 精算漏れ: neither stated nor deposited
    LINE_OMITTED = "line_omitted"  # 明細漏れ: in the totals and the deposit, not among the lines
    UNKNOWN_PAYMENT = "unknown_payment"  # 収納なし明細: stated and deposited, but nobody paid it


ANOMALY_YEN = 1_000
"""Default yen by which a deposit is short or over, and default amount of an unknown payment."""
ANOMALY_BUSINESS_DAYS = 3
"""Default number of bank business days by which a deposit is late."""


class HandlerRole(StrEnum):
    """Of those who handle personal data at a contractor."""

    RESPONSIBLE = "responsible"  # 取扱責任者
    HANDLER = "handler"  # 従事者


class IncidentKind(StrEnum):
    """事故の種別"""

    LEAK = "leak"  # 漏えい
    LOSS = "loss"  # 滅失・紛失
    DAMAGE = "damage"  # 毀損
    THREAT = "threat"  # 発生のおそれ
    BREACH = "breach"  # 特記事項違反


class FlowStep(IntEnum):
    """The steps of a payment in order: sorts steps that have the same time."""

    SLIP_SCANNED = 10  # 納付書読取
    COLLECTED = 15  # 収納: over the counter, at a till, from an account
    METHOD_CHOSEN = 20  # 支払方法選択・与信照会依頼
    AUTHORIZATION_RECEIVED = 25  # 与信照会受付
    ANSWERED = 30  # 与信照会結果
    ENTRUSTED = 40  # 代理納付委託
    ACCEPTED = 50  # 代理納付引受
    PAYMENT_ENDED = 55  # 不成立・取消
    PRELIMINARY_DELIVERED = 60  # 速報
    PRELIMINARY_REGISTERED = 70
    CONFIRMED_DELIVERED = 80  # 確報
    CONFIRMED_REGISTERED = 90
    WITHDRAWN = 95  # 取下げ
    CANCELLED_DELIVERED = 100  # 速報取消
    CANCELLED_REGISTERED = 110
    CLOSED = 120  # 締め
    STATEMENT_RECEIVED = 130  # 締め明細受領
    DEPOSITED = 140  # 入金
    DEPOSIT_OVERDUE = 145  # 入金遅延
    DEPOSIT_SEEN = 150  # 入金確認
    DECIDED = 152  # 差異の処理
    LAPSED = 154  # みなし納付失効
    RESTORED = 156  # 納付復活
    RECONCILED = 160  # 消込
    REMINDED = 170  # 督促
    OVERPAID = 180  # 過誤納
    OVERPAYMENT_DECIDED = 190  # 充当・還付決定
    REFUNDED = 200  # 還付
    ERASED = 210  # 消去


class DeclineReason(StrEnum):
    """Why a payment failed; the payer may try again by other means."""

    CARD_EXPIRED = "card_expired"  # 有効期限切れ
    OVER_LIMIT = "over_limit"  # 利用限度額超過
    CARD_LOST = "card_lost"  # 紛失・盗難
    ISSUER_UNAVAILABLE = "issuer_unavailable"  # カード会社応答不可
    AUTHORIZATION_TIMED_OUT = "authorization_timed_out"  # 与信照会タイムアウト
    BANK_REFUSED = "bank_refused"  # 金融機関拒否
    BRAND_NOT_ACCEPTED = "brand_not_accepted"  # 取扱外ブランド
    UNKNOWN_CARD = "unknown_card"  # トークン不明


@dataclass(frozen=True, slots=True)
class Refusal:
    """A named refusal: part of normal business, hence a value and not an exception.

    `code` is stable and documented, `detail` says what is wrong, `remedy` what to do instead.
    """

    code: str
    detail: str
    remedy: str
