"""The AsyncAPI 3.0 document of the whole system, derived from `contracts.topics`.

A topic is a channel; its owner has its only `send` operation, every reader a `receive` operation; operations are tagged
with their party. A private topic is listed without messages or operations, as no other party reads it. Payload schemas
are the files beside the document. Source: AsyncAPI 3.0.0, Kafka bindings 0.5.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from contracts import cloudevents
from contracts.bounds import FIRST_INSTANT, LAST_INSTANT, LONGEST_ID
from contracts.events import Event
from contracts.schema_fields import Json
from contracts.topics import CONSOLE, PRINCIPALS, TOPICS, Topic

VERSION: Final = "1.1.0"
"""Version of the contract. Adding a field, an event type or a topic increments the second number."""
KAFKA_BINDING: Final = "0.5.0"
PAYLOAD_FORMAT: Final = "application/schema+json;version=draft-2020-12"
EXAMPLE_ID: Final = "01980000-5a7e-8000-8000-0000000000e1"
EXAMPLE_TIME: Final = datetime.fromisoformat("2021-07-20T03:15:30+00:00")

Document = dict[str, Any]
Examples = Mapping[type[Event], dict[str, Json]]
"""An example of each event type, as JSON."""


def document(examples: Examples) -> Document:
    """The document, ready for JSON."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "sansha",
            "version": VERSION,
            "description": "Events between the ward (甲), the payment provider (乙), the card agents (丙). "
            "CloudEvents 1.0, binary mode. At least once, in order per key; deduplicate by ce_id. "
            "Values of content-type application/vnd.sansha.sealed.v1 are sealed for their readers: docs/sealing.md.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
            "tags": [{"name": principal} for principal in PRINCIPALS],
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": dict(_operations()),
        "components": {
            "messages": {event_type.__name__: _message(event_type, examples) for event_type in examples},
            "schemas": {"CloudEventsHeaders": _headers()},
        },
    }


def readers_of(topic: Topic) -> tuple[str, ...]:
    """The principals that may read a public topic: its readers, and the console, which may watch every public topic."""
    return (*topic.readers, *((CONSOLE,) if topic.owner != CONSOLE else ()))


def _channel(topic: Topic) -> Document:
    channel: Document = {
        "address": topic.name,
        "description": _channel_words(topic),
        "tags": [{"name": topic.owner}],
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {"retention.ms": int(topic.retention.total_seconds() * 1000)},
                "bindingVersion": KAFKA_BINDING,
            }
        },
        "x-owner": topic.owner,
        "x-private": topic.private,
    }
    if not topic.private:
        channel["messages"] = {
            event_type.__name__: {"$ref": f"#/components/messages/{event_type.__name__}"} for event_type in topic.events
        }
    return channel


def _channel_words(topic: Topic) -> str:
    if topic.private:
        return f"Private to {topic.owner}: its own timers. No other principal reads or writes it."
    readers = ", ".join(topic.readers) or "only the console"
    return f"Written only by {topic.owner}, read by {readers}. Keyed by {topic.key}."


def _operations() -> Iterator[tuple[str, Document]]:
    for topic in TOPICS:
        if not topic.private:
            yield f"{topic.owner}.sends.{topic.name}", _operation("send", topic.owner, topic)
            for reader in readers_of(topic):
                yield f"{reader}.receives.{topic.name}", _operation("receive", reader, topic)


def _operation(action: str, principal: str, topic: Topic) -> Document:
    channel = f"#/channels/{topic.name}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{event_type.__name__}"} for event_type in topic.events],
        "summary": f"{principal} {action}s on {topic.name}",
        "tags": [{"name": principal}],
    }


def _message(event_type: type[Event], examples: Examples) -> Document:
    example = examples[event_type]
    message: Document = {
        "name": event_type.TYPE,
        "title": event_type.__name__,
        "summary": event_type.__doc__ or "",
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "allOf": [
                {"$ref": "#/components/schemas/CloudEventsHeaders"},
                {"properties": {"ce_type": {"const": event_type.TYPE}}},
            ],
        },
        "payload": {"schemaFormat": PAYLOAD_FORMAT, "schema": {"$ref": f"./{event_type.TYPE}.json"}},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": " or ".join(_keys(event_type))},
                "bindingVersion": KAFKA_BINDING,
            }
        },
        "examples": [{"headers": _example_headers(event_type, example), "payload": example}],
    }
    if event_type.FORMER_TYPES:
        message["description"] = _former_words(event_type)
        message["x-former-types"] = event_type.FORMER_TYPES
    return message


def _former_words(event_type: type[Event]) -> str:
    """The former names that a reader may still find on the topic, in messages published before the rename."""
    former = (
        f"{name} ({', '.join(f'{before} for {today}' for before, today in sorted(renamed.items()))})"
        for name, renamed in event_type.FORMER_TYPES.items()
    )
    return f"Messages of earlier versions have the type {' or '.join(former)}; it is no longer published."


def _keys(event_type: type[Event]) -> list[str]:
    return sorted({topic.key for topic in TOPICS if event_type in topic.events})


def _example_headers(event_type: type[Event], example: dict[str, Json]) -> dict[str, str]:
    event = msgspec.convert(example, event_type)
    owner = next((topic.owner for topic in TOPICS if event_type in topic.events), CONSOLE)
    attributes = cloudevents.headers(EXAMPLE_ID, event, owner, EXAMPLE_TIME)
    return {name: value.decode() for name, value in attributes}


def _headers() -> Document:
    """Schema of the attributes that `contracts.cloudevents` writes; `ce_subject` and `traceparent` are optional."""
    text: Document = {"type": "string", "minLength": 1, "maxLength": LONGEST_ID}
    return {
        "type": "object",
        "description": "CloudEvents 1.0 attributes as headers, UTF-8, each once, without control characters; "
        "`traceparent` is W3C Trace Context.",
        "required": ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time"],
        "properties": {
            "ce_specversion": {"const": "1.0"},
            "ce_id": text | {"description": "Id of the event: one id, one effect."},
            "ce_type": text | {"description": "Versioned name of the event type."},
            "ce_source": text | {"format": "uri-reference", "description": "/sansha/ and the owner of the topic."},
            "ce_subject": text | {"minLength": 0, "description": "Id of the thing the event is about."},
            "ce_time": text
            | {
                "format": "date-time",
                "formatMinimum": FIRST_INSTANT.isoformat(),
                "formatMaximum": LAST_INSTANT.isoformat(),
                "description": "When it happened, on the clock of the stack.",
            },
            "content-type": {"const": "application/json"},
            "traceparent": text | {"pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"},
        },
    }
