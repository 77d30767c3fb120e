"""収集: what a party collects is on the list of items, nothing of it is sensitive, and the public is told the list."""

from __future__ import annotations

import typing
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import topics
from contracts.duties.items import TOLD, items_of, sensitive, unlisted
from services.console.books.reading import read_party
from services.console.duties.fields import requested
from services.console.duties.site import NOT_RUNNING, Found, Site, fails, few, holds
from services.console.duties.words import Said
from services.console.stack.clients import Refused

OF_THE_CHASSIS = frozenset({"alembic_version", "command_answers", "dead_letters", "inbox", "outbox"})
"""Tables of messages and answers: their fields are those of events and requests."""


async def check_fields(party: str, site: Site) -> Found:
    """The fields of its events, and of its requests if it runs, or else of its database in the folder."""
    published = set(fields_of_events(party))
    if site.client is not None:
        asked = requested(await site.client.get(party, "/openapi.json"))
        return judge_fields(published | asked, Said("要求と事象", "requests and events"))
    if site.folder is None:
        return NOT_RUNNING
    return judge_fields(published | await columns(site.folder, party), Said("表と事象", "tables and events"))


def judge_fields(fields: Collection[str], of: Said) -> Found:
    if unknown := unlisted(fields):
        return fails(
            f"{of.japanese}の{len(fields)}項目のうち、取扱項目一覧にないものがある：{few(unknown)}",
            f"of {len(fields)} fields of {of.english}, {len(unknown)} are not on the list of items: {few(unknown)}",
        )
    if wrong := sensitive(fields):
        return fails(f"収集してはならない項目がある：{few(wrong)}", f"fields that nobody may collect: {few(wrong)}")
    personal = sorted(f for f in set(fields) if any(f in item.fields for item in TOLD))
    return holds(
        f"{of.japanese}の{len(fields)}項目はすべて分類済み。納付者の情報は{len(personal)}項目で、いずれも周知した一覧にある。"
        "思想・信条・犯罪等の項目なし。",
        f"all {len(fields)} fields of {of.english} are classified; {len(personal)} hold data of payers, each on the "
        "list that is told; none on belief, origin or crime",
    )


async def check_terms(party: str, site: Site) -> Found:
    """利用規約: purpose and items are told to anybody, before anything is collected."""
    if site.client is None:
        return NOT_RUNNING
    try:
        terms = await site.client.get(topics.PAYMENT_PROVIDER, "/terms-of-use")
    except Refused as refused:
        return fails(f"利用規約を閲覧できない：{refused}", f"the terms of use cannot be read: {refused}")
    return judge_terms(party, terms)


def judge_terms(party: str, terms: Mapping[str, Any]) -> Found:
    """`terms`: the document, which may be of a provider that tells less than the contract asks for."""
    version = terms.get("terms_version", "")
    missing = [name for name in ("text", "purpose", "items") if not terms.get(name)]
    if missing or not version:
        return fails(
            f"利用規約（{version or '版なし'}）に記載がない：{few(missing)}",
            f"the terms of use ({version or 'no version'}) do not tell: {few(missing)}",
        )
    told = {item["name"]["english"] for item in terms["items"]}
    wanted = TOLD if party == topics.WARD else items_of(party)
    if untold := [item for item in wanted if item.name not in told]:
        return fails(
            f"利用規約（{version}）の項目一覧に欠けがある：{few([item.japanese for item in untold])}",
            f"the terms of use ({version}) leave out: {few([item.name for item in untold])}",
        )
    return holds(
        f"利用規約（{version}）に利用目的と{len(told)}項目を記載。この当事者が取り扱う{len(wanted)}項目をすべて含む。",
        f"the terms of use ({version}) tell the purpose and {len(told)} items, among them all {len(wanted)} that this "
        "party handles",
    )


def fields_of_events(party: str) -> Iterator[str]:
    """Of all events that the party publishes."""
    for topic in topics.TOPICS:
        if topic.owner == party:
            for event_type in topic.events:
                yield from fields_of_struct(event_type)


def fields_of_struct(struct: Any) -> Iterator[str]:
    """Names of its fields, and of those of the structs within."""
    for field in msgspec.structs.fields(struct):
        yield field.name
        inside = [field.type]
        while inside:
            part = inside.pop()
            if isinstance(part, type) and issubclass(part, msgspec.Struct):
                yield from fields_of_struct(part)
            else:
                inside += typing.get_args(part)


async def columns(folder: Path, party: str) -> set[str]:
    """Of all tables of a party's database. Raises `LookupError` if it is missing or unreadable."""

    async def read(connection: AsyncConnection) -> set[str]:
        return await connection.run_sync(_columns)

    return await read_party(folder, party, read)


def _columns(connection: Any) -> set[str]:
    found = inspect(connection)
    tables = set(found.get_table_names()) - OF_THE_CHASSIS
    return {column["name"] for table in tables for column in found.get_columns(table)}
