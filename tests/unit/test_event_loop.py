"""A large result of a coroutine is not formatted when its event loop ends."""

from __future__ import annotations

import pytest

from services.console.event_loop import run_to_end


class Large:
    formatted = 0

    def __repr__(self) -> str:
        self.formatted += 1
        return "large"


def test_a_result_is_returned_and_not_formatted() -> None:
    result = Large()

    async def work() -> Large:
        return result

    assert run_to_end(work()) is result
    assert result.formatted == 0


def test_what_a_coroutine_raises_is_raised() -> None:
    async def work() -> None:
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        run_to_end(work())
