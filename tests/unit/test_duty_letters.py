"""The records of a register on paper, in Japanese."""

from collections.abc import Sequence

import msgspec
import pytest

from contracts.duties.duty import RecordKind
from contracts.events import Finding, IncidentReported, Paragraph
from contracts.signatures import fingerprint_of
from services.chassis.duties.letter_forms import Matter
from services.chassis.duties.letters import KINDS_WITH_LETTER, letter_of
from services.chassis.paper import print_letter
from tests.duty_letters import AT, MESSAGES, REGISTER, RESPONSIBLE, SIGNER, UC, letter, registered
from tests.slip_pictures import text_of

SAID = {
    RecordKind.HANDLERS_NAMED: ("取扱責任者等報告書", "鈴木 直樹", "従事者", "精算", "2名（うち取扱責任者1名）"),
    RecordKind.TRAINING_HELD: ("研修実施報告書", "令和3年度", "条例", "9名"),
    RecordKind.STATUS_REQUESTED: ("取扱状況報告依頼書", "定期報告", "令和3年8月19日"),
    RecordKind.STATUS_REPORTED: ("取扱状況報告書", "定期報告", "支払", "12,345件"),
    RecordKind.INCIDENT_NOTIFIED: ("事故通知書", "漏えい", "精算明細の誤送付", "12名", "令和3年8月19日"),
    RecordKind.INCIDENT_REPORTED: (
        "事故報告書",
        "漏えい",
        "精算明細の誤送付",
        "1 原因",
        "封筒の取違え。",
        "2 再発防止",
    ),
    RecordKind.INSPECTION_HELD: ("立入調査記録", "33項目", "次の1項目を指摘する。", "D-18", "研修の記録がない。"),
    RecordKind.GUIDANCE_GIVEN: ("改善指導書", "f1", "D-18 従事者に研修を行い", "研修を行うこと。", "令和3年9月4日"),
    RecordKind.IMPROVEMENT_REPORTED: ("改善報告書", "研修を行うこと。", "封筒の取違え。"),
    RecordKind.BREACH_PUBLISHED: ("公表通知書", "研修を怠った。", "D-18"),
    RecordKind.DAMAGES_CLAIMED: ("損害賠償請求書", "金150,000円", "精算明細の誤送付", "令和3年9月4日"),
    RecordKind.DAMAGE_MADE_GOOD: ("損害賠償金支払通知書", "金150,000円", "令和3年9月4日"),
    RecordKind.ERASURE_CERTIFIED: ("消去証明書", "令和3年3月31日までに", "1,203", "期間の鍵の廃棄", RESPONSIBLE),
    RecordKind.ERASURE_CHECKED: ("消去確認書", "適正と認めない。", "期日後の消去"),
    RecordKind.TERMINAL_USER_LOCKED: ("端末利用者停止通知書", "suzuki", "5回"),
    RecordKind.ACCESS_LOG_CHECKPOINTED: ("アクセス記録照合点", "1,234件"),
}


def plain(pages: Sequence[str]) -> str:
    """Without spaces and the breaks that a page has."""
    return "".join("".join(pages).split())


@pytest.mark.parametrize("kind", sorted(KINDS_WITH_LETTER))
def test_a_letter_says_what_its_record_says(kind: RecordKind) -> None:
    page = plain(text_of(print_letter(letter(kind))))
    wanted = (*SAID[kind], "令和3年8月5日", "1/1", "模擬の文書")
    assert [text for text in wanted if plain([text]) not in page] == []


def test_every_message_has_a_letter() -> None:
    assert {registered(event).record.kind for event in MESSAGES} == KINDS_WITH_LETTER == set(SAID)
    assert set(RecordKind) - KINDS_WITH_LETTER == {RecordKind.ERASURE_DUE}


@pytest.mark.parametrize("kind", [RecordKind.INCIDENT_REPORTED, RecordKind.GUIDANCE_GIVEN])
def test_a_letter_names_whom_it_is_from_and_to(kind: RecordKind) -> None:
    ward, agent = "甲　介護保険課", "丙　指定代理納付者（UC）"
    by_contractor = kind is RecordKind.INCIDENT_REPORTED
    assert letter(kind).to == (ward if by_contractor else agent)
    assert letter(kind).sender == ((agent, f"取扱責任者　{RESPONSIBLE}") if by_contractor else (ward,))


def test_a_certificate_shows_its_key_and_signature_whole() -> None:
    page = plain(text_of(print_letter(letter(RecordKind.ERASURE_CERTIFIED))))
    shown = letter(RecordKind.ERASURE_CERTIFIED).signature
    assert [label for label, _ in shown] == ["公開鍵の指紋", "公開鍵", "署名"]
    assert all(plain([digits]) in page for _, digits in shown)
    assert shown[0][1] == fingerprint_of(SIGNER.public_key)


def test_a_long_report_fills_pages_and_no_line_begins_with_a_full_stop() -> None:
    text = "事故を認知した後、直ちに区に通知し、関係する処理を停止して、範囲を調査した。" * 8
    long = IncidentReported(
        contractor=UC, incident_id="i1", reported_at=AT, report=tuple(Paragraph("経過", text) for _ in range(12))
    )
    pages = text_of(print_letter(letter(RecordKind.INCIDENT_REPORTED, registered(long))))
    assert len(pages) > 2
    assert plain(pages).count("範囲を調査した。") == 12 * 8
    lines = [line for page in pages for line in page.splitlines() if line.strip()]
    assert [line for line in lines if line.strip()[0] in "、。"] == []
    assert all(f"{n}/{len(pages)}" in plain([page]) for n, page in enumerate(pages, start=1))


def test_a_long_list_of_findings_has_its_headings_on_each_page() -> None:
    many = msgspec.structs.replace(
        next(event for event in MESSAGES if event.TYPE.endswith("inspection_held.v1")),
        findings=tuple(Finding("f", "D-18", "研修の記録がない。" * 5) for _ in range(40)),
    )
    pages = text_of(print_letter(letter(RecordKind.INSPECTION_HELD, registered(many))))
    assert len(pages) > 2
    assert all("指摘の内容" in page for page in pages)


def test_the_same_record_gives_the_same_bytes() -> None:
    one, other = (print_letter(letter(RecordKind.ERASURE_CERTIFIED)) for _ in range(2))
    assert one == other
    assert len({print_letter(letter(kind)) for kind in KINDS_WITH_LETTER}) == len(KINDS_WITH_LETTER)


def test_what_a_record_answers_may_be_unknown() -> None:
    kind = RecordKind.INCIDENT_REPORTED
    orphan = letter_of(Matter(REGISTER[kind], None, "", fingerprint_of))
    assert dict(orphan.facts)["事故の種別"] == ""
    assert plain(["事故の種別－"]) in plain(text_of(print_letter(orphan)))
