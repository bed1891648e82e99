"""A paid model keeps its replies, and refuses a call before it could pass the budget."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from uuid import UUID

import pytest

from leadline.connectors.language_models.fake import ScriptedModel
from leadline.foundation.database import Database
from leadline.foundation.ids import new_id
from leadline.models import service as models
from leadline.models.service import PaidModel
from leadline.research.errors import ModelBudgetExceeded, ModelUnavailable
from leadline.research.model import Budget
from leadline.research.ports import ModelReply, ModelRequest


class PricedModel(ScriptedModel):
    """Costs a dollar for a million tokens; says how many tokens it took when it is told to."""

    name = "test:priced"

    def __init__(self, *, known: bool = True, seconds: float = 0.0) -> None:
        super().__init__({"value": 1})
        self._known = known
        self._seconds = seconds

    def price(self, input_tokens: int, output_tokens: int) -> Decimal | None:
        return Decimal(input_tokens + output_tokens) / 1_000_000 if self._known else None

    async def complete(self, request: ModelRequest) -> ModelReply:
        await asyncio.sleep(self._seconds)
        await super().complete(request)
        return ModelReply(
            output={"value": 1},
            input_tokens=1000,
            output_tokens=100,
            price=self.price(1000, 100),
            model=self.name,
        )


def asking(number: int, characters: int = 3000) -> ModelRequest:
    return ModelRequest(
        instructions="Answer.", prompt=f"{number} " + "x" * characters, output_schema={}, max_tokens=100
    )


def paid(database: Database, model: ScriptedModel, reference: UUID, **limits: object) -> PaidModel:
    budget = {"max_model_calls": 10, "max_tokens": 1_000_000, "max_price": None, **limits}
    return PaidModel(model, database, reference, Budget(**budget))  # type: ignore[arg-type]


async def test_the_same_request_is_paid_once_also_by_the_next_process(database: Database) -> None:
    model, reference = PricedModel(), new_id()
    first = await paid(database, model, reference).complete(asking(1))
    again = await paid(database, model, reference).complete(asking(1))
    assert (first.stored, again.stored) == (False, True)
    assert len(model.requests) == 1
    spent = await models.usage(database, reference)
    assert (spent.model_calls, spent.input_tokens, spent.price) == (1, 1000, Decimal("0.0011"))


@pytest.mark.parametrize(
    ("limits", "limit", "made"),
    [
        ({"max_model_calls": 2}, "calls", 2),
        ({"max_tokens": 2000}, "tokens", 1),
        ({"max_price": Decimal("0.002")}, "price", 1),
        ({"max_price": Decimal("0.0001")}, "price", 0),
    ],
)
async def test_a_call_that_could_pass_a_limit_is_not_made(
    database: Database, limits: dict[str, object], limit: str, made: int
) -> None:
    model, reference = PricedModel(), new_id()
    for number in range(made):
        await paid(database, model, reference, **limits).complete(asking(number))
    with pytest.raises(ModelBudgetExceeded) as refused:
        await paid(database, model, reference, **limits).complete(asking(99))
    assert refused.value.limit == limit
    assert len(model.requests) == made


async def test_calls_at_the_same_time_cannot_pass_a_limit_together(database: Database) -> None:
    model = PricedModel(seconds=0.05)
    one = paid(database, model, new_id(), max_price=Decimal("0.005"))
    results = await asyncio.gather(*(one.complete(asking(n)) for n in range(8)), return_exceptions=True)
    made = [r for r in results if isinstance(r, ModelReply)]
    assert len(made) == len(model.requests)
    assert 1 <= len(made) <= 4
    assert all(isinstance(r, ModelReply | ModelBudgetExceeded) for r in results)


async def test_a_call_that_failed_leaves_its_share_of_the_budget(database: Database) -> None:
    failing = ScriptedModel(ModelUnavailable("gone"), {"value": 1})
    one = paid(database, failing, new_id(), max_model_calls=1)
    with pytest.raises(ModelUnavailable):
        await one.complete(asking(1))
    assert (await one.complete(asking(1))).output == {"value": 1}


async def test_a_limit_that_cannot_be_checked_is_not_ignored(database: Database) -> None:
    model = PricedModel(known=False)
    with pytest.raises(ModelBudgetExceeded, match="not known"):
        await paid(database, model, new_id(), max_price=Decimal(1)).complete(asking(1))
    assert model.requests == []
    assert (await paid(database, model, new_id()).complete(asking(1))).price is None
