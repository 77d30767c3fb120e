"""通信と隔離: each hop of a party is authenticated, and its containers are confined, as the party itself says."""

from __future__ import annotations

from typing import Final

from contracts.http.service import Confinement, Environment, Protections
from services.console.duties.site import NOT_RUNNING, Found, Site, cannot_tell, fails, few, holds
from services.console.stack.clients import StackClient

ONE_MACHINE: Final = cannot_tell(
    "全当事者が1台の機器上のプロセスであり、ループバックで通信する。当事者間の回線はない。",
    "all parties are processes of one machine and talk over loopback: there is no line between them",
)
NOT_SAID: Final = cannot_tell(
    "当事者のシステムが古く、接続の状態を示さない。",
    "the party is of an earlier version, which does not say how it is connected",
)
NO_CONTAINER: Final = cannot_tell(
    "当事者ごとのコンテナで稼働していない。", "the party does not run in a container of its own"
)


async def check_named_peers(party: str, site: Site) -> Found:
    if site.client is None:
        return NOT_RUNNING
    found = await protections(site.client, party)
    return NOT_SAID if found is None else judge_peers(found)


def judge_peers(p: Protections) -> Found:
    """HTTP for named peers, the bus by user and password, the database by its name; each over TLS."""
    if is_on_one_machine(p):
        return ONE_MACHINE
    weak = [
        f"{hop} ({kind})"
        for hop, kind, good in (
            ("HTTP", p.http, ("named_peers",)),
            ("bus", p.bus, ("password_over_tls",)),
            ("database", p.database, ("verified", "own_file")),
        )
        if kind not in good
    ]
    if weak:
        return fails(
            f"相手を認証しない、又は暗号化しない経路がある：{few(weak)}",
            f"hops without authentication of both ends over TLS: {few(weak)}",
        )
    return holds(
        f"HTTPは証明書で名指しした相手（{few(p.http_peers)}）に限り、バスはパスワードとTLS、データベースは{p.database}による。",
        f"HTTP admits the certificates of {few(p.http_peers)}; the bus, a password over TLS; database: {p.database}",
    )


def is_on_one_machine(p: Protections) -> bool:
    """Whether it is a process of an embedded stack, which shares one machine, or one container, with the others."""
    return p.http == "loopback" and p.bus in ("own_files", "memory") and p.database == "own_file"


async def check_containers(party: str, site: Site) -> Found:
    if site.client is None:
        return NOT_RUNNING
    found = await protections(site.client, party)
    if found is None:
        return NOT_SAID
    return NO_CONTAINER if is_on_one_machine(found) else judge_confinement(found.confinement)


def judge_confinement(found: Confinement | None) -> Found:
    if found is None:
        return NO_CONTAINER
    loose = [
        said
        for said, is_so in (
            ("root file system writable", not found.read_only),
            (f"capabilities {found.capabilities:x}", found.capabilities != 0),
            ("new privileges possible", not found.no_new_privileges),
            ("no limit of memory", found.memory_bytes is None),
            ("no limit of processes", found.processes is None),
        )
        if is_so
    ]
    if loose:
        return fails(f"コンテナの制限が不足している：{few(loose)}", f"the container is not confined: {few(loose)}")
    return holds(
        f"ルートは読取専用、権限（capability）なし、メモリは{found.memory_bytes:,}バイト、プロセスは{found.processes}まで。",
        f"read-only root, no capabilities, no new privileges, at most {found.memory_bytes:,} bytes and "
        f"{found.processes} processes",
    )


async def protections(client: StackClient, party: str) -> Protections | None:
    """What a party says of its own; None from one of an earlier version."""
    return Environment.model_validate(await client.get(party, "/ops/environment")).protections
