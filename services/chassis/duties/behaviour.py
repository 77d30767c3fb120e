"""The simulation of staff: made-up persons, courses and reports. Pure; everything follows from the seed.

No person has these names and works here: they are common family and given names, drawn apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from contracts.http.duties import GivenHandler, GivenParagraph
from contracts.vocabulary import HandlerRole
from services.chassis.identity import chance

FAMILY_NAMES: Final = (
    "佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本", "中村", "小林", "加藤", "吉田", "山田",
    "佐々木", "山口", "松本", "井上", "木村", "林", "斎藤", "清水", "山崎", "森", "池田", "橋本",
)  # fmt: skip
GIVEN_NAMES: Final = (
    "恵子", "直樹", "美咲", "健一", "由美", "拓也", "陽子", "誠", "香織", "大輔", "真由美", "浩二",
    "千春", "和也", "久美子", "翔太", "智子", "隆", "彩", "康弘", "奈々", "修", "裕子", "亮",
)  # fmt: skip
RESPONSIBLE_TASK: Final = "個人情報の取扱いの総括"
COURSES: Final = (
    "個人情報保護条例と特記事項、取扱いの手順",
    "情報セキュリティの基礎、標的型攻撃への備え",
    "事故の通知と報告、漏えい事例の検討",
)
"""A fiscal year's training takes the next one."""

INCIDENT_REPORT: Final = (
    GivenParagraph(heading="経過", text="事故を認知した後、直ちに区に通知し、関係する処理を停止して範囲を調査した。"),
    GivenParagraph(heading="原因", text="作業手順の確認が一名に任され、誤りに気付く者がいなかった。"),
    GivenParagraph(heading="影響", text="調査した範囲で、第三者による利用は確認されていない。"),
    GivenParagraph(heading="措置", text="該当する情報を回収し、関係する権限を見直した。"),
    GivenParagraph(heading="再発防止", text="確認を二名で行うこととし、手順書を改め、従事者全員に周知した。"),
)
IMPROVEMENT_REPORT: Final = (
    GivenParagraph(heading="指導の内容", text="指導書のとおり、該当する義務の履行が十分でないことを確認した。"),
    GivenParagraph(heading="改善の内容", text="手順を改め、期日を管理表に加え、責任者が月ごとに確認することとした。"),
    GivenParagraph(heading="実施の状況", text="従事者に周知し、改めた手順による作業を開始した。"),
)


def handlers(seed: int, party: str, tasks: Sequence[str]) -> tuple[GivenHandler, ...]:
    """A responsible person, and a handler for each task; no two have one name."""
    rng = chance(seed, party, "handlers")
    count = len(tasks) + 1
    names = zip(rng.sample(FAMILY_NAMES, count), rng.sample(GIVEN_NAMES, count), strict=True)
    people = [" ".join(name) for name in names]
    responsible = GivenHandler(name=people[0], role=HandlerRole.RESPONSIBLE, task=RESPONSIBLE_TASK)
    others = zip(people[1:], tasks, strict=True)
    return responsible, *(GivenHandler(name=name, role=HandlerRole.HANDLER, task=task) for name, task in others)


def course(fiscal_year: int) -> str:
    return COURSES[fiscal_year % len(COURSES)]


def attendees(seed: int, party: str, fiscal_year: int) -> int:
    """Of a training: between 8 and 40."""
    return chance(seed, party, "training", str(fiscal_year)).randint(8, 40)
