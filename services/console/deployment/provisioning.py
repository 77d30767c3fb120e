"""Provisions a Kafka cluster from the contracts: users, topics and access rules. It may be repeated at any time.

The only module that imports confluent_kafka. The stack's prefix is put before topics, groups and users, so that
stacks that share a cluster do not interfere. A topic with settings other than the contract's is reported, never
changed: how long its data are stored is the operators' decision.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from contracts.access import LOAD_TEST, RULES, Operation, Resource, Rule
from contracts.topics import PRINCIPALS, TOPICS, Topic
from services.chassis.bus.kafka_options import KafkaOptions
from services.chassis.clock import monotonic

SCRAM_ITERATIONS = 4096
REQUEST_SECONDS = 30.0
POLL_SECONDS = 2.0

RIGHT_HOLDERS = (*PRINCIPALS, LOAD_TEST)
_RESOURCES = {
    Resource.TOPIC: ResourceType.TOPIC,
    Resource.GROUP: ResourceType.GROUP,
    Resource.CLUSTER: ResourceType.BROKER,  # librdkafka's name of it
}
_NAMED = (ResourceType.TOPIC, ResourceType.GROUP)
_OPERATIONS = {
    Operation.READ: AclOperation.READ,
    Operation.WRITE: AclOperation.WRITE,
    Operation.DESCRIBE: AclOperation.DESCRIBE,
    Operation.DESCRIBE_CONFIGS: AclOperation.DESCRIBE_CONFIGS,
}


class CannotProvision(Exception):
    """The cluster does not answer, or does not allow it; the text says which."""


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What was changed, in the cluster's names."""

    users: Sequence[str]
    """Users whose passwords were set."""
    topics_made: Sequence[str]
    rules_made: Sequence[str]
    rules_removed: Sequence[str]
    """Removed: rights of our principals on our topics and groups that the contract does not have."""
    differences: Sequence[str] = field(default=())
    """Topics with settings that differ from the contract: found and wanted."""


