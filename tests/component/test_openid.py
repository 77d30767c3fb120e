"""Callers that an OpenID provider has authenticated: by its keys, for this audience, in the roles that it names."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from fastapi import FastAPI

from contracts.roles import Role
from services.chassis.access.openid import OpenIdCallers, ProviderSilent
from services.chassis.machine_time import real_time
from services.chassis.web.listeners import Listener
from testbed.broker import free_ports
from testbed.processes import eventually

AUDIENCE: Final = "sansha"


class Provider:
    """An OpenID provider that makes any token it is asked for."""

    def __init__(self, port: int) -> None:
        self.port, self.issuer, self.asked = port, f"http://127.0.0.1:{port}", 0
        self.keys: dict[str, EllipticCurvePrivateKey] = {}
        self.app = FastAPI()
        self.app.get("/.well-known/openid-configuration")(self._discovery)
        self.app.get("/keys")(self._published)

    def add_key(self, kid: str) -> None:
        self.keys[kid] = generate_private_key(SECP256R1())

    def token(self, kid: str = "a", /, **changed: Any) -> str:
        now = int(real_time())
        claims = {"iss": self.issuer, "aud": AUDIENCE, "sub": "1", "exp": now + 60, "preferred_username": "suzuki"}
        claims |= {"roles": ["collection_clerk", "unheard_of"], **changed}
        return jwt.encode({k: v for k, v in claims.items() if v is not None}, self.keys[kid], "ES256", {"kid": kid})

    async def is_serving(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True

    async def _discovery(self) -> Mapping[str, str]:
        return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}

    async def _published(self) -> Mapping[str, Any]:
        self.asked += 1
        algorithm = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256)
        each = [algorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": kid} for kid, key in self.keys.items()]
        return {"keys": each}


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    made, stopping = Provider(free_ports(1)[0]), asyncio.Event()
    made.add_key("a")
    serving = asyncio.create_task(Listener(made.app, "127.0.0.1", made.port).serve(stopping))
    await eventually(made.is_serving, "a provider that serves")
    yield made
    stopping.set()
    await serving


def callers(provider: Provider, claim: str = "roles") -> OpenIdCallers:
    return OpenIdCallers(provider.issuer, AUDIENCE, claim)


async def test_a_token_of_the_provider_names_user_and_roles(provider: Provider) -> None:
    caller = await callers(provider).known_by(provider.token())
    assert caller is not None
    assert (caller.user, caller.roles) == ("openid:1 (suzuki)", frozenset({Role.COLLECTION_CLERK}))
    nameless = await callers(provider).known_by(provider.token(preferred_username=None, roles="auditor operator"))
    assert nameless is not None
    assert (nameless.user, nameless.roles) == ("openid:1", frozenset({Role.AUDITOR, Role.OPERATOR}))


async def test_roles_may_be_within_objects(provider: Provider) -> None:
    deep = await callers(provider, "realm_access.roles").known_by(provider.token(realm_access={"roles": ["auditor"]}))
    assert deep is not None
    assert deep.roles == {Role.AUDITOR}
    oddities: list[Any] = [None, 1, [], {"roles": 3}, {"roles": [3, None]}]
    for odd in oddities:
        found = await callers(provider, "realm_access.roles").known_by(provider.token(realm_access=odd))
        assert found is not None
        assert found.roles == frozenset()


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "another"},
        {"aud": None},
        {"iss": "https://another.example"},
        {"exp": 1_000},
        {"exp": None},
        {"nbf": 4_000_000_000},
        {"sub": None},
    ],
)
async def test_a_token_for_another_or_no_longer_valid_is_refused(provider: Provider, changed: dict[str, Any]) -> None:
    assert await callers(provider).known_by(provider.token(**changed)) is None


async def test_a_token_that_the_provider_did_not_sign_is_refused(provider: Provider) -> None:
    good = provider.token()
    stranger = Provider(provider.port)
    stranger.add_key("a")
    head, body, _ = good.split(".")
    unsigned = jwt.encode(jwt.decode(good, options={"verify_signature": False}), "", "none", {"kid": "a"})
    shared = jwt.encode(jwt.decode(good, options={"verify_signature": False}), "k" * 32, "HS256", {"kid": "a"})
    for token in (stranger.token(), f"{head}.{body}.", f"{head}.{body}.AAAA", unsigned, shared, "", "a.b.c", "\ud800"):
        assert await callers(provider).known_by(token) is None, token


async def test_a_new_key_of_the_provider_is_found_and_unknown_ones_do_not_flood_it(provider: Provider) -> None:
    ours = callers(provider)
    assert await ours.known_by(provider.token()) is not None
    provider.add_key("b")
    assert [await ours.known_by(provider.token("b")) for _ in range(5)] == [None] * 5, "asked a moment ago"
    assert provider.asked == 1
    ours._asked_at -= 11
    assert await ours.known_by(provider.token("b")) is not None
    assert provider.asked == 2


async def test_a_provider_that_does_not_answer_is_an_outage(provider: Provider) -> None:
    silent = OpenIdCallers(f"http://127.0.0.1:{free_ports(1)[0]}", AUDIENCE, "roles")
    with pytest.raises(ProviderSilent, match="does not publish its keys"):
        await silent.known_by(provider.token())
    other = OpenIdCallers(f"{provider.issuer}/", AUDIENCE, "roles")
    with pytest.raises(ProviderSilent, match="calls itself"):
        await other.known_by(provider.token())
