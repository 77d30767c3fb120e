"""Settings that every service has: given in code, or read from the environment (`SANSHA_…`) by a process."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from services.chassis import faults


class InvalidSettings(ValueError):
    """A setting of the environment cannot be used; the text names it and says why."""


class ServiceSettings(BaseSettings):
    """Where a service runs and what it stands on. A party's own settings extend these."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

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
    """Keys tokens and fingerprints; must stay the same over restarts. Follows from the seed where there is one."""
    parent_pipe: Annotated[int | None, Field(ge=0)] = None
    """A file descriptor whose end of file means that the supervisor is gone: stop."""

    @field_validator("crash_at")
    @classmethod
    def _known_point(cls, value: str) -> str:
        faults.parse(value)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is given in code: a sandbox must not depend on who runs it."""
        return (init_settings,)

    @classmethod
    def from_environment(cls, principal: str) -> Self:
        """Read the environment: `SANSHA_X` for every party, `SANSHA_CARD_AGENT_X` for a kind, `…_UC_X` for one.

        The more particular wins. Raises `InvalidSettings` naming each variable that is wrong.
        """
        prefixes = ["SANSHA_"]
        for part in principal.upper().split("."):
            prefixes.append(f"{prefixes[-1]}{part}_")
        given: dict[str, Any] = {}
        for prefix in prefixes:
            given |= EnvSettingsSource(cls, env_prefix=prefix)()
        try:
            return cls(**given)
        except ValidationError as wrong:
            texts = (f"SANSHA_…{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in wrong.errors())
            raise InvalidSettings("; ".join(texts)) from None

    @property
    def embedded_folder(self) -> Path | None:
        """The folder of the embedded log, where `bus_url` names one."""
        scheme, _, rest = self.bus_url.partition(":")
        return Path(rest) if scheme == "embedded" else None
