"""Refusals over HTTP: RFC 9457 `application/problem+json` with a stable `code`, and the status of each code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field

PROBLEM_STATUS = {
    "host_missing": 400,
    "host_unknown": 421,
    "origin_foreign": 403,
    "header_not_text": 400,
    "url_not_text": 400,
    "body_not_text": 400,
    "invalid_length": 400,
    "url_too_long": 414,
    "headers_too_large": 431,
    "body_too_large": 413,
    "encoding_unsupported": 415,
    "content_type_unsupported": 415,
    "request_timeout": 408,
    "too_busy": 503,
    "pictures_busy": 503,
    "idempotency_key_reused": 409,
    "payment_in_progress": 409,
    "slip_already_paid": 409,
    "method_already_chosen": 409,
    "withdrawal_too_late": 409,
    "nothing_to_withdraw": 409,
    "anomaly_exists": 409,
    "anomaly_too_late": 409,
    "nothing_to_correct": 409,
    "nothing_to_resolve": 409,
    "settler_differs": 409,
    "statement_incomplete": 409,
    "assessment_exists": 409,
    "slip_exists": 409,
    "reissues_exhausted": 409,
    "nothing_overpaid": 409,
    "more_than_overpaid": 409,
    "more_than_owed": 409,
    "nothing_owed": 409,
    "nothing_overdue": 409,
    "slip_of_another": 409,
    "clock_blocked": 409,
    "clock_cannot_move": 409,
    "dead_letter_still_fails": 409,
    "picture_too_large": 413,
    "no_picture": 415,
    "printing_not_installed": 501,
    "scanning_not_installed": 501,
    "duty_answered": 409,
    "nothing_to_erase": 409,
    "payment_erased": 410,
    "guidance_given": 409,
    "damages_claimed": 409,
    "signature_wrong": 409,
    "certificate_wrong": 409,
    "duty_record_unknown": 404,
    "payment_unknown": 404,
    "payment_not_known_yet": 404,
    "slip_unknown": 404,
    "deposit_unknown": 404,
    "statement_unknown": 404,
    "dead_letter_unknown": 404,
    "terminal_not_admitted": 401,
    "not_admitted": 401,
    "login_refused": 401,
    "role_missing": 403,
    "purpose_missing": 403,
    "no_sessions_here": 404,
    "too_many_logins": 429,
    "receipt_file_unknown": 404,
    "receipt_file_no_longer_kept": 410,
    "receipt_file_range": 416,
    "line_closed": 409,
    "receipt_file_on_the_line": 409,
    "receipt_file_differs": 409,
    "receipt_file_incomplete": 409,
}
"""Code → HTTP status; a code that is not listed has 422."""


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: Annotated[str, Field(examples=["urn:sansha:problem:slip_already_paid"])]
    title: Annotated[str, Field(examples=["slip already paid"])]
    status: Annotated[int, Field(examples=[409])]
    code: Annotated[str, Field(examples=["slip_already_paid"])]
    detail: Annotated[str, Field(examples=["slip 001044103000123450100 was paid in this app"])]
    remedy: Annotated[str, Field(examples=["nothing more is to be paid on this slip; do not pay it elsewhere either"])]
    errors: Sequence[dict[str, str]] = ()
