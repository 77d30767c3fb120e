"""The Docker engine of this machine, and whether the servers of tests and benchmarks can be started on it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

import docker
from docker.errors import APIError, DockerException, ImageNotFound
from requests import RequestException
from testcontainers.core.config import testcontainers_config

KAFKA_IMAGE: Final = "apache/kafka:4.1.1"
POSTGRES_IMAGE: Final = "postgres:17"
NO_ENGINE: Final = "no Docker engine answers: start one, and see that `docker info` answers"


@cache
def obstacle() -> str | None:
    """Why servers cannot be started here, and how to fix it; None if they can. Pulls images that are missing."""
    try:
        with _client() as client:
            client.ping()
            return next(filter(None, (_missing(client, image) for image in _images())), None)
    except DockerException:
        return NO_ENGINE


def _images() -> Iterator[str]:
    yield KAFKA_IMAGE
    yield POSTGRES_IMAGE
    if not testcontainers_config.ryuk_disabled:
        yield testcontainers_config.ryuk_image


def _missing(client: docker.DockerClient, image: str) -> str | None:
    try:
        client.images.get(image)
    except ImageNotFound:
        try:
            client.images.pull(image)
        except (APIError, RequestException) as refused:
            why = getattr(refused, "explanation", None) or str(refused)
            return f"the image {image} is not here and cannot be pulled ({why}): {_remedy(image)}"
    return None


def _remedy(image: str) -> str:
    pull = f"see that `docker pull {image}` succeeds"
    without = ", or set TESTCONTAINERS_RYUK_DISABLED=true" if image == testcontainers_config.ryuk_image else ""
    return pull + without


@cache
def shares_the_network() -> bool:
    """Whether a container can use this machine's network. False if the engine runs in a virtual machine or in
    another network namespace."""
    if sys.platform != "linux":
        return False
    with _client() as client:
        about = client.info()
    apart = any("rootless" in option for option in about.get("SecurityOptions") or ())
    return not apart and about.get("OperatingSystem") != "Docker Desktop"


@contextmanager
def _client() -> Iterator[docker.DockerClient]:
    client = docker.from_env(timeout=10)
    try:
        yield client
    finally:
        client.close()
