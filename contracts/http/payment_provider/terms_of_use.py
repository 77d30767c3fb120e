"""乙: the terms of use of the app, with the personal data that they tell the payer of."""

from __future__ import annotations

from contracts.http.bodies import Body


class BothLanguages(Body):
    japanese: str
    english: str


class Article(Body):
    """One article of the terms."""

    heading: BothLanguages
    text: BothLanguages


class CollectedItem(Body):
    """A kind of personal data that is handled: what it is called, why it is needed, and which parties hold it."""

    name: BothLanguages
    purpose: BothLanguages
    held_by: tuple[str, ...]
    """Principals."""


class TermsOfUse(Body):
    """利用規約: the version in force. Using the app counts as consent to it."""

    terms_version: str
    purpose: BothLanguages
    """利用目的"""
    items: tuple[CollectedItem, ...]
    """取り扱う項目"""
    text: tuple[Article, ...]
