"""Transfers to the ward, and the anomalies of closings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import SettlementAnomaly
from services.card_agent.behaviour import Anomaly
from services.card_agent.tables import anomalies, deposits
from services.chassis.database.bulk import Bulk
from services.chassis.database.expressions import in_list

_DEPOSITS = select(deposits).order_by(deposits.c.believed_on, deposits.c.deposit_id)
_DEPOSITS_OF = _DEPOSITS.where(in_list(deposits.c.statement_id))
_ADD_DEPOSITS = Bulk(deposits.insert())
_CHANGING = ("believed", "believed_on", "paid_on")
_SAVE_DEPOSITS = Bulk(
    update(deposits)
    .where(deposits.c.deposit_id == bindparam("saved_id"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGING})
)
_ANOMALIES = select(anomalies).order_by(anomalies.c.closed_on, anomalies.c.kind)
_ANOMALIES_OF = _ANOMALIES.where(in_list(anomalies.c.closed_on, "days"))
_CARRIED_OVER = (
    select(anomalies.c.met_payment_id, anomalies.c.closed_on)
    .where(in_list(anomalies.c.met_payment_id), anomalies.c.kind == SettlementAnomaly.PAYMENT_LEFT_OUT)
    .where(anomalies.c.corrected_at > bindparam("then"))
    .order_by(anomalies.c.corrected_at.desc())
)
_ADD_ANOMALIES = Bulk(anomalies.insert())
_SAVE_ANOMALIES = Bulk(
    update(anomalies)
    .where(anomalies.c.closed_on == bindparam("of_day"), anomalies.c.kind == bindparam("of_kind"))
    .values(
        met_payment_id=bindparam("new_payment"), met_yen=bindparam("new_yen"), corrected_at=bindparam("new_corrected")
    )
)


@dataclass(frozen=True, slots=True)
class Deposit:
    """A transfer to the ward: what the agent believes of it, and what is so. Made where it has a `paid_on`."""

    deposit_id: str
    statement_id: str
    name: str
    believed: int
    believed_on: date
    paid: int
    paid_on: date | None
    account: str

    @property
    def reaches_the_ward(self) -> int:
        """What of it is on the ward's account, or on its way there."""
        return 0 if self.account else self.paid


@dataclass(frozen=True, slots=True)
class KeptAnomaly:
    """An anomaly of a closing, and what became of it."""

    closed_on: date
    asked: Anomaly
    asked_at: datetime
    met_payment_id: str | None = None
    met_yen: int = 0
    corrected_at: datetime | None = None


async def deposits_of(session: AsyncConnection, statement_ids: Collection[str]) -> dict[str, list[Deposit]]:
    """Statement id → its transfers."""
    found: defaultdict[str, list[Deposit]] = defaultdict(list)
    for row in (await session.execute(_DEPOSITS_OF, {"ids": list(statement_ids)})).mappings():
        found[row["statement_id"]].append(Deposit(**row))
    return found


async def all_deposits(session: AsyncConnection) -> Sequence[Deposit]:
    """Every transfer, the first first."""
    return [Deposit(**row) for row in (await session.execute(_DEPOSITS)).mappings()]


async def add_deposits(session: AsyncConnection, new: Sequence[Deposit]) -> None:
    """Keep new transfers."""
    await _ADD_DEPOSITS.execute(session, [asdict(deposit) for deposit in new])


async def save_deposits(session: AsyncConnection, changed: Sequence[Deposit]) -> None:
    """Write back what the agent believes, and what was made."""
    rows = [
        {"saved_id": d.deposit_id, **{f"new_{name}": getattr(d, name) for name in _CHANGING}}
        for d in sorted(changed, key=lambda d: d.deposit_id)
    ]
    await _SAVE_DEPOSITS.execute(session, rows)


async def anomalies_of(
    session: AsyncConnection, days: Collection[date]
) -> dict[date, dict[SettlementAnomaly, KeptAnomaly]]:
    """Closing day → its anomalies by kind."""
    return _by_day((await session.execute(_ANOMALIES_OF, {"days": list(days)})).mappings())


async def all_anomalies(session: AsyncConnection) -> dict[date, dict[SettlementAnomaly, KeptAnomaly]]:
    """Closing day → its anomalies by kind, of every closing."""
    return _by_day((await session.execute(_ANOMALIES)).mappings())


async def counted_before(session: AsyncConnection, payment_ids: Collection[str], then: datetime) -> dict[str, date]:
    """Payment → the closing that counted it at the instant `then`, for those carried over (繰越) since."""
    found = await session.execute(_CARRIED_OVER, {"ids": list(payment_ids), "then": then})
    return {row.met_payment_id: row.closed_on for row in found.all()}


async def add_anomalies(session: AsyncConnection, new: Sequence[KeptAnomaly]) -> None:
    """Keep what was asked for."""
    rows = [{"closed_on": k.closed_on, "asked_at": k.asked_at, **asdict(k.asked)} for k in new]
    await _ADD_ANOMALIES.execute(session, rows)


async def save_anomalies(session: AsyncConnection, changed: Sequence[KeptAnomaly]) -> None:
    """Write back what anomalies met, and when they were corrected."""
    rows = [
        {
            "of_day": k.closed_on,
            "of_kind": k.asked.kind,
            "new_payment": k.met_payment_id,
            "new_yen": k.met_yen,
            "new_corrected": k.corrected_at,
        }
        for k in changed
    ]
    await _SAVE_ANOMALIES.execute(session, rows)


def _by_day(rows: Any) -> dict[date, dict[SettlementAnomaly, KeptAnomaly]]:
    found: defaultdict[date, dict[SettlementAnomaly, KeptAnomaly]] = defaultdict(dict)
    for row in rows:
        found[row["closed_on"]][row["kind"]] = _kept(row)
    return found


def _kept(row: Mapping[str, Any]) -> KeptAnomaly:
    asked = Anomaly(row["kind"], row["yen"], row["business_days"], row["payment_id"])
    return KeptAnomaly(
        row["closed_on"], asked, row["asked_at"], row["met_payment_id"], row["met_yen"], row["corrected_at"]
    )
