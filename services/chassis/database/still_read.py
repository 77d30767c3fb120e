"""What keeps a database from being written anew."""

from __future__ import annotations

from services.chassis.outages import Outage


class StillRead(Outage):
    """Somebody reads what was deleted: it stays until they have ended. A retry may succeed."""
