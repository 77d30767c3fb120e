"""Letters of the ward (甲) to a contractor. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from contracts.duties.duty import RecordKind
from services.chassis.duties.letter_forms import BY, Facts, Form, Matter, day, duty, party_name, time, yen
from services.chassis.paper.eras import japanese_fiscal_year
from services.chassis.paper.letter import Grid


def _requested(m: Matter) -> Facts:
    return (("求めの内容", m.content["about"]), ("報告の期限", day(m.content["due_on"])))


def _inspected(m: Matter) -> Facts:
    found = len(m.content["findings"])
    return (
        ("年度", japanese_fiscal_year(m.content["fiscal_year"])),
        ("調査した日時", time(m.content["held_at"])),
        ("調査した相手方", party_name(m.entry.record.contractor)),
        ("調査した職員", m.content["inspected_by"]),
        ("確認した義務の数", f"{m.content['checks']}項目"),
        (
            "調査の結果",
            f"次の{found}項目を指摘する。" if found else "指摘事項なし。措置は特記事項のとおり講じられている。",
        ),
    )


def _findings(m: Matter) -> Grid | None:
    rows = [(duty(number), found) for _, number, found in m.content["findings"]]
    return Grid(("該当する義務", "指摘の内容"), (75, 85), rows) if rows else None


def _guidance(m: Matter) -> Facts:
    return (
        ("指導の原因", f"記録番号　{m.content['cause_id']}"),
        ("該当する義務", duty(m.content["duty"])),
        ("指導の内容", m.content["what"]),
        ("改善の期限", day(m.content["improve_by"])),
    )


def _published(m: Matter) -> Facts:
    return (
        ("事業者", party_name(m.entry.record.contractor)),
        ("指導書の番号", m.content["guidance_id"]),
        ("該当する義務", duty(m.before["duty"]) if "duty" in m.before else ""),
        ("公表した日時", time(m.content["published_at"])),
        ("公表の内容", m.content["text"]),
    )


def _claimed(m: Matter) -> Facts:
    return (
        ("請求する金額", yen(m.content["amount"])),
        ("事故の番号", m.content["incident_id"]),
        ("事故の概要", m.before.get("what", "")),
        ("支払の期限", day(m.content["due_on"])),
    )


def _checked(m: Matter) -> Facts:
    return (
        ("証明書の番号", m.content["certificate_id"]),
        ("消去の番号", m.content["erasure_id"]),
        ("確認の結果", "適正と認める。" if m.content["accepted"] else "適正と認めない。"),
        ("理由", m.content["why"]),
    )


FORMS: Final[Mapping[RecordKind, Form]] = {
    RecordKind.STATUS_REQUESTED: Form(
        "取扱状況報告依頼書",
        "Request for a report on handling",
        f"{BY}個人情報の取扱状況の報告を求めます。",
        _requested,
        by_contractor=False,
    ),
    RecordKind.INSPECTION_HELD: Form(
        "立入調査記録",
        "Record of an inspection",
        f"{BY}立入調査を行いました。",
        _inspected,
        by_contractor=False,
        grid=_findings,
    ),
    RecordKind.GUIDANCE_GIVEN: Form(
        "改善指導書", "Order of improvement", f"{BY}改善を指導します。", _guidance, by_contractor=False
    ),
    RecordKind.BREACH_PUBLISHED: Form(
        "公表通知書",
        "Notice of publication",
        f"{BY}違反の事実を公表したので通知します。",
        _published,
        by_contractor=False,
    ),
    RecordKind.DAMAGES_CLAIMED: Form(
        "損害賠償請求書", "Claim for damages", f"{BY}損害の賠償を請求します。", _claimed, by_contractor=False
    ),
    RecordKind.ERASURE_CHECKED: Form(
        "消去確認書", "Check of an erasure", f"{BY}消去証明書を確認しました。", _checked, by_contractor=False
    ),
}
