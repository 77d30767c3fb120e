"""HTTP in; no logic."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from contracts.explaining import EXPLANATION
from contracts.http.bodies import GivenDay
from contracts.http.card_agent.anomalies import (
    SettlementAnomalyView,
)
from contracts.http.card_agent.cards import (
    TestCard,
)
from contracts.http.card_agent.payments import AuthorizationView
from contracts.http.card_agent.settlement import StatementView, TermsView
from contracts.http.service import Explanation
from contracts.roles import Role
from services.card_agent.app import CardAgent
from services.chassis.web.bodies import BodyRule
from services.chassis.web.duty_routes import entering_duties, erasing_duties
from services.chassis.web.problems import accepted
from services.chassis.web.routing import PartyRouter


def router(agent: CardAgent) -> APIRouter:
    api = PartyRouter()
    s = agent.settings
    api.bodies |= {
        "/card-tokens": BodyRule(s.http_body_bytes, card_numbers=True),
        "/card-tokens/bulk": BodyRule(s.http_bulk_bytes, card_numbers=True),
    }
    _paying(api, agent)
    _settling(api, agent)
    entering_duties(api, agent.duties.commands)
    erasing_duties(api, agent.erasing, agent.erase)
    return api


def _paying(api: PartyRouter, agent: CardAgent) -> None:
    payers, operators = api.open_to(Role.PAYER_APP), api.open_to(Role.OPERATOR)
    testers = api.open_to(Role.OPERATOR, Role.PAYER_APP)
    clerks = api.open_to(Role.COLLECTION_CLERK, Role.AUDITOR)
    c = agent.commands
    payers.command(
        "/card-tokens", c.tokenize, "カード番号入力 a token for a card (非保持化)", status=201, name="card_token"
    )
    payers.command(
        "/card-tokens/bulk",
        c.tokenize_many,
        "カード番号一括入力 tokens for many cards, each for itself",
        status=201,
        name="card_tokens",
    )
    operators.command(
        "/payments/{payment_id}/withdrawal", c.withdraw, "売上取消 the card company revokes the sale", name="withdrawal"
    )

    @clerks.get("/payments/{payment_id}", summary="One payment")
    async def payment(payment_id: str) -> AuthorizationView:
        return accepted(await agent.queries.payment(payment_id))

    @clerks.get("/payments/{payment_id}/explanation", summary=EXPLANATION)
    async def explanation(payment_id: str, on: GivenDay | None = None) -> Explanation:
        return accepted(await agent.queries.explanation(payment_id, on))

    @testers.get("/test-cards", summary="Card numbers that choose their outcome")
    async def test_cards() -> Sequence[TestCard]:
        return agent.queries.test_cards()


def _settling(api: PartyRouter, agent: CardAgent) -> None:
    operators, managers = api.open_to(Role.OPERATOR), api.open_to(Role.ADMINISTRATOR)
    readers = api.open_to(Role.COLLECTION_CLERK, Role.ADMINISTRATOR, Role.AUDITOR)
    c = agent.commands
    operators.command(
        "/anomalies", c.inject, "異常 make the settlement of a closing go wrong", status=201, name="anomaly"
    )

    @operators.get("/anomalies", summary="異常 asked for, and what they changed")
    async def anomalies() -> Sequence[SettlementAnomalyView]:
        return await agent.queries.anomalies()

    managers.command(
        "/statements/{statement_id}/correction",
        c.correct,
        "精算訂正 correct the settlement of a closing",
        name="correction",
    )

    @readers.get("/statements", summary="締め・入金 closing periods and their deposits")
    async def statements() -> Sequence[StatementView]:
        return await agent.queries.statements()

    @readers.get("/terms", summary="精算条件 terms of settlement")
    async def terms() -> TermsView:
        return agent.queries.terms()
