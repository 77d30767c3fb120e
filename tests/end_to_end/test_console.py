"""`sansha console`: the clock of a stack whose parties are started separately."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from testbed.processes import Running, eventually, finished, free_port_base, module
from testbed.running_stack import CONSOLE

pytestmark = pytest.mark.processes


class Console:
    """A console over an embedded log that no party uses yet."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port_base()
        settings = {
            "SANSHA_BUS_URL": f"embedded:{folder / 'bus'}",
            "SANSHA_PORT": str(self.port),
            "SANSHA_ACCESS": "open",
        }
        command = module(CONSOLE, "console", "--port-base", str(self.port), *options)
        self.process = Running(command, folder, folder / "console.log", settings)
        self._http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=30.0)

    async def start(self) -> None:
        await self.process.start()
        await eventually(self._is_ready, "a console that is ready")

    async def _is_ready(self) -> bool:
        assert not self.process.has_ended, self.process.said
        try:
            return (await self._http.get("/health/ready")).is_success
        except httpx.TransportError:
            return False

    async def now(self) -> str:
        return str((await self._http.get("/clock")).json()["now"])

    async def advance(self, to: str) -> httpx.Response:
        return await self._http.post("/clock/advance", json={"to": to, "patience_seconds": 0.2})

    async def close(self) -> None:
        await self._http.aclose()
        await self.process.close()


@pytest.fixture
async def consoles(tmp_path: Path) -> AsyncIterator[list[Console]]:
    """Two consoles that own one clock in turn."""
    made = [Console(tmp_path, "--clock", "stepped", "--from", day) for day in ("2021-07-01", "2021-09-01")]
    yield made
    for console in made:
        await console.close()


async def test_the_clock_goes_on_where_it_stood_and_sigterm_ends_it_well(consoles: list[Console]) -> None:
    for console in consoles:
        await console.start()
        assert await console.now() == "2021-07-01T00:00:00+09:00"
        assert await console.process.end(signal.SIGTERM) == 0


async def test_time_waits_for_parties_that_are_not_there_and_names_them(consoles: list[Console]) -> None:
    console = consoles[0]
    await console.start()
    answer = await console.advance("2021-07-02T00:00:00+09:00")
    assert answer.json()["code"] == "clock_blocked"
    assert f"ward does not answer at 127.0.0.1:{console.port + 1}" in answer.json()["detail"]
    assert await console.now() == "2021-07-01T00:00:00+09:00"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "SANSHA_BUS_URL is not set"),
        ({"SANSHA_BUS_URL": "carrier-pigeon:"}, "carrier-pigeon"),
        ({"SANSHA_STACK_HOSTS": "bank=b"}, "there is no party 'bank'"),
    ],
)
async def test_settings_that_cannot_be_used_are_named_in_one_line(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    done = await finished(*module(CONSOLE, "console"), cwd=tmp_path, **{"SANSHA_ACCESS": "open", **settings})
    assert done.status == 2
    (line,) = done.err.strip().splitlines()
    assert said in line
