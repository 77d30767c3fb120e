"""アクセス記録: the chain is whole, and agrees with the checkpoints that other parties hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from contracts.access_log import Checkpoint, Entry, broken
from contracts.duties.duty import RecordKind
from contracts.http.duties import DutyRecordView
from services.console.books.access_logs import forged, kept_of, log_in_folder, log_of_stack
from services.console.duties.site import Found, Site, cannot_tell, fails, few, holds


async def check_access_log(party: str, site: Site) -> Found:
    if site.client is not None:
        entries: Sequence[Entry] = [entry async for entry in log_of_stack(site.client, party)]
    elif site.folder is not None:
        entries = await log_in_folder(site.folder, party)
    else:
        return cannot_tell("記録の所在が不明である。", "there is no log to read")
    return judge(entries, held_by_others(party, site.records))


def judge(entries: Sequence[Entry], checkpoints: Sequence[Checkpoint]) -> Found:
    wrong = [*forged(checkpoints), *(one.why for one in broken(entries, checkpoints))]
    if wrong:
        return fails(
            f"{len(entries):,}件の記録に改ざんの跡が{len(wrong)}か所ある：{few(wrong)}",
            f"{len(wrong)} breaks in {len(entries):,} entries: {few(wrong)}",
        )
    return holds(
        f"{len(entries):,}件の記録の連鎖に欠落・改変なし。他の当事者が保有する照合点{len(checkpoints)}件と一致。",
        f"{len(entries):,} entries, chained without a gap; checkpoints others hold: {len(checkpoints)}, each agrees",
    )


def held_by_others(party: str, records: Iterable[DutyRecordView]) -> Sequence[Checkpoint]:
    """The checkpoints of a party's log in the registers of others: its own could be rewritten with the log."""
    kind = RecordKind.ACCESS_LOG_CHECKPOINTED
    held = kept_of([one for one in records if one.kind is kind and one.party != party], party)
    return list(dict.fromkeys(held))
