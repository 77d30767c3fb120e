"""Request → handler: what payers and the card company have the agent do. The table of contents of its use cases."""

from __future__ import annotations

from functools import partial

from contracts.http.card_agent.anomalies import (
    CorrectionAnswer,
    CorrectionRequest,
    SettlementAnomalyRequest,
    SettlementAnomalyView,
)
from contracts.http.card_agent.cards import CardTokenAnswer, CardTokenRequest, CardTokensAnswer, CardTokensRequest
from contracts.http.card_agent.payments import WithdrawalAnswer, WithdrawalRequest
from services.card_agent.handlers.correct_settlement import correct_settlements
from services.card_agent.handlers.inject_anomaly import inject_anomalies
from services.card_agent.handlers.tokenize_card import (
    CardRegistration,
    CardRegistrations,
    registration_of,
    registrations_of,
    tokenize_cards,
    tokenize_many,
)
from services.card_agent.handlers.withdraw_proxy_payment import withdraw_payments
from services.card_agent.settings import Settings
from services.chassis.commands import Executor, Prepared


class Commands:
    """Each is called with its request and, if that may be sent again, an idempotency key.

    A typed card number goes no further than here: `secret` turns it into keyed hashes.
    """

    def __init__(self, s: Settings, executor: Executor, secret: bytes) -> None:
        command, agent, terms = executor.command, s.agent, s.terms

        # ---- カード番号入力
        brands = terms.agreed.brands
        tokenize = command(
            "tokenize",
            CardRegistration,
            CardTokenAnswer,
            partial(tokenize_cards, agent=agent),
            lambda r: (r.card_key,),
        )
        read = partial(registration_of, accepted=brands, secret=secret)
        self.tokenize = Prepared(CardTokenRequest, read, tokenize)
        many = command(
            "tokenize_many",
            CardRegistrations,
            CardTokensAnswer,
            partial(tokenize_many, agent=agent),
            lambda r: tuple({c.card_key for c in r.cards}),
        )
        read_many = partial(registrations_of, accepted=brands, secret=secret)
        self.tokenize_many = Prepared(CardTokensRequest, read_many, many)

        # ---- 売上取消
        withdraw = partial(withdraw_payments, agent=agent)
        self.withdraw = command("withdraw", WithdrawalRequest, WithdrawalAnswer, withdraw, lambda r: (r.payment_id,))

        # ---- 異常, one after the other: a request without a day takes the next closing without an anomaly
        inject = partial(inject_anomalies, terms=terms)
        self.inject = command(
            "inject", SettlementAnomalyRequest, SettlementAnomalyView, inject, lambda _: ("anomalies",)
        )
        correct = partial(correct_settlements, agent=agent, terms=terms)
        self.correct = command("correct", CorrectionRequest, CorrectionAnswer, correct, lambda _: ("correction",))
