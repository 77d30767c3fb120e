"""Runs the compose file under a separate project name, and removes it with its volumes."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.chassis.identity import random_token
from testbed.processes import ROOT, free_port_base

SETTING = re.compile(r"(SANSHA|STACK|COMPOSE)_")
BUILD_SECONDS, UP_SECONDS, ASK_SECONDS = 420, 240, 300
PARTIES = ("ward", "payment-provider", "card-agent-jcb", "card-agent-uc")
PORTS = 5


@dataclass
class ComposedStack:
    """One project of the compose file; `settings` stands for environment variables."""

    settings: dict[str, str]
    project: str = field(default_factory=lambda: f"sansha-test-{random_token()[:8]}")
    port_base: int = field(default_factory=free_port_base)

    def build(self) -> None:
        """Build the image. Fails the test in one line if that is not possible."""
        try:
            built = self._compose("build", "--quiet", "secrets", seconds=BUILD_SECONDS)
        except subprocess.TimeoutExpired:
            pytest.fail(
                f"the image was not built within {BUILD_SECONDS} s: is the package registry slow?", pytrace=False
            )
        if built.returncode:
            last = (built.stderr.strip() or built.stdout.strip()).splitlines()[-1:]
            pytest.fail(f"the image cannot be built (is a package registry reachable?): {last}", pytrace=False)

    def up(self, *options: str) -> None:
        """Start the containers that do not run yet, and wait until all are healthy."""
        started = self._compose("up", "--detach", "--wait", *options, seconds=UP_SECONDS)
        assert started.returncode == 0, f"{started.stderr[-2000:]}\n{self.logs()[-6000:]}"

    def remove(self) -> None:
        """Containers, networks and volumes."""
        self._compose("down", "--volumes", "--remove-orphans", "--timeout", "5", seconds=UP_SECONDS)

    def run_in(
        self, service: str, *command: str, replica: int = 1, given: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a container of the service; `given` is its input."""
        wanted = ("exec", "-T", "--index", str(replica), service, *command)
        return self._compose(*wanted, seconds=ASK_SECONDS, given=given)

    def ran(self, service: str, *arguments: str, entrypoint: str = "") -> str:
        """What a new container of the service prints for this command, which must succeed."""
        own = ("--entrypoint", entrypoint) if entrypoint else ()
        done = self._compose("run", "--rm", "--no-deps", "-T", *own, service, *arguments, seconds=ASK_SECONDS)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def said(self, service: str, *command: str, replica: int = 1, given: str = "") -> str:
        """What a command prints in a running container; it must succeed. `given` is its input."""
        done = self.run_in(service, *command, replica=replica, given=given)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def reaches(self, service: str, host: str, port: int) -> bool:
        """Whether a connection from the service's container is accepted."""
        attempt = f"timeout 3 bash -c '</dev/tcp/{host}/{port}' 2>/dev/null"
        return self.run_in(service, "bash", "-c", attempt).returncode == 0

    def containers(self, *services: str) -> Sequence[str]:
        """Ids of the running containers."""
        return self._compose("ps", "--quiet", *services, seconds=ASK_SECONDS).stdout.split()

    def inspected(self, container: str, form: str) -> str:
        """`docker inspect` of a container, by a Go template."""
        return _run("docker", "inspect", "--format", form, container, seconds=ASK_SECONDS).stdout.strip()

    def logs(self, *services: str) -> str:
        return self._compose("logs", "--no-color", *services, seconds=ASK_SECONDS).stdout

    def _compose(self, *arguments: str, seconds: float, given: str = "") -> subprocess.CompletedProcess[str]:
        own = {**self.settings, "STACK_PORTS": f"{self.port_base}-{self.port_base + PORTS - 1}"}
        # The settings of another stack may be in the environment or in a file .env.
        place = ("--project-name", self.project, "--project-directory", str(ROOT), "--env-file", os.devnull)
        return _run("docker", "compose", *place, *arguments, seconds=seconds, given=given, **own)


@contextmanager
def composed(*options: str, **settings: str) -> Iterator[ComposedStack]:
    """A stack that is built, started with these options of `up`, and removed afterwards."""
    stack = ComposedStack(settings)
    try:
        stack.build()
        stack.up(*options)
        yield stack
    finally:
        stack.remove()


def _run(*command: str, seconds: float, given: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    outside = {name: value for name, value in os.environ.items() if not SETTING.match(name)}
    how: dict[str, Any] = {"cwd": ROOT, "env": outside | settings, "timeout": seconds, "input": given}
    return subprocess.run(command, capture_output=True, text=True, check=False, **how)
