"""利用規約: the terms of use. Their articles are in `terms_of_use.toml`, the items handled in `contracts.duties`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

from contracts.duties.items import PURPOSE, TOLD
from contracts.http.payment_provider.terms_of_use import Article, BothLanguages, CollectedItem, TermsOfUse

_FILE: Final = Path(__file__).with_suffix(".toml")


def terms_of_use(version: str) -> TermsOfUse:
    """The terms, under the version in force."""
    articles = tomllib.loads(_FILE.read_text(encoding="utf-8"))["article"]
    return TermsOfUse(
        terms_version=version,
        purpose=_both(*PURPOSE),
        items=tuple(
            CollectedItem(
                name=_both(item.japanese, item.name),
                purpose=_both(item.why_in_japanese, item.why),
                held_by=item.held_by,
            )
            for item in TOLD
        ),
        text=tuple(
            Article(
                heading=_both(article["japanese"], article["english"]),
                text=_both(article["text"], article["text_in_english"]),
            )
            for article in articles
        ),
    )


def _both(japanese: str, english: str) -> BothLanguages:
    return BothLanguages(japanese=japanese, english=english)
