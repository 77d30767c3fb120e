"""Callers that an OpenID provider has authenticated: their access tokens are JWTs signed with its published keys.

Sources: OpenID Connect Discovery 1.0; RFC 7519 (JWT), RFC 7517 (JWK), RFC 9068 (JWT access tokens).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import jwt
import structlog

from contracts.bounds import shown
from contracts.roles import Role
from services.chassis.access.caller import Caller
from services.chassis.machine_time import monotonic, real_time
from services.chassis.outages import Outage

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures with a public key; a shared secret would let a party make tokens itself."""
LONGEST_PURPOSE: Final = 200
LONGEST_USER: Final = 600
"""A subject has at most 255 characters."""
_DISCOVERY: Final = "/.well-known/openid-configuration"
_TIMEOUT_SECONDS: Final = 5.0
_KEYS_HOLD_SECONDS: Final = 300.0
_ASK_AGAIN_SECONDS: Final = 10.0
_TOKENS_REMEMBERED: Final = 1_000
_LEEWAY_SECONDS: Final = 30

log = structlog.get_logger(__name__)


class ProviderSilent(Outage):
    """The OpenID provider does not answer, or not as its standard says."""


@dataclass
class OpenIdCallers:
    """Admits holders of a token that `issuer` made for `audience`. Their roles are in the claim `roles_claim`."""

    issuer: str
    audience: str
    roles_claim: str
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    _asked_at: float = field(default=float("-inf"))
    _remembered: OrderedDict[str, tuple[Caller, float]] = field(default_factory=OrderedDict)
    """Token → its caller and end: a signature is checked once."""

    async def known_by(self, token: str) -> Caller | None:
        if (found := self._remembered.get(token)) is not None:
            if real_time() < found[1]:
                return found[0]
            del self._remembered[token]
        try:
            claims = await self._claims(token)
        except jwt.PyJWTError as wrong:
            log.info("a token is refused", error=str(wrong))
            return None
        caller = Caller(_user(claims), self._roles(claims), str(claims.get("purpose", ""))[:LONGEST_PURPOSE])
        self._remember(token, caller, float(claims["exp"]))
        return caller

    async def _claims(self, token: str) -> dict[str, Any]:
        if not token or not token.isascii():
            raise jwt.InvalidTokenError("there is no token")
        key = await self._key(str(jwt.get_unverified_header(token).get("kid", "")))
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=list(ALGORITHMS),
            audience=self.audience,
            issuer=self.issuer,
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
        return claims

    async def _key(self, kid: str) -> jwt.PyJWK:
        """A key of the provider. An unknown one is asked for, at most every ten seconds: keys are renewed."""
        age = monotonic() - self._asked_at
        if age > _KEYS_HOLD_SECONDS or (kid not in self._keys and age > _ASK_AGAIN_SECONDS):
            self._keys = await self._published_keys()
            self._asked_at = monotonic()
        if kid not in self._keys:
            raise jwt.InvalidKeyError("the token names a key that its provider does not publish")
        return self._keys[kid]

    async def _published_keys(self) -> dict[str, jwt.PyJWK]:
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT_SECONDS) as http:
                document = (await http.get(self.issuer.rstrip("/") + _DISCOVERY)).raise_for_status().json()
                if document["issuer"] != self.issuer:
                    raise ProviderSilent(f"the provider calls itself {document['issuer']}, not {self.issuer}")
                published = (await http.get(document["jwks_uri"])).raise_for_status().json()
            keys = jwt.PyJWKSet.from_dict(published).keys
        except (httpx.HTTPError, ValueError, LookupError, TypeError, jwt.PyJWTError) as wrong:
            raise ProviderSilent(f"{self.issuer} does not publish its keys ({type(wrong).__name__})") from None
        return {key.key_id or "": key for key in keys if key.public_key_use in (None, "sig")}

    def _roles(self, claims: Any) -> frozenset[Role]:
        """Names that are no roles of ours are ignored."""
        for part in self.roles_claim.split("."):
            claims = claims.get(part) if isinstance(claims, dict) else None
        named = claims.split() if isinstance(claims, str) else claims
        known = {role.value for role in Role}
        return frozenset(Role(n) for n in named if n in known) if isinstance(named, list) else frozenset()

    def _remember(self, token: str, caller: Caller, until: float) -> None:
        self._remembered[token] = caller, until
        while len(self._remembered) > _TOKENS_REMEMBERED:
            self._remembered.popitem(last=False)


def _user(claims: dict[str, Any]) -> str:
    """The subject, which alone is unique and lasting, and the name it prefers. No user of a file has a colon."""
    preferred = claims.get("preferred_username")
    return shown(f"openid:{claims['sub']}" + (f" ({preferred})" if preferred else ""), LONGEST_USER)
