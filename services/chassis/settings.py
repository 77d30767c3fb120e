"""Settings that every service has: given in code, or read from the environment (`SANSHA_…`) by a process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from services.chassis import faults
from services.chassis.bus.kafka_options import KafkaOptions, SaslMechanism, SecurityProtocol

KAFKA_SCHEME = "kafka://"


class InvalidSettings(ValueError):
    """A setting of the environment cannot be used; the text names it and says why."""


class KafkaSettings(BaseSettings):
    """How to reach a Kafka cluster; needed only where `bus_url` is `kafka://…`."""

    kafka_security_protocol: SecurityProtocol = "PLAINTEXT"
    """`PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`."""
    kafka_sasl_mechanism: SaslMechanism = "SCRAM-SHA-512"
    """`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`."""
    kafka_username: str = ""
    """For SASL: as whom; the cluster's access rules are this name's."""
    kafka_password: SecretStr = SecretStr("")
    """For SASL."""
    kafka_ca_file: Path | None = None
    """PEM file of the certificate authority to trust; the system's where there is none."""
    kafka_certificate_file: Path | None = None
    """PEM file of the client's own certificate, for mutual TLS."""
    kafka_key_file: Path | None = None
    """PEM file of that certificate's key."""
    kafka_topic_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,100}$")] = ""
    """Put before the name of every topic and group, so that several stacks can share a cluster."""
    kafka_replication_factor: Annotated[int, Field(ge=-1)] = -1
    """Copies of each topic that is made; -1 for the cluster's default."""
    kafka_session_timeout_seconds: Annotated[float, Field(ge=1, le=1800)] = 10.0
    """A consumer that is not heard of for so long is taken for dead. Heartbeats go on while a batch runs."""
    kafka_rebalance_timeout_seconds: Annotated[float, Field(ge=1, le=3600)] = 30.0
    """A batch in flight may be finished within this time before its partitions go to another replica."""
    kafka_longest_batch_seconds: Annotated[float, Field(ge=1)] = 900.0
    """A consumer that takes longer over one batch leaves its group; the batch goes to another."""
    kafka_request_timeout_seconds: Annotated[float, Field(ge=1)] = 15.0
    """How long a request to a broker may take before it is tried again."""


class ServiceSettings(KafkaSettings):
    """Where a service runs and what it stands on. A party's own settings extend these."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    """The address on which HTTP is served; `0.0.0.0` in a container."""
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    """0 takes any free port."""
    http_requests_at_once: Annotated[int, Field(ge=1)] = 1_000
    """So many requests may be under way; further ones are answered 503 `too_busy`, so that memory stays bounded."""
    database_url: str = "sqlite://"
    """SQLAlchemy URL; the default is a database in memory, for the sandbox."""
    database_durable: bool = True
    """False gives up surviving a power cut (SQLite only)."""
    database_pool_size: Annotated[int, Field(ge=2, le=100)] = 5
    """Connections to PostgreSQL that one process holds at most: the relay's lease is one of them."""
    bus_url: str = "memory:"
    """`kafka://HOST:PORT[,…]`, `embedded:FOLDER` (several processes, one machine) or `memory:` (this process alone)."""
    clock: Literal["real", "announced"] = "real"
    """`real`, or `announced`: follow the clock topic, which the console owns."""
    seed: int | None = None
    """Ids follow from it; None makes time-ordered random ones."""
    log_level: str = "info"
    """`debug`, `info`, `warning` or `error`."""
    timed: bool = True
    """Whether the stages of the work are timed, for `/metrics`; the sandbox does without."""
    crash_at: str = ""
    """A fault to inject, as `POINT[:N]`: the process dies when it reaches that point the Nth time."""
    secret: str = ""
    """Keys tokens and fingerprints; must stay the same over restarts. Follows from the seed where there is one."""
    parent_pipe: Annotated[int | None, Field(ge=0)] = None
    """A file descriptor whose end of file means that the supervisor is gone: stop."""

    @model_validator(mode="after")
    def _sasl_needs_a_user(self) -> Self:
        if self.kafka_security_protocol.startswith("SASL") and not self.kafka_username:
            raise ValueError(
                f"SANSHA_KAFKA_SECURITY_PROTOCOL={self.kafka_security_protocol} needs SANSHA_KAFKA_USERNAME"
            )
        return self

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

        The more particular wins. Where `SANSHA_SECRETS_DIR` names a folder, a file in it named like a setting holds
        its value (`kafka_password`, `database_url`, `secret`); a variable wins over a file.
        Raises `InvalidSettings` naming each variable that is wrong.
        """
        prefixes = ["SANSHA_"]
        for part in principal.upper().split("."):
            prefixes.append(f"{prefixes[-1]}{part}_")
        given: dict[str, Any] = _from_files(cls)
        for prefix in prefixes:
            given |= EnvSettingsSource(cls, env_prefix=prefix)()
        try:
            return cls(**given)
        except ValidationError as wrong:
            raise InvalidSettings("; ".join(map(_said, wrong.errors()))) from None

    def kafka_options(self, client_id: str) -> KafkaOptions | None:
        """What the Kafka settings say, where `bus_url` names a cluster."""
        if not self.bus_url.startswith(KAFKA_SCHEME):
            return None
        return KafkaOptions(
            bootstrap=self.bus_url.removeprefix(KAFKA_SCHEME),
            security_protocol=self.kafka_security_protocol,
            sasl_mechanism=self.kafka_sasl_mechanism,
            username=self.kafka_username,
            password=self.kafka_password.get_secret_value(),
            ca_file=self.kafka_ca_file,
            certificate_file=self.kafka_certificate_file,
            key_file=self.kafka_key_file,
            prefix=self.kafka_topic_prefix,
            replication_factor=self.kafka_replication_factor,
            session_timeout=self.kafka_session_timeout_seconds,
            rebalance_timeout=self.kafka_rebalance_timeout_seconds,
            longest_batch=self.kafka_longest_batch_seconds,
            request_timeout=self.kafka_request_timeout_seconds,
            client_id=client_id,
        )

    @property
    def embedded_folder(self) -> Path | None:
        """The folder of the embedded log, where `bus_url` names one."""
        scheme, _, rest = self.bus_url.partition(":")
        return Path(rest) if scheme == "embedded" else None


def _said(error: ErrorDetails) -> str:
    """Which variable, and why; a rule between several names them itself."""
    name = "_".join(map(str, error["loc"])).upper()
    return f"SANSHA_…{name}: {error['msg']}" if name else error["msg"].removeprefix("Value error, ")


def _from_files(settings: type[BaseSettings]) -> dict[str, Any]:
    folder = os.environ.get("SANSHA_SECRETS_DIR", "")
    if not folder:
        return {}
    if not Path(folder).is_dir():
        raise InvalidSettings(f"SANSHA_SECRETS_DIR: {folder} is no folder")
    return SecretsSettingsSource(settings, secrets_dir=folder)()
