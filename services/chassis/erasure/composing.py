"""The erasures of a service, put together."""

from __future__ import annotations

from typing import Protocol

from services.chassis.access_log import AccessLog
from services.chassis.bus.port import Message
from services.chassis.commands import Answers
from services.chassis.database import Database
from services.chassis.duties.correspondence import Correspondence
from services.chassis.duties.office import Office
from services.chassis.erasure.certifying import Certifier
from services.chassis.erasure.data import PartyData
from services.chassis.erasure.erasing import Erasing
from services.chassis.erasure.media import Media
from services.chassis.erasure.own_data import OwnData
from services.chassis.erasure.planning import D11, ErasureTerms
from services.chassis.erasure.records import Erasures
from services.chassis.faults import Faults
from services.chassis.logins import Logins
from services.chassis.messaging.dead_letters import DeadLetters
from services.chassis.sealing.port import Opener
from services.chassis.settings import ServiceSettings
from services.chassis.signing import Signer


class Holder(Protocol):
    """A service, as the holder of data."""

    answers: Answers
    letters: DeadLetters
    logins: Logins
    access_log: AccessLog
    erasures: Erasures
    database: Database
    opener: Opener
    correspondence: Correspondence
    signer: Signer
    faults: Faults

    def opened(self, message: Message) -> Message: ...


def erasing_of(
    service: Holder, settings: ServiceSettings, data: PartyData, months: int, office: Office | None = None
) -> Erasing:
    """`months` after the end of a fiscal year; `office` is that of a contractor, which certifies."""
    terms = service.correspondence.terms
    certifier = None
    if office is not None:
        has_backups = settings.backup_keys_dir is not None
        certifier = Certifier(office.contractor, service.signer, office.correspondence, has_backups)
    return Erasing(
        party=data,
        own=OwnData(service.answers, service.letters, service.logins, service.access_log, service.opened),
        records=service.erasures,
        media=Media(service.database, service.opener if settings.sealing_keys_file else None, settings.backup_keys_dir),
        correspondence=service.correspondence,
        terms=ErasureTerms(terms.kept, D11 in terms.neglected, months),
        faults=service.faults,
        certifier=certifier,
    )
