"""A stack whose people an OpenID provider authenticates: a real one, oidc-provider of the npm registry."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx
import pytest

from contracts import topics
from testbed.broker import free_ports
from testbed.processes import Running, eventually, finished
from testbed.running_stack import STEPPED, NewStack, Stack

pytestmark = [
    pytest.mark.processes,
    pytest.mark.night,
    pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node.js and npm"),
]

PROVIDER: Final = "oidc-provider@9.13.3"
AUDIENCE: Final = "urn:sansha"
SCRIPT: Final = Path(__file__).parent / "openid" / "provider.mjs"


@pytest.fixture
async def issuer(tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a running provider, with a client for collection_clerk and one for auditor."""
    shutil.copy(SCRIPT, tmp_path)
    installed = await finished("npm", "install", "--no-audit", "--no-fund", PROVIDER, cwd=tmp_path)
    assert installed.status == 0, installed.err
    (port,) = free_ports(1)
    command = ("node", SCRIPT.name, str(port), AUDIENCE, "collection_clerk", "auditor")
    async with Running(command, tmp_path, tmp_path / "provider.log", {}) as provider:

        async def serves() -> bool:
            assert not provider.has_ended, provider.said
            return "serving" in provider.said

        await eventually(serves, "a provider that serves")
        yield f"http://127.0.0.1:{port}"


async def token_of(issuer: str, client: str) -> str:
    """An access token of a client that logs in with its secret."""
    async with httpx.AsyncClient() as http:
        found = (await http.get(f"{issuer}/.well-known/openid-configuration")).json()
        grant = {"grant_type": "client_credentials"}
        answer = await http.post(found["token_endpoint"], data=grant, auth=(client, f"secret-of-{client}"))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def asked(stack: Stack, path: str, token: str) -> httpx.Response:
    async with httpx.AsyncClient() as http:
        return await http.get(stack.url(topics.WARD) + path, headers={"Authorization": f"Bearer {token}"})


async def test_people_of_a_provider_see_what_their_roles_open(new_stack: NewStack, issuer: str) -> None:
    stack = new_stack(*STEPPED, SANSHA_ACCESS="openid", SANSHA_OPENID_ISSUER=issuer, SANSHA_OPENID_AUDIENCE=AUDIENCE)
    await stack.start()
    clerk, auditor = await token_of(issuer, "collection_clerk"), await token_of(issuer, "auditor")
    statuses = [
        (await asked(stack, path, token)).status_code
        for token in (clerk, auditor, f"{clerk[:-8]}AAAAAAAA", stack.key)
        for path in ("/slips", "/ops/books")
    ]
    assert statuses == [200, 403, 403, 200, 401, 401, 200, 200]
    mine = (await asked(stack, "/sessions/current", auditor)).json()
    assert mine == {"user": "openid:auditor", "roles": ["auditor"], "purpose": "監査"}
    log = (await asked(stack, "/ops/access-log", auditor)).json()
    assert [(e["user"], e["what"], e["why"]) for e in log if e["user"] == "openid:auditor"] == [
        ("openid:auditor", "GET /ops/books", "監査"),
    ]
    assert (await stack.sansha("slip", "list")).status == 0, "software has its key as before"
    await stack.stop()
