"""利用規約への同意: record that a payer accepted the terms of use."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.http.payment_provider.payments import ConsentAnswer, ConsentRequest
from contracts.vocabulary import Refusal
from services.chassis.transaction import Transaction
from services.payment_provider.store import consents
from services.payment_provider.store.consents import Consent


async def record_consents(
    requests: Sequence[ConsentRequest], tx: Transaction, *, terms_version: str
) -> Sequence[ConsentAnswer | Refusal]:
    """Refuses terms of use that are not in force."""
    given = [
        Consent(tx.new_id("consent", r.app_user, terms_version), r.app_user, terms_version, tx.now)
        if r.terms_version == terms_version
        else _not_in_force(r.terms_version, terms_version)
        for r in requests
    ]
    await consents.add(tx.session, [consent for consent in given if isinstance(consent, Consent)])
    return [c if isinstance(c, Refusal) else ConsentAnswer.model_validate(c, from_attributes=True) for c in given]


def _not_in_force(asked: str, in_force: str) -> Refusal:
    wrong = f"terms of use {asked!r} are not in force"
    return Refusal("terms_not_in_force", wrong, f"accept version {in_force!r}")
