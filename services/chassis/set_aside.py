"""Dead letters as an administrator works with them: shown, and handled again in a mended form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

from contracts.bounds import shown
from contracts.http.service import DeadLetterView
from contracts.vocabulary import Refusal
from services.chassis.commands import Executor
from services.chassis.consumer import EventProcessor
from services.chassis.database import Database
from services.chassis.messaging.dead_letters import LONGEST_LABEL, LONGEST_REASON, DeadLetters
from services.chassis.messaging.replaying import Replay, ReplayWithHeaders, view
from services.chassis.transaction import Transaction

log = structlog.get_logger(__name__)


class SetAside:
    """The dead letters of a service. `processor` is there once the service is started."""

    def __init__(
        self, database: Database, letters: DeadLetters, executor: Executor, processor: Callable[[], EventProcessor]
    ) -> None:
        self._read, self._letters, self._processor = database.read, letters, processor
        self._replay = executor.command(
            "replay_dead_letter", Replay, DeadLetterView, self._replay_letters, lambda r: (r.letter_id,)
        )

    async def views(self) -> Sequence[DeadLetterView]:
        """The oldest first."""
        async with self._read() as session:
            return [view(letter, self._processor().opened) for letter in await self._letters.all(session)]

    async def replay(
        self, letter_id: str, value: dict[str, Any] | None, key: str | None, headers: Mapping[str, str] | None
    ) -> DeadLetterView | Refusal:
        """Handle one again, with another value and other headers if given; it stays as it was if it fails."""
        request = Replay(letter_id=letter_id, value=value)
        if headers:
            request = ReplayWithHeaders(letter_id=letter_id, value=value, headers=dict(headers))
        try:
            return await self._replay(request, key)
        except Exception as failure:
            wrong = shown(repr(failure), LONGEST_REASON)
            log.warning("replay failed", event_id=shown(letter_id), error=wrong)
            remedy = "mend the value, the headers or the cause, then replay"
            return Refusal("dead_letter_still_fails", wrong, remedy)

    async def _replay_letters(self, requests: Sequence[Replay], tx: Transaction) -> Sequence[DeadLetterView | Refusal]:
        answers: list[DeadLetterView | Refusal] = []
        for request in requests:
            letter = await self._processor().replay(tx, request.letter_id, request.mended)
            unknown = Refusal(
                "dead_letter_unknown",
                f"there is no dead letter {shown(request.letter_id, LONGEST_LABEL)}",
                "list them to see their ids",
            )
            answers.append(unknown if letter is None else view(letter, self._processor().opened))
        return answers
