"""What duties, their states, records and checks are called on screen, in Japanese and English. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from contracts.duties.assessing import Status
from contracts.duties.duty import (
    PERSONS,
    Answered,
    AtStart,
    Checked,
    CheckName,
    NotSimulated,
    Promptly,
    RecordKind,
    Shown,
    WhereNeeded,
    Yearly,
)
from contracts.parties import NAMES


class Said(NamedTuple):
    """One thing in both languages."""

    japanese: str
    english: str

    def __str__(self) -> str:
        return f"{self.japanese} {self.english}"


SECTIONS: Final[Mapping[str, Said]] = {
    "A": Said("外部結合", "the line between the ward and the collection centre"),
    "B": Said("業務委託", "what the ward does itself"),
    "C": Said("受託事業者に行わせること", "what the ward has its contractors do"),
    "D": Said("特記事項", "the annex of the contract"),
}
STATUS_NAMES: Final[Mapping[Status, Said]] = {
    Status.MISSED: Said("未履行", "missed"),
    Status.DUE: Said("期限前", "due"),
    Status.UNCHECKED: Said("未確認", "unchecked"),
    Status.FULFILLED: Said("履行済", "fulfilled"),
    Status.NO_CASE: Said("該当なし", "no case"),
    Status.NOT_SIMULATED: Said("模擬対象外", "not simulated"),
}
"""The worst first."""
MEANINGS: Final[Mapping[Status, Said]] = {
    Status.MISSED: Said("果たされていない。", "was not done, or was done late."),
    Status.DUE: Said("期限がまだ来ていない。", "is still to be done by its day."),
    Status.UNCHECKED: Said("ここでは機械で確認できない。", "cannot be checked from here; the reason is given."),
    Status.FULFILLED: Said("根拠がある。", "was done, and the evidence is here."),
    Status.NO_CASE: Said("求められる事由がなかった。", "nothing gave cause for it."),
    Status.NOT_SIMULATED: Said("本システムの対象外である。", "is no part of this system; the reason is given."),
}
MARKS: Final[Mapping[Status, str]] = {
    Status.MISSED: "×",
    Status.DUE: "△",
    Status.UNCHECKED: "？",
    Status.FULFILLED: "○",
    Status.NO_CASE: "－",
    Status.NOT_SIMULATED: "／",
}
"""For those who print in black, or do not see colours."""
KIND_NAMES: Final[Mapping[RecordKind, Said]] = {
    RecordKind.HANDLERS_NAMED: Said("取扱責任者等の報告", "handlers named"),
    RecordKind.TRAINING_HELD: Said("研修の実施", "training held"),
    RecordKind.STATUS_REQUESTED: Said("取扱状況の報告の求め", "report on handling asked for"),
    RecordKind.STATUS_REPORTED: Said("取扱状況報告", "report on handling"),
    RecordKind.INSPECTION_HELD: Said("立入調査", "inspection held"),
    RecordKind.GUIDANCE_GIVEN: Said("改善の指導", "guidance given"),
    RecordKind.IMPROVEMENT_REPORTED: Said("改善報告", "improvement reported"),
    RecordKind.BREACH_PUBLISHED: Said("公表", "breach published"),
    RecordKind.INCIDENT_NOTIFIED: Said("事故の通知", "incident notified"),
    RecordKind.INCIDENT_REPORTED: Said("事故報告書", "incident reported in writing"),
    RecordKind.DAMAGES_CLAIMED: Said("損害賠償の請求", "damages claimed"),
    RecordKind.DAMAGE_MADE_GOOD: Said("損害の賠償", "damage made good"),
    RecordKind.ERASURE_DUE: Said("消去の期日", "erasure due"),
    RecordKind.ERASURE_CERTIFIED: Said("消去証明書", "erasure certified"),
    RecordKind.ERASURE_CHECKED: Said("消去の確認", "erasure checked"),
    RecordKind.TERMINAL_USER_LOCKED: Said("端末利用者の停止", "terminal user locked out"),
    RecordKind.ACCESS_LOG_CHECKPOINTED: Said("アクセス記録の照合点", "checkpoint of an access log"),
}
CHECK_NAMES: Final[Mapping[CheckName, Said]] = {
    CheckName.NAMED_PEERS: Said("通信相手の限定", "named peers alone"),
    CheckName.SEALED: Said("データの暗号化", "messages sealed for their readers"),
    CheckName.TERMINAL_ADMISSION: Said("端末の認証", "admission of terminals"),
    CheckName.TERMINAL_COPIES: Said("端末の一時保存データ", "temporary copies at the terminal"),
    CheckName.ROLES: Said("アクセス権限", "routes ask for a caller and a role"),
    CheckName.ACCESS_LOG: Said("アクセス記録", "the access log is whole"),
    CheckName.CONTAINERS: Said("コンテナの制限", "confinement of containers"),
    CheckName.FIELDS_COLLECTED: Said("収集項目", "fields collected"),
    CheckName.TERMS_PUBLISHED: Said("利用目的・項目の周知", "purpose and items are told"),
    CheckName.WITHIN_CONTRACT: Said("提供先の限定", "access within the contract"),
    CheckName.COPIES_COUNTED: Said("複製の有無", "copies counted"),
    CheckName.MONITORED: Said("サーバの監視", "servers monitored"),
    CheckName.BACKED_UP: Said("バックアップ", "backup that can be restored"),
}


def party_name(principal: str) -> Said:
    """A party with its sign, or 本人."""
    if principal == PERSONS:
        return Said("本人", "the persons concerned")
    names = NAMES[principal]
    if principal.startswith("card_agent."):
        return Said(f"{names.sign} {names.japanese} {names.english}", f"card agent {names.english}")
    return Said(f"{names.sign} {names.japanese}", names.english)


def how(shown: Shown) -> Said:
    """In which way a duty is shown."""
    match shown:
        case Checked(check):
            name = CHECK_NAMES[check]
            return Said(f"機械による確認：{name.japanese}", f"checked by machine: {name.english}")
        case AtStart(kind):
            name = KIND_NAMES[kind]
            return Said(f"業務開始までの記録：{name.japanese}", f"a record before work begins: {name.english}")
        case Yearly(kind):
            name = KIND_NAMES[kind]
            return Said(f"年度ごとの記録：{name.japanese}", f"a record in each fiscal year: {name.english}")
        case Answered(asked, by):
            cause, answer = KIND_NAMES[asked], KIND_NAMES[by]
            return Said(
                f"{cause.japanese}に対する、期日までの{answer.japanese}",
                f"{answer.english}, by its day, for each: {cause.english}",
            )
        case Promptly(kind, hours):
            name = KIND_NAMES[kind]
            return Said(f"発見から{hours}時間以内の{name.japanese}", f"{name.english}, within {hours} h of its cause")
        case WhereNeeded(kind):
            name = KIND_NAMES[kind]
            return Said(f"必要な場合の記録：{name.japanese}", f"a record where needed: {name.english}")
        case NotSimulated(japanese, english):
            return Said(f"模擬対象外：{japanese}", f"not simulated: {english}")
