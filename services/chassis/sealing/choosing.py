"""Settings → a sealer and an opener. cryptography is imported only if there are keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from services.chassis.deferred import Deferred
from services.chassis.sealing.port import Keyless, Opener, Sealer, Unsealed

KEYRING: Final[Deferred[object]] = Deferred("services.chassis.sealing.keyring:Keyring")
SEALER: Final[Deferred[Sealer]] = Deferred("services.chassis.sealing.sealer:HpkeSealer")
OPENER: Final[Deferred[Opener]] = Deferred("services.chassis.sealing.opener:HpkeOpener")


def sealer_for(readers: Path | None) -> Sealer:
    """Seals with the public keys of this file; without one nothing is sealed. Raises `MissingKeys`."""
    return Unsealed() if readers is None else SEALER.load()(readers)


def opener_for(principal: str, keys: Path | None, changed: Callable[[], None] = lambda: None) -> Opener:
    """Opens with the private keys of this file; `changed` is called when some were destroyed. Raises `MissingKeys`."""
    return Keyless() if keys is None else OPENER.load()(KEYRING.load()(principal, keys), changed)
