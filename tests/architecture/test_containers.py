"""What holds for every container of the stack, those added later included."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from services.console import __version__
from tests.architecture.source_tree import ROOT

yaml = pytest.importorskip("yaml", reason="pip install -c constraints.txt pyyaml")

EXACT = re.compile(r"[\w./-]+(:\d+\.\d+\.\d+|@sha256:[0-9a-f]{64})")
"""An image by its whole version, or by its digest."""
CHECKED_AT_ITS_START = {"${STACK_POSTGRES_IMAGE:-postgres:17-trixie}": "POSTGRES_VERSION"}
"""Images by a tag that moves → the variable whose version the container compares with its own before it starts."""
PIP_INSTALL = re.compile(r"pip [^&|\n]*\binstall\b([^&|\n]*)")
OUTSIDE = "outside"


def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return document


def offences(service: Mapping[str, Any]) -> Iterator[str]:
    """The rules that a service breaks."""
    rules = {
        "read_only: true": service.get("read_only") is True,
        "cap_drop: [ALL]": service.get("cap_drop") == ["ALL"] and not service.get("cap_add"),
        "no-new-privileges": "no-new-privileges:true" in service.get("security_opt", ()),
        "mem_limit": bool(service.get("mem_limit")),
        "pids_limit": 0 < service.get("pids_limit", 0) <= 512,
        "an exact image": _is_exact(service),
        "no rights on the machine": not _rights_on_the_machine(service),
        "ports on 127.0.0.1 alone": all(str(port).startswith("127.0.0.1:") for port in service.get("ports", ())),
    }
    yield from (rule for rule, holds in rules.items() if not holds)


def _is_exact(service: Mapping[str, Any]) -> bool:
    image = service.get("image", "")
    return bool(EXACT.fullmatch(image)) or CHECKED_AT_ITS_START.get(image) in service.get("environment", {})


def _rights_on_the_machine(service: Mapping[str, Any]) -> bool:
    mounts = [str(volume) for volume in service.get("volumes", ())]
    shared = [service.get(name) for name in ("network_mode", "pid", "ipc", "userns_mode")]
    return bool(service.get("privileged")) or "host" in shared or any("docker.sock" in mount for mount in mounts)


SERVICES = compose()["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_keeps_every_rule(name: str) -> None:
    assert list(offences(SERVICES[name])) == []


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ({"read_only": False}, "read_only: true"),
        ({"cap_add": ["NET_ADMIN"]}, "cap_drop: [ALL]"),
        ({"security_opt": []}, "no-new-privileges"),
        ({"mem_limit": None}, "mem_limit"),
        ({"pids_limit": -1}, "pids_limit"),
        ({"image": "postgres:17"}, "an exact image"),
        ({"image": "redis:latest"}, "an exact image"),
        ({"volumes": ["/var/run/docker.sock:/var/run/docker.sock"]}, "no rights on the machine"),
        ({"network_mode": "host"}, "no rights on the machine"),
        ({"ports": ["8400:8400"]}, "ports on 127.0.0.1 alone"),
    ],
)
def test_a_broken_rule_is_found(change: Mapping[str, Any], broken: str) -> None:
    assert list(offences({**SERVICES["ward"], **change})) == [broken]


def test_our_image_has_the_programs_version() -> None:
    assert {s["image"] for s in SERVICES.values() if s["image"].startswith("sansha:")} == {f"sansha:{__version__}"}


def test_only_the_gateway_joins_a_network_with_a_way_out_and_publishes_ports() -> None:
    networks = compose()["networks"]
    assert [name for name, network in networks.items() if not (network or {}).get("internal")] == [OUTSIDE]
    assert [name for name, s in SERVICES.items() if OUTSIDE in s.get("networks", ()) or "ports" in s] == ["gateway"]
    without = [name for name, s in SERVICES.items() if "networks" not in s]
    assert {name: SERVICES[name].get("network_mode") for name in without} == {
        "secrets": "none",
        "provision": "service:kafka",
    }


def test_only_the_provisioning_has_the_authoritys_key() -> None:
    mounts = {name: [str(volume).partition(":")[0] for volume in s.get("volumes", ())] for name, s in SERVICES.items()}
    assert [name for name, volumes in mounts.items() if "authority-secrets" in volumes] == ["secrets"]


def test_the_database_compares_its_version_before_it_starts() -> None:
    start = (ROOT / "deploy" / "postgres" / "start").read_text()
    assert '"$version" != "$POSTGRES_VERSION"' in start
    assert start.index("exit 2") < start.index("exec docker-entrypoint.sh")


def test_the_image_installs_only_packages_of_known_hashes_and_runs_as_nobody() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    installs = [found[1] for found in PIP_INSTALL.finditer(dockerfile.replace("\\\n", " "))]
    assert len(installs) == 3
    assert [line for line in installs if "--require-hashes" not in line] == [" --quiet --no-deps dist/*.whl"]
    assert re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE) == ["${PYTHON_IMAGE}"] * 2
    assert re.findall(r"^ARG PYTHON_IMAGE=(\S+)", dockerfile, re.MULTILINE) == ["python:3.13-slim-trixie"]
    assert re.findall(r"^USER (\S+)", dockerfile, re.MULTILINE) == ["10001:10001"]
