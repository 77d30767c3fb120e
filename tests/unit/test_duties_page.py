"""The auditor's page: what it says, and that no text of others becomes part of it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from msgspec.structs import fields

from contracts.duties.clauses import DUTIES
from contracts.events import CONTRACTOR_EVENTS, WARD_EVENTS
from services.console.duties.field_names import FIELD_NAMES
from services.console.duties.inspections import inspections
from services.console.duties.page import page
from services.console.duties.standing import Standing, document
from services.console.duties.words import MARKS, STATUS_NAMES, Said
from tests.unit.standings import BEGAN, LATE, all_kept, checks, records, standing, unsealed

HOSTILE = "<script>alert('1')</script><img src=x onerror=alert(1)>\"'&{{ 7 * 7 }}"


class Elements(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_every_duty_and_party_is_on_it_in_both_languages() -> None:
    html = page(standing())
    text = Elements(html).text
    assert html.startswith("<!doctype html>")
    assert all(duty.japanese in text and duty.english in text for duty in DUTIES)
    assert all(f'id="{duty.number}"' in html for duty in DUTIES)
    assert all(f"{MARKS[status]}{said.japanese}{said.english}" in text for status, said in STATUS_NAMES.items())
    assert "未履行の義務が2件あります" in text
    assert "2 of 52 duties were missed" in text
    assert "2022-04-05（2022年度" in text


def test_a_year_without_a_missed_duty_says_so() -> None:
    text = Elements(page(all_kept())).text
    assert "未履行の義務はありません" in text
    assert "Missed duties" not in text


def test_it_needs_nothing_from_elsewhere() -> None:
    elements = Elements(page(standing()))
    assert elements.tags.count("script") == 1
    assert {"link", "img", "iframe", "object"}.isdisjoint(elements.tags)
    links = [value or "" for name, value in elements.attributes if name in ("href", "src")]
    assert links
    assert all(link.startswith("#") for link in links)


@pytest.mark.parametrize("where", ["records", "checks", "place"])
def test_text_of_others_stays_text(where: str) -> None:
    plain = Elements(page(standing()))
    kept, checked, place = records(), checks(), Said("稼働中", "running")
    if where == "records":
        kept = [
            one.model_copy(
                update={"content": {**one.content, "taught": HOSTILE, HOSTILE: [[HOSTILE]]}, "record_id": HOSTILE}
            )
            for one in kept
        ]
    elif where == "checks":
        checked = checks(holds=False, found=HOSTILE)
    else:
        place = Said(HOSTILE, HOSTILE)
    html = page(standing(kept=kept, checked=checked, place=place))
    hostile = Elements(html)
    assert hostile.tags.count("script") == plain.tags.count("script") == 1
    assert "img" not in hostile.tags
    assert "onerror" not in {name for name, _ in hostile.attributes}
    assert HOSTILE in hostile.text


def test_evidence_is_folded_out_and_named_once() -> None:
    html = page(standing())
    training = html[html.index('id="D-18"') : html.index('id="D-19"')]
    assert training.count("training_held-payment_provider") == 1
    assert "乙 甲" in training, "held by both"
    assert "個人情報保護条例" in training
    assert re.search(r"<details open>", training), "what was missed is open"


def test_each_field_of_a_record_has_a_japanese_name() -> None:
    names = {field.name for event in (*CONTRACTOR_EVENTS, *WARD_EVENTS) for field in fields(event)}
    assert names == FIELD_NAMES.keys()


def test_a_day_in_the_past_says_that_checks_are_of_now() -> None:
    note = "記録は基準日までのもの"
    assert note in page(standing(on=BEGAN))
    assert note not in page(standing())
    assert "立入調査の記録はありません" in page(standing(on=BEGAN))


def missed(of: Standing) -> set[tuple[str, str]]:
    return {(state.duty.number, state.debtor) for state in of.missed}


def test_what_is_missed_is_found_at_its_contractor_alone() -> None:
    assert missed(standing()) == {("D-1", LATE), ("D-18", LATE)}
    found = {one.contractor: [finding.duty for finding in one.findings] for one in inspections(unsealed())}
    assert found == {"payment_provider": [], "card_agent.jcb": [], LATE: ["C-S2", "D-1", "D-18"]}
    assert {one.held_already for one in inspections(standing())} == {""}
    again = {one.held_already for one in inspections(standing(on=records()[-2].at.date()))}
    assert again == {f"inspection_held-{contractor}" for contractor in found}


def test_a_finding_is_no_longer_than_a_message_holds() -> None:
    long = standing(checked=checks(holds=False, found="消去証明書がない。" * 500 + "\n\t"))
    texts = [finding.found for one in inspections(long) for finding in one.findings]
    assert texts
    assert all(len(text.encode()) <= 900 and text.isprintable() for text in texts)


def test_the_document_has_everything() -> None:
    found = document(standing())
    assert found["summary"]["missed"] == 2
    assert len(found["duties"]) == sum(len(duty.owed_by) for duty in DUTIES)
    (training,) = [d for d in found["duties"] if (d["number"], d["debtor"]) == ("D-18", "payment_provider")]
    assert training["parts"][0]["records"] == ["training_held/training_held-payment_provider"]
    why = "a record in each fiscal year: training held: by 2023-03-31"
    assert (training["status"], training["why"][0]["english"]) == ("due", why)
