"""A PostgreSQL server on a small disk, which a test fills and frees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import docker
from docker.models.containers import Container

from services.chassis.identity import random_token
from testbed.docker_engine import POSTGRES_IMAGE
from testbed.processes import eventually, free_port_base

SIZE = "192m"
FILLER = "/disk/filler"
NO_SPACE = b"No space left on device"
SMALL_LOG = ("postgres", "-c", "max_wal_size=48MB", "-c", "min_wal_size=32MB")


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """The disk is in memory and lasts as long as the container that fills it; the server may end and restart."""

    server: Container
    filling: Container
    database_url: str

    async def is_ready(self) -> None:
        async def accepts() -> bool:
            return bool(self.server.exec_run(["pg_isready", "--host", "127.0.0.1"]).exit_code == 0)

        await eventually(accepts, "a server on the small disk", every=0.2)

    def fill(self) -> None:
        """Fill it to the last byte."""
        said = self.filling.exec_run(["dd", "if=/dev/zero", f"of={FILLER}", "bs=64K"])
        assert NO_SPACE in said.output, said.output

    async def was_hit(self) -> bool:
        """Whether the server has run out of space."""
        return NO_SPACE in self.server.logs()

    def free(self) -> None:
        self.filling.exec_run(["rm", FILLER])


@contextmanager
def small_disk() -> Iterator[SmallDisk]:
    """A server on a disk of 192 MiB; containers and volume are removed afterwards."""
    engine = docker.from_env()
    name, port, password = f"sansha-test-disk-{random_token()[:8].lower()}", free_port_base(), random_token()
    volume = engine.volumes.create(name, driver_opts={"type": "tmpfs", "device": "tmpfs", "o": f"size={SIZE}"})
    started: list[Container] = []
    try:
        disk = {name: {"bind": "/disk"}}
        started.append(engine.containers.run(POSTGRES_IMAGE, "sleep infinity", detach=True, volumes=disk))
        started.append(
            engine.containers.run(
                POSTGRES_IMAGE,
                list(SMALL_LOG),
                detach=True,
                volumes={name: {"bind": "/var/lib/postgresql/data"}},
                environment={"POSTGRES_PASSWORD": password},
                ports={"5432/tcp": ("127.0.0.1", port)},
                restart_policy={"Name": "always"},
            )
        )
        filling, server = started
        yield SmallDisk(server, filling, f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres")
    finally:
        for container in reversed(started):
            container.remove(force=True, v=True)
        volume.remove(force=True)
        engine.close()
