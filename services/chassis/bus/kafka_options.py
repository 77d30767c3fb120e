"""How to reach and use a Kafka cluster: the values of the `SANSHA_KAFKA_…` settings (docs/operations.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True, slots=True)
class KafkaOptions:
    """The options of one client. Durations in seconds."""

    bootstrap: str
    """`host:port`, several separated by commas."""
    security_protocol: SecurityProtocol = "PLAINTEXT"
    sasl_mechanism: SaslMechanism = "SCRAM-SHA-512"
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    """The certificate authority to trust; None for those of the system."""
    certificate_file: Path | None = None
    """The client's own certificate, for mutual TLS."""
    key_file: Path | None = None
    prefix: str = ""
    """Prefix of every topic and group, so that several stacks can share a cluster."""
    replication_factor: int = -1
    """For new topics; -1 for the cluster's default."""
    session_timeout: float = 10.0
    """A member without a heartbeat for this long counts as dead. Heartbeats continue while a batch runs."""
    rebalance_timeout: float = 30.0
    """Time for a member to finish its batch in flight before its partitions go to another member."""
    longest_batch: float = 900.0
    """A member that takes longer for one batch leaves the group, and the batch goes to another member."""
    request_timeout: float = 15.0
    client_id: str = "sansha"
