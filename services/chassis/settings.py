"""Settings that every service has: given in code, or read by a process from the environment (`SANSHA_…`)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from contracts.duties.clauses import BY_NUMBER
from services.chassis import faults
from services.chassis.access.lockout import Lockout
from services.chassis.bus.kafka_options import KafkaOptions, SaslMechanism, SecurityProtocol
from services.chassis.log_levels import LogLevel, level_named

KAFKA_SCHEME = "kafka://"


class InvalidSettings(ValueError):
    """A setting of the environment cannot be used; the text names it and says why."""


class KafkaSettings(BaseSettings):
    """How to reach a Kafka cluster; needed only if `bus_url` is `kafka://…`."""

    model_config = SettingsConfigDict(use_attribute_docstrings=True)

    kafka_security_protocol: SecurityProtocol = "PLAINTEXT"
    """`PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`."""
    kafka_sasl_mechanism: SaslMechanism = "SCRAM-SHA-512"
    """`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`."""
    kafka_username: str = ""
    """User for SASL; the cluster's access rules name it."""
    kafka_password: SecretStr = SecretStr("")
    """Password for SASL."""
    kafka_ca_file: Path | None = None
    """PEM file of the certificate authority to trust; the system's by default."""
    kafka_certificate_file: Path | None = None
    """PEM file of the client's own certificate, for mutual TLS."""
    kafka_key_file: Path | None = None
    """PEM file of that certificate's key."""
    kafka_topic_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,100}$")] = ""
    """Prefix of every topic and group name, so that several stacks can share a cluster."""
    kafka_replication_factor: Annotated[int, Field(ge=-1)] = -1
    """Replicas of each topic that is created; -1 for the cluster's default."""
    kafka_session_timeout_seconds: Annotated[float, Field(ge=1, le=1800)] = 10.0
    """A consumer without a heartbeat for this long counts as dead. Heartbeats continue while a batch is handled."""
    kafka_rebalance_timeout_seconds: Annotated[float, Field(ge=1, le=3600)] = 30.0
    """A batch in flight may finish within this time before its partitions move to another replica."""
    kafka_longest_batch_seconds: Annotated[float, Field(ge=1)] = 900.0
    """A consumer that takes longer over one batch leaves its group; another replica takes the batch."""
    kafka_request_timeout_seconds: Annotated[float, Field(ge=1)] = 15.0
    """Timeout of a request to a broker; it is then retried."""