class Cluster:
    """A Kafka cluster, as its administrator sees it."""

    def __init__(self, options: KafkaOptions) -> None:
        self._options = options
        self._last_error: KafkaError | None = None
        self._admin = AdminClient(_client_settings(options) | {"error_cb": self._heard})

    def provision(
        self, passwords: Mapping[str, str], rules: Sequence[Rule] = RULES, *, patience_seconds: float = 60.0
    ) -> Provisioned:
        """Sets passwords (None leaves users alone), creates topics, and makes the access rules equal to `rules`.

        Raises `CannotProvision`.
        """
        self._wait(patience_seconds)
        try:
            users = self._set_passwords(passwords)
            made = self._make_topics()
            added, removed = self._set_rules(rules)
            return Provisioned(users, made, added, removed, list(self._differences()))
        except KafkaException as failure:
            raise CannotProvision(f"Kafka at {self._options.bootstrap} refuses: {_said(failure)}") from None

    def foreign_rights(self, rules: Sequence[Rule] = RULES, *, patience_seconds: float = 10.0) -> Sequence[str]:
        """Rights on our topics and groups that the contract gives to nobody.

        Raises `CannotProvision`, also if the contract's own rules are not all shown: a user who may not see rules is
        shown none, without an error.
        """
        self._wait(patience_seconds)
        anybodys = AclBindingFilter(
            ResourceType.ANY, None, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ALLOW
        )
        try:
            found = set(self._admin.describe_acls(anybodys, request_timeout=REQUEST_SECONDS).result())
        except KafkaException as failure:
            raise CannotProvision(f"Kafka at {self._options.bootstrap} refuses: {_said(failure)}") from None
        wanted = {self._binding(rule) for rule in rules}
        if hidden := wanted - found:
            raise CannotProvision(
                f"Kafka at {self._options.bootstrap} shows {len(wanted) - len(hidden)} of the contract's {len(wanted)} "
                "rules to this user: ask as its administrator, or make them with: sansha provision kafka"
            )
        ours = (b for b in found - wanted if b.restype in _NAMED and self._concerns_us(b))
        return sorted(map(_text, ours))

    def _concerns_us(self, binding: AclBinding) -> bool:
        """Whether a rule, which may name a prefix or everything, opens one of our topics or groups."""
        if binding.resource_pattern_type is ResourcePatternType.PREFIXED:
            return any(f"{self._options.prefix}{topic.name}".startswith(binding.name) for topic in TOPICS)
        return binding.name == "*" or self._is_ours(binding.name)

    def _heard(self, error: KafkaError) -> None:
        self._last_error = error

    def _wait(self, patience: float) -> None:
        """Wait until a broker answers; a wrong password fails at once."""
        deadline = monotonic() + patience
        while True:
            try:
                self._admin.list_topics(timeout=POLL_SECONDS)
            except KafkaException as failure:
                self._admin.poll(0)
                known = self._last_error
                denied = known is not None and known.name() == "_AUTHENTICATION"
                if denied or monotonic() > deadline:
                    reason = _said(failure) if known is None else known.str()
                    raise CannotProvision(f"Kafka at {self._options.bootstrap} does not answer: {reason}") from None
            else:
                return

    def _set_passwords(self, passwords: Mapping[str, str]) -> Sequence[str]:
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, SCRAM_ITERATIONS)
        wanted = [
            UserScramCredentialUpsertion(self._options.prefix + principal, info, password.encode())
            for principal, password in passwords.items()
        ]
        if wanted:
            _settled(self._admin.alter_user_scram_credentials(wanted, request_timeout=REQUEST_SECONDS).values())
        return [user.user for user in wanted]

    def _make_topics(self) -> Sequence[str]:
        there = self._admin.list_topics(timeout=REQUEST_SECONDS).topics
        missing = [topic for topic in TOPICS if self._options.prefix + topic.name not in there]
        wanted = [
            NewTopic(
                self._options.prefix + topic.name,
                num_partitions=topic.partitions,
                replication_factor=self._options.replication_factor,
                config={"retention.ms": str(_retention_ms(topic))},
            )
            for topic in missing
        ]
        if not wanted:
            return []
        asked = self._admin.create_topics(wanted, request_timeout=REQUEST_SECONDS)
        return [name for name, future in asked.items() if _is_new(future)]

    def _visible(self) -> Mapping[str, Any]:
        """Our topics, once the broker lists all of them: it learns of new ones a moment after their creation."""
        wanted = {self._options.prefix + topic.name for topic in TOPICS}
        deadline = monotonic() + REQUEST_SECONDS
        while missing := wanted - (found := self._admin.list_topics(timeout=REQUEST_SECONDS).topics).keys():
            if monotonic() > deadline:
                raise CannotProvision(f"made, but not shown by the cluster: {', '.join(sorted(missing))}; run it again")
        return {name: found[name] for name in wanted}

    def _differences(self) -> Iterator[str]:
        found = self._visible()
        names = {topic: self._options.prefix + topic.name for topic in TOPICS}
        resources = {topic: ConfigResource(ConfigResource.Type.TOPIC, name) for topic, name in names.items()}
        configs = self._admin.describe_configs(list(resources.values()), request_timeout=REQUEST_SECONDS)
        for topic, name in names.items():
            partitions = found[name].partitions
            looks = {
                "partitions": (len(partitions), topic.partitions),
                "retention.ms": (int(configs[resources[topic]].result()["retention.ms"].value), _retention_ms(topic)),
            }
            if self._options.replication_factor > 0:
                copies = min(len(partition.replicas) for partition in partitions.values())
                looks["replication factor"] = (copies, self._options.replication_factor)
            for what, (is_so, wanted) in looks.items():
                if is_so != wanted:
                    yield f"topic {name} has {what} {is_so}, the contract says {wanted}"

    def _set_rules(self, rules: Sequence[Rule]) -> tuple[Sequence[str], Sequence[str]]:
        wanted = {self._binding(rule) for rule in rules}
        there = {b for principal in RIGHT_HOLDERS for b in self._rights_of(principal)}
        if missing := sorted(wanted - there, key=_text):
            _settled(self._admin.create_acls(missing, request_timeout=REQUEST_SECONDS).values())
        if withdrawn := sorted(there - wanted, key=_text):
            filters = [_only(binding) for binding in withdrawn]
            _settled(self._admin.delete_acls(filters, request_timeout=REQUEST_SECONDS).values())
        if missing or withdrawn:
            self._await_rights(wanted)
        return [_text(b) for b in missing], [_text(b) for b in withdrawn]

    def _await_rights(self, wanted: Collection[AclBinding]) -> None:
        """Waits until the broker enforces the rules: it applies them a moment after the controller's answer."""
        deadline = monotonic() + REQUEST_SECONDS
        while differing := {b for principal in RIGHT_HOLDERS for b in self._rights_of(principal)} ^ set(wanted):
            if monotonic() > deadline:
                named = ", ".join(sorted(map(_text, differing)))
                raise CannotProvision(f"set, but not yet in force: {named}; run it again")

    def _rights_of(self, principal: str) -> Iterator[AclBinding]:
        """A principal's rights on topics and groups with our names, and that to see the cluster; others it keeps."""
        wanted = AclBindingFilter(
            ResourceType.ANY,
            None,
            ResourcePatternType.LITERAL,
            f"User:{self._options.prefix}{principal}",
            None,
            AclOperation.ANY,
            AclPermissionType.ALLOW,
        )
        for binding in self._admin.describe_acls(wanted, request_timeout=REQUEST_SECONDS).result():
            if _sees_cluster(binding) or (binding.restype in _NAMED and self._is_ours(binding.name)):
                yield binding

    def _is_ours(self, name: str) -> bool:
        return any(f"{name}.".startswith(f"{self._options.prefix}{principal}.") for principal in PRINCIPALS)

    def _binding(self, rule: Rule) -> AclBinding:
        return AclBinding(
            _RESOURCES[rule.resource],
            rule.name_on(self._options.prefix),
            ResourcePatternType.LITERAL,
            f"User:{self._options.prefix}{rule.principal}",
            "*",
            _OPERATIONS[rule.operation],
            AclPermissionType.ALLOW,
        )


