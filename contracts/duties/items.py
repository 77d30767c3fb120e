"""取り扱う項目: every kind of personal data that the parties collect, why, and which fields hold it. Pure.

The list that the public is told (D-4, B-O3) and the list that the fields of tables, requests and events are held
against (D-3, D-5) are this one. A field is named as in a table, an event or a request, wherever it occurs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from contracts.duties.plain_fields import PLAIN
from contracts.parties import PARTIES, PAYMENT_PROVIDER, WARD


class Item(NamedTuple):
    """A kind of personal data. The payer is told of those that concern payers."""

    name: str
    japanese: str
    why: str
    """利用目的, in English."""
    why_in_japanese: str
    held_by: tuple[str, ...]
    """Principals."""
    fields: frozenset[str]
    of_payers: bool = True
    """False for data of the parties' own staff."""


_AGENTS: Final = tuple(party for party in PARTIES if party not in (WARD, PAYMENT_PROVIDER))
ITEMS: Final = (
    Item(
        "insured person's number",
        "被保険者番号",
        "to levy the premium and to keep its ledger",
        "保険料の賦課及び収納の管理",
        (WARD,),
        frozenset({"insured_number", "subject"}),
    ),
    Item(
        "premium and instalments",
        "保険料額・期別",
        "to issue slips and to see what is paid",
        "納付書の発行及び収納の確認",
        (WARD,),
        frozenset({"annual_amount", "levy_year", "instalment", "assessments", "outstanding"}),
    ),
    Item(
        "slip number and barcode",
        "納付書番号・バーコード",
        "to identify the slip that is paid",
        "納付する納付書の特定",
        (WARD, PAYMENT_PROVIDER),
        frozenset({"slip_number", "barcode", "to_slip", "scans", "reissue"}),
    ),
    Item(
        "user of the app, and consent",
        "アプリ利用者・利用規約への同意",
        "to show that the terms were accepted",
        "利用規約への同意の記録",
        (PAYMENT_PROVIDER,),
        frozenset({"app_user", "consent_id", "consented_at", "terms_version"}),
    ),
    Item(
        "payment: amount, day, means and its course",
        "納付の内容（金額・納付日・納付方法・経過）",
        "to collect the payment, and to report it to the ward",
        "収納及び区への収納データの送付",
        (WARD, PAYMENT_PROVIDER, *_AGENTS),
        frozenset(
            {"payment_id", "met_payment_id", "amount", "method", "paid_at", "received_on", "collections", "choices"}
            | {"approval_code", "decline_reason", "lines", "records", "content", "value"}
        ),
    ),
    Item(
        "card: number, expiry, brand",
        "カード番号・有効期限・ブランド",
        "to authorize the card payment; the number is not stored",
        "与信照会。カード番号は保存しない",
        (PAYMENT_PROVIDER, *_AGENTS),
        frozenset(
            {"number", "expiry", "cards", "card_key", "card_token", "brand", "last4", "expiry_year", "expiry_month"}
            | {"account_id"}
        ),
    ),
    Item(
        "bank",
        "金融機関",
        "to pay by internet banking",
        "インターネットバンキングによる納付",
        (PAYMENT_PROVIDER,),
        frozenset({"bank_code"}),
    ),
    Item(
        "overpayment and refund",
        "過誤納・還付",
        "to return or apply what was paid too much",
        "過誤納金の充当・還付",
        (WARD,),
        frozenset({"use", "reclaimed", "returned", "restored"}),
    ),
    Item(
        "staff: user, name and task",
        "職員・従事者の利用者ID・氏名・担当",
        "to record who handles the data and who saw what",
        "取扱者及びアクセスの記録",
        PARTIES,
        frozenset(
            {"user", "terminal_user", "decided_by", "inspected_by", "handlers", "responsible", "task", "password"}
            | {"whose", "certificates"}
        ),
        of_payers=False,
    ),
)
TOLD: Final = tuple(item for item in ITEMS if item.of_payers)
"""What the terms of use tell the payer."""
PURPOSE: Final = (
    "介護保険料等の収納代行及び収納情報の区への提供。目的外には利用せず、第三者に提供しない。",
    "To collect premiums in the ward's stead and to report the receipts to it; for no other use, and given to nobody.",
)
"""利用目的, in Japanese and English."""
SENSITIVE: Final = frozenset(
    {"belief", "creed", "religion", "political", "party_membership", "race", "ethnicity", "birthplace", "lineage"}
    | {"crime", "criminal", "conviction", "disability", "diagnosis", "illness"}
)
"""Words of fields that nobody may collect (D-5)."""
_CLASSIFIED: Final = PLAIN.union(*(item.fields for item in ITEMS))


def unlisted(fields: Iterable[str]) -> list[str]:
    """Fields that are neither on the list of items nor known to hold no personal data, sorted."""
    return sorted(set(fields) - _CLASSIFIED)


def sensitive(fields: Iterable[str]) -> list[str]:
    """Fields whose names have a word for what nobody may collect, sorted."""
    return sorted(f for f in set(fields) if SENSITIVE.intersection({f, *f.split("_")}))


def items_of(party: str) -> tuple[Item, ...]:
    """The kinds of payers' data that a party holds."""
    return tuple(item for item in TOLD if party in item.held_by)
