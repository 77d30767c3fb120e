"""Whatever the parties collect is on the list of items that the public is told, or holds no personal data."""

from contracts.duties.items import ITEMS, SENSITIVE, TOLD, items_of, sensitive, unlisted
from contracts.duties.plain_fields import PLAIN
from contracts.parties import PARTIES
from tests.architecture.collected import fields


def test_each_field_of_tables_events_and_requests_is_classified() -> None:
    assert unlisted(fields()) == [], (
        "put it into contracts/duties: items.py if it holds data of persons, plain_fields.py"
    )


def test_the_list_names_no_field_that_nobody_has() -> None:
    known = fields()
    assert {field for item in ITEMS for field in item.fields if field not in known} == set()
    assert PLAIN - known == set()


def test_a_field_is_on_one_list_once() -> None:
    listed = [field for item in ITEMS for field in item.fields]
    assert len(listed) == len(set(listed))
    assert PLAIN.isdisjoint(listed)


def test_nothing_sensitive_is_collected() -> None:
    assert sensitive(fields()) == []
    assert sensitive({"religion_code", "criminal_record", "creed", "origin_at"}) == [
        "creed",
        "criminal_record",
        "religion_code",
    ]
    assert SENSITIVE.isdisjoint(PLAIN)


def test_a_new_field_is_found() -> None:
    assert unlisted({"amount", "date_of_birth"}) == ["date_of_birth"]


def test_the_public_is_told_in_both_languages_what_each_party_holds() -> None:
    assert all(item.name and item.japanese and item.why and item.why_in_japanese and item.held_by for item in ITEMS)
    assert all(items_of(party) for party in PARTIES)
    assert "staff: user, name and task" not in {item.name for item in TOLD}
