"""Reads what comes from the bus: headers, value, and whether the event belongs on its topic.

Every reader of the log goes through here, so that one rule decides what an event of the contract is.
"""

from __future__ import annotations

from collections.abc import Iterable

from contracts.cloudevents import Decoder, Envelope, Headers, UndecodableEvent, envelope, require_id
from contracts.events import Event
from contracts.topics import misplaced


class MisplacedEvent(UndecodableEvent):
    """An event on a topic that does not carry it: of another owner, agent or settler, or of another type."""


class Reader:
    """Reads published events, and a party's private ones if given."""

    def __init__(self, private: Iterable[type[Event]] = ()) -> None:
        self._decoder = Decoder(private)

    def read(self, topic: str, key: str, headers: Headers, value: bytes) -> tuple[Envelope, Event]:
        """Raises `UndecodableEvent`, which says what is wrong with it. A message may have no key."""
        about = envelope(headers)
        if key and key != about.subject:
            require_id("the key", key)
        event = self._decoder.decode(about.type, value)
        if wrong := misplaced(topic, about.source, event):
            raise MisplacedEvent(wrong)
        return about, event
