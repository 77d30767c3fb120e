"""The ward's desk over HTTP, for a terminal in another process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

from contracts import topics
from contracts.http.ward.terminal import (
    CompletionRequest,
    PageAnswer,
    PageRequest,
    ReceivedFileView,
    StepRequest,
    StepView,
    TransferAnswer,
    TransferRequest,
)
from contracts.vocabulary import Refusal
from services.console.stack.clients import Refused, StackClient

Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class HttpDesk:
    """Calls a running ward. Raises `Unreachable` if it does not answer."""

    client: StackClient

    async def begin_transfer(self, request: TransferRequest) -> TransferAnswer | Refusal:
        """受信開始"""
        return await self._post("/terminal/transfers", request, TransferAnswer)

    async def register_page(self, request: PageRequest) -> PageAnswer | Refusal:
        """登録"""
        return await self._post("/terminal/pages", request, PageAnswer)

    async def complete_transfer(self, request: CompletionRequest) -> TransferAnswer | Refusal:
        """登録完了"""
        return await self._post("/terminal/completions", request, TransferAnswer)

    async def record_step(self, request: StepRequest) -> StepView | Refusal:
        """作業記録"""
        return await self._post("/terminal/steps", request, StepView)

    async def received_files(self, limit: int) -> Sequence[ReceivedFileView]:
        """収納データファイル received."""
        rows: Sequence[Any] = await self.client.get(topics.WARD, "/terminal/files", limit=limit)
        return [ReceivedFileView.model_validate(row) for row in rows]

    async def _post(self, path: str, request: BaseModel, answer: type[Answer]) -> Answer | Refusal:
        try:
            return answer.model_validate(await self.client.post(topics.WARD, path, request))
        except Refused as refused:
            problem = refused.problem
            return Refusal(problem.code, problem.detail, problem.remedy)
