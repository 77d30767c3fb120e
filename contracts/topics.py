"""Topics: the owner of each (its only writer), its readers, key and retention.

Topic creation and access rules are derived from them. Least privilege: a card agent reads only its own requests;
private topics carry a party's own timers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from contracts import events as e
from contracts.bounds import shown
from contracts.cloudevents import source_of
from contracts.parties import CONSOLE as CONSOLE
from contracts.parties import PARTIES, Contractor
from contracts.parties import PAYMENT_PROVIDER as PAYMENT_PROVIDER
from contracts.parties import PRINCIPALS as PRINCIPALS
from contracts.parties import WARD as WARD
from contracts.parties import card_agent as card_agent
from contracts.vocabulary import Agent, Settler


def settler_of(agent: Agent) -> Settler:
    """The settler that a card agent is."""
    return Settler(agent.value)


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. `readers` excludes the console, which may watch every topic that is not private."""

    name: str
    owner: str
    readers: tuple[str, ...]
    events: tuple[type[e.Event], ...]
    key: str
    """What its events are keyed by, as text."""
    partitions: int = 4
    retention: timedelta = timedelta(days=7)
    """In real time: a reader that lags or is stopped for longer loses events."""
    private: bool = False
    """Carries the owner's own timers, and no published event."""
    agent: Agent | None = None
    """Its events name this agent, if they name one."""
    settlers: frozenset[Settler] = frozenset(Settler)
    """Its events name one of these settlers, if they name one as their sender."""
    contractor: Contractor | None = None
    """Its events name this contractor, if they name one."""


SCANS = Topic("payment_provider.scans", PAYMENT_PROVIDER, (), (e.SlipScanned, e.PaymentDeclined), key="payment id")
RECEIPTS = Topic("payment_provider.receipts", PAYMENT_PROVIDER, (WARD,), (e.ReceiptDelivered,), key="payment id")
BANK_SETTLEMENTS = Topic(
    "payment_provider.settlements",
    PAYMENT_PROVIDER,
    (WARD,),
    (e.ClosingStatementIssued, e.DepositMade),
    key="statement id",
    settlers=frozenset(Settler) - {settler_of(agent) for agent in Agent},
)
CLOCK = Topic(
    "console.clock",
    CONSOLE,
    PARTIES,
    (e.ClockSet,),
    key="clock",
    partitions=1,
    retention=timedelta(days=3650),  # a starting replica reads the last announcement, however old
)


def authorization_requests(agent: Agent) -> Topic:
    """与信照会依頼 to one agent: authorizations, entrustments, reversals."""
    return Topic(
        f"payment_provider.authorization_requests.{agent}",
        PAYMENT_PROVIDER,
        (card_agent(agent),),
        (e.AuthorizationRequested, e.ProxyPaymentRequested, e.AuthorizationReversalRequested),
        key="card token",
        agent=agent,
    )


def authorization_results(agent: Agent) -> Topic:
    """与信照会結果 of one agent."""
    return Topic(
        f"card_agent.{agent}.authorization_results",
        card_agent(agent),
        (PAYMENT_PROVIDER,),
        (e.AuthorizationApproved, e.AuthorizationDeclined, e.AuthorizationReversed),
        key="payment id",
        agent=agent,
    )


def proxy_payments(agent: Agent) -> Topic:
    """代理納付 of one agent."""
    return Topic(
        f"card_agent.{agent}.proxy_payments",
        card_agent(agent),
        (PAYMENT_PROVIDER,),
        (e.ProxyPaymentAccepted, e.ProxyPaymentWithdrawn),
        key="payment id",
        agent=agent,
    )


def settlements(agent: Agent) -> Topic:
    """締め明細 and 入金 of one agent."""
    return Topic(
        f"card_agent.{agent}.settlements",
        card_agent(agent),
        (WARD,),
        (e.ClosingStatementIssued, e.DepositMade),
        key="statement id",
        settlers=frozenset({settler_of(agent)}),
    )


def duties_of(contractor: Contractor) -> Topic:
    """個人情報の保護: what a contractor tells the ward about it."""
    return Topic(
        f"{contractor}.duties",
        contractor,
        (WARD,),
        e.CONTRACTOR_EVENTS,
        key="contractor",
        partitions=1,
        contractor=contractor,
    )


def duties_towards(contractor: Contractor) -> Topic:
    """個人情報の保護: what the ward tells one contractor about it."""
    return Topic(
        f"ward.duties.{contractor}",
        WARD,
        (contractor,),
        (*e.WARD_EVENTS, e.AccessLogCheckpointed),
        key="contractor",
        partitions=1,
        contractor=contractor,
    )