def _client_settings(options: KafkaOptions) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "bootstrap.servers": options.bootstrap,
        "client.id": options.client_id,
        "security.protocol": options.security_protocol,
        "reconnect.backoff.max.ms": 1000,
        "log_level": 0,
    }
    if options.security_protocol.startswith("SASL"):
        settings |= {"sasl.mechanism": options.sasl_mechanism}
        settings |= {"sasl.username": options.username, "sasl.password": options.password}
    files = {
        "ssl.ca.location": options.ca_file,
        "ssl.certificate.location": options.certificate_file,
        "ssl.key.location": options.key_file,
    }
    return settings | {name: str(file) for name, file in files.items() if file is not None}


def _retention_ms(topic: Topic) -> int:
    return int(topic.retention.total_seconds() * 1000)


def _settled(futures: Iterable[Future[Any]]) -> None:
    for future in futures:
        future.result()


def _is_new(future: Future[Any]) -> bool:
    """Returns False if the topic was created by another process meanwhile."""
    try:
        future.result()
    except KafkaException as failure:
        if failure.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
        return False
    return True


def _only(binding: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        binding.restype,
        binding.name,
        binding.resource_pattern_type,
        binding.principal,
        binding.host,
        binding.operation,
        binding.permission_type,
    )


def _sees_cluster(binding: AclBinding) -> bool:
    return binding.restype is ResourceType.BROKER and binding.operation is AclOperation.DESCRIBE


def _text(binding: AclBinding) -> str:
    resource, operation = binding.restype.name.lower(), binding.operation.name.lower()
    return f"{binding.principal} {operation} {resource} {binding.name}"


def _said(failure: KafkaException) -> str:
    error = failure.args[0]
    return error.str() if isinstance(error, KafkaError) else str(error)
