"""Errors that a client can act on, as RFC 9457 problem details.

ProblemError            a refusal, raised by a route
 └ (from) Refusal       contracts.vocabulary: the value that a handler returned
invalid_request         body, path or query is malformed (422); the input is never echoed
too_busy                too many requests, bytes or connections are in flight (503)
host_unknown, …         what `heads` and `bodies` refuse before a route sees the request (4xx)
request_timeout         the client takes too long to send its request (408)
unavailable             the service is starting, stopping, or cannot reach its database or bus (503)
internal                a bug or a fault (500); the log has the trace, the answer the correlation id
"""

from __future__ import annotations

from typing import TypeVar

from contracts.http.problems import PROBLEM_STATUS, Problem
from contracts.vocabulary import Refusal

Answer = TypeVar("Answer")


class ProblemError(Exception):
    """A refusal, as an exception between a route and its answer."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.code}: {refusal.detail}")
        self.problem = problem(refusal)


def problem(refusal: Refusal, status: int | None = None, errors: tuple[dict[str, str], ...] = ()) -> Problem:
    return Problem(
        type=f"urn:sansha:problem:{refusal.code}",
        title=refusal.code.replace("_", " "),
        status=status or PROBLEM_STATUS.get(refusal.code, 422),
        code=refusal.code,
        detail=refusal.detail,
        remedy=refusal.remedy,
        errors=errors,
    )


def accepted(answer: Answer | Refusal) -> Answer:
    """The answer; a refusal is raised as `ProblemError`."""
    if isinstance(answer, Refusal):
        raise ProblemError(answer)
    return answer
