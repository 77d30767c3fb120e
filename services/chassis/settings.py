"""Settings that every service has, read from the environment (`SANSHA_…`) or given in code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.chassis import faults


class ServiceSettings(BaseSettings):
    """Where a service runs and what it stands on. A party's own settings extend these."""

    model_config = SettingsConfigDict(env_prefix="SANSHA_", extra="ignore", frozen=True)

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    """0 takes any free port."""
    database_url: str = "sqlite://"
    """SQLAlchemy URL; the default is a database in memory, for the sandbox."""
    database_durable: bool = True
    """False gives up surviving a power cut."""
    bus_url: str = "memory:"
    """`embedded:FOLDER` (several processes) or `memory:` (this process alone)."""
    clock: str = "real"
    """`real`, or `announced`: follow the clock topic, which `sansha up` owns."""
    seed: int | None = None
    """Ids follow from it; None makes time-ordered random ones."""
    log_level: str = "info"
    crash_at: str = ""
    """A fault to inject: see services.chassis.faults."""
    secret: str = ""
    """Keys tokens and fingerprints. Empty: made at first start and kept in the database."""
    parent_pipe: Annotated[int | None, Field(ge=0)] = None
    """A file descriptor whose end of file means that the supervisor is gone: stop."""

    @field_validator("crash_at")
    @classmethod
    def _known_point(cls, value: str) -> str:
        faults.parse(value)
        return value

    @property
    def embedded_folder(self) -> Path | None:
        """The folder of the embedded log, where `bus_url` names one."""
        scheme, _, rest = self.bus_url.partition(":")
        return Path(rest) if scheme == "embedded" else None