class ServiceSettings(KafkaSettings):
    """Addresses, database, bus and clock of a service. A party's own settings extend these."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    renamed: ClassVar[Mapping[str, str]] = {}
    """Former name of a setting → its name. A start with the former name in the environment is refused."""

    host: str = "127.0.0.1"
    """Address on which HTTP is served; `0.0.0.0` in a container."""
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Port of HTTP; 0 takes any free one."""
    access: Literal["users", "openid", "open"] = "users"
    """Who may send requests: `users` of a file, those of an `openid` provider too, or anybody (`open`, on loopback)."""
    users_file: Path | None = None
    """The users with their roles and hashed secrets (JSON, mode 0600); with `openid`, those that are software."""
    openid_issuer: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""
    """URL of the OpenID provider, as in its discovery document."""
    openid_audience: str = ""
    """The audience that a token must be made for."""
    openid_roles_claim: str = "roles"
    """The claim that lists a user's roles; dots lead into objects, as in `realm_access.roles`."""
    session_hours: Annotated[float, Field(gt=0, le=24)] = 8.0
    """A session of a person ends this many hours after the login."""
    login_failures: Annotated[int, Field(ge=1, le=50)] = 5
    """This many failed logins in a row lock a user out."""
    lockout_minutes: Annotated[float, Field(gt=0, le=1440)] = 15.0
    """How long a user is locked out."""
    http_requests_at_once: Annotated[int, Field(ge=1)] = 1_000
    """Bounds the requests in flight, and so the memory; one over the limit is answered 503 `too_busy`."""
    http_hosts: Annotated[str, Field(pattern=r"^[A-Za-z0-9.,:\[\] _-]*$")] = ""
    """Further names by which this listener may be called, separated by commas. Others than these, localhost, its own
    address and its name among the containers are refused: a web page of another site could use them."""
    http_ca_file: Path | None = None
    """PEM file of the authority whose client certificates are admitted; HTTP is served over TLS then."""
    http_certificate_file: Path | None = None
    """PEM file of the certificate shown to callers over TLS. A renewed file is taken on within a second."""
    http_key_file: Path | None = None
    """PEM file of that certificate's key; none if it is in the file of the certificate."""
    http_peers: Annotated[str, Field(pattern=r"^[A-Za-z0-9., _-]*$")] = ""
    """Names (CN) of the client certificates admitted over TLS besides the service's own, separated by commas; empty
    for any of the authority."""
    http_body_bytes: Annotated[int, Field(ge=1_024)] = 65_536
    """Bytes that a body may have: a command of one payment has some 300."""
    http_bulk_bytes: Annotated[int, Field(ge=1_024)] = 4_000_000
    """Bytes that the body of many things at once, or a CSV file, may have: 10,000 payments have 2.5 MB."""
    http_bytes_at_once: Annotated[int, Field(ge=1_024)] = 32_000_000
    """Bounds the bytes of all bodies in flight; a body that would exceed it is answered 503 before it is read."""
    http_connections_at_once: Annotated[int, Field(ge=1)] = 1_000
    """Bounds the connections of a listener. A further one takes the place of the one whose client has kept it waiting
    longest; if all are at work, it is answered 503."""
    http_head_seconds: Annotated[float, Field(gt=0)] = 10.0
    """A client that takes longer to send the head of a request is answered 408."""
    http_body_seconds: Annotated[float, Field(gt=0)] = 20.0
    """A client that takes longer to send a body is answered 408; the body's bytes give it more time."""
    http_body_bytes_per_second: Annotated[int, Field(ge=1)] = 50_000
    """Each this many bytes of a body received give its client a second more."""
    database_url: str = "sqlite://"
    """SQLAlchemy URL of the party's database; the default is in memory, for the sandbox."""
    database_durable: bool = True
    """`false`: commits do not wait for the disk, and a power loss may undo the last ones (SQLite only)."""
    database_pool_size: Annotated[int, Field(ge=2, le=100)] = 5
    """Most connections to PostgreSQL that one process holds; the relay's lease is one of them."""
    bus_url: str = "memory:"
    """`kafka://HOST:PORT[,…]`, `embedded:FOLDER` (several processes, one machine) or `memory:` (this process alone)."""
    clock: Literal["real", "announced"] = "real"
    """`real`, or `announced`: follows the clock topic, which the console owns."""
    seed: int | None = None
    """Ids are derived from it; without a seed they are random and ordered by time."""
    log_level: Annotated[LogLevel, BeforeValidator(level_named)] = "info"
    """`debug`, `info`, `warning` or `error`."""
    timed: bool = True
    """Whether the stages of the work are timed for `/metrics`; the sandbox turns it off."""
    crash_at: str = ""
    """A fault to inject, as `POINT[:N]`: kills the process when it reaches that point the Nth time."""
    secret: str = ""
    """Keys tokens and fingerprints; must not change over restarts. If it is empty, it is derived from the seed."""
    sealing_readers_file: Path | None = None
    """The public keys of the readers (JSON, or a folder of such files): what is published is sealed for them."""
    sealing_keys_file: Path | None = None
    """The party's own private keys (JSON, mode 0600), which open what is sealed for it."""
    signing_key: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$", repr=False)] = ""
    """Ed25519 key (64 hex digits) that signs certificates of erasure and checkpoints of the access log. If it is empty,
    it is derived from the secret, and so that of a seeded party from the seed."""
    duties: Literal["kept", "left"] = "left"
    """`kept`: simulated staff do on its date what the contract's protection duties ask for; `left`: people enter it."""
    duties_neglected: str = ""
    """Duties that the simulated staff forget, by their numbers, as in `D-13,D-18`."""
    training_month: Annotated[int, Field(ge=1, le=12)] = 6
    """研修: the simulated staff are trained on the first bank business day of this month."""
    incident_report_days: Annotated[int, Field(ge=0, le=365)] = 14
    """事故報告書: owed by this many days after the notification."""
    duty_days_ahead: Annotated[int, Field(ge=0, le=365)] = 3
    """The simulated staff do what is owed this many days before its due date."""
    backup_keys_dir: Path | None = None
    """Folder with the keys of backups of the party's data: an erasure destroys those of the backups made before it."""
    erasure_months: Annotated[int, Field(ge=1, le=120)] = 3
    """消去: 乙 and 丙 erase what they hold of a fiscal year on the last day of the month that is this many months after
    its end, as far as it is settled."""
    parent_pipe: Annotated[int | None, Field(ge=0)] = None
    """File descriptor of the supervisor's pipe: the process stops at its end of file."""

    @model_validator(mode="after")
    def _sasl_needs_a_user(self) -> Self:
        if self.kafka_security_protocol.startswith("SASL") and not self.kafka_username:
            raise ValueError(
                f"SANSHA_KAFKA_SECURITY_PROTOCOL={self.kafka_security_protocol} needs SANSHA_KAFKA_USERNAME"
            )
        return self

    @model_validator(mode="after")
    def _open_to_this_machine_alone(self) -> Self:
        if self.access == "open" and not is_loopback(self.host):
            raise ValueError(
                f"SANSHA_ACCESS=open serves anybody, so it needs a loopback address, not SANSHA_HOST={self.host}"
            )
        return self

    @model_validator(mode="after")
    def _tls_has_both_sides(self) -> Self:
        if (self.http_ca_file is None) != (self.http_certificate_file is None):
            raise ValueError("SANSHA_HTTP_CA_FILE and SANSHA_HTTP_CERTIFICATE_FILE go together: give both, or neither")
        return self

    @model_validator(mode="after")
    def _openid_needs_a_provider(self) -> Self:
        if self.access == "openid" and not (self.openid_issuer and self.openid_audience):
            raise ValueError("SANSHA_ACCESS=openid needs SANSHA_OPENID_ISSUER and SANSHA_OPENID_AUDIENCE")
        return self

    @field_validator("crash_at")
    @classmethod
    def _known_point(cls, value: str) -> str:
        faults.parse(value)
        return value

    @field_validator("duties_neglected")
    @classmethod
    def _known_duties(cls, value: str) -> str:
        unknown = [number for number in _listed(value) if number not in BY_NUMBER]
        if unknown:
            raise ValueError(f"no duties of the contract: {', '.join(unknown)}; give numbers as in D-13,D-18")
        return value

    @property
    def neglected_duties(self) -> Sequence[str]:
        return _listed(self.duties_neglected)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only arguments given in code: a sandbox must not depend on the environment of its user."""
        return (init_settings,)

    @classmethod
    def from_environment(cls, principal: str) -> Self:
        """Read the environment: `SANSHA_X` for every party, `SANSHA_CARD_AGENT_X` for a kind, `…_UC_X` for one.

        The more particular wins. If `SANSHA_SECRETS_DIR` names a folder, a file in it with the name of a setting
        holds its value (`kafka_password`, `database_url`, `secret`); a variable wins over a file.
        Raises `InvalidSettings` with the name of each variable that is wrong.
        """
        prefixes = ["SANSHA_"]
        for part in principal.upper().split("."):
            prefixes.append(f"{prefixes[-1]}{part}_")
        _require_todays_names(prefixes, cls.renamed)
        given: dict[str, Any] = _from_files(cls, cls.renamed)
        for prefix in prefixes:
            given |= EnvSettingsSource(cls, env_prefix=prefix)()
        try:
            return cls(**given)
        except ValidationError as wrong:
            raise InvalidSettings("; ".join(map(_said, wrong.errors()))) from None

    @property
    def lockout(self) -> Lockout:
        return Lockout(self.login_failures, timedelta(minutes=self.lockout_minutes))

    def kafka_options(self, client_id: str) -> KafkaOptions | None:
        """The Kafka settings for a connection; None if `bus_url` names no cluster."""
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
        """The folder of the embedded log; None for another bus."""
        scheme, _, rest = self.bus_url.partition(":")
        return Path(rest) if scheme == "embedded" else None


def _listed(numbers: str) -> list[str]:
    return [number.strip() for number in numbers.split(",") if number.strip()]


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _require_todays_names(prefixes: Sequence[str], renamed: Mapping[str, str]) -> None:
    """Raises `InvalidSettings` for a variable by a setting's former name, which would have no effect."""
    given = {variable.upper() for variable in os.environ}
    for prefix in prefixes:
        for former, name in renamed.items():
            if (variable := f"{prefix}{former.upper()}") in given:
                raise InvalidSettings(f"{variable} has been renamed: set {prefix}{name.upper()} in its place")


def _said(error: ErrorDetails) -> str:
    """Which variable, and why; a rule between several variables names them itself."""
    name = "_".join(map(str, error["loc"])).upper()
    wrong = error["msg"].removeprefix("Value error, ")
    return f"SANSHA_…{name}: {wrong}" if name else wrong


def _from_files(settings: type[BaseSettings], renamed: Mapping[str, str]) -> dict[str, Any]:
    folder = os.environ.get("SANSHA_SECRETS_DIR", "")
    if not folder:
        return {}
    if not Path(folder).is_dir():
        raise InvalidSettings(f"SANSHA_SECRETS_DIR: {folder} is no folder")
    for former, name in renamed.items():
        if (Path(folder) / former).exists():
            raise InvalidSettings(f"SANSHA_SECRETS_DIR: the file {former} has been renamed: call it {name}")
    return SecretsSettingsSource(settings, secrets_dir=folder)()
