"""Looks at all duties: reads the registers and runs the checks, at a running stack or in a data folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

from contracts import topics
from contracts.access_log import Entry
from contracts.http.access import AccessView
from contracts.http.console import ClockView
from contracts.http.duties import DutyRecordView
from contracts.parties import PARTIES
from contracts.vocabulary import business_date, on_the_clock
from services.chassis.bus.port import UnknownTopic
from services.chassis.clock import Clock
from services.chassis.clock_topic import ClockFollower
from services.console.books.access_logs import log_in_folder
from services.console.duties.checks.bus import log_in
from services.console.duties.inspecting import inspect
from services.console.duties.registers import registers_in_folder, registers_of_stack
from services.console.duties.site import BACKUPS, Site
from services.console.duties.standing import Seen, Standing, stand
from services.console.duties.words import Said
from services.console.stack.addresses import Addresses
from services.console.stack.clients import StackClient, Unreachable
from services.console.stack.credentials import data_folder


class NoSuchDay(Exception):
    """Nothing is known of that day; the text says which days there are."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the caller asks for; None for today, and for the day of the first trace of work."""

    on: date | None = None
    began: date | None = None
    backups: Path = BACKUPS


async def look_at_stack(client: StackClient, asked: Asked) -> Standing:
    """How the duties stand on a day of a running stack.

    Raises `NoSuchDay` for a day to come, `Refused`, `Unreachable`.
    """
    now = ClockView.model_validate(await client.get(topics.CONSOLE, "/clock")).now
    today = business_date(now)
    if asked.on is not None and asked.on > today:
        raise NoSuchDay(
            f"{asked.on} is still to come: the stack's clock shows {today}; name that day or an earlier one"
        )
    records = await registers_of_stack(client)
    on, port = asked.on or today, client.addresses.port_base
    began = asked.began or _first_day(records, [*await _first_reads(client), now])
    checks = await inspect(Site(client, data_folder(port), records, asked.backups))
    place = Said(f"稼働中のシステム（ポート{port}）", f"the running stack on port {port}")
    return stand(records, checks, on=on, began=began, seen=Seen(now, place, _urls(client.addresses)))


async def look_in_folder(folder: Path, asked: Asked) -> Standing:
    """How the duties stand by a data folder; by default on the last day that its clock showed.

    Raises `LookupError` for a folder that cannot be read, `NoSuchDay` if nothing tells its day and none is given.
    """
    records = await registers_in_folder(folder)
    reads: list[Entry] = [entry for party in PARTIES for entry in await log_in_folder(folder, party)]
    instants = [*(record.at for record in records), *(entry.access.at for entry in reads)]
    at = max([*instants, *await _clock_of(folder)], default=None)
    if at is None or (asked.on is not None and asked.on > business_date(at)):
        if asked.on is None:
            raise NoSuchDay(f"{folder} has no clock, and its registers are empty; name a day with --on")
        at = on_the_clock(asked.on, time.max)
    on = asked.on or business_date(at)
    checks = await inspect(Site(None, folder, records, asked.backups))
    place = Said(f"データフォルダ {folder}", f"the data folder {folder}")
    began = asked.began or _first_day(records, [*instants, at])
    return stand(records, checks, on=on, began=began, seen=Seen(at, place, _urls(Addresses())))


async def _clock_of(folder: Path) -> Sequence[datetime]:
    """What the folder's clock showed when it was last set; nothing without a log in the folder."""
    if not (folder / "bus").is_dir():
        return []
    async with log_in(folder / "bus") as bus:
        follower = ClockFollower(bus, Clock.real())
        try:
            await follower.catch_up()
        except UnknownTopic:
            return []
    return [] if follower.last is None else [follower.last.simulated_at]


def _first_day(records: Sequence[DutyRecordView], instants: Iterable[datetime]) -> date:
    """The day of the first trace of work: a record, or a read of personal data."""
    return business_date(min([*(record.at for record in records), *instants]))


async def _first_reads(client: StackClient) -> Sequence[datetime]:
    """Of each party's access log."""
    found: list[datetime] = []
    for party in PARTIES:
        with suppress(Unreachable):  # it may have been left out of the stack
            answer = await client.get(party, "/ops/access-log", limit=1)
            found += [AccessView.model_validate(one).at for one in answer]
    return found


def _urls(addresses: Addresses) -> dict[str, str]:
    return {party: addresses.url(party) for party in PARTIES}
