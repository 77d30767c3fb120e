"""Where the parties of one test keep their databases."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from services.chassis.service import Service
from testbed.postgres import PostgresServer


@dataclass
class Home:
    """A folder of SQLite files, databases on a PostgreSQL server, or memory, where they end with their services."""

    folder: Path
    server: PostgresServer | None = None
    in_memory: bool = False
    _databases: dict[str, str] = field(default_factory=dict)
    _services: list[Service] = field(default_factory=list)

    async def url(self, name: str) -> str:
        """The URL of the database of this name, which is created on the first call."""
        if self.in_memory:
            return "sqlite://"
        if self.server is None:
            return f"sqlite:///{self.folder}/{name}.db"
        if name not in self._databases:
            self._databases[name] = await self.server.make_database(name)
        return self.server.url(self._databases[name])

    def lives_here(self, service: Service) -> None:
        """Abandon the service when the test ends."""
        self._services.append(service)

    async def leave(self) -> None:
        """Abandon the services and drop the databases."""
        for service in self._services:
            await service.abandon()
        for database in self._databases.values():
            assert self.server is not None
            await self.server.drop(database)
