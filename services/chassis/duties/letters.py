"""The records of a register as letters: 事故報告書, 取扱状況報告書, 消去証明書 and the others. Pure."""

from __future__ import annotations

from typing import Final

from contracts.parties import WARD
from contracts.vocabulary import business_date
from services.chassis.duties import letters_of_contractors, letters_of_the_ward
from services.chassis.duties.letter_forms import Matter, party_name
from services.chassis.paper.eras import japanese_date
from services.chassis.paper.letter import Letter

_FORMS: Final = {**letters_of_contractors.FORMS, **letters_of_the_ward.FORMS}
KINDS_WITH_LETTER: Final = frozenset(_FORMS)


def letter_of(matter: Matter) -> Letter:
    """Raises `LookupError` for a record that is no message, as the day of an erasure."""
    record = matter.entry.record
    form = _FORMS[record.kind]
    ward, contractor = party_name(WARD), party_name(record.contractor)
    own = record.contractor == WARD
    answering = [f"取扱責任者　{matter.responsible}"] if matter.responsible and form.by_contractor and not own else []
    return Letter(
        title=form.title,
        english=form.english,
        number=record.record_id,
        date=japanese_date(business_date(record.at)),
        to="" if own else ward if form.by_contractor else contractor,
        sender=(contractor if form.by_contractor else ward, *answering),
        opening=form.opening,
        facts=form.facts(matter),
        written_at=record.at,
        grid=form.grid(matter),
        sections=form.sections(matter),
        signature=form.signature(matter),
    )