def timers(principal: str) -> Topic:
    """A party's own timers; no other principal reads or writes them."""
    return Topic(f"{principal}.timers", principal, (principal,), (), key="subject of the timer", private=True)


TOPICS: tuple[Topic, ...] = (
    SCANS,
    *(authorization_requests(agent) for agent in Agent),
    *(authorization_results(agent) for agent in Agent),
    *(proxy_payments(agent) for agent in Agent),
    RECEIPTS,
    *(settlements(agent) for agent in Agent),
    BANK_SETTLEMENTS,
    *map(duties_of, Contractor),
    *map(duties_towards, Contractor),
    CLOCK,
    *map(timers, PARTIES),
)


def readable_by(principal: str) -> Iterable[Topic]:
    """The topics a party subscribes to, except the clock (every replica reads that one by itself)."""
    return (t for t in TOPICS if principal in t.readers and t.name != CLOCK.name)


_ROUTES: dict[tuple[type[e.Event], str, Agent | Contractor | None], str] = {
    **{(event_type, topic.owner, None): topic.name for topic in TOPICS for event_type in topic.events},
    **{
        (event_type, PAYMENT_PROVIDER, agent): authorization_requests(agent).name
        for agent in Agent
        for event_type in authorization_requests(agent).events
    },
    **{
        (event_type, topic.owner, contractor): topic.name
        for contractor in Contractor
        for topic in (duties_of(contractor), duties_towards(contractor))
        for event_type in topic.events
    },
}


def topic_of(event: e.Event, publisher: str) -> str:
    """The topic on which `publisher` publishes `event`.

    Raises `LookupError` if that party publishes no events of this type.
    """
    to: Agent | Contractor | None = event.agent if isinstance(event, e.AgentRequest) else None
    if isinstance(event, e.DutyEvent):
        to = event.contractor
    try:
        return _ROUTES[type(event), publisher, to]
    except KeyError:
        raise LookupError(f"{publisher} owns no topic for {type(event).__name__}") from None


_BY_NAME = {topic.name: topic for topic in TOPICS}
_PUBLISHED = frozenset(e.EVENTS)


@dataclass(frozen=True, slots=True)
class _Carried:
    """What an event of one type needs to belong on a topic."""

    wrong: str = ""
    source: str = ""
    agent: Agent | None = None
    settlers: frozenset[Settler] | None = None
    contractor: Contractor | None = None


@cache
def _carried(name: str, event_type: type[e.Event]) -> _Carried:
    """Nobody but its party sends it a timer."""
    topic = _BY_NAME.get(name)
    if topic is None:
        return _Carried(f"{name} is no topic of the contract")
    is_timer = ".timer." in event_type.TYPE
    fits = event_type in topic.events if event_type in _PUBLISHED else is_timer == topic.private
    if not fits or (topic.private and not is_timer):
        return _Carried(f"{name} carries no {event_type.TYPE}")
    names = event_type.__struct_fields__
    return _Carried(
        source=source_of(topic.owner),
        agent=topic.agent if "agent" in names else None,
        settlers=topic.settlers if issubclass(event_type, e.SettlementEvent) else None,
        contractor=topic.contractor if issubclass(event_type, e.DutyEvent) else None,
    )


def misplaced(name: str, source: str, event: e.Event) -> str:
    """Why this event, from this source, does not belong on the topic; empty if it does.

    A topic carries the events of its owner, and of the agent, settler or contractor that the owner is or speaks for.
    """
    carried = _carried(name, type(event))
    if carried.wrong:
        return carried.wrong
    if source != carried.source:
        return f"the source is '{shown(source)}', and {name} carries events of {carried.source} alone"
    if carried.agent is not None and (agent := getattr(event, "agent", None)) is not carried.agent:
        return f"agent {agent} is not the agent of {name}"
    if carried.settlers is not None and (settler := getattr(event, "settler", None)) not in carried.settlers:
        return f"settler {settler} is none for whom the owner of {name} speaks"
    if carried.contractor is not None and (contractor := getattr(event, "contractor", None)) is not carried.contractor:
        return f"contractor {contractor} is not the contractor of {name}"
    if isinstance(event, e.AccessLogCheckpointed) and source_of(event.party) != source:
        return f"a checkpoint of {shown(event.party)}'s access log comes from that party alone"
    return ""
