"""Scenarios of receipt files (収納データファイル): made at the collection centre, pulled by the ward's terminal (端末).

The file of a day is made in the night after it. Until August 2021 the line is ISDN, open from 9:00 to 17:00.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time, timedelta

from contracts.calendar import BANK_CALENDAR
from contracts.formats import receipt_file
from contracts.formats.receipt_file import LINE_BYTES, RECORD_BYTES, FileHeader
from contracts.formats.receipt_record import ReceiptRecord, payment_of
from contracts.vocabulary import Method, on_the_clock
from services.console.scenarios.at_the_terminal import MOST_READ, ON_THE_LINE, Room, at_the_terminal, in_japan
from services.console.scenarios.world import DUE, World, only
from services.ward.terminal import Fetched

LAST_BEFORE_CLOSING, DEPOSITED = date(2021, 7, 9), date(2021, 7, 27)
"""UC closes on 10 July 2021 and deposits on the 26th; on the day after, nothing is left to fetch."""
DAY = timedelta(days=1)
Facts = list[tuple[str, str, int]]
"""(payment, kind, yen) of receipt records, in order."""


async def _paid_in_the_app(world: World) -> list[str]:
    """Two payments of a day, one by card, one by internet banking; then it is ten the next morning."""
    slips = [await world.slip(), await world.slip()]
    day = await world.some_days(LAST_BEFORE_CLOSING)
    payments = [await world.pays(slips[0], Method.CARD), await world.pays(slips[1], Method.INTERNET_BANKING)]
    await world.until(day + DAY, 10)
    return payments


async def _content(world: World) -> tuple[str, bytes]:
    """Name and bytes of the one file that can be fetched."""
    provider = world.sandbox.provider
    file = only(await provider.centre.files(), "receipt files")
    return file.name, b"".join([part async for part in provider.centre.content(file.name, 0, file.size)])


async def _known(world: World) -> Facts:
    """The receipt records at the ward."""
    return sorted((r.payment_id, r.kind, r.amount) for r in (await world.sandbox.books())["ward"].receipts)


def _said(content: bytes) -> Facts:
    """The receipt records of a file."""
    return sorted((payment_of(r.reference), r.kind.value, r.amount) for r in receipt_file.records([content]))


def _became(files: Sequence[Fetched]) -> tuple[str, int, int]:
    """(outcome, records, new records) of the one file received."""
    file = only(files, "files that came")
    return file.outcome, file.records, file.new


async def file_registered(world: World) -> None:
    """収納データファイル: a day's file is fetched and registered, and agrees with its events; its copy is deleted."""
    await _paid_in_the_app(world)
    name, content = await _content(world)
    world.claim("the file says what the events said", _said(content), await _known(world))
    books = (await world.sandbox.books())["ward"]
    with at_the_terminal(world) as room:
        world.claim("two records, none of them new", _became(await room.receives()), ("registered", 2, 0))
        world.claim("nothing is booked twice", (await world.sandbox.books())["ward"] == books)
        world.claim("no temporary copy is left 一時データ削除", room.copies, [])
        steps = ["logged_in", "begun", "logged_in", "registered", "deleted"]
        world.claim("作業記録 each step is recorded", await room.steps(), steps)
        asked = [("login", "admitted"), ("list", "admitted"), (f"file {name}", "admitted")]
        world.claim("接続記録 and each request at the centre", await room.accesses(), [*asked, *asked[:2]])
        await room.receives_until(DEPOSITED)
    await world.claim_all_is_settled()


async def file_fetched_again(world: World) -> None:
    """ファイル再受信: a registered file is fetched again: every record is known already, and nothing changes."""
    await _paid_in_the_app(world)
    with at_the_terminal(world) as room:
        world.claim("two new records", _became(await room.receives()), ("registered", 2, 2))
        books = (await world.sandbox.books())["ward"]
        world.claim("by itself it is not fetched again", list(await room.pulls()), [])
        again = _became(await room.receives(again=True))
        world.claim("once more: every record was known", again, ("registered", 2, 0))
        world.claim("the books are the same", (await world.sandbox.books())["ward"] == books)
        file = only(await world.sandbox.ward.queries.received_files(MOST_READ), "files on record")
        world.claim("received twice, on record", file.times_received, 2)
        await room.receives_until(DEPOSITED)
    await world.claim_all_is_settled()


