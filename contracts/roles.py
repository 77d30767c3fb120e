"""Roles: what somebody at a party's HTTP may see and do, by task. Pure.

Staff see only what their task needs (必要最小限). A user may have several roles. Peers and the payer's app are
software.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple


class Role(StrEnum):
    """役割"""

    COLLECTION_CLERK = "collection_clerk"  # 収納担当
    ADMINISTRATOR = "administrator"  # 管理者
    AUDITOR = "auditor"  # 監査
    PRIVACY_OFFICER = "privacy_officer"  # 個人情報取扱責任者
    OPERATOR = "operator"  # シミュレーションの操作者
    PAYER_APP = "payer_app"  # 納付者のアプリ
    PEER = "peer"  # 接続相手


class RoleNames(NamedTuple):
    japanese: str
    english: str
    task: str
    """What the role is for."""


ROLE_NAMES: Final[Mapping[Role, RoleNames]] = {
    Role.COLLECTION_CLERK: RoleNames("収納担当", "collection clerk", "slips, receipts, reminders, reconciliation"),
    Role.ADMINISTRATOR: RoleNames("管理者", "administrator", "levies, refunds, dead letters, state of the service"),
    Role.AUDITOR: RoleNames("監査", "auditor", "books and records, to read"),
    Role.PRIVACY_OFFICER: RoleNames("個人情報取扱責任者", "privacy officer", "records of access, erasure, incidents"),
    Role.OPERATOR: RoleNames("操作者", "operator", "the simulation: clock, anomalies, test data"),
    Role.PAYER_APP: RoleNames("納付者のアプリ", "payer's app", "consent, scan, payment, card entry"),
    Role.PEER: RoleNames("接続相手", "peer", "collections of other channels, monitoring"),
}
EVERY_ROLE: Final = frozenset(Role)
