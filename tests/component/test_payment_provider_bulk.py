"""乙: many scans or card choices in one request give the same results as one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from contracts.events import AuthorizationRequested, SlipScanned
from contracts.http.bulk import RefusedItem
from contracts.http.payment_provider.payments import (
    CardChoice,
    CardChoicesRequest,
    PaymentsAnswer,
    PaymentView,
    ScanRequest,
    ScansRequest,
)
from contracts.vocabulary import Agent, Brand
from tests.component.driven import accepted, refused
from tests.component.driven_provider import DrivenProvider, slip
from tests.component.home import Home


async def scans(driven: DrivenProvider, barcodes: Sequence[str], key: str | None = None) -> PaymentsAnswer:
    wanted = tuple(ScanRequest(barcode=barcode, consent_id=driven.consent_id) for barcode in barcodes)
    return accepted(await driven.service.commands.scan_many(ScansRequest(scans=wanted), key))


def choice(payment_id: str, agent: Agent = Agent.UC) -> CardChoice:
    return CardChoice(payment_id=payment_id, agent=agent, card_token="a-token", brand=Brand.VISA, last4="0002")


async def choose(driven: DrivenProvider, *choices: CardChoice, key: str | None = None) -> PaymentsAnswer:
    return accepted(await driven.service.commands.choose_cards(CardChoicesRequest(choices=choices), key))


def said(answers: Sequence[PaymentView | RefusedItem]) -> list[str]:
    """The status of each payment, the code of each refusal."""
    return [a.status if isinstance(a, PaymentView) else a.code for a in answers]


async def test_many_slips_are_scanned_each_for_itself(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    await driven.asked(slip(1))
    barcodes = [slip(2), "nonsense", slip(1), slip(3, 300_001), *(slip(n) for n in range(4, 704))]
    answer = await scans(driven, barcodes, "k")
    assert said(answer.in_order()) == [
        "scanned",
        "barcode_not_digits",
        "payment_in_progress",
        "barcode_over_limit",
        *["scanned"] * 700,
    ]
    assert [p.slip_number for p in answer.payments] == [b[8:29] for b in (slip(2), *barcodes[4:])]
    await driven.settle()
    assert len(await driven.published(SlipScanned)) == 702
    await driven.crash()
    assert await scans(driven, barcodes, "k") == answer
    other = ScansRequest(scans=(ScanRequest(barcode=slip(2), consent_id=driven.consent_id),))
    assert refused(await driven.service.commands.scan_many(other, "k")).code == "idempotency_key_reused"


async def test_without_consent_none_of_many_is_scanned_but_the_others_are(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    mixed = [ScanRequest(barcode=slip(n), consent_id=driven.consent_id if n % 2 else "made-up") for n in range(1, 5)]
    answer = accepted(await driven.service.commands.scan_many(ScansRequest(scans=tuple(mixed))))
    assert said(answer.in_order()) == ["scanned", "consent_missing"] * 2


async def test_a_slip_that_comes_twice_among_many_is_scanned_anew(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    before = await driven.scanned(slip(1))
    barcodes = [slip(1), slip(2), slip(1, reissue=1), f"(91){slip(1)[2:]}"]
    answer = await scans(driven, barcodes)
    assert said(answer.in_order()) == ["scanned"] * 4
    payments = await driven.service.queries.payments_of(answer.payments[0].slip_number)
    assert [p.payment_id for p in payments] == [before, *(answer.payments[n].payment_id for n in (0, 2, 3))]
    assert [p.status for p in payments] == ["abandoned"] * 3 + ["scanned"]
    assert await driven.status(answer.payments[1].payment_id) == "scanned"
    await driven.settle()
    assert len(await driven.published(SlipScanned)) == 5


async def test_many_scanned_at_once_are_as_if_they_came_one_by_one(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    barcodes = [slip(n % 5 + 1) for n in range(20)]
    answers = await asyncio.gather(*(scans(driven, barcodes) for _ in range(3)), driven.scan(slip(1, reissue=1)))
    assert all(len(a.payments) == 20 for a in answers if isinstance(a, PaymentsAnswer))
    for number in range(1, 6):
        payments = await driven.service.queries.payments_of(slip(number)[8:29])
        assert [p.status for p in payments] == ["abandoned"] * (11 + (number == 1)) + ["scanned"]


async def test_many_payments_are_paid_by_card_each_for_itself(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    first, second, third = [p.payment_id for p in (await scans(driven, [slip(1), slip(2), slip(3)])).payments]
    wanted = [choice(first), choice("made-up"), choice(first), choice(second, Agent.JCB), choice(third)]
    answer = await choose(driven, *wanted, key="k")
    assert said(answer.in_order()) == [
        "authorizing",
        "payment_unknown",
        "method_already_chosen",
        "brand_not_accepted",
        "authorizing",
    ]
    assert [p.system_fee for p in answer.payments] == [82, 82]
    await driven.settle()
    assert [e.payment_id for e in await driven.published(AuthorizationRequested)] == sorted([first, third])
    assert await choose(driven, *wanted, key="k") == answer
    reused = await driven.service.commands.choose_cards(CardChoicesRequest(choices=(choice(second),)), "k")
    assert refused(reused).code == "idempotency_key_reused"
    assert said((await choose(driven, choice(second))).in_order()) == ["authorizing"]


async def test_a_payment_chosen_twice_among_many_is_asked_about_once(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    payment_id = await driven.scanned(slip(1))
    answers = await asyncio.gather(
        *(choose(driven, choice(payment_id), choice(payment_id)) for _ in range(3)), driven.choose_card(payment_id)
    )
    taken = [p for a in answers if isinstance(a, PaymentsAnswer) for p in a.payments]
    assert len(taken) + sum(isinstance(a, PaymentView) for a in answers) == 1
    await driven.settle()
    assert len(await driven.published(AuthorizationRequested)) == 1
    await driven.send(driven.approval(payment_id))
    assert (await driven.service.status()).next_due_at is None, "its timer was the only one, and is cancelled"
