"""運用: servers are monitored; there is no copy of the data beside the encrypted backups."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from contracts.parties import PARTIES
from services.chassis.backup_keys import backups_with_keys, key_folder
from services.console.duties.site import NOT_RUNNING, Found, Site, cannot_tell, fails, few, holds
from services.console.duties.words import Said
from services.console.folder import in_use
from services.console.stack.clients import Refused, Unreachable

WATCHED: Final = ("sansha_outage", "sansha_outbox_due", "sansha_dead_letters", "sansha_consumer_lag")
"""Metrics by which a monitor sees that something waits, is set aside or lags behind."""
_SQLITE: Final = b"SQLite format 3\0"
_SERIES: Final = re.compile(r"^(sansha_\w+)(?:{[^}]*})? (\S+)$", re.MULTILINE)
READY, NOT_READY, FORBIDDEN = 200, 503, 403


async def check_monitored(party: str, site: Site) -> Found:
    """Raises `Refused` for a key that may not read metrics: that says nothing of the party."""
    if site.client is None:
        return NOT_RUNNING
    try:
        ready = await site.client.probe("GET", party, "/health/ready")
        exposition = (await site.client.download(party, "/metrics")).decode()
    except (Refused, Unreachable) as silent:
        if isinstance(silent, Refused) and silent.problem.status == FORBIDDEN:
            raise
        return fails(f"監視の窓口が応答しない：{silent}", f"what a monitor asks is not answered: {silent}")
    return judge_monitored(ready, exposition)


def judge_monitored(ready: int, exposition: str) -> Found:
    """`ready`: HTTP status of readiness; `exposition`: the metrics in Prometheus' form."""
    series = _SERIES.findall(exposition)
    missing = [name for name in WATCHED if name not in {found for found, _ in series}]
    unknown = sorted({name for name, value in series if name in WATCHED and value == "NaN"})
    if missing or ready not in (READY, NOT_READY):
        said = few(missing) if missing else f"readiness: HTTP {ready}"
        return fails(f"監視に必要な指標がない：{said}", f"a monitor cannot see how it does: {said}")
    if unknown:
        return fails(f"値の分からない指標がある：{few(unknown)}", f"metrics without a value: {few(unknown)}")
    state = Said("正常", "ready") if ready == READY else Said("待機あり", "something waits")
    return holds(
        f"{len(series)}系列の指標と稼働状態を監視できる（現在：{state.japanese}）。",
        f"{len(series)} series of metrics, and readiness, answer a monitor (now: {state.english})",
    )


async def check_copies(party: str, site: Site) -> Found:
    """Databases and logs that lie in the data folder and are not in use are copies."""
    if site.folder is None:
        return cannot_tell(
            "データは他の機器にあり、複製を数えられない。",
            "the data are on another machine: copies cannot be counted here",
        )
    return judge_copies(party, site.folder)


def judge_copies(party: str, folder: Path) -> Found:
    used = in_use(folder)
    copies = [path for path in databases_below(folder) if path not in used and _concerns(party, path)]
    names = [str(path.relative_to(folder)) for path in copies]
    if names:
        return fails(
            f"使用していないデータベースの複製が{len(names)}件ある：{few(names)}",
            f"{len(names)} copies of databases beside those in use: {few(names)}",
        )
    backups = len(backups_with_keys(key_folder(folder)))
    return holds(
        f"データフォルダのデータベース{len(used)}件はすべて使用中で、複製はない。暗号化したバックアップは{backups}件。",
        f"each of the {len(used)} databases and log files of the data folder is in use; no copy lies beside them but "
        f"{backups} backups, each encrypted with a key of its own",
    )


def databases_below(folder: Path) -> Iterable[Path]:
    """Files that begin as SQLite's do, whatever their names."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(len(_SQLITE)) == _SQLITE:
                    yield path


def _concerns(party: str, path: Path) -> bool:
    """A copy that bears the name of another party is no copy of this party's."""
    named = [one for one in PARTIES if path.name.startswith(one)]
    return not named or party in named
