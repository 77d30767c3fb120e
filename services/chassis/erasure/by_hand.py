"""消去 by hand: what is due and was not done, a certificate that was rejected, or all of it at the contract's end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.duties.duty import RecordKind
from contracts.duties.erasing import Cut
from contracts.http.duties import ErasureRequest, ErasuresAnswer, ErasureView
from contracts.vocabulary import Refusal, business_date
from services.chassis.commands import Command, Executor
from services.chassis.duties.commands import together
from services.chassis.duties.office import one_by_one
from services.chassis.duties.register import Registered, Wanted
from services.chassis.erasure.erasing import Erasing
from services.chassis.erasure.records import Erased
from services.chassis.erasure.timers import ErasureDue, ErasureToFinish
from services.chassis.transaction import Transaction

NOTHING_DUE: Final = Refusal(
    "nothing_to_erase",
    "no erasure is due and not done or not finished, and no certificate was rejected",
    "GET /duties/erasures says which are due, and when; end_of_contract erases everything that is settled",
)


def erasing_by_hand(erasing: Erasing, executor: Executor) -> Command[ErasureRequest, ErasuresAnswer]:
    hand = ByHand(erasing)
    return executor.command("erase", ErasureRequest, ErasuresAnswer, one_by_one(hand.erase), together)


@dataclass(frozen=True, slots=True)
class ByHand:
    """What the responsible person (取扱責任者) has done beside the timers."""

    erasing: Erasing

    async def erase(self, request: ErasureRequest, tx: Transaction) -> ErasuresAnswer | Refusal:
        if request.end_of_contract:
            erased = [await self.erasing.erase(await self._at_the_end(tx), tx)]
        else:
            again = await self._certified_again(tx)  # first: those that follow are finished by themselves
            erased = [await self.erasing.erase(due, tx) for due in await self._undone(tx)]
            erased += again
        if not erased:
            return NOTHING_DUE
        return ErasuresAnswer(erasures=tuple(map(erasure_view, erased)))

    async def _at_the_end(self, tx: Transaction) -> ErasureDue:
        today, number = business_date(tx.now), 1
        party = self.erasing.correspondence.register.party
        while await self.erasing.records.find(tx.session, f"{party}/{today}/{number}") is not None:
            number += 1
        return await self.erasing.enter(Cut(today), number, today, tx)

    async def _undone(self, tx: Transaction) -> Sequence[ErasureDue]:
        """Those of the register whose day has come."""
        register, today = self.erasing.correspondence.register, business_date(tx.now)
        entered = await register.listed(tx.session, Wanted(RecordKind.ERASURE_DUE))
        dues = [due_of(entry) for entry in entered if entry.record.due_on is not None and entry.record.due_on <= today]
        found = [due for due in dues if await self.erasing.records.find(tx.session, due.erasure_id) is None]
        return sorted(found, key=lambda due: (due.data_until, due.number))

    async def _certified_again(self, tx: Transaction) -> Sequence[Erased]:
        """Those that could not be finished, or whose last certificate the ward rejected: they are finished again."""
        register, again = self.erasing.correspondence.register, list[Erased]()
        for erased in await self.erasing.records.all(tx.session):
            last = f"{erased.erasure_id}/{erased.certificates}"
            checked = await register.find(tx.session, RecordKind.ERASURE_CHECKED, last)
            if erased.finished_at is None or (checked is not None and not checked.record.holds):
                timer = ErasureToFinish(erasure_id=erased.erasure_id, certificate=erased.certificates + 1)
                tx.cancel(ErasureToFinish, [timer.subject])
                tx.schedule(timer, tx.now)
                again.append(erased)
        return again


async def listed(session: AsyncConnection, erasing: Erasing) -> Sequence[ErasureView]:
    """All erasures, due or carried out, by their day."""
    done = {erased.erasure_id: erasure_view(erased) for erased in await erasing.records.all(session)}
    entered = await erasing.correspondence.register.listed(session, Wanted(RecordKind.ERASURE_DUE))
    due = [due_of(entry) for entry in entered if entry.record.record_id not in done]
    waiting = [ErasureView(erasure_id=d.erasure_id, due_on=d.due_on, data_until=d.data_until) for d in due]
    return sorted([*done.values(), *waiting], key=lambda view: (view.due_on, view.erasure_id))


def due_of(entry: Registered) -> ErasureDue:
    """The erasure that a record of the register announces."""
    content = entry.content
    return ErasureDue(
        erasure_id=entry.record.record_id,
        due_on=date.fromisoformat(content["due_on"]),
        data_until=date.fromisoformat(content["data_until"]),
        number=content["number"],
    )


def erasure_view(erased: Erased) -> ErasureView:
    return ErasureView(
        erasure_id=erased.erasure_id,
        due_on=erased.due_on,
        data_until=erased.data_until,
        erased_at=erased.erased_at,
        finished_at=erased.finished_at,
        certificates=erased.certificates,
        keys_before=erased.keys_before,
        kinds=dict(erased.kinds),
        kept=erased.kept,
    )
