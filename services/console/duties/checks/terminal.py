"""端末: admitted by certificate and user ID with password; its temporary copies are deleted."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx

from contracts import topics
from contracts.http.payment_provider.receipt_files import RecordedAccess
from contracts.http.ward.terminal import ReceivedFileView, StepView
from services.chassis.settings import InvalidSettings
from services.console.duties.site import NOT_RUNNING, Found, Site, cannot_tell, fails, few, holds
from services.console.duties.words import Said
from services.console.stack.clients import StackClient
from services.ward.app import Settings

MOST_ROWS: Final = 10_000
NO_TERMINAL: Final = cannot_tell(
    "端末が接続されていない。sansha terminal certificates で試用の端末を用意できる。",
    "no terminal is connected; make one for a trial with: sansha terminal certificates",
)
KNOCKED: Final = Said("証明書なしの接続は拒否された。", "a connection without a certificate was refused just now")
NOT_KNOCKED: Final = Said(
    "接続先（SANSHA_WARD_TERMINAL_URL）が未設定のため、接続は試していない。",
    "no connection was tried, for SANSHA_WARD_TERMINAL_URL is not set here",
)


async def check_admission(party: str, site: Site) -> Found:
    """At the collection centre, by its record of connections and by knocking; at the ward, by its terminal's steps."""
    if site.client is None:
        return NOT_RUNNING
    if party == topics.WARD:
        return judge_steps(await _steps(site.client))
    found = await site.client.get(party, "/terminal-accesses", limit=MOST_ROWS)
    accesses = [RecordedAccess.model_validate(one) for one in found]
    answered = await knock(_door())
    return NO_TERMINAL if answered is None and not accesses else judge_accesses(accesses, answered)


class Door(NamedTuple):
    """The collection centre's listener for terminals."""

    url: str
    ca_file: Path


def judge_accesses(accesses: Sequence[RecordedAccess], knock: str | None) -> Found:
    """`knock`: how one without a certificate was answered, empty if it was refused; None if nobody knocked."""
    admitted = [one for one in accesses if one.outcome == "admitted"]
    if bare := [one for one in admitted if not one.certificate or not one.terminal_user]:
        when = few([f"{one.at:%Y-%m-%d %H:%M}Z" for one in bare])
        return fails(
            f"証明書又は利用者IDのない端末を{len(bare)}回受け付けた（{when}）。",
            f"{len(bare)} requests were admitted without certificate or user ID ({when})",
        )
    if knock:
        return fails(
            f"証明書のない接続に応答した：{knock}", f"a connection without a certificate was answered: {knock}"
        )
    tried = NOT_KNOCKED if knock is None else KNOCKED
    users = {one.terminal_user for one in admitted}
    return holds(
        f"接続記録{len(accesses)}件。受け付けた{len(admitted)}件（利用者{len(users)}名）はすべて証明書と利用者IDによる。{tried.japanese}",
        f"{len(accesses)} requests recorded; {len(admitted)} admitted, of {len(users)} users, each by certificate and "
        f"user ID; {tried.english}",
    )


def judge_steps(steps: Sequence[StepView]) -> Found:
    """Who did something at the terminal had logged in there."""
    if not steps:
        return NO_TERMINAL
    logged_in = {step.terminal_user for step in steps if step.step == "logged_in"}
    users = {step.terminal_user for step in steps if step.step not in ("logged_in", "not_logged_in")}
    if len(steps) < MOST_ROWS and (strangers := sorted(users - logged_in)):
        return fails(
            f"ログインの記録のない利用者がデータを受信した：{few(strangers)}",
            f"users received data whose login is not recorded: {few(strangers)}",
        )
    refused = sum(step.step == "not_logged_in" for step in steps)
    return holds(
        f"作業記録{len(steps)}件。受信した利用者{len(users)}名はすべてログインしている。拒否されたログインは{refused}件。",
        f"{len(steps)} steps recorded; each of the {len(users)} users who received data had logged in; "
        f"{refused} logins were refused",
    )


async def check_copies(party: str, site: Site) -> Found:
    if site.client is None:
        return NOT_RUNNING
    found = await site.client.get(party, "/terminal/files", limit=MOST_ROWS)
    return judge_copies([ReceivedFileView.model_validate(one) for one in found], await _steps(site.client))


def judge_copies(files: Sequence[ReceivedFileView], steps: Sequence[StepView]) -> Found:
    """Every file that is registered was deleted at the terminal."""
    since = steps[-1].at if len(steps) == MOST_ROWS else None
    registered = [f.name for f in files if f.registered_at and (since is None or f.registered_at > since)]
    deleted = {step.file_name for step in steps if step.step == "deleted"}
    if left := [name for name in registered if name not in deleted]:
        return fails(
            f"登録後も消去の記録がないファイルが{len(left)}件ある：{few(left)}",
            f"{len(left)} registered files have no record of their deletion at the terminal: {few(left)}",
        )
    return holds(
        f"登録済みの{len(registered)}ファイルすべてに、端末での消去の記録がある。",
        f"each of the {len(registered)} registered files has a record of its deletion at the terminal",
    )


async def _steps(client: StackClient) -> Sequence[StepView]:
    """The latest first."""
    found: list[dict[str, Any]] = await client.get(topics.WARD, "/terminal/steps", limit=MOST_ROWS)
    return [StepView.model_validate(one) for one in found]


def _door() -> Door | None:
    """Where this environment says that terminals connect; None if it does not say."""
    try:
        settings = Settings.from_environment(topics.WARD)
    except InvalidSettings:
        return None
    url, ca_file = settings.terminal_url, settings.terminal_ca_file
    return Door(url, ca_file) if url and ca_file and ca_file.is_file() else None


async def knock(door: Door | None) -> str | None:
    """How the listener answers one without a certificate: empty if it refuses, None if nobody could be asked."""
    if door is None:
        return None
    try:
        async with httpx.AsyncClient(verify=ssl.create_default_context(cafile=door.ca_file), timeout=10.0) as stranger:
            answer = await stranger.post(f"{door.url}/login")
    except httpx.ConnectError as failed:
        return "" if "SSL" in str(failed) and "CERTIFICATE_VERIFY_FAILED" not in str(failed) else None
    except httpx.TimeoutException:
        return None
    except httpx.TransportError:
        return ""
    return f"HTTP {answer.status_code}"
