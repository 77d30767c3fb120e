"""Scenarios (シナリオ): stories of the three parties, each a function that plays its story in a sandbox.

`LIBRARY` is the table of contents. A scenario checks its outcome by claims; its docstring is the story shown on screen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from contracts.parties import PARTIES
from services.console.scenarios import app_payments, channels, debts, duties, erasures, files, settlements
from services.console.scenarios.world import World

Play = Callable[[World], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """`overrides` are settings by principal, if the story needs other than the usual terms."""

    play: Play
    japanese: str
    first_day: date = date(2021, 7, 5)
    """The story begins at nine in the morning of this day; the default is a Monday."""
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name on the command line."""
        return str(getattr(self.play, "__name__", "")).replace("_", "-")

    @property
    def story(self) -> str:
        text = " ".join((self.play.__doc__ or "").split()).removeprefix(f"{self.japanese}: ")
        return text[:1].upper() + text[1:]


_FIRST_DAY: Final = date(2021, 4, 1)
_NET: Final = {"card_agent.uc": {"fee_basis": "net", "fee_per_mille": 20}}
_NOBODY_ASKS: Final = {"ward": {"refund_days": None}}
_NO_OLD_SCHEME: Final = {"ward": {"old_scheme_until": date(2022, 1, 3)}}
_BY_FILE: Final = {"ward": {"receipts_arrive_by": "files"}}
_BY_FILE_ON_A_SLOW_LINE: Final = {"ward": {"receipts_arrive_by": "files", "isdn_bytes_per_second": 2}}
_OLD_SCHEME_TO_THE_END: Final = {"ward": {"old_scheme_until": date(2023, 3, 31)}}
_KEPT: Final = {principal: {"duties": "kept"} for principal in PARTIES}
_LEFT_BY_PROVIDER: Final = {**_KEPT, "payment_provider": {"duties": "left"}}
_TRAINING_FORGOTTEN: Final = {
    "ward": {"duties": "kept", "duties_neglected": "D-16"},
    "payment_provider": {"duties": "kept", "duties_neglected": "D-18"},
}
_NOTHING_IMPROVED: Final = {
    "ward": {"duties": "kept", "duties_neglected": "D-16"},
    "card_agent.uc": {"duties": "kept", "duties_neglected": "D-20"},
}
_IN_MARCH: Final = date(2022, 3, 1)
_ERASURE_FORGOTTEN: Final = {
    **_KEPT,
    "payment_provider": {**_KEPT["payment_provider"], "duties_neglected": "D-11"},
}

