"""利用規約への同意: record that a payer accepted the terms."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.http.payment_provider.payments import ConsentAnswer, ConsentRequest
from contracts.vocabulary import Refusal
from services.chassis.transaction import Transaction
from services.payment_provider import store


async def record_consents(
    requests: Sequence[ConsentRequest], tx: Transaction, *, terms_version: str
) -> Sequence[ConsentAnswer | Refusal]:
    """Refuses a version of the terms that is not in force."""
    answers: list[ConsentAnswer | Refusal] = []
    for request in requests:
        if request.terms_version != terms_version:
            wrong = f"terms of use {request.terms_version!r} are not in force"
            answers.append(Refusal("terms_not_in_force", wrong, f"accept version {terms_version!r}"))
            continue
        consent_id = tx.new_id("consent", request.app_user, request.terms_version)
        answers.append(ConsentAnswer(consent_id=consent_id, terms_version=terms_version, consented_at=tx.now))
    rows = [
        {**answer.model_dump(), "app_user": request.app_user}
        for request, answer in zip(requests, answers, strict=True)
        if isinstance(answer, ConsentAnswer)
    ]
    if rows:
        await store.add_consents(tx.session, rows)
    return answers