async def file_sent_under_another_name(world: World) -> None:
    """ファイル二重送信: the same content comes under a further name; it counts once, and staff are shown both."""
    await _paid_in_the_app(world)
    name, content = await _content(world)
    further = name.replace(".", "-2.")
    with at_the_terminal(world, {further: content}) as room:
        fetched = {one.name: one for one in await room.receives()}
        world.claim("both are received", sorted(fetched), sorted((name, further)))
        world.claim("the records of both are registered once", sum(one.new for one in fetched.values()), 2)
        world.claim("no temporary copy is left 一時データ削除", room.copies, [])
    found = await world.open_item("discrepancy")
    world.claim("found", "receipt_file_repeated" in found.because)
    world.claim("both are named", (name in found.because, further in found.because), (True, True))
    with at_the_terminal(world) as room:
        await room.receives_until(DEPOSITED)
    world.claim("nothing else is open at the ward", sorted(await world.open_items()), ["discrepancy"])


async def file_truncated(world: World) -> None:
    """ファイル破損: a truncated file is refused with line and byte, and fetched whole later; nothing is lost."""
    await _paid_in_the_app(world)
    name, content = await _content(world)
    line, byte = world.one_of(range(2, len(content) // LINE_BYTES + 1)), world.one_of(range(1, RECORD_BYTES))
    left = (line - 1) * LINE_BYTES + byte
    world.tell("ファイル破損 file truncated", f"{name}: {left} of {len(content)} bytes are left")
    with at_the_terminal(world, {name: content[:left]}) as room:
        one = only(await room.pulls(), "files pulled")
        world.claim("refused", one.outcome, "receipt_file_damaged")
        said = f"truncated at line {line}, byte {left + 1}"
        world.claim("with the line and the byte at which it ends", one.detail.partition(":")[0], said)
        world.claim("nothing of it is registered", await _known(world), [])
        world.claim("its copy is deleted", (room.copies, (await room.steps())[-2:]), ([], ["refused", "deleted"]))
    await world.until(world.today, 11)
    with at_the_terminal(world) as room:
        world.claim("whole it is registered", _became(await room.receives()), ("registered", 2, 2))
        world.claim("nothing is lost", await _known(world), _said(content))
        await room.receives_until(DEPOSITED)
    await world.claim_all_is_settled()


async def record_missing_from_a_file(world: World) -> None:
    """ファイル記録漏れ: a file lacks a record that came as an event; it is found, and the payment counts."""
    payments = await _paid_in_the_app(world)
    name, content = await _content(world)
    missing = world.one_of(payments)
    lines = [*receipt_file.read([content])]
    others = [r for r in lines if isinstance(r, ReceiptRecord) and payment_of(r.reference) != missing]
    header = next(one for one in lines if isinstance(one, FileHeader))
    world.tell("ファイル記録漏れ record left out of the file", f"{name}: payment {missing}")
    with at_the_terminal(world, {name: b"".join(receipt_file.write([(header, others)]))}) as room:
        world.claim("the file is whole, with one record", _became(await room.receives()), ("registered", 1, 0))
    item = await world.open_item("discrepancy")
    world.claim("found", item.because.partition(":")[0], "receipt_missing_from_file (01)")
    world.claim("the payment is named", item.subject, missing)
    world.claim(
        "the receipt from the event stands", [payment for payment, _, _ in await _known(world)], sorted(payments)
    )
    with at_the_terminal(world) as room:
        await room.receives_until(DEPOSITED)
    world.claim("nothing else is open at the ward", sorted(await world.open_items()), ["discrepancy"])


async def receipts_by_file_alone(world: World) -> None:
    """ファイルのみの収納連携: without events the ward learns of a payment when its terminal pulls the day's file."""
    slip = await world.slip()
    day = await world.some_days(LAST_BEFORE_CLOSING)
    payment = await world.pays(slip, Method.CARD)
    with at_the_terminal(world) as room:
        await world.until(day, 16)
        world.claim("the day's file is not made yet", list(await room.pulls()), [])
        await world.until(day + DAY, 10)
        world.claim("the ward does not know on the next morning", await world.outstanding(slip), slip.amount)
        world.claim("its file registers it", _became(await room.receives()), ("registered", 1, 1))
        world.claim("now it is paid", await world.outstanding(slip), 0)
        await world.until(BANK_CALENDAR.add(day, 3))
        world.claim("確報 is made, and the ward does not know", [k for k, _ in await world.records(payment)], ["01"])
        await room.receives_until(DEPOSITED)
    world.claim("確報 came in its file", [kind for kind, _ in await world.records(payment)], ["01", "02"])
    await world.claim_all_is_settled()


async def file_comes_after_the_reminder(world: World) -> None:
    """ファイル連携の行き違い: paid by card the evening before the reminders; the line opens after they are sent."""
    slip = await world.slip(due=DUE)
    await world.until(date(2021, 8, 19), 20)
    payment = await world.pays(slip, Method.CARD)
    with at_the_terminal(world) as room:
        await world.until(date(2021, 8, 20), 9)
        world.claim("registered as soon as the line is open", _became(await room.receives()), ("registered", 1, 1))
        found = await world.sandbox.ward.queries.crossings()
        crossing = only(found.crossings, "crossings")
        world.claim("督促の行き違い a reminder has crossed it", (found.reminders, crossing.payment_id), (1, payment))
        world.claim("though it was paid by card", [c.method for c in found.by_channel], [Method.CARD])
        await room.receives_until(date(2021, 9, 14))
    await world.claim_all_is_settled()


async def isdn_then_lgwan(world: World) -> None:
    """ISDNからLGWANへ: the line is open from 9:00 to 17:00 until August 2021, and from 8:00 to 21:00 from then on."""
    slips = [await world.slip(), await world.slip()]
    day = await world.some_days(date(2021, 8, 30))
    await world.pays(slips[0], Method.CARD)
    with at_the_terminal(world) as room:
        await _opens(room, day + DAY, 9)
        await world.until(date(2021, 8, 31), 17)
        await world.pays(slips[1], Method.CARD)
        await _opens(room, date(2021, 9, 1), 8)
        files = await world.sandbox.ward.queries.received_files(MOST_READ)
        world.claim("each by the line of its day", [f.line for f in files], ["lgwan", "isdn"])
        await room.receives_until(date(2021, 9, 14))
    await world.claim_all_is_settled()


async def _opens(room: Room, day: date, hour: int) -> None:
    """Half an hour before, a pull is answered that the line is closed, and when it opens; then the file comes."""
    world, opens = room.world, on_the_clock(day, time(hour))
    await world.until(day, hour - 1, 30)
    closed = only(await room.pulls(), "files pulled")
    world.claim(f"half past {hour - 1}: the line is closed", closed.outcome, "line_closed")
    world.claim("the answer says when it opens", f"opens at {opens.isoformat()}" in closed.detail)
    await world.until(day, hour)
    world.claim(f"{hour} o'clock: the file comes", _became(await room.receives()), ("registered", 1, 1))


async def line_closes_midway(world: World) -> None:
    """回線時間切れ: a slow line closes while it carries a file; the rest comes the next morning, and then it counts."""
    slip = await world.slip()
    day = await world.some_days(date(2021, 7, 7))
    await world.pays(slip, Method.CARD)
    await world.until(day + DAY, 16, 58)
    with at_the_terminal(world) as room:
        one = only(await room.pulls(), "files pulled")
        world.claim("two minutes before it closes: on the line", one.outcome, ON_THE_LINE)
        world.claim("until the next morning", in_japan(one.arrives_at), f"{day + 2 * DAY} 09:02:04")
        await world.until(day + 2 * DAY, 9, 2)
        world.claim("two minutes after it opens: not yet", {o.outcome for o in await room.pulls()}, {ON_THE_LINE})
        world.claim("its copy is not deleted", len(room.copies), 1)
        world.claim("the ward does not know", await world.outstanding(slip), slip.amount)
        await world.until(day + 2 * DAY, 9, 3)
        world.claim("then it is registered", _became(await room.pulls()), ("registered", 1, 1))
        world.claim("paid, and no copy is left", (await world.outstanding(slip), room.copies), (0, []))
        await room.receives_until(DEPOSITED)
    await world.claim_all_is_settled()