LIBRARY: Final = (
    Scenario(app_payments.card_payment, "カード払い"),
    Scenario(app_payments.two_agents_settle_apart, "二つの代理納付者"),
    Scenario(app_payments.internet_banking, "ネットバンキング"),
    Scenario(app_payments.declined_card_then_bank, "与信否認のあとネットバンキング"),
    Scenario(app_payments.expired_card, "有効期限切れ"),
    Scenario(app_payments.card_company_silent, "与信照会無応答"),
    Scenario(app_payments.late_approval, "遅れた与信承認"),
    Scenario(app_payments.sale_revoked, "速報取消"),
    Scenario(app_payments.slip_scanned_twice, "アプリでの二重読取"),
    Scenario(app_payments.reissued_slip, "再発行"),
    Scenario(app_payments.slip_past_its_use_by_date, "支払期限経過"),
    Scenario(app_payments.over_the_limit_of_a_barcode, "30万円超"),
    Scenario(app_payments.year_end, "年末年始", date(2021, 12, 29)),
    Scenario(channels.convenience_store, "コンビニ"),
    Scenario(channels.bank_counter, "金融機関窓口"),
    Scenario(channels.direct_debit, "口座振替"),
    Scenario(channels.ward_counter, "窓口"),
    Scenario(channels.confirmed_with_another_amount, "速報・確報金額相違"),
    Scenario(channels.confirmed_without_preliminary, "速報なし確報"),
    Scenario(channels.cancelled_after_confirmed, "確報後取消"),
    Scenario(channels.never_confirmed, "確報未着"),
    Scenario(channels.receipt_data_lost, "収納データ未着"),
    Scenario(channels.record_sent_twice, "二重送信"),
    Scenario(files.file_registered, "収納データファイル"),
    Scenario(files.file_fetched_again, "ファイル再受信", overrides=_BY_FILE),
    Scenario(files.file_sent_under_another_name, "ファイル二重送信", overrides=_BY_FILE),
    Scenario(files.file_truncated, "ファイル破損", overrides=_BY_FILE),
    Scenario(files.record_missing_from_a_file, "ファイル記録漏れ"),
    Scenario(files.receipts_by_file_alone, "ファイルのみの収納連携", overrides=_BY_FILE),
    Scenario(files.file_comes_after_the_reminder, "ファイル連携の行き違い", overrides=_BY_FILE),
    Scenario(files.isdn_then_lgwan, "ISDNからLGWANへ", date(2021, 8, 27), _BY_FILE),
    Scenario(files.line_closes_midway, "回線時間切れ", overrides=_BY_FILE_ON_A_SLOW_LINE),
    Scenario(settlements.deposit_short, "入金不足"),
    Scenario(settlements.deposit_over, "入金過大"),
    Scenario(settlements.deposit_doubled, "二重入金"),
    Scenario(settlements.deposit_late, "入金遅延"),
    Scenario(settlements.deposit_missing, "未入金"),
    Scenario(settlements.wrong_account, "口座相違"),
    Scenario(settlements.fees_taken_twice, "手数料二重控除", overrides=_NET),
    Scenario(settlements.statement_omits_a_payment, "明細漏れ"),
    Scenario(settlements.receipt_without_deposit, "精算漏れ"),
    Scenario(settlements.deposit_without_receipt, "収納なし明細"),
    Scenario(settlements.designated_date_missed_old_law, "指定日徒過 指定代理納付者"),
    Scenario(settlements.designated_date_missed_new_law, "指定日徒過 指定納付受託者", date(2022, 7, 5)),
    Scenario(settlements.between_two_laws, "法改正の境", date(2022, 1, 3), _NO_OLD_SCHEME),
    Scenario(settlements.old_scheme_until_its_last_day, "経過措置", date(2023, 3, 31), _OLD_SCHEME_TO_THE_END),
    Scenario(settlements.late_but_by_the_designated_date, "指定日までの遅延"),
    Scenario(debts.reminder_crosses_a_payment, "督促の行き違い"),
    Scenario(debts.card_payment_is_not_crossed, "行き違わないカード払い"),
    Scenario(debts.reminded_and_paid_late, "督促後の納付"),
    Scenario(debts.arrears_grow, "延滞金"),
    Scenario(debts.paid_twice_and_refunded, "二重納付・還付"),
    Scenario(debts.paid_twice_and_applied, "二重納付・充当"),
    Scenario(debts.refund_lapses, "還付時効", overrides=_NOBODY_ASKS),
    Scenario(duties.incident_reported_and_made_good, "事故の通知・報告・賠償", overrides=_KEPT),
    Scenario(duties.incident_told_late, "遅れた事故の通知", overrides=_KEPT),
    Scenario(duties.status_asked_and_answered, "取扱状況の報告", overrides=_KEPT),
    Scenario(duties.handlers_named_late, "遅れた取扱責任者等の報告", _FIRST_DAY, _LEFT_BY_PROVIDER),
    Scenario(duties.training_forgotten, "忘れられた研修", _FIRST_DAY, _TRAINING_FORGOTTEN),
    Scenario(erasures.erased_on_its_day, "消去", _IN_MARCH, _KEPT),
    Scenario(erasures.erasure_forgotten, "忘れられた消去", _IN_MARCH, _ERASURE_FORGOTTEN),
    Scenario(duties.breach_published, "違反の公表", _FIRST_DAY, _NOTHING_IMPROVED),
)
