"""アクセス権限: every route but the public ones asks for a caller, and for a role of its task."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from contracts.roles import Role
from services.console.duties.site import NOT_RUNNING, Found, Site, fails, few, holds
from services.console.stack.clients import StackClient
from services.console.stack.credentials import OPERATOR, SOFTWARE, key_file

PUBLIC: Final = frozenset({"GET /health/live", "GET /health/ready", "GET /terms-of-use", "POST /sessions"})
AT_ONCE: Final = 8
NOT_ADMITTED, ROLE_MISSING = 401, 403


class Route(NamedTuple):
    method: str
    path: str
    roles: frozenset[str]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


class SmallKey(NamedTuple):
    """A key of software that has few roles."""

    user: str
    roles: frozenset[Role]
    key: str


async def check_roles(party: str, site: Site) -> Found:
    """Calls each route without a key, and with the keys of the app and the networks where these lie on this machine.

    Nothing is called that would do something: a route that answers a GET to nobody ends the check.
    """
    if site.client is None:
        return NOT_RUNNING
    routes = list(routes_of(await site.client.get(party, "/openapi.json")))
    asking = [route for route in routes if route.roles]
    if unasked := sorted({r.name for r in routes if not r.roles} - PUBLIC):
        return _opened(unasked)
    reads = [route for route in asking if route.method == "GET"]
    changes = [route for route in asking if route.method != "GET"]
    for some in (reads, changes):
        if opened := await _not_refused(site.client, party, some, "", NOT_ADMITTED):
            return _opened(opened)
    tried = 0
    for user, roles, key in small_keys(party, site):
        others = [route for route in asking if not route.roles & roles]
        if opened := await _not_refused(site.client, party, others, key, ROLE_MISSING):
            return fails(
                f"権限のない利用者 {user} を受け付けた：{few(opened)}",
                f"{len(opened)} routes open to {user}, whose roles do not open them: {few(opened)}",
            )
        tried += len(others)
    public = len(routes) - len(asking)
    return holds(
        f"{len(routes)}件の窓口のうち公開は{public}件。{len(asking)}件を鍵なしで呼び出し、すべて拒否（401）。"
        f"役割の足りない鍵で{tried}回呼び出し、すべて拒否（403）。",
        f"{len(routes)} routes, {public} of them public; {len(asking)} called without a key, each refused (401); "
        f"{tried} calls with a key of other roles, each refused (403)",
    )


def routes_of(document: Mapping[str, Any]) -> Iterator[Route]:
    """Of an OpenAPI document; no roles if nobody is asked."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            roles = frozenset(role for one in operation.get("security", ()) for role in one.get("bearer", ()))
            yield Route(method.upper(), path, roles)


def small_keys(party: str, site: Site) -> Iterator[SmallKey]:
    """Keys of software that has not every role, where they lie on this machine."""
    for software in SOFTWARE:
        if site.folder is not None and software.user != OPERATOR and party in software.at:
            path = key_file(site.folder, software.user)
            if path.exists():
                yield SmallKey(software.user, software.roles, path.read_text().strip())


async def _not_refused(
    client: StackClient, party: str, routes: Sequence[Route], key: str, refusal: int
) -> Sequence[str]:
    turns = asyncio.Semaphore(AT_ONCE)

    async def status(route: Route) -> int:
        async with turns:
            return await client.probe(route.method, party, re.sub(r"{[^}]+}", "1", route.path), key)

    found = await asyncio.gather(*map(status, routes))
    return [route.name for route, answered in zip(routes, found, strict=True) if answered != refusal]


def _opened(names: Sequence[str]) -> Found:
    return fails(
        f"呼出元を確認しない窓口が{len(names)}件ある：{few(names)}", f"{len(names)} routes ask for nobody: {few(names)}"
    )
