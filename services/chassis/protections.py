"""What a service says of its own protection: how it is connected, by its settings; how it is confined, by Linux."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final, Literal

from sqlalchemy.engine import make_url

from contracts.http.service import Confinement, Protections
from services.chassis.settings import ServiceSettings, is_loopback

_NO_LIMIT: Final = 2**60
"""Bytes. cgroup 1 writes a number above it where there is no limit."""
_MARKS: Final = (".dockerenv", "run/.containerenv")
"""Files at the root of a container, of Docker and of Podman."""


def protections_of(settings: ServiceSettings) -> Protections:
    peers = tuple(filter(None, settings.http_peers.replace(" ", "").split(",")))
    return Protections(
        http=_http(settings, peers),
        http_peers=peers,
        bus=_bus(settings),
        database=_database(settings.database_url),
        sealed=settings.sealing_readers_file is not None,
        confinement=confinement(),
    )


def confinement(root: Path = Path("/")) -> Confinement | None:
    """Of this process, from the files below `root`; None if they are not those of a container."""
    if not any((root / mark).exists() for mark in _MARKS):
        return None
    status = _text(root / "proc/self/status")
    return Confinement(
        read_only=bool(os.statvfs(root).f_flag & os.ST_RDONLY),
        capabilities=int(_field(status, "CapEff") or "0", 16),
        no_new_privileges=_field(status, "NoNewPrivs") == "1",
        memory_bytes=_limit(root, "memory.max", "memory/memory.limit_in_bytes"),
        processes=_limit(root, "pids.max", "pids/pids.max"),
    )


def _http(settings: ServiceSettings, peers: tuple[str, ...]) -> Literal["loopback", "plain", "tls", "named_peers"]:
    if settings.http_ca_file is not None:
        return "named_peers" if peers else "tls"
    return "loopback" if is_loopback(settings.host) else "plain"


def _bus(
    settings: ServiceSettings,
) -> Literal["own_files", "memory", "plain", "tls", "password", "password_over_tls"]:
    if settings.kafka_options("") is None:
        return "own_files" if settings.embedded_folder is not None else "memory"
    match settings.kafka_security_protocol:
        case "SASL_SSL":
            return "password_over_tls"
        case "SASL_PLAINTEXT":
            return "password"
        case "SSL":
            return "tls"
        case _:
            return "plain"


def _database(url: str) -> Literal["own_file", "plain", "tls", "verified"]:
    found = make_url(url)
    if found.get_backend_name() == "sqlite":
        return "own_file"
    mode = found.query.get("sslmode", "verify-full" if "sslrootcert" in found.query else "prefer")
    return "verified" if mode == "verify-full" else "tls" if mode in ("require", "verify-ca") else "plain"


def _limit(root: Path, *names: str) -> int | None:
    """Of a control group, version 2 or 1."""
    found = next((text for name in names if (text := _text(root / "sys/fs/cgroup" / name).strip())), "max")
    return int(found) if found.isdigit() and int(found) < _NO_LIMIT else None


def _field(status: str, name: str) -> str:
    found = re.search(rf"^{name}:\s*(\S+)$", status, re.MULTILINE)
    return found[1] if found else ""


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
