"""The committed schemas and AsyncAPI document match the code, and readers accept added fields."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from contracts.asyncapi import readers_of
from contracts.bounds import (
    FIRST_DAY,
    FIRST_INSTANT,
    LAST_DATE,
    LAST_INSTANT,
    LONGEST_ID,
    MOST_OF_PAYMENT,
    MOST_REPETITIONS,
)
from contracts.cloudevents import Decoder, encode_value, headers
from contracts.events import EVENTS, LINES_PER_PAGE, Event
from contracts.schema_fields import FIELDS, words_of
from contracts.schema_generation import DIALECT, FOLDER, differences, example_of, files, main, write
from contracts.topics import CONSOLE, PAYMENT_PROVIDER, PRINCIPALS, TOPICS, authorization_requests, card_agent
from contracts.vocabulary import Agent, Yen

EVENT_ID = "01980000-5a7e-8000-9000-00000000000e"
AT = datetime(2021, 7, 20, 3, 15, 30, tzinfo=UTC)

Struct = TypeVar("Struct", bound=msgspec.Struct)

each_event_type = pytest.mark.parametrize("event_type", EVENTS, ids=lambda event_type: event_type.__name__)


def committed(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


SCHEMAS: Mapping[type[Event], Any] = {event_type: committed(f"{event_type.TYPE}.json") for event_type in EVENTS}
ASYNCAPI = committed("asyncapi.json")

yen = st.integers(0, MOST_OF_PAYMENT).map(Yen)
instants = st.datetimes(FIRST_INSTANT.replace(tzinfo=None), LAST_INSTANT.replace(tzinfo=None), timezones=st.just(UTC))
payment_ids = st.uuids().map(str)
VALUES: Mapping[Any, st.SearchStrategy[Any]] = {
    str: st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=LONGEST_ID // 4),
    int: st.integers(1, MOST_REPETITIONS),
    float: st.floats(0, 1e6),
    Yen: yen,
    date: st.dates(FIRST_DAY, LAST_DATE),
    datetime: instants,
}
BY_NAME: Mapping[str, st.SearchStrategy[Any]] = {
    "payment_id": payment_ids,
    "slip_number": st.text("0123456789", min_size=21, max_size=21),
    "barcode": st.text("0123456789", min_size=42, max_size=42).map(lambda digits: f"91{digits}"),
    "fiscal_year": st.integers(2000, 2098),
}


def instances(struct: type[Struct]) -> st.SearchStrategy[Struct]:
    hints = get_type_hints(struct)
    fields = {name: _values(name, hints[name]) for name in struct.__struct_fields__}
    return st.builds(struct, **fields)


def _values(name: str, hint: Any) -> st.SearchStrategy[Any]:
    if name in BY_NAME:
        return BY_NAME[name]
    if isinstance(hint, UnionType):
        given, _ = get_args(hint)
        return st.none() | _values(name, given)
    if hint in VALUES:
        return VALUES[hint]
    if get_origin(hint) is tuple:
        of = get_args(hint)[0]
        return st.lists(VALUES[of] if of in VALUES else instances(of), max_size=3).map(tuple)
    return st.booleans() if hint is bool else st.sampled_from(hint)


def fields_of(struct: type[msgspec.Struct]) -> Iterator[str]:
    """The names of its fields, and of those of the structs that it lists."""
    for name, hint in get_type_hints(struct).items():
        if name in struct.__struct_fields__:
            yield name
        if get_origin(hint) is tuple and issubclass(of := get_args(hint)[0], msgspec.Struct):
            yield from fields_of(of)


any_event = st.sampled_from(EVENTS).flatmap(instances)


# ---- schemas ---------------------------------------------------------------------------------------------


def test_what_is_committed_is_what_is_generated() -> None:
    assert differences() == []
    assert main(["--check"]) == 0


def test_generation_is_deterministic_sorted_and_ends_in_a_newline() -> None:
    assert files() == files()
    for text in files().values():
        assert text.endswith("}\n")
        assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def test_drift_is_found_and_mended(tmp_path: Path) -> None:
    write(tmp_path)
    assert differences(tmp_path) == []
    (tmp_path / "stray.json").write_text("{}", encoding="utf-8")
    (tmp_path / "asyncapi.json").unlink()
    (tmp_path / f"{EVENTS[0].TYPE}.json").write_text("{}", encoding="utf-8")
    assert differences(tmp_path) == [
        "asyncapi.json: missing",
        f"{EVENTS[0].TYPE}.json: differs",
        "stray.json: not generated",
    ]
    write(tmp_path)
    assert differences(tmp_path) == []


@each_event_type
def test_an_event_type_has_a_valid_described_schema(event_type: type[Event]) -> None:
    schema = SCHEMAS[event_type]
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == DIALECT
    assert schema["title"] == event_type.__name__
    assert schema["description"] == event_type.__doc__
    assert set(schema["properties"]) == set(event_type.__struct_fields__)
    assert all(place["description"] for place in schema["properties"].values())


@each_event_type
def test_an_example_is_an_event_and_is_valid(event_type: type[Event]) -> None:
    (example,) = SCHEMAS[event_type]["examples"]
    assert example == example_of(event_type)
    event = Decoder().decode(event_type.TYPE, json.dumps(example).encode())
    assert json.loads(encode_value(event)) == example
    _valid(event)


@given(any_event)
def test_whatever_is_published_is_valid(event: Event) -> None:
    _valid(event)


@given(any_event)
def test_whatever_is_published_is_read_again(event: Event) -> None:
    assert Decoder().decode(event.TYPE, encode_value(event)) == event


@given(st.sampled_from([event_type for event_type in EVENTS if event_type.FORMER_TYPES]).flatmap(instances))
def test_what_was_published_under_a_former_type_is_read_as_todays_event(event: Event) -> None:
    for former, renamed in event.FORMER_TYPES.items():
        names = {today: before for before, today in renamed.items()}
        value = {names.get(name, name): content for name, content in json.loads(encode_value(event)).items()}
        assert set(renamed) <= set(value)
        assert Decoder().decode(former, msgspec.json.encode(value)) == event


def test_a_type_is_either_in_use_or_a_former_one_of_a_single_event() -> None:
    former = [former for event_type in EVENTS for former in event_type.FORMER_TYPES]
    in_use = [event_type.TYPE for event_type in EVENTS]
    assert len({*former, *in_use}) == len(former) + len(in_use)


@given(any_event, st.dictionaries(st.text(min_size=1), st.integers() | st.text() | st.none(), max_size=3))
def test_a_reader_and_a_schema_tolerate_fields_they_do_not_know(event: Event, added: dict[str, Any]) -> None:
    value = {f"added_{name}": content for name, content in added.items()} | json.loads(encode_value(event))
    assert list(Draft202012Validator(SCHEMAS[type(event)]).iter_errors(value)) == []
    assert Decoder().decode(event.TYPE, msgspec.json.encode(value)) == event


@each_event_type
def test_a_schema_refuses_what_lacks_a_field(event_type: type[Event]) -> None:
    example = example_of(event_type)
    validator = Draft202012Validator(SCHEMAS[event_type])
    for name in SCHEMAS[event_type]["required"]:
        assert not validator.is_valid({key: value for key, value in example.items() if key != name})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", -1),
        ("amount", 8500.5),
        ("barcode", "92912345001044103000123450100021080200085001"),
        ("slip_number", "12345"),
        ("page", 0),
        ("settler", "nobody"),
        ("lines", [["01980000-5a7e-8000-8000-000000000001"]]),
        ("lines", [["01980000-5a7e-8000-8000-000000000001", 1]] * (LINES_PER_PAGE + 1)),
    ],
)
def test_a_schema_knows_more_than_the_python_type(field: str, value: Any) -> None:
    for event_type, schema in SCHEMAS.items():
        if field in schema["properties"]:
            assert not Draft202012Validator(schema).is_valid(example_of(event_type) | {field: value})


def test_every_described_field_exists_and_an_undescribed_one_is_an_error() -> None:
    assert set(FIELDS) == {name for event_type in EVENTS for name in fields_of(event_type)}
    with pytest.raises(LookupError, match="no entry for the field 'colour'"):
        words_of("colour")


# ---- the AsyncAPI document -------------------------------------------------------------------------------


def operations(principal: str, action: str) -> set[str]:
    """The topics on which a party has an operation."""
    return {
        operation["channel"]["$ref"].removeprefix("#/channels/")
        for operation in ASYNCAPI["operations"].values()
        if operation["action"] == action and operation["tags"] == [{"name": principal}]
    }


def test_every_topic_is_a_channel_and_a_private_one_tells_nothing_of_its_content() -> None:
    assert set(ASYNCAPI["channels"]) == {topic.name for topic in TOPICS}
    for topic in TOPICS:
        channel = ASYNCAPI["channels"][topic.name]
        assert channel["x-private"] == topic.private
        assert channel["bindings"]["kafka"]["partitions"] == topic.partitions
        assert set(channel.get("messages", ())) == {event_type.__name__ for event_type in topic.events}


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_a_party_sends_on_what_it_owns_and_receives_what_it_may_read(principal: str) -> None:
    public = [topic for topic in TOPICS if not topic.private]
    assert operations(principal, "send") == {topic.name for topic in public if topic.owner == principal}
    assert operations(principal, "receive") == {t.name for t in public if principal in readers_of(t)}


def test_every_topic_has_exactly_one_sender() -> None:
    for topic in TOPICS:
        senders = [principal for principal in PRINCIPALS if topic.name in operations(principal, "send")]
        assert senders == ([] if topic.private else [topic.owner])


@pytest.mark.parametrize("agent", Agent)
def test_the_requests_to_an_agent_are_readable_by_that_agent_only(agent: Agent) -> None:
    topic = authorization_requests(agent)
    assert topic.owner == PAYMENT_PROVIDER
    assert topic.readers == (card_agent(agent),)
    readers = {principal for principal in PRINCIPALS if topic.name in operations(principal, "receive")}
    assert readers == {card_agent(agent), CONSOLE}


@each_event_type
def test_an_event_type_is_on_some_topic_and_a_message_of_the_document(event_type: type[Event]) -> None:
    assert any(event_type in topic.events for topic in TOPICS)
    message = ASYNCAPI["components"]["messages"][event_type.__name__]
    assert message["name"] == event_type.TYPE
    assert (FOLDER / message["payload"]["schema"]["$ref"]).is_file()


@each_event_type
def test_a_message_says_under_which_former_types_a_reader_may_still_meet_it(event_type: type[Event]) -> None:
    message = ASYNCAPI["components"]["messages"][event_type.__name__]
    assert message.get("x-former-types", {}) == event_type.FORMER_TYPES
    assert all(former in message["description"] for former in event_type.FORMER_TYPES)


@given(any_event)
def test_the_headers_that_are_written_are_the_headers_described(event: Event) -> None:
    described = ASYNCAPI["components"]["schemas"]["CloudEventsHeaders"]
    actual = {name: value.decode() for name, value in headers(EVENT_ID, event, "ward", AT)}
    assert set(actual) == set(described["properties"])
    assert list(Draft202012Validator(described).iter_errors(actual)) == []


def test_every_reference_in_the_document_leads_somewhere() -> None:
    found = list(_references(ASYNCAPI))
    assert found
    assert [reference for reference in found if not _leads_somewhere(reference)] == []


def _references(node: Any) -> Iterator[str]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    if isinstance(node, dict) and isinstance(node.get("$ref"), str):
        yield node["$ref"]
    for child in children:
        yield from _references(child)


def _leads_somewhere(reference: str) -> bool:
    if not reference.startswith("#/"):
        return (FOLDER / reference).is_file()
    node = ASYNCAPI
    for part in reference.removeprefix("#/").split("/"):
        node = node.get(part, {})
    return bool(node)


def _valid(event: Event) -> None:
    validator = Draft202012Validator(SCHEMAS[type(event)], format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert list(validator.iter_errors(json.loads(encode_value(event)))) == []
