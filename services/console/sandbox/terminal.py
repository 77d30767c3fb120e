"""The ward's terminal (端末) in a sandbox: its line to the collection centre (収納センター) runs within the process.

Imported only if there is a terminal: this loads FastAPI, and a sandbox without a terminal does not need it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx

from services.chassis.web.certificates import certified
from services.console.sandbox.sandbox import Sandbox
from services.payment_provider.terminal_routes import terminal_app
from services.ward.terminal import Terminal

CERTIFICATE = b"terminal of the sandbox"


def terminal_of(
    sandbox: Sandbox,
    folder: Path,
    through: Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport] = lambda line: line,
) -> Terminal:
    """A terminal with its temporary copies in `folder`; `through` wraps its line to the collection centre."""
    line = through(httpx.ASGITransport(certified(terminal_app(sandbox.provider), CERTIFICATE)))
    user, password = sandbox.ward.settings.terminal_user, sandbox.provider.settings.terminal_password.get_secret_value()
    centre = httpx.AsyncClient(transport=line, base_url="https://collection-centre", auth=(user, password))
    return Terminal(centre, sandbox.ward.desk, folder, user, sandbox.ward.opener)
