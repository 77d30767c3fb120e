"""The ward's terminal (端末) in a story: the files it pulls, its copies and records, the collection centre's files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from pydantic import TypeAdapter

from contracts.calendar import BANK_CALENDAR
from contracts.formats import receipt_file
from contracts.formats.damage import DamagedFile
from contracts.http.payment_provider.receipt_files import ReceiptFileView
from contracts.vocabulary import JST
from services.console.sandbox.terminal import terminal_of
from services.console.scenarios.world import World
from services.ward.terminal import Fetched, Terminal

ON_THE_LINE = "receipt_file_on_the_line"
MOST_READ = 1_000
"""The most files, steps and accesses to read; a story has fewer."""
_LIST = "/receipt-files"
_VIEWS = TypeAdapter(list[ReceiptFileView])


@dataclass
class Room:
    """The room of the terminal; `folder` holds its temporary copies (一時データ)."""

    world: World
    terminal: Terminal
    folder: Path

    async def pulls(self) -> Sequence[Fetched]:
        """Log in, fetch new files, and register those that the line has delivered."""
        fetched = await self._pull()
        if not fetched:
            self._tell("新着なし nothing new")
        return fetched

    async def receives(self, *, again: bool = False) -> Sequence[Fetched]:
        """Pull, wait for the line, and register; with `again`, files registered before are fetched again."""
        fetched = {one.name: one for one in await self._pull(again=again)}
        arrivals = [one.arrives_at for one in fetched.values() if one.arrives_at is not None]
        if arrivals:
            await self.world.sandbox.advance(max(arrivals))
            fetched |= {one.name: one for one in await self._pull()}
        return [*fetched.values()]

    async def receives_until(self, last: date) -> None:
        """Receive every morning on which banks are open, up to that of `last`."""
        while self.world.today < last:
            await self.world.until(BANK_CALENDAR.next_open(self.world.today + timedelta(days=1)), 10)
            await self.receives()

    async def _pull(self, *, again: bool = False) -> Sequence[Fetched]:
        fetched = await self.terminal.pull(again=again)
        for one in fetched:
            self._tell(f"{one.name}, {_became(one)}")
        return fetched

    def _tell(self, detail: str) -> None:
        self.world.tell("端末受信 pulled by the terminal", detail)

    @property
    def copies(self) -> list[str]:
        """The names of the terminal's temporary copies."""
        return sorted(path.name for path in self.folder.iterdir())

    async def steps(self) -> list[str]:
        """作業記録: the steps at the terminal, in order of time."""
        return [step.step for step in reversed(await self.world.sandbox.ward.queries.terminal_steps(MOST_READ))]

    async def accesses(self) -> list[tuple[str, str]]:
        """接続記録: (request, outcome) at the collection centre, in order of time."""
        found = await self.world.sandbox.provider.queries.terminal_accesses(MOST_READ)
        return [(access.what, access.outcome) for access in reversed(found)]


def in_japan(at: datetime | None) -> str:
    """Day and time, to the second."""
    return "" if at is None else f"{at.astimezone(JST):%Y-%m-%d %H:%M:%S}"


def _became(one: Fetched) -> str:
    if one.outcome == "registered":
        return f"登録 registered: {one.records} in it, {one.new} new"
    if one.outcome == ON_THE_LINE:
        return f"受信中 on the line until {in_japan(one.arrives_at)}"
    return f"{one.outcome}: {one.detail}"


@contextmanager
def at_the_terminal(world: World, others: Mapping[str, bytes] | None = None) -> Iterator[Room]:
    """A terminal, whose folder is deleted afterwards. `others` replace files of the collection centre, by name."""
    with TemporaryDirectory() as folder:
        device = terminal_of(world.sandbox, Path(folder), lambda centre: _Between(centre, others) if others else centre)
        yield Room(world, device, Path(folder))


class _Between(httpx.AsyncBaseTransport):
    """A collection centre that lists and sends what `centre` does, with other content under some names."""

    def __init__(self, centre: httpx.AsyncBaseTransport, others: Mapping[str, bytes]) -> None:
        self._centre, self._others = centre, others

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._centre.handle_async_request(request)
        path = request.url.path
        if path == _LIST:
            listed = _VIEWS.validate_json(await answer.aread())
            views = {view.name: view for view in listed} | {name: self._view(name, listed) for name in self._others}
            return httpx.Response(200, content=_VIEWS.dump_json([*views.values()]))
        content = self._others.get(path.removeprefix(f"{_LIST}/"))
        return answer if content is None else httpx.Response(200, stream=httpx.ByteStream(content))

    def _view(self, name: str, listed: Sequence[ReceiptFileView]) -> ReceiptFileView:
        """The file as it would be listed; a name unknown to the centre counts as a further file of its last day."""
        content = self._others[name]
        view = next((v for v in listed if v.name == name), listed[-1])
        seen = {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        try:
            records = [*receipt_file.records([content])]
        except DamagedFile:
            return view.model_copy(update=seen)
        return view.model_copy(update={**seen, "records": len(records), "amount": sum(r.amount for r in records)})
