"""Consents to the terms of use (利用規約への同意)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.bulk import Bulk
from services.chassis.database.expressions import in_list
from services.chassis.database.lookup import Lookup
from services.payment_provider.tables import consents

_KNOWN = Lookup(select(consents.c.consent_id).where(in_list(consents.c.consent_id)))
_ADD = Bulk(consents.insert(), only_missing=True)


class Consent(NamedTuple):
    consent_id: str
    app_user: str
    terms_version: str
    consented_at: datetime


async def add(session: AsyncConnection, given: Sequence[Consent]) -> None:
    """Insert consents; one that is there already stays as it is."""
    await _ADD.insert(session, given)


async def known(session: AsyncConnection, ids: Collection[str]) -> set[str]:
    """The given ids that belong to a consent."""
    return {consent_id for (consent_id,) in await _KNOWN.rows(session, ids=list(ids))}
