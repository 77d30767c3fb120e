"""A Kafka cluster's access rules as applied. Loaded only when it is asked, for it needs the extra `provision`."""

from __future__ import annotations

from collections.abc import Sequence

from contracts import topics
from services.chassis.settings import InvalidSettings, ServiceSettings
from services.console.deployment.provisioning import CannotProvision, Cluster
from services.console.duties.site import Found, cannot_tell, fails, few, holds

UNKNOWN = cannot_tell(
    "Kafkaの管理者の接続設定がない。",
    "the cluster's rules are its administrator's to read: set SANSHA_BUS_URL and SANSHA_KAFKA_USERNAME",
)


def check_rules() -> Found:
    try:
        options = ServiceSettings.from_environment(topics.CONSOLE).kafka_options("sansha-inspection")
        return UNKNOWN if options is None else judge_rights(Cluster(options).foreign_rights())
    except (CannotProvision, InvalidSettings) as refused:
        return cannot_tell(f"Kafkaの権限を読めない：{refused}", f"the cluster's rules cannot be read: {refused}")


def judge_rights(foreign: Sequence[str]) -> Found:
    if foreign:
        return fails(
            f"契約にない権限が{len(foreign)}件ある：{few(foreign)}",
            f"{len(foreign)} rights that the contract gives to nobody: {few(foreign)}",
        )
    return holds(
        "Kafkaの権限は契約から導いたものだけである。", "the cluster gives no rights on these topics but the contract's"
    )
