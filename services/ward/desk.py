"""What the terminal (端末) calls at the ward: its use cases in one process, or its HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

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


class Desk(Protocol):
    """The ward, as its terminal sees it."""

    async def begin_transfer(self, request: TransferRequest) -> TransferAnswer | Refusal: ...

    async def register_page(self, request: PageRequest) -> PageAnswer | Refusal: ...

    async def complete_transfer(self, request: CompletionRequest) -> TransferAnswer | Refusal: ...

    async def record_step(self, request: StepRequest) -> StepView | Refusal: ...

    async def received_files(self, limit: int, /) -> Sequence[ReceivedFileView]: ...
