"""TLS towards a PostgreSQL server, by the parameters of its URL that libpq has: `sslmode`, `sslrootcert`, …"""

from __future__ import annotations

import ssl
from typing import Any, Final

from sqlalchemy.engine import URL

from services.chassis.outages import Unusable

PARAMETERS: Final = ("sslmode", "sslrootcert", "sslcert", "sslkey")
_WITHOUT_CHECK: Final = {"disable": False, "allow": "allow", "prefer": "prefer"}
_CHECKED: Final = ("require", "verify-ca", "verify-full")


def without_tls_parameters(url: URL) -> URL:
    return url.difference_update_query(PARAMETERS)


def tls_arguments(url: URL) -> dict[str, Any]:
    """`ssl` for asyncpg: a context, or how it is tried; nothing if the URL says nothing.

    Raises `Unusable` for a parameter that cannot be used, such as a file that is missing.
    """
    given = {name: str(url.query[name]) for name in PARAMETERS if name in url.query}
    if not given:
        return {}
    mode = given.get("sslmode", "verify-full" if "sslrootcert" in given else "prefer")
    if mode in _WITHOUT_CHECK:
        return {"ssl": _WITHOUT_CHECK[mode]}
    if mode not in _CHECKED:
        modes = ", ".join((*_WITHOUT_CHECK, *_CHECKED))
        raise Unusable(f"SANSHA_DATABASE_URL: there is no sslmode {mode!r}; there are {modes}")
    try:
        return {"ssl": _context(mode, given)}
    except (OSError, ssl.SSLError) as wrong:
        files = ", ".join(f"{name}={value}" for name, value in given.items() if name != "sslmode")
        raise Unusable(f"SANSHA_DATABASE_URL: the files of {files} cannot be used: {wrong}") from None


def _context(mode: str, given: dict[str, str]) -> ssl.SSLContext:
    """As libpq: `require` checks the certificate only if an authority is named, and its name never."""
    context = ssl.create_default_context(cafile=given.get("sslrootcert"))
    context.check_hostname = mode == "verify-full"
    if mode == "require" and "sslrootcert" not in given:
        context.verify_mode = ssl.CERT_NONE
    if "sslcert" in given:
        context.load_cert_chain(given["sslcert"], given.get("sslkey"))
    return context
