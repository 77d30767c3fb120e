"""A run without the servers that its tests need says so once, whatever the reason."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from testbed.docker_engine import KAFKA_IMAGE, NO_ENGINE
from testbed.processes import ROOT, environment, module

STACK_TESTS = "tests/conformance/kafka/test_kafka_outages.py"
NOBODY = "unix:///nobody/answers/here"


class _EngineWithoutImages(BaseHTTPRequestHandler):
    """The part of Docker's API that the run uses, without any image, local or in the registry."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.endswith("/version"):
            self._answer(200, {"ApiVersion": "1.44"})
        elif path.endswith("/_ping"):
            self._answer(200, {})
        else:
            self._answer(404, {"message": "No such image"})

    def do_POST(self) -> None:
        self._answer(404, {"message": "manifest unknown"})

    def _answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Logs nothing."""


@pytest.fixture
def engine_without_images() -> Iterator[str]:
    """`DOCKER_HOST` of an engine that answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _EngineWithoutImages) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"tcp://127.0.0.1:{server.server_port}"
        server.shutdown()


NOT_RUN = "4 tests on real Kafka and PostgreSQL were not run"
NOT_PULLED = (
    f"the image {KAFKA_IMAGE} is not here and cannot be pulled (manifest unknown): "
    f"see that `docker pull {KAFKA_IMAGE}` succeeds"
)


def test_an_image_that_cannot_be_pulled_is_one_line_and_a_failure_where_servers_are_required(
    engine_without_images: str,
) -> None:
    said = f"{NOT_RUN}: {NOT_PULLED} (SANSHA_REQUIRE_STACK=1: the run fails)"
    assert _run(engine_without_images, required="1") == (1, [said])


def test_an_engine_that_does_not_answer_is_one_line() -> None:
    said = f"{NOT_RUN}: {NO_ENGINE} (SANSHA_REQUIRE_STACK=1 makes that a failure)"
    assert _run(NOBODY, required="0") == (0, [said])


def _run(engine: str, required: str) -> tuple[int, list[str]]:
    """Exit status and report of a run of tests that need servers."""
    asked = module("pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", STACK_TESTS)
    settings = environment(DOCKER_HOST=engine, SANSHA_REQUIRE_STACK=required)
    done = subprocess.run(asked, cwd=ROOT, env=settings, capture_output=True, text=True, check=False)
    said = [line for line in done.stdout.splitlines() if "not run" in line or line.startswith(("ERROR", "FAILED"))]
    return done.returncode, said
