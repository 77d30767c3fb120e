"""HTTP in; no logic."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from fastapi import APIRouter

from contracts.explaining import EXPLANATION
from contracts.http.card_agent.anomalies import (
    CorrectionAnswer,
    CorrectionRequest,
    SettlementAnomalyRequest,
    SettlementAnomalyView,
)
from contracts.http.card_agent.cards import (
    CardTokenAnswer,
    CardTokenRequest,
    CardTokensAnswer,
    CardTokensRequest,
    TestCard,
)
from contracts.http.card_agent.payments import AuthorizationView, WithdrawalAnswer, WithdrawalRequest
from contracts.http.card_agent.settlement import StatementView, TermsView
from contracts.http.service import Explanation
from services.card_agent.app import CardAgent
from services.chassis.web.problems import accepted
from services.chassis.web.routing import IdempotencyKey, create_router


def router(agent: CardAgent) -> APIRouter:
    """The agent's routes."""
    api = create_router()
    _paying(api, agent)
    _settling(api, agent)
    return api


def _paying(api: APIRouter, agent: CardAgent) -> None:
    @api.post("/card-tokens", status_code=201, summary="カード番号入力 a token for a card (非保持化)")
    async def card_token(body: CardTokenRequest, key: IdempotencyKey = None) -> CardTokenAnswer:
        return accepted(await agent.commands.tokenize(body, key))

    @api.post("/card-tokens/bulk", status_code=201, summary="カード番号一括入力 tokens for many cards, each for itself")
    async def card_tokens(body: CardTokensRequest, key: IdempotencyKey = None) -> CardTokensAnswer:
        return accepted(await agent.commands.tokenize_many(body, key))

    @api.post("/payments/{payment_id}/withdrawal", summary="売上取消 the card company revokes the sale")
    async def withdrawal(payment_id: str, key: IdempotencyKey = None) -> WithdrawalAnswer:
        return accepted(await agent.commands.withdraw(WithdrawalRequest(payment_id=payment_id), key))

    @api.get("/payments/{payment_id}", summary="One payment")
    async def payment(payment_id: str) -> AuthorizationView:
        return accepted(await agent.queries.payment(payment_id))

    @api.get("/payments/{payment_id}/explanation", summary=EXPLANATION)
    async def explanation(payment_id: str, on: date | None = None) -> Explanation:
        return accepted(await agent.queries.explanation(payment_id, on))

    @api.get("/test-cards", summary="Card numbers that choose their outcome")
    async def test_cards() -> Sequence[TestCard]:
        return agent.queries.test_cards()


def _settling(api: APIRouter, agent: CardAgent) -> None:
    @api.post("/anomalies", status_code=201, summary="異常 have the settlement of a closing go wrong")
    async def anomaly(body: SettlementAnomalyRequest, key: IdempotencyKey = None) -> SettlementAnomalyView:
        return accepted(await agent.commands.inject(body, key))

    @api.get("/anomalies", summary="異常 asked for, and what they met")
    async def anomalies() -> Sequence[SettlementAnomalyView]:
        return await agent.queries.anomalies()

    @api.post("/statements/{statement_id}/correction", summary="精算訂正 make good what went wrong with a closing")
    async def correction(statement_id: str, key: IdempotencyKey = None) -> CorrectionAnswer:
        return accepted(await agent.commands.correct(CorrectionRequest(statement_id=statement_id), key))

    @api.get("/statements", summary="締め・入金 closing periods and their deposits")
    async def statements() -> Sequence[StatementView]:
        return await agent.queries.statements()

    @api.get("/terms", summary="精算条件 terms of settlement")
    async def terms() -> TermsView:
        return agent.queries.terms()
