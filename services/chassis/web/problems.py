"""The errors a caller can act on, as RFC 9457 problem details.

ProblemError            a named refusal on its way out of a route
 └ (from) Refusal       contracts.vocabulary: the value a handler returned
invalid_request         the body, path or query is malformed (422); never echoes what was sent
unavailable             the service is starting or stopping (503)
internal                a bug or a fault (500); the log has the trace, the answer the correlation id
"""

from __future__ import annotations

from typing import TypeVar

from contracts.http.problems import PROBLEM_STATUS, Problem
from contracts.vocabulary import Refusal

Answer = TypeVar("Answer")


class ProblemError(Exception):
    """A refusal that leaves a route."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.code}: {refusal.detail}")
        self.problem = problem(refusal)


def problem(refusal: Refusal, status: int | None = None, errors: tuple[dict[str, str], ...] = ()) -> Problem:
    """The problem details of a refusal."""
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
