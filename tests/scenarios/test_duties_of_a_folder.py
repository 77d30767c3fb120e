"""How the duties of a data folder stand on the day that its clock shows, whatever its registers hold."""

from __future__ import annotations

import shutil
from datetime import date, time
from pathlib import Path

import pytest

from contracts.vocabulary import on_the_clock
from services.console.duties.looking import Asked, NoSuchDay, look_in_folder
from services.console.sandbox.sandbox import Sandbox


async def test_a_folder_is_looked_at_on_the_day_that_its_clock_shows(tmp_path: Path) -> None:
    async with Sandbox(on_the_clock(date(2021, 4, 1), time(9)), seed=7, folder=tmp_path) as sandbox:
        await sandbox.advance(on_the_clock(date(2021, 9, 30), time(9)))
    standing = await look_in_folder(tmp_path, Asked())
    assert standing.on == date(2021, 9, 30)
    assert (await look_in_folder(tmp_path, Asked(on=date(2021, 5, 1)))).on == date(2021, 5, 1)


async def test_a_folder_without_clock_and_records_has_no_day_of_its_own(tmp_path: Path) -> None:
    async with Sandbox(on_the_clock(date(2021, 4, 1), time(9)), seed=7, folder=tmp_path):
        pass
    shutil.rmtree(tmp_path / "bus")
    with pytest.raises(NoSuchDay, match="name a day with --on"):
        await look_in_folder(tmp_path, Asked())
