"""What a duty is: who owes it to whom, its sentence, and how it is shown. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from contracts.parties import PAYMENT_PROVIDER, WARD, Contractor

CONTRACTORS: Final = tuple(map(str, Contractor))
PERSONS: Final = "persons"
"""本人: those whose data they are."""
LINE_ENDS: Final = (WARD, PAYMENT_PROVIDER)
"""Both ends of the line between the ward and the collection centre."""


class RecordKind(StrEnum):
    """What a party's register of duties holds. All but `ERASURE_DUE` are messages of the contract."""

    HANDLERS_NAMED = "handlers_named"  # 取扱責任者等の報告
    TRAINING_HELD = "training_held"  # 研修
    STATUS_REQUESTED = "status_requested"  # 取扱状況の報告の求め
    STATUS_REPORTED = "status_reported"  # 取扱状況報告
    INSPECTION_HELD = "inspection_held"  # 立入調査
    GUIDANCE_GIVEN = "guidance_given"  # 改善の指導
    IMPROVEMENT_REPORTED = "improvement_reported"  # 改善報告
    BREACH_PUBLISHED = "breach_published"  # 公表
    INCIDENT_NOTIFIED = "incident_notified"  # 事故の通知
    INCIDENT_REPORTED = "incident_reported"  # 事故報告書
    DAMAGES_CLAIMED = "damages_claimed"  # 損害賠償の請求
    DAMAGE_MADE_GOOD = "damage_made_good"  # 損害の賠償
    ERASURE_DUE = "erasure_due"  # 消去の期日
    ERASURE_CERTIFIED = "erasure_certified"  # 消去証明書
    ERASURE_CHECKED = "erasure_checked"  # 消去の確認
    TERMINAL_USER_LOCKED = "terminal_user_locked"  # 端末利用者の停止
    ACCESS_LOG_CHECKPOINTED = "access_log_checkpointed"  # アクセス記録の照合点


class CheckName(StrEnum):
    """What a machine can check of a running system, or of its files."""

    NAMED_PEERS = "named_peers"  # every hop authenticated; no way between two parties' networks
    SEALED = "sealed"  # messages and files can be read by their readers alone
    TERMINAL_ADMISSION = "terminal_admission"  # certificate and user ID with password
    TERMINAL_COPIES = "terminal_copies"  # the terminal's temporary copies are deleted
    ROLES = "roles"  # a route opens to the roles of its task
    ACCESS_LOG = "access_log"  # the log is whole and agrees with the checkpoints of others
    CONTAINERS = "containers"  # read-only, no capabilities, limits, exact versions
    FIELDS_COLLECTED = "fields_collected"  # what is collected is on the list that was told
    TERMS_PUBLISHED = "terms_published"  # purpose, consent and items are told
    WITHIN_CONTRACT = "within_contract"  # only the contract's parties have access to topics and routes
    COPIES_COUNTED = "copies_counted"  # copies exist only as sealed backups
    MONITORED = "monitored"  # metrics and readiness tell how a service does
    BACKED_UP = "backed_up"  # there is a backup that can be restored


@dataclass(frozen=True, slots=True)
class Checked:
    """By a machine's check, at any time."""

    check: CheckName


@dataclass(frozen=True, slots=True)
class AtStart:
    """By a record that must be there when work begins."""

    kind: RecordKind


@dataclass(frozen=True, slots=True)
class Yearly:
    """By a record in each fiscal year; if the ward owes it, of each contractor."""

    kind: RecordKind


@dataclass(frozen=True, slots=True)
class Answered:
    """By a record that answers each record of another kind, by the day that one names."""

    asked: RecordKind
    by: RecordKind


@dataclass(frozen=True, slots=True)
class Promptly:
    """By records, each made at once: within this many hours of what gave cause."""

    kind: RecordKind
    hours: int


@dataclass(frozen=True, slots=True)
class WhereNeeded:
    """By records, where there was cause for one."""

    kind: RecordKind


@dataclass(frozen=True, slots=True)
class NotSimulated:
    """By nothing here: why not."""

    japanese: str
    english: str


Shown = Checked | AtStart | Yearly | Answered | Promptly | WhereNeeded | NotSimulated


@dataclass(frozen=True, slots=True)
class Duty:
    """One duty of the contract."""

    number: str
    """Such as A-S6 or D-12."""
    owed_by: tuple[str, ...]
    """Principals."""
    owed_to: str
    """A principal, or `PERSONS`."""
    japanese: str
    english: str
    shown: tuple[Shown, ...]
