"""The records of a register as letters: 事故報告書, 取扱状況報告書, 消去証明書 and the others. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from contracts.duties.clauses import BY_NUMBER
from contracts.duties.duty import RecordKind
from contracts.parties import CONSOLE, NAMES, PAYMENT_PROVIDER, WARD
from contracts.vocabulary import HandlerRole, IncidentKind, business_date
from services.chassis.duties.register import Registered
from services.chassis.paper.eras import japanese_date, japanese_fiscal_year, japanese_time
from services.chassis.paper.letter import Grid, Letter, Section

INCIDENTS: Final[Mapping[IncidentKind, str]] = {
    IncidentKind.LEAK: "漏えい",
    IncidentKind.LOSS: "滅失・紛失",
    IncidentKind.DAMAGE: "毀損",
    IncidentKind.THREAT: "事故の発生のおそれ",
    IncidentKind.BREACH: "特記事項の違反",
}
ROLES: Final[Mapping[HandlerRole, str]] = {HandlerRole.RESPONSIBLE: "取扱責任者", HandlerRole.HANDLER: "従事者"}
Facts = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Matter:
    """What a letter is made of: the record, the one that it answers if that is known, and who answers for it."""

    entry: Registered
    asked: Registered | None
    responsible: str
    fingerprint: Callable[[str], str]
    """Of a public key."""

    @property
    def content(self) -> Mapping[str, Any]:
        return self.entry.content

    @property
    def before(self) -> Mapping[str, Any]:
        """The message that it answers; empty if that is not known."""
        return {} if self.asked is None else self.asked.content


@dataclass(frozen=True, slots=True)
class _Form:
    """How a kind of record is written."""

    title: str
    english: str
    opening: str
    facts: Callable[[Matter], Facts]
    by_contractor: bool = True
    """Whether the contractor writes to the ward; else the ward to the contractor."""
    grid: Callable[[Matter], Grid | None] = lambda _: None
    sections: Callable[[Matter], Sequence[Section]] = lambda _: ()
    signature: Callable[[Matter], Facts] = lambda _: ()


def letter_of(matter: Matter) -> Letter:
    """Raises `LookupError` for a record that is no message, as the day of an erasure."""
    record = matter.entry.record
    form = _FORMS[record.kind]
    ward, contractor = party_name(WARD), party_name(record.contractor)
    own = record.contractor == WARD
    answering = [f"取扱責任者　{matter.responsible}"] if matter.responsible and form.by_contractor and not own else []
    return Letter(
        title=form.title,
        english=form.english,
        number=record.record_id,
        date=japanese_date(business_date(record.at)),
        to="" if own else ward if form.by_contractor else contractor,
        sender=(contractor if form.by_contractor else ward, *answering),
        opening=form.opening,
        facts=form.facts(matter),
        written_at=record.at,
        grid=form.grid(matter),
        sections=form.sections(matter),
        signature=form.signature(matter),
    )


def party_name(principal: str) -> str:
    """甲　介護保険課"""
    names = NAMES[principal]
    agent = "" if principal in (WARD, PAYMENT_PROVIDER, CONSOLE) else f"（{names.english}）"
    return f"{names.sign}　{names.japanese}{agent}"


def _day(text: object) -> str:
    return japanese_date(date.fromisoformat(str(text))) if text else ""


def _time(text: object) -> str:
    return japanese_time(datetime.fromisoformat(str(text))) if text else ""


def _yen(amount: object) -> str:
    return f"金{int(str(amount)):,}円" if amount is not None else ""


def _duty(number: str) -> str:
    return f"{number}　{BY_NUMBER[number].japanese}" if number in BY_NUMBER else number


def _paragraphs(m: Matter) -> Sequence[Section]:
    return [Section(heading, text) for heading, text in m.content["report"]]


# ---- 乙, 丙 → 甲


def _handlers(m: Matter) -> Grid:
    rows = [(str(n), ROLES[HandlerRole(role)], name, task) for n, (name, role, task) in enumerate(_people(m), start=1)]
    return Grid(("番号", "区分", "氏名", "担当"), (12, 26, 40, 82), rows)


def _people(m: Matter) -> Sequence[tuple[str, str, str]]:
    return [(name, role, task) for name, role, task in m.content["handlers"]]


def _named(m: Matter) -> Facts:
    return (
        ("年度", japanese_fiscal_year(m.content["fiscal_year"])),
        ("指定した日", _time(m.content["named_at"])),
        ("人数", f"{len(_people(m))}名（うち取扱責任者1名）"),
    )


def _training(m: Matter) -> Facts:
    return (
        ("年度", japanese_fiscal_year(m.content["fiscal_year"])),
        ("実施日時", _time(m.content["held_at"])),
        ("内容", m.content["taught"]),
        ("受講者", f"{m.content['attendees']}名"),
    )


def _status(m: Matter) -> Facts:
    return (
        ("求めのあった日", _time(m.before.get("requested_at"))),
        ("求めの内容", m.before.get("about", "")),
        ("報告の期限", _day(m.before.get("due_on"))),
        ("報告日時", _time(m.content["reported_at"])),
    )


def _figures(m: Matter) -> Grid:
    rows = [(name, f"{count:,}件") for name, count in m.content["figures"]]
    return Grid(("取扱いの状況（契約の開始から報告日時まで）", "件数"), (128, 32), rows, frozenset({1}))


def _incident(content: Mapping[str, Any]) -> Facts:
    kind = content.get("incident_kind")
    return (
        ("事故の種別", INCIDENTS[IncidentKind(kind)] if kind else ""),
        ("認知した日時", _time(content.get("noticed_at"))),
        ("区に通知した日時", _time(content.get("notified_at"))),
        ("事故の概要", content.get("what", "")),
        ("関係する本人の数", f"{content['persons']:,}名" if "persons" in content else ""),
    )


def _notified(m: Matter) -> Facts:
    return (*_incident(m.content), ("書面による報告の期限", _day(m.content["report_due_on"])))


def _reported(m: Matter) -> Facts:
    return (*_incident(m.before), ("書面による報告の期限", _day(m.before.get("report_due_on"))))


def _improved(m: Matter) -> Facts:
    return (
        ("指導書の番号", m.content["guidance_id"]),
        ("指導のあった日", _time(m.before.get("given_at"))),
        ("該当する義務", _duty(m.before["duty"]) if "duty" in m.before else ""),
        ("指導の内容", m.before.get("what", "")),
        ("改善の期限", _day(m.before.get("improve_by"))),
    )


def _paid(m: Matter) -> Facts:
    return (
        ("請求書の番号", m.content["claim_id"]),
        ("支払った金額", _yen(m.content["amount"])),
        ("支払日時", _time(m.content["paid_at"])),
        ("支払の期限", _day(m.before.get("due_on"))),
    )


def _erased(m: Matter) -> Facts:
    return (
        ("消去の番号", m.content["erasure_id"]),
        ("消去の対象", f"{_day(m.content['data_until'])}までに収集した個人情報"),
        ("消去の期日", _day(m.content["due_on"])),
        ("消去した日時", _time(m.content["erased_at"])),
        ("消去の方法", m.content["how"]),
        ("取扱責任者", m.content["responsible"]),
    )


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
        ("停止した日時", _time(m.content["locked_at"])),
        ("停止の終了", _time(m.content["until"])),
    )


def _checkpoint(m: Matter) -> Facts:
    return (
        ("記録の保有者", party_name(m.content["party"])),
        ("対象の日", _day(m.content["on"])),
        ("記録の数", f"{m.content['number']:,}件"),
        ("照合値", m.content["mark"]),
    )


# ---- 甲 → 乙, 丙


def _requested(m: Matter) -> Facts:
    return (("求めの内容", m.content["about"]), ("報告の期限", _day(m.content["due_on"])))


def _inspected(m: Matter) -> Facts:
    found = len(m.content["findings"])
    return (
        ("年度", japanese_fiscal_year(m.content["fiscal_year"])),
        ("調査した日時", _time(m.content["held_at"])),
        ("調査した相手方", party_name(m.entry.record.contractor)),
        ("調査した職員", m.content["inspected_by"]),
        ("確認した義務の数", f"{m.content['checks']}項目"),
        (
            "調査の結果",
            f"次の{found}項目を指摘する。" if found else "指摘事項なし。措置は特記事項のとおり講じられている。",
        ),
    )


def _findings(m: Matter) -> Grid | None:
    rows = [(_duty(duty), found) for _, duty, found in m.content["findings"]]
    return Grid(("該当する義務", "指摘の内容"), (75, 85), rows) if rows else None


def _guidance(m: Matter) -> Facts:
    return (
        ("指導の原因", f"記録番号　{m.content['cause_id']}"),
        ("該当する義務", _duty(m.content["duty"])),
        ("指導の内容", m.content["what"]),
        ("改善の期限", _day(m.content["improve_by"])),
    )


def _published(m: Matter) -> Facts:
    return (
        ("事業者", party_name(m.entry.record.contractor)),
        ("指導書の番号", m.content["guidance_id"]),
        ("該当する義務", _duty(m.before["duty"]) if "duty" in m.before else ""),
        ("公表した日時", _time(m.content["published_at"])),
        ("公表の内容", m.content["text"]),
    )


def _claimed(m: Matter) -> Facts:
    return (
        ("請求する金額", _yen(m.content["amount"])),
        ("事故の番号", m.content["incident_id"]),
        ("事故の概要", m.before.get("what", "")),
        ("支払の期限", _day(m.content["due_on"])),
    )


def _checked(m: Matter) -> Facts:
    return (
        ("証明書の番号", m.content["certificate_id"]),
        ("消去の番号", m.content["erasure_id"]),
        ("確認の結果", "適正と認める。" if m.content["accepted"] else "適正と認めない。"),
        ("理由", m.content["why"]),
    )


_BY = "特記事項に基づき、次のとおり"
_FORMS: Final[Mapping[RecordKind, _Form]] = {
    RecordKind.HANDLERS_NAMED: _Form(
        "取扱責任者等報告書",
        "Register of handlers",
        f"{_BY}取扱責任者及び従事者を定めたので報告します。",
        _named,
        grid=_handlers,
    ),
    RecordKind.TRAINING_HELD: _Form(
        "研修実施報告書", "Report on training", f"{_BY}個人情報の保護に関する研修を実施しました。", _training
    ),
    RecordKind.STATUS_REPORTED: _Form(
        "取扱状況報告書", "Report on handling", f"{_BY}個人情報の取扱状況を報告します。", _status, grid=_figures
    ),
    RecordKind.INCIDENT_NOTIFIED: _Form(
        "事故通知書", "Notification of an incident", f"{_BY}直ちに通知します。", _notified
    ),
    RecordKind.INCIDENT_REPORTED: _Form(
        "事故報告書", "Report on an incident", f"{_BY}事故について報告します。", _reported, sections=_paragraphs
    ),
    RecordKind.IMPROVEMENT_REPORTED: _Form(
        "改善報告書", "Report on an improvement", f"{_BY}改善したので報告します。", _improved, sections=_paragraphs
    ),
    RecordKind.DAMAGE_MADE_GOOD: _Form(
        "損害賠償金支払通知書", "Notice of payment of damages", f"{_BY}損害賠償金を支払いました。", _paid
    ),
    RecordKind.ERASURE_CERTIFIED: _Form(
        "消去証明書",
        "Certificate of erasure",
        f"{_BY}個人情報を消去し、復元できない状態としたことを証明します。",
        _erased,
        grid=_erased_kinds,
        signature=_signed,
    ),
    RecordKind.TERMINAL_USER_LOCKED: _Form(
        "端末利用者停止通知書", "Notice of a lock-out", "端末の利用者を次のとおり一時停止したので通知します。", _locked
    ),
    RecordKind.ACCESS_LOG_CHECKPOINTED: _Form(
        "アクセス記録照合点",
        "Checkpoint of an access log",
        "アクセス記録の末尾の照合値を次のとおり通知します。",
        _checkpoint,
        signature=_signed,
    ),
    RecordKind.STATUS_REQUESTED: _Form(
        "取扱状況報告依頼書",
        "Request for a report on handling",
        f"{_BY}個人情報の取扱状況の報告を求めます。",
        _requested,
        by_contractor=False,
    ),
    RecordKind.INSPECTION_HELD: _Form(
        "立入調査記録",
        "Record of an inspection",
        f"{_BY}立入調査を行いました。",
        _inspected,
        by_contractor=False,
        grid=_findings,
    ),
    RecordKind.GUIDANCE_GIVEN: _Form(
        "改善指導書", "Order of improvement", f"{_BY}改善を指導します。", _guidance, by_contractor=False
    ),
    RecordKind.BREACH_PUBLISHED: _Form(
        "公表通知書",
        "Notice of publication",
        f"{_BY}違反の事実を公表したので通知します。",
        _published,
        by_contractor=False,
    ),
    RecordKind.DAMAGES_CLAIMED: _Form(
        "損害賠償請求書", "Claim for damages", f"{_BY}損害の賠償を請求します。", _claimed, by_contractor=False
    ),
    RecordKind.ERASURE_CHECKED: _Form(
        "消去確認書", "Check of an erasure", f"{_BY}消去証明書を確認しました。", _checked, by_contractor=False
    ),
}
KINDS_WITH_LETTER: Final = frozenset(_FORMS)
