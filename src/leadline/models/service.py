"""Paid models: a language model under the budget of what it is asked for.

Each reply is kept by the hash of its request, so that a process that dies pays for nothing twice. What was spent is
counted per reference (a signal, a summary, a judgement), and a call is refused *before* it is made when it could pass
the budget: its prompt is estimated on the long side, its reply at its longest.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import msgspec

from leadline.foundation.database import Connection, Database
from leadline.models import repository
from leadline.models.schemas import ModelCall
from leadline.research.errors import ModelBudgetExceeded
from leadline.research.model import Budget, Usage
from leadline.research.ports import LanguageModel, ModelReply, ModelRequest
from leadline.research.prompts.reading import estimated_tokens

_TEMPLATE_TOKENS = 64  # that a chat template adds around the messages


class BudgetedModel:
    """``research.ports.LanguageModel`` within a budget (its model calls, tokens and US dollars).

    Raises ModelBudgetExceeded before a call that could pass it.
    """

    def __init__(self, model: LanguageModel, budget: Budget) -> None:
        self._model = model
        self._budget = budget
        self._spent = Usage()
        self._under_way = Usage()  # the most that the calls under way may cost
        self.name = model.name
        self.context_tokens = model.context_tokens
        self.hidden_tokens = model.hidden_tokens

    @property
    def spent(self) -> Usage:
        """What the calls so far cost."""
        return self._spent

    def price(self, input_tokens: int, output_tokens: int) -> Decimal | None:
        """That of the model itself."""
        return self._model.price(input_tokens, output_tokens)

    async def complete(self, request: ModelRequest) -> ModelReply:
        most = self._most(request)
        self._refuse_beyond(self._spent.plus(self._under_way).plus(most))
        self._under_way = self._under_way.plus(most)
        try:
            reply = await self._model.complete(request)
        finally:
            self._under_way = _less(self._under_way, most)
        # Counted at once: it was paid, whether it can be recorded or not.
        self._spent = self._spent.plus(
            Usage(
                model_calls=1,
                input_tokens=reply.input_tokens,
                output_tokens=reply.output_tokens,
                price=reply.price,
            )
        )
        return reply

    def _most(self, request: ModelRequest) -> Usage:
        """The most that the call may cost."""
        schema = msgspec.json.encode(request.output_schema).decode()
        sent = estimated_tokens(request.instructions + request.prompt + schema) + _TEMPLATE_TOKENS
        written = request.max_tokens + self._model.hidden_tokens
        price = self._model.price(sent, written)
        if price is None and self._budget.max_price is not None:
            raise ModelBudgetExceeded(
                "price",
                f"the price of {self.name} is not known, so the limit of "
                f"{self._budget.max_price} USD cannot be kept",
            )
        return Usage(model_calls=1, input_tokens=sent, output_tokens=written, price=price)

    def _refuse_beyond(self, total: Usage) -> None:
        budget = self._budget
        if total.model_calls > budget.max_model_calls:
            raise ModelBudgetExceeded("calls", f"{budget.max_model_calls} model calls are allowed")
        if total.input_tokens + total.output_tokens > budget.max_tokens:
            raise ModelBudgetExceeded(
                "tokens", f"a further call could pass the limit of {budget.max_tokens} tokens"
            )
        if budget.max_price is not None and total.price is not None and total.price > budget.max_price:
            raise ModelBudgetExceeded(
                "price", f"a further call could pass the limit of {budget.max_price} USD"
            )


class PaidModel(BudgetedModel):
    """A budgeted model for one reference, whose replies are kept.

    One object serves all calls of a reference: whoever works on it holds its lease, so nobody else spends meanwhile.
    """

    def __init__(self, model: LanguageModel, database: Database, reference: UUID, budget: Budget) -> None:
        super().__init__(model, budget)
        self._database = database.repeatable
        self._reference = reference
        self._recalled = False  # whether what is on record is counted
        self._reading = asyncio.Lock()

    async def complete(self, request: ModelRequest) -> ModelReply:
        """The reply that is on record, or a new one, recorded."""
        digest = _digest(self.name, request)
        stored = await repository.stored_reply(self._database, self._reference, digest)
        if stored is not None:
            return stored
        await self._recall()
        started = time.monotonic()
        reply = await super().complete(request)
        await repository.save_reply(
            self._database, self._reference, digest, reply, time.monotonic() - started
        )
        return reply

    async def _recall(self) -> None:
        async with self._reading:
            if not self._recalled:
                self._spent = await repository.usage(self._database, self._reference)
                self._recalled = True


async def usage(connection: Connection, reference: UUID) -> Usage:
    """What the calls for a reference cost in all, those of processes that died included."""
    return await repository.usage(connection, reference)


async def calls(connection: Connection, reference: UUID) -> tuple[ModelCall, ...]:
    """The calls for a reference, in their order."""
    return await repository.model_calls(connection, reference)


async def forget(connection: Connection, references: Sequence[UUID]) -> None:
    """Delete the replies that were paid for these."""
    await repository.forget(connection, references)


async def prune(connection: Connection, older_than: timedelta) -> int:
    """Delete replies from before that; returns how many."""
    return await repository.prune(connection, older_than)


async def overwrite(connection: Connection, references: Sequence[UUID], name: str) -> None:
    """Overwrite what a pattern of PostgreSQL finds in the replies that were paid for these."""
    await repository.overwrite(connection, references, name)


def _digest(model: str, request: ModelRequest) -> bytes:
    written = msgspec.json.encode(request, order="deterministic")
    return hashlib.sha256(model.encode() + b"\0" + written).digest()


def _less(total: Usage, part: Usage) -> Usage:
    return Usage(
        model_calls=total.model_calls - part.model_calls,
        input_tokens=total.input_tokens - part.input_tokens,
        output_tokens=total.output_tokens - part.output_tokens,
        price=None if total.price is None or part.price is None else total.price - part.price,
    )
