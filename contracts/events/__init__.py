"""Published events: the messages between the parties.

Each is a frozen msgspec Struct with a versioned name (`TYPE`, the CloudEvents `type`). Events with the same `key` are
delivered in order; `subject` is the id of the thing it is about and correlates all events about it. A reader ignores
fields it does not know; a field is only ever added, with a default. Any other change is a new version under a new name.
Amounts are whole yen, instants UTC, dates those of Japan; all have bounds (`contracts.bounds`), which `Decoder` keeps.
"""

from __future__ import annotations

from contracts.events.clock import ClockSet
from contracts.events.duties import (
    CONTRACTOR_EVENTS,
    AccessLogCheckpointed,
    DamageMadeGood,
    DutyEvent,
    ErasedKind,
    ErasureCertified,
    Figure,
    Handler,
    HandlersNamed,
    ImprovementReported,
    IncidentNotified,
    IncidentReported,
    Paragraph,
    StatusReported,
    TerminalUserLocked,
    TrainingHeld,
)
from contracts.events.event import Event
from contracts.events.oversight import (
    WARD_EVENTS,
    BreachPublished,
    DamagesClaimed,
    ErasureChecked,
    Finding,
    GuidanceGiven,
    InspectionHeld,
    StatusRequested,
)
from contracts.events.payments import (
    AgentRequest,
    AuthorizationApproved,
    AuthorizationDeclined,
    AuthorizationRequested,
    AuthorizationReversalRequested,
    AuthorizationReversed,
    PaymentDeclined,
    PaymentEvent,
    ProxyPaymentAccepted,
    ProxyPaymentRequested,
    ProxyPaymentWithdrawn,
    ReceiptDelivered,
    SlipScanned,
)
from contracts.events.settlement import (
    LINES_PER_PAGE,
    ClosingStatementIssued,
    DepositMade,
    SettlementEvent,
    StatementLine,
)

__all__ = [
    "CONTRACTOR_EVENTS",
    "EVENTS",
    "LINES_PER_PAGE",
    "WARD_EVENTS",
    "AccessLogCheckpointed",
    "AgentRequest",
    "AuthorizationApproved",
    "AuthorizationDeclined",
    "AuthorizationRequested",
    "AuthorizationReversalRequested",
    "AuthorizationReversed",
    "BreachPublished",
    "ClockSet",
    "ClosingStatementIssued",
    "DamageMadeGood",
    "DamagesClaimed",
    "DepositMade",
    "DutyEvent",
    "ErasedKind",
    "ErasureCertified",
    "ErasureChecked",
    "Event",
    "Figure",
    "Finding",
    "GuidanceGiven",
    "Handler",
    "HandlersNamed",
    "ImprovementReported",
    "IncidentNotified",
    "IncidentReported",
    "InspectionHeld",
    "Paragraph",
    "PaymentDeclined",
    "PaymentEvent",
    "ProxyPaymentAccepted",
    "ProxyPaymentRequested",
    "ProxyPaymentWithdrawn",
    "ReceiptDelivered",
    "SettlementEvent",
    "SlipScanned",
    "StatementLine",
    "StatusReported",
    "StatusRequested",
    "TerminalUserLocked",
    "TrainingHeld",
]

EVENTS: tuple[type[Event], ...] = (
    SlipScanned,
    PaymentDeclined,
    AuthorizationRequested,
    ProxyPaymentRequested,
    AuthorizationReversalRequested,
    ReceiptDelivered,
    AuthorizationApproved,
    AuthorizationDeclined,
    AuthorizationReversed,
    ProxyPaymentAccepted,
    ProxyPaymentWithdrawn,
    ClosingStatementIssued,
    DepositMade,
    *CONTRACTOR_EVENTS,
    *WARD_EVENTS,
    ClockSet,
)
"""Every published event type: the source of the schemas and of the readers' registry."""
