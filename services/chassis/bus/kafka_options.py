"""How to reach and use a Kafka cluster, in plain values: what `SANSHA_KAFKA_…` settings say (docs/operations.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True, slots=True)
class KafkaOptions:
    """One client's view of a cluster. Durations in seconds."""

    bootstrap: str
    """`host:port`, several with commas."""
    security_protocol: SecurityProtocol = "PLAINTEXT"
    sasl_mechanism: SaslMechanism = "SCRAM-SHA-512"
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    """Whom to trust; None for the system's certificate authorities."""
    certificate_file: Path | None = None
    """The client's own certificate, for mutual TLS."""
    key_file: Path | None = None
    prefix: str = ""
    """Put before every topic and group, so that several stacks can share a cluster."""
    replication_factor: int = -1
    """Of topics that are made; -1 for the cluster's default."""
    session_timeout: float = 10.0
    """A member that is not heard of for so long is taken for dead; heartbeats go on while a batch runs."""
    rebalance_timeout: float = 30.0
    """A batch in flight may be finished within this time before its partitions go to another member."""
    longest_batch: float = 900.0
    """A member that takes longer over one batch leaves the group, and the batch goes to another."""
    request_timeout: float = 15.0
    client_id: str = "sansha"
