"""甲 registers what its terminal fetched: each record once, to the yen, whatever is there before or sent again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.formats.receipt_file import LINE_BYTES
from contracts.vocabulary import ReceiptKind
from services.ward.terminal import CutOff
from tests.component.driven_terminal import FIRST, SECOND, record, scene
from tests.component.driven_ward import receipt
from tests.component.home import Home
from tests.unit.damaged_files import put

# ---- registered once, to the yen ---------------------------------------------------------------------------


async def test_a_file_is_registered_as_its_events_would_be(home: Home, tmp_path: Path) -> None:
    async with scene(home, tmp_path) as s:
        s.centre.add("A.txt", record(FIRST, s.slips[0]), record(SECOND, s.slips[1]))
        one = await s.pulled()
        assert (one.outcome, one.records, one.new) == ("registered", 2, 2)
        by_file = await s.ward.service.books()
        assert s.copies == []
        events = [receipt(FIRST, s.slips[0]), receipt(SECOND, s.slips[1])]
        await s.ward.send(*events)
        assert await s.ward.service.books() == by_file
        assert await s.ward.reasons("discrepancy") == {}


async def test_what_is_known_by_event_is_not_registered_again(home: Home, tmp_path: Path) -> None:
    async with scene(home, tmp_path) as s:
        await s.ward.send(receipt(FIRST, s.slips[0]))
        before = await s.ward.service.books()
        s.centre.add("A.txt", record(FIRST, s.slips[0]), record(SECOND, s.slips[1]))
        one = await s.pulled()
        assert (one.outcome, one.records, one.new) == ("registered", 2, 1)
        after = await s.ward.service.books()
        assert len(after.receipts) == len(before.receipts) + 1
        assert await s.ward.reasons("discrepancy") == {}


async def test_a_file_that_says_otherwise_than_the_event_is_a_discrepancy_and_the_first_word_stands(
    home: Home, tmp_path: Path
) -> None:
    async with scene(home, tmp_path) as s:
        await s.ward.send(receipt(FIRST, s.slips[0]))
        s.centre.add("A.txt", record(FIRST, s.slips[0], amount=9_999))
        assert (await s.pulled()).new == 0
        assert await s.registered() == [(FIRST, "01", 10_000)]
        because = (await s.ward.reasons("discrepancy"))[FIRST]
        assert "¥10,000" in because
        assert "¥9,999" in because


async def test_a_file_of_many_pages_is_registered_whole(home: Home, tmp_path: Path) -> None:
    async with scene(home, tmp_path) as s:
        ids = [f"00000000-0000-8000-8000-{n:012d}" for n in range(1_203)]
        s.centre.add("A.txt", *(record(i, s.slips[n % 9]) for n, i in enumerate(ids)))
        one = await s.pulled()
        assert (one.outcome, one.records, one.new) == ("registered", 1_203, 1_203)
        (file,) = await s.ward.service.queries.received_files(10)
        assert (file.records, file.new, file.amount) == (1_203, 1_203, sum(s.slips[n % 9].amount for n in range(1_203)))
        assert len(await s.registered()) == 1_203


async def test_an_empty_file_is_received_and_done_with(home: Home, tmp_path: Path) -> None:
    async with scene(home, tmp_path) as s:
        s.centre.add("A.txt")
        one = await s.pulled()
        assert (one.outcome, one.records, one.new) == ("registered", 0, 0)
        assert s.copies == []


# ---- sent twice, sent changed ------------------------------------------------------------------------------


async def test_the_same_content_under_another_name_is_registered_once_and_shown(home: Home, tmp_path: Path) -> None:
    async with scene(home, tmp_path) as s:
        s.centre.add("A.txt", record(FIRST, s.slips[0]))
        await s.pulled()
        s.centre.files["B.txt"] = s.centre.files["A.txt"]
        one = await s.pulled()
        assert (one.name, one.outcome, one.new) == ("B.txt", "registered", 0)
        assert await s.registered() == [(FIRST, "01", 10_000)]
        assert "content of A.txt" in (await s.ward.reasons("discrepancy"))["B.txt"]


async def test_another_content_under_the_same_name_is_refused_and_recorded(home: Home, tmp_path: Path) -> None:
    async with scene(home, tmp_path) as s:
        s.centre.add("A.txt", record(FIRST, s.slips[0]))
        await s.pulled()
        s.centre.add("A.txt", record(FIRST, s.slips[0]), record(SECOND, s.slips[1]))
        (one,) = await s.pull()
        assert one.outcome == "receipt_file_differs"
        assert await s.registered() == [(FIRST, "01", 10_000)]
        assert "differs" in await s.steps()


async def test_a_record_that_an_event_told_and_its_days_file_lacks_is_found(home: Home, tmp_path: Path) -> None:
    async with scene(home, tmp_path) as s:
        await s.ward.send(receipt(FIRST, s.slips[0]), receipt(SECOND, s.slips[1]))
        await s.ward.send(receipt(SECOND, s.slips[1], ReceiptKind.CONFIRMED))  # of the next day: not in this file
        s.centre.add("A.txt", record(FIRST, s.slips[0]))
        assert (await s.pulled()).outcome == "registered"
        missing = await s.ward.reasons("discrepancy")
        assert list(missing) == [SECOND]
        assert missing[SECOND].startswith("receipt_missing_from_file (01): the 速報 of ¥10,000")
        assert max(await s.registered()) == (SECOND, "02", 10_000)  # nothing is undone


# ---- damaged ------------------------------------------------------------------------------------------------


async def test_a_damaged_file_is_refused_with_line_and_byte_and_nothing_of_it_is_registered(
    home: Home, tmp_path: Path
) -> None:
    async with scene(home, tmp_path) as s:
        whole = s.centre.add("A.txt", record(FIRST, s.slips[0]), record(SECOND, s.slips[1]))
        content = s.centre.files["A.txt"]
        for damaged, said in (
            (content[:300], "truncated at line 3, byte 301"),
            (put(content, 4, 23, b"9", LINE_BYTES), "total at line 4, byte 376"),
            (put(content, 3, 4, b"20210230", LINE_BYTES), "date at line 3, byte 248"),
            (content + b"\x1a", f"after_end at line 6, byte {whole.size + 1}"),
        ):
            s.centre.add("A.txt", content=damaged)
            (one,) = await s.pull()
            assert one.outcome == "receipt_file_damaged"
            assert one.detail.startswith(said)
            assert (await s.steps())[-2:] == ["refused", "deleted"]
            assert s.copies == []
        assert await s.registered() == []


async def test_what_replaces_a_damaged_or_a_cut_file_is_registered(home: Home, tmp_path: Path) -> None:
    async with scene(home, tmp_path) as s:
        s.centre.add("A.txt", record(FIRST, s.slips[0]))
        whole = s.centre.files["A.txt"]
        s.centre.add("A.txt", content=whole[:300])
        assert [one.outcome for one in await s.pull()] == ["receipt_file_damaged"]
        s.centre.add("A.txt", content=whole[:200])
        s.centre.cuts = [10, 10, 10]
        assert [one.outcome for one in await s.pull()] == ["cut"]
        s.centre.add("A.txt", content=whole)
        one = await s.pulled()
        assert (one.outcome, one.new, s.copies) == ("registered", 1, [])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reference": ""}, "it names no payment"),
        ({"channel": "0999"}, "channel 0999 was not agreed on"),
        ({"shop": "NOBODY"}, "'NOBODY' is no settler that deposits"),
    ],
    ids=str,
)
async def test_a_record_that_cannot_be_booked_to_the_right_payment_stops_its_file(
    home: Home, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    async with scene(home, tmp_path) as s:
        s.centre.add("A.txt", record(FIRST, s.slips[0]), record(SECOND, s.slips[1])._replace(**change))
        (one,) = await s.pull()
        assert one.outcome == "receipt_not_understood"
        assert said in one.detail
        assert "record 2" in one.detail
        assert await s.registered() == []
        assert s.copies == []


async def test_a_file_that_is_not_what_the_list_says_is_refused(home: Home, tmp_path: Path) -> None:
    async with scene(home, tmp_path) as s:
        listed = s.centre.add("A.txt", record(FIRST, s.slips[0]))
        s.centre.add("A.txt", record(SECOND, s.slips[0]))
        s.centre.view = lambda name: listed  # type: ignore[method-assign]
        (one,) = await s.pull()
        assert one.outcome == "receipt_file_damaged"
        assert "SHA-256" in one.detail
        assert await s.registered() == []


# ---- cut ----------------------------------------------------------------------------------------------------


async def test_a_transfer_that_is_cut_goes_on_where_it_was(home: Home, tmp_path: Path) -> None:
    async with scene(home, tmp_path) as s:
        s.centre.add("A.txt", record(FIRST, s.slips[0]), record(SECOND, s.slips[1]))
        s.centre.cuts = [100, 50]
        one = await s.pulled()
        assert (one.outcome, one.new) == ("registered", 2)
        assert s.centre.asked == ["", "bytes=100-", "bytes=150-"]
        assert (await s.steps()).count("resumed") == 2


async def test_a_line_that_is_cut_again_and_again_leaves_the_rest_to_the_next_session(
    home: Home, tmp_path: Path
) -> None:
    async with scene(home, tmp_path) as s:
        s.centre.add("A.txt", record(FIRST, s.slips[0]))
        s.centre.cuts = [10, 10, 10]
        (one,) = await s.pull()
        assert (one.outcome, len(s.copies)) == ("cut", 1)
        assert await s.registered() == []
        s.ward.clock.step_to(s.ward.clock.now() + timedelta(minutes=1))
        (one,) = await s.pull()
        assert (one.outcome, one.new) == ("registered", 1)
        assert s.centre.asked[-1] == "bytes=30-"


async def test_a_centre_that_is_silent_is_told(home: Home, tmp_path: Path) -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    async with scene(home, tmp_path) as s:
        s.centre.answer = silent  # type: ignore[method-assign]
        with pytest.raises(CutOff, match="does not answer"):
            await s.pull()
