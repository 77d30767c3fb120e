"""Standings of the duties with made-up records and checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

from contracts.duties.assessing import CheckResult
from contracts.duties.duty import CONTRACTORS, CheckName, RecordKind
from contracts.http.duties import DutyRecordView
from contracts.parties import PARTIES, WARD
from contracts.vocabulary import on_the_clock
from services.console.duties.inspecting import ASKED
from services.console.duties.standing import Seen, Standing, stand
from services.console.duties.words import Said

BEGAN, ON = date(2021, 4, 1), date(2022, 4, 5)
LATE = "card_agent.uc"
"""Its staff were not trained."""
PLACE = Said("稼働中のシステム", "the running stack")
EXAMPLES: Mapping[RecordKind, tuple[date, Mapping[str, Any]]] = {
    RecordKind.HANDLERS_NAMED: (
        BEGAN,
        {"handlers": [["佐藤 恵子", "responsible", "総括"], ["鈴木 直樹", "handler", "作成"]]},
    ),
    RecordKind.TRAINING_HELD: (date(2021, 6, 1), {"taught": "個人情報保護条例", "attendees": 14}),
    RecordKind.INSPECTION_HELD: (
        date(2022, 2, 1),
        {"inspected_by": "介護保険課", "checks": 36, "findings": []},
    ),
}


def record(kind: RecordKind, contractor: str, party: str, **more: Any) -> DutyRecordView:
    day, content = EXAMPLES[kind]
    if (kind, contractor) == (RecordKind.INSPECTION_HELD, LATE):
        content = {**content, "findings": [["f1", "D-18", "研修の記録がない"]]}
    at = on_the_clock(day, time(10))
    known = {
        "party": party,
        "record_id": f"{kind}-{contractor}",
        "contractor": contractor,
        "at": at,
        "content": content,
    }
    return DutyRecordView.model_validate({"kind": kind, **known, **more})


def records() -> list[DutyRecordView]:
    """Of a year in which one contractor trained nobody; both the contractor and the ward hold each record."""
    found = [
        record(kind, contractor, party)
        for contractor in CONTRACTORS
        for kind in EXAMPLES
        if (kind, contractor) != (RecordKind.TRAINING_HELD, LATE)
        for party in (contractor, WARD)
    ]
    return [*found, record(RecordKind.TRAINING_HELD, WARD, WARD)]


def checks(holds: bool | None = True, found: str = "3 of 3 as they should be") -> list[CheckResult]:
    return [CheckResult(party, name, holds, found, f"確認：{found}") for party, name in ASKED]


def standing(
    on: date = ON,
    kept: Sequence[DutyRecordView] | None = None,
    checked: Sequence[CheckResult] | None = None,
    place: Said = PLACE,
) -> Standing:
    seen = Seen(on_the_clock(ON, time(12)), place, {party: f"http://{party}" for party in PARTIES})
    kept = records() if kept is None else kept
    return stand(kept, checks() if checked is None else checked, on=on, began=BEGAN, seen=seen)


def all_kept() -> Standing:
    """Nothing was missed."""
    trained = [record(RecordKind.TRAINING_HELD, LATE, party) for party in (LATE, WARD)]
    return standing(kept=[*records(), *trained])


def unsealed() -> Standing:
    """What one contractor sends can be read by others."""
    found = [one._replace(holds=one.check is not CheckName.SEALED or one.party != LATE) for one in checks()]
    return standing(checked=found)
