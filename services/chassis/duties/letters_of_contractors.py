"""Letters of a contractor (乙, 丙) to the ward. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from contracts.duties.duty import RecordKind
from contracts.vocabulary import HandlerRole, IncidentKind
from services.chassis.duties.letter_forms import BY, Facts, Form, Matter, day, duty, party_name, time, yen
from services.chassis.paper.eras import japanese_fiscal_year
from services.chassis.paper.letter import Grid, Section

INCIDENTS: Final[Mapping[IncidentKind, str]] = {
    IncidentKind.LEAK: "漏えい",
    IncidentKind.LOSS: "滅失・紛失",
    IncidentKind.DAMAGE: "毀損",
    IncidentKind.THREAT: "事故の発生のおそれ",
    IncidentKind.BREACH: "特記事項の違反",
}
ROLES: Final[Mapping[HandlerRole, str]] = {HandlerRole.RESPONSIBLE: "取扱責任者", HandlerRole.HANDLER: "従事者"}

MOST_NAMED = 3
"""Payments that a certificate names on paper."""


def _paragraphs(m: Matter) -> Sequence[Section]:
    return [Section(heading, text) for heading, text in m.content["report"]]


def _handlers(m: Matter) -> Grid:
    rows = [(str(n), ROLES[HandlerRole(role)], name, task) for n, (name, role, task) in enumerate(_people(m), start=1)]
    return Grid(("番号", "区分", "氏名", "担当"), (12, 26, 40, 82), rows)


def _people(m: Matter) -> Sequence[tuple[str, str, str]]:
    return [(name, role, task) for name, role, task in m.content["handlers"]]


def _named(m: Matter) -> Facts:
    return (
        ("年度", japanese_fiscal_year(m.content["fiscal_year"])),
        ("指定した日", time(m.content["named_at"])),
        ("人数", f"{len(_people(m))}名（うち取扱責任者1名）"),
    )


def _training(m: Matter) -> Facts:
    return (
        ("年度", japanese_fiscal_year(m.content["fiscal_year"])),
        ("実施日時", time(m.content["held_at"])),
        ("内容", m.content["taught"]),
        ("受講者", f"{m.content['attendees']}名"),
    )


def _status(m: Matter) -> Facts:
    return (
        ("求めのあった日", time(m.before.get("requested_at"))),
        ("求めの内容", m.before.get("about", "")),
        ("報告の期限", day(m.before.get("due_on"))),
        ("報告日時", time(m.content["reported_at"])),
    )


def _figures(m: Matter) -> Grid:
    rows = [(name, f"{count:,}件") for name, count in m.content["figures"]]
    return Grid(("取扱いの状況（契約の開始から報告日時まで）", "件数"), (128, 32), rows, frozenset({1}))


def _incident(content: Mapping[str, Any]) -> Facts:
    kind = content.get("incident_kind")
    return (
        ("事故の種別", INCIDENTS[IncidentKind(kind)] if kind else ""),
        ("認知した日時", time(content.get("noticed_at"))),
        ("区に通知した日時", time(content.get("notified_at"))),
        ("事故の概要", content.get("what", "")),
        ("関係する本人の数", f"{content['persons']:,}名" if "persons" in content else ""),
    )


def _notified(m: Matter) -> Facts:
    return (*_incident(m.content), ("書面による報告の期限", day(m.content["report_due_on"])))


def _reported(m: Matter) -> Facts:
    return (*_incident(m.before), ("書面による報告の期限", day(m.before.get("report_due_on"))))


def _improved(m: Matter) -> Facts:
    return (
        ("指導書の番号", m.content["guidance_id"]),
        ("指導のあった日", time(m.before.get("given_at"))),
        ("該当する義務", duty(m.before["duty"]) if "duty" in m.before else ""),
        ("指導の内容", m.before.get("what", "")),
        ("改善の期限", day(m.before.get("improve_by"))),
    )


def _paid(m: Matter) -> Facts:
    return (
        ("請求書の番号", m.content["claim_id"]),
        ("支払った金額", yen(m.content["amount"])),
        ("支払日時", time(m.content["paid_at"])),
        ("支払の期限", day(m.before.get("due_on"))),
    )


def _erased(m: Matter) -> Facts:
    return (
        ("消去の番号", m.content["erasure_id"]),
        ("消去の対象", f"{day(m.content['data_until'])}までに収集した個人情報"),
        ("消去の期日", day(m.content["due_on"])),
        ("消去した日時", time(m.content["erased_at"])),
        ("消去の方法", m.content["how"]),
        ("未完了のため残した支払", _kept(m)),
        ("取扱責任者", m.content["responsible"]),
    )


def _kept(m: Matter) -> str:
    """How many payments, and the first of their numbers."""
    count, named = m.content.get("kept_count", 0), m.content.get("kept", ())[:MOST_NAMED]
    return f"{count:,}件（{'、'.join(named)}{' ほか' if count > len(named) else ''}）" if count else "なし"


def _erased_kinds(m: Matter) -> Grid:
    rows = [(name, f"{count:,}") for name, count in m.content["kinds"]]
    return Grid(("消去した個人情報", "件数"), (128, 32), rows, frozenset({1}))


def _signed(m: Matter) -> Facts:
    key = m.content["public_key"]
    return (("公開鍵の指紋", m.fingerprint(key)), ("公開鍵", key), ("署名", m.content["signature"]))


def _locked(m: Matter) -> Facts:
    return (
        ("利用者ID", m.content["user"]),
        ("続けて失敗した回数", f"{m.content['failures']}回"),
        ("停止した日時", time(m.content["locked_at"])),
        ("停止の終了", time(m.content["until"])),
    )


def _checkpoint(m: Matter) -> Facts:
    return (
        ("記録の保有者", party_name(m.content["party"])),
        ("対象の日", day(m.content["on"])),
        ("記録の数", f"{m.content['number']:,}件"),
        ("照合値", m.content["mark"]),
    )


FORMS: Final[Mapping[RecordKind, Form]] = {
    RecordKind.HANDLERS_NAMED: Form(
        "取扱責任者等報告書",
        "Register of handlers",
        f"{BY}取扱責任者及び従事者を定めたので報告します。",
        _named,
        grid=_handlers,
    ),
    RecordKind.TRAINING_HELD: Form(
        "研修実施報告書", "Report on training", f"{BY}個人情報の保護に関する研修を実施しました。", _training
    ),
    RecordKind.STATUS_REPORTED: Form(
        "取扱状況報告書", "Report on handling", f"{BY}個人情報の取扱状況を報告します。", _status, grid=_figures
    ),
    RecordKind.INCIDENT_NOTIFIED: Form(
        "事故通知書", "Notification of an incident", f"{BY}直ちに通知します。", _notified
    ),
    RecordKind.INCIDENT_REPORTED: Form(
        "事故報告書", "Report on an incident", f"{BY}事故について報告します。", _reported, sections=_paragraphs
    ),
    RecordKind.IMPROVEMENT_REPORTED: Form(
        "改善報告書", "Report on an improvement", f"{BY}改善したので報告します。", _improved, sections=_paragraphs
    ),
    RecordKind.DAMAGE_MADE_GOOD: Form(
        "損害賠償金支払通知書", "Notice of payment of damages", f"{BY}損害賠償金を支払いました。", _paid
    ),
    RecordKind.ERASURE_CERTIFIED: Form(
        "消去証明書",
        "Certificate of erasure",
        f"{BY}個人情報を消去し、復元できない状態としたことを証明します。",
        _erased,
        grid=_erased_kinds,
        signature=_signed,
    ),
    RecordKind.TERMINAL_USER_LOCKED: Form(
        "端末利用者停止通知書", "Notice of a lock-out", "端末の利用者を次のとおり一時停止したので通知します。", _locked
    ),
    RecordKind.ACCESS_LOG_CHECKPOINTED: Form(
        "アクセス記録照合点",
        "Checkpoint of an access log",
        "アクセス記録の末尾の照合値を次のとおり通知します。",
        _checkpoint,
        signature=_signed,
    ),
}
