"""バックアップ: there is one, its key is there, and every file of it can be decrypted and is as it was written."""

from __future__ import annotations

import asyncio
from pathlib import Path

from services.chassis.backup_keys import KeyGone, backups_with_keys, key_folder, made_at
from services.console.backup.encryption import Altered
from services.console.backup.manifest import Manifest
from services.console.backup.restoring import check
from services.console.duties.site import Found, Site, cannot_tell, fails, holds


async def check_backed_up(party: str, site: Site) -> Found:
    """The latest backup of the data folder; it has the data of all parties."""
    if site.folder is None:
        service = f"{party.replace('_', '-').replace('.', '-')}-backup"
        return cannot_tell(
            f"バックアップは当事者のもとにあり、ここからは見えない（コンテナでは docker compose exec {service} "
            "sansha backup list --to /backups --keys /backup-keys）。",
            f"the party has its own backups, not to be seen from here (in containers: docker compose exec {service} "
            "sansha backup list --to /backups --keys /backup-keys)",
        )
    return await asyncio.to_thread(judge_backups, key_folder(site.folder), site.backups)


def judge_backups(keys: Path, folder: Path) -> Found:
    """`folder` has the backups, `keys` their keys."""
    made = backups_with_keys(keys)
    if not made:
        return fails(
            "バックアップがない（sansha backup create で取得できる）。",
            "no backup has been made; make one with: sansha backup create",
        )
    latest = made[-1]
    when = f"{made_at(latest):%Y-%m-%d %H:%M}Z"
    if not (folder / latest).is_dir():
        return cannot_tell(
            f"最新のバックアップ（{when}）が {folder} にない。--backups で所在を指定する。",
            f"the latest of {len(made)} backups, of {when}, is not in {folder}: name its folder with --backups",
        )
    try:
        manifest = check(folder / latest, keys)
    except (Altered, KeyGone) as wrong:
        return fails(f"最新のバックアップを復元できない：{wrong}", f"the latest backup cannot be restored: {wrong}")
    return _restorable(manifest, when, len(made))


def _restorable(manifest: Manifest, when: str, count: int) -> Found:
    size = sum(entry.content_bytes for entry in manifest.files)
    return holds(
        f"バックアップ{count}件。最新（{when}）の{len(manifest.files)}ファイル、{size:,}バイトを復号し、記録時のままと確認した。",
        f"backups: {count}; of the latest, of {when}, {len(manifest.files)} files of {size:,} bytes were decrypted and "
        "are as they were written",
    )
