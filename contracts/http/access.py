"""HTTP bodies of access: sessions, attempts to log in."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr

from contracts.http.bodies import Body, InstantOfTime
from contracts.roles import Role

UserText = Annotated[str, Field(max_length=64, examples=["suzuki"])]
PurposeText = Annotated[str, Field(min_length=1, max_length=200, examples=["収納状況の確認 (reconciliation of June)"])]


class SessionRequest(Body):
    """Log in. The purpose (利用目的) is recorded with every read of personal data in the session."""

    user: UserText
    password: Annotated[SecretStr, Field(max_length=200)]
    purpose: PurposeText


class SessionAnswer(Body):
    """Send `session` with each request: `Authorization: Bearer SESSION`."""

    session: str
    user: UserText
    roles: tuple[Role, ...]
    valid_until: InstantOfTime


class CallerView(Body):
    """Who a request comes from, as the service sees it."""

    user: str
    roles: tuple[Role, ...]
    purpose: str


class LoginView(Body):
    """ログイン記録: one attempt to log in. Its time is that of the machine."""

    at: InstantOfTime
    user: str
    outcome: str
    """`admitted`, `refused` or `locked_out`."""


class AccessView(Body):
    """アクセス記録: one read of personal data; its mark chains it to the entry before (`contracts/access_log.py`)."""

    number: int
    at: InstantOfTime
    user: str
    roles: tuple[str, ...]
    what: str
    """Method and path of the route."""
    whose: tuple[str, ...]
    """The persons, each as `kind:number`; `everybody` for a whole ledger; none once they were erased."""
    why: str
    """利用目的"""
    mark: str
    salt: str
    """Empty once the persons were erased."""
    commitment: str
    """Stands for the persons in the chain."""
