"""Language models for tests and demonstrations, named for how they behave."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from leadline.research.errors import ModelError
from leadline.research.ports import ModelReply, ModelRequest
from leadline.research.prompts.reading import estimated_tokens

_LINE = re.compile(r"^\[(\d+)\] (.*)$", re.MULTILINE)


class ScriptedModel:
    """Gives the replies of its script in their order, then the last one for ever.

    An entry is the output, an error to raise, or a function of the request that returns either. Every
    request is kept in ``requests``.
    """

    name = "fake:scripted"
    hidden_tokens = 0

    def __init__(self, *script: Any, context_tokens: int = 8_192) -> None:
        self.context_tokens = context_tokens
        self.requests: list[ModelRequest] = []
        self._script = list(script)

    async def complete(self, request: ModelRequest) -> ModelReply:
        self.requests.append(request)
        entry = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        said = entry(request) if callable(entry) else entry
        if isinstance(said, ModelError):
            raise said
        return _reply(self.name, request, said)

    def price(self, input_tokens: int, output_tokens: int) -> Decimal | None:
        """Costs nothing."""
        return Decimal(0)

    async def close(self) -> None:
        """Holds nothing."""


class FirstLineModel(ScriptedModel):
    """Says that the first line it is shown is the answer, word for word."""

    name = "fake:first-line"

    def __init__(self, *, context_tokens: int = 8_192) -> None:
        super().__init__(_first_line, context_tokens=context_tokens)


class SilentModel(ScriptedModel):
    """Finds that the lines answer nothing."""

    name = "fake:silent"

    def __init__(self, *, context_tokens: int = 8_192) -> None:
        super().__init__(abstention(), context_tokens=context_tokens)


class FailingModel(ScriptedModel):
    """Fails with the same error each time."""

    name = "fake:failing"

    def __init__(self, error: ModelError, *, context_tokens: int = 8_192) -> None:
        super().__init__(error, context_tokens=context_tokens)


def answer(value: Any, *citations: int, reasoning: str = "The line says so.") -> dict[str, Any]:
    """A well-formed reply for one value."""
    return {
        "citations": list(citations),
        "value": value,
        "conflicts": [],
        "basis": "stated",
        "answered": True,
        "reasoning": reasoning,
    }


def abstention(reasoning: str = "No line says it.") -> dict[str, Any]:
    """A well-formed reply that finds no answer."""
    return {**answer(None, reasoning=reasoning), "fields": {}, "answered": False}


def lines(request: ModelRequest) -> dict[int, str]:
    """The numbered lines that a request shows."""
    return {int(number): text for number, text in _LINE.findall(request.prompt)}


def _first_line(request: ModelRequest) -> dict[str, Any]:
    shown = lines(request)
    if not shown:
        return abstention()
    number, text = next(iter(shown.items()))
    return answer(text, number)


def _reply(name: str, request: ModelRequest, output: Any) -> ModelReply:
    return ModelReply(
        output=output,
        input_tokens=estimated_tokens(request.instructions + request.prompt),
        output_tokens=estimated_tokens(str(output)),
        price=Decimal(0),
        model=name,
    )
