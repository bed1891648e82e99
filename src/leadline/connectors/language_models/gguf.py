"""A model file on this machine, served by a supervised child process (see ``gguf_supervisor``)."""

from __future__ import annotations

import asyncio
import dataclasses
import importlib.util
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import httpx2

from leadline.connectors.language_models.choice import ModelChoice
from leadline.connectors.language_models.gguf_child import Registration
from leadline.connectors.language_models.gguf_supervisor import Child
from leadline.connectors.language_models.pydantic_ai_model import PydanticAIModel
from leadline.connectors.language_models.retrying import Retrying, RetryPolicy
from leadline.foundation.errors import ConfigurationError
from leadline.research.errors import ModelUnavailable
from leadline.research.ports import ModelReply, ModelRequest

CHILD = (sys.executable, "-m", "leadline.connectors.language_models.gguf_child")


class GgufModel:
    """The model in a GGUF file. Raises ConfigurationError at once when the file cannot be one.

    ``command`` is the child's; it reads a ``gguf_child.Job`` and registers as ``gguf_child.run`` does.
    A child that takes longer than ``health_seconds`` to say that it is well counts as hung.
    """

    def __init__(
        self,
        choice: ModelChoice,
        data_dir: Path,
        *,
        command: Sequence[str] = CHILD,
        health_seconds: float = 10.0,
    ) -> None:
        path = Path(choice.name).expanduser()
        check_file(path)
        if tuple(command) == CHILD and importlib.util.find_spec("xllamacpp") is None:
            raise ConfigurationError(
                f"LEADLINE_MODEL={choice.spec!r} needs the local model runtime: pip install 'leadline[local]'"
            )
        self.name = f"gguf:{path.name}"
        self.context_tokens = choice.context_tokens
        self.hidden_tokens = 0
        self._choice = choice
        self._child = Child(
            path.resolve(),
            data_dir,
            command=command,
            context_tokens=choice.context_tokens,
            health_seconds=health_seconds,
        )
        # Only ever speaks to our own child on loopback, so it needs no guard and must not use a proxy.
        self._http = httpx2.AsyncClient(trust_env=False, timeout=choice.timeout)
        self._served: tuple[Registration, PydanticAIModel] | None = None

    async def complete(self, request: ModelRequest) -> ModelReply:
        """Starts the child when there is none. A call that a dying child broke is made once more."""
        model = await self._at(await self._child.registered())
        try:
            return await model.complete(request)
        except ModelUnavailable:
            found = await self._child.recovered()
            if found is None:
                raise
            model = await self._at(found)
        return await model.complete(request)

    def price(self, input_tokens: int, output_tokens: int) -> Decimal | None:
        """Nothing: it runs on this machine."""
        return Decimal(0)

    async def close(self) -> None:
        """Let go of the child; it ends when nobody else holds it."""
        await self._http.aclose()
        await asyncio.to_thread(self._child.release)

    async def _at(self, registration: Registration) -> PydanticAIModel:
        if self._served is None or self._served[0] != registration:
            here = dataclasses.replace(
                self._choice,
                name=Path(self._choice.name).name,
                base_url=f"{registration.address}/v1",
                api_key=registration.api_key,
                input_price=Decimal(0),
                output_price=Decimal(0),
                concurrency=1,  # the child has one slot: more calls would wait there, against their time-out
            )
            once = Retrying(RetryPolicy(attempts=1))  # what to do about a dead child is decided here
            self._served = registration, PydanticAIModel(here, self._http, retrying=once)
        return self._served[1]


def check_file(path: Path) -> None:
    """Raises ConfigurationError unless ``path`` is a readable GGUF file."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except FileNotFoundError as missing:
        raise ConfigurationError(f"the model file {path} does not exist") from missing
    except OSError as unreadable:
        raise ConfigurationError(
            f"the model file {path} cannot be read: {unreadable.strerror}"
        ) from unreadable
    if magic != b"GGUF":
        raise ConfigurationError(f"the file {path} is not a GGUF model: it does not begin with GGUF")
