"""Bulk requests: the items of all of them are handled as one sequence, then answered by request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import chain, islice
from typing import TypeVar

from contracts.http.payment_provider.payments import PaymentsAnswer, PaymentView, payments_answer
from contracts.vocabulary import Refusal

Item = TypeVar("Item")


async def each_for_itself(
    requests: Sequence[Sequence[Item]], handle: Callable[[Sequence[Item]], Awaitable[Sequence[PaymentView | Refusal]]]
) -> Sequence[PaymentsAnswer]:
    """One answer for each request. `handle` processes items in their order; its exceptions are passed on."""
    answers = iter(await handle(list(chain.from_iterable(requests))))
    return [payments_answer(list(islice(answers, len(items)))) for items in requests]
