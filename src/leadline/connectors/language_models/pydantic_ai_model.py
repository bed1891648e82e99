"""Models behind a service, through pydantic-ai. The only module that knows pydantic-ai.

One request is one call: the library's own validation rounds and the SDKs' own retries stay unused,
because replies are checked by the reader and repetitions are counted (``retrying``).
"""

from __future__ import annotations

import asyncio
import json
import math
import re
from decimal import Decimal
from typing import Any, Literal

import httpx2
from genai_prices import Usage as Tokens
from genai_prices import calc_price
from pydantic_ai import exceptions as errors
from pydantic_ai.direct import model_request
from pydantic_ai.messages import (
    ModelMessage,
    ModelResponse,
    TextPart,
    ToolCallPart,
    UserPromptPart,
)
from pydantic_ai.messages import ModelRequest as Message
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from leadline.connectors.language_models.choice import ModelChoice
from leadline.connectors.language_models.retrying import Retrying
from leadline.research.errors import (
    ModelContextExceeded,
    ModelError,
    ModelRateLimited,
    ModelRefused,
    ModelReplyInvalid,
    ModelUnavailable,
)
from leadline.research.ports import ModelReply, ModelRequest
from leadline.research.prompts.reading import estimated_tokens

_OUTPUT = "answer"
# Thinking counts as output; where a model cannot do without, its reply must still fit after it.
_THINKING_TOKENS = 2_000
_SHOWN = 300  # characters of a service's own words that go into an error
_FENCED = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL)
_TOO_LONG = re.compile(
    r"context.{0,20}(length|size|window)|maximum context|prompt is too long|too many (input )?tokens"
    r"|input token count.{0,40}exceeds",
    re.IGNORECASE,
)

OutputMode = Literal["native", "tool", "prompted"]


class PydanticAIModel:
    """A model of one of the known providers. ``http`` is used for every call and not closed here.

    ``complete`` gives the decoded JSON as ``output``, or the text as it came when it is not JSON: it was
    paid for, and the reader decides what to do with it. Raises ModelError.
    """

    def __init__(
        self, choice: ModelChoice, http: httpx2.AsyncClient, *, retrying: Retrying | None = None
    ) -> None:
        self.name = choice.spec
        self.context_tokens = choice.context_tokens
        self._choice = choice
        self._model = _model(choice, http)
        self._mode = _output_mode(self._model, choice)
        profile = self._model.profile
        self._thinks = bool(profile.get("thinking_always_enabled"))
        self.hidden_tokens = _THINKING_TOKENS if self._thinks else 0
        self._own_sampling = self._thinks or bool(profile.get("anthropic_disallows_sampling_settings"))
        self._retrying = retrying or Retrying()
        self._free = asyncio.Semaphore(choice.concurrency)

    async def complete(self, request: ModelRequest) -> ModelReply:
        response = await self._retrying(lambda: self._call(request))
        return self._reply(request, response)

    def price(self, input_tokens: int, output_tokens: int) -> Decimal | None:
        """By the operator's prices, else by the published ones of the provider's own service."""
        choice = self._choice
        if choice.input_price is not None and choice.output_price is not None:
            return (choice.input_price * input_tokens + choice.output_price * output_tokens) / 1_000_000
        if not choice.official:
            return None
        tokens = Tokens(input_tokens=input_tokens, output_tokens=output_tokens)
        try:
            return calc_price(tokens, choice.name, provider_id=choice.provider).total_price
        except (LookupError, ValueError):
            return None  # a model newer than the price list: its price is not known, which None says

    async def close(self) -> None:
        """Nothing to close: the HTTP client belongs to whoever made it."""

    async def _call(self, request: ModelRequest) -> ModelResponse:
        messages: list[ModelMessage] = [
            Message(parts=[UserPromptPart(content=request.prompt)], instructions=request.instructions)
        ]
        settings = ModelSettings(
            max_tokens=request.max_tokens + self.hidden_tokens,
            thinking=False,
            timeout=self._choice.timeout,
        )
        if not self._own_sampling:
            settings["temperature"] = 0.0
        if self._choice.provider != "google":  # its SDK repeats nothing unless told to
            settings["max_retries"] = 0
        async with self._free:
            try:
                async with asyncio.timeout(self._choice.timeout):
                    return await model_request(
                        self._model,
                        messages,
                        model_settings=settings,
                        model_request_parameters=_parameters(self._mode, dict(request.output_schema)),
                    )
            except TimeoutError as late:
                raise ModelUnavailable(
                    f"{self.name} did not answer within {self._choice.timeout:g} s"
                ) from late
            except (errors.AgentRunError, errors.UserError, httpx2.HTTPError) as error:
                raise self._translated(error) from error

    def _translated(self, error: Exception) -> ModelError:
        """The error in our words. What a service said is shown shortened, and never with the key."""
        said = f"{self.name}: {self._hushed(_words(error))}"
        match error:
            case errors.ModelQuotaExceededError():
                return ModelRefused(said)
            case errors.ModelRateLimitError():
                return ModelRateLimited(said, error.retry_after)
            case errors.ModelContextWindowExceededError():
                return ModelContextExceeded(said)
            case errors.ModelRequestRejectedError():
                too_long = not isinstance(
                    error, errors.ModelAuthenticationError | errors.ModelNotFoundError
                ) and _TOO_LONG.search(_words(error))
                return ModelContextExceeded(said) if too_long else ModelRefused(said)
            case errors.ModelAPIError():
                return ModelUnavailable(said)
            case httpx2.HTTPError():
                return ModelUnavailable(said)
            case errors.UserError():
                return ModelRefused(said)
        return ModelReplyInvalid(said)

    def _hushed(self, words: str) -> str:
        key = self._choice.api_key
        return words.replace(key, "[key]") if key else words

    def _reply(self, request: ModelRequest, response: ModelResponse) -> ModelReply:
        text = _text(response)
        usage = response.usage
        measured = bool(usage.input_tokens or usage.output_tokens)
        sent = usage.input_tokens if measured else estimated_tokens(request.instructions + request.prompt)
        written = usage.output_tokens if measured else estimated_tokens(text)
        return ModelReply(
            output=_decoded(text),
            input_tokens=sent,
            output_tokens=written,
            price=self._price(response, sent, written, measured=measured),
            model=self.name,
        )

    def _price(self, response: ModelResponse, sent: int, written: int, *, measured: bool) -> Decimal | None:
        if self._choice.input_price is not None or not self._choice.official:
            return self.price(sent, written)
        if not measured:
            return None
        try:
            return response.cost().total_price  # which knows of cached tokens, too
        except (LookupError, ValueError):
            return None


def _model(choice: ModelChoice, http: httpx2.AsyncClient) -> Model[Any]:
    # Each SDK takes a second to import, so only the one in use is.
    key = choice.api_key
    if choice.provider == "anthropic":
        from pydantic_ai.models.anthropic import AnthropicModel
        from pydantic_ai.providers.anthropic import AnthropicProvider

        anthropic = AnthropicProvider(api_key=key, base_url=choice.base_url, http_client=http)
        return AnthropicModel(choice.name, provider=anthropic)
    if choice.provider == "google":
        from pydantic_ai.models.google import GoogleModel
        from pydantic_ai.providers.google import GoogleProvider

        google = GoogleProvider(api_key=key, base_url=choice.base_url, http_client=http)
        return GoogleModel(choice.name, provider=google)

    from pydantic_ai.models.openai import OpenAIChatModel

    if choice.official:
        from pydantic_ai.providers.openai import OpenAIProvider

        openai = OpenAIProvider(api_key=key, base_url=choice.base_url, http_client=http)
        return OpenAIChatModel(choice.name, provider=openai)

    from pydantic_ai.profiles.openai import OpenAIModelProfile
    from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

    profile: ModelProfile = OpenAIModelProfile(
        supports_json_schema_output=True,
        openai_chat_supports_max_completion_tokens=False,  # several servers know max_tokens only
        supports_forced_tool_choice=choice.provider != "ollama",
    )
    compatible = OpenAICompatibleProvider(
        choice.provider, base_url=choice.base_url, api_key=key, http_client=http, profile=profile
    )
    return OpenAIChatModel(choice.name, provider=compatible)


def _output_mode(model: Model[Any], choice: ModelChoice) -> OutputMode:
    """How the schema is put to the service: held to it, as a tool's arguments, or in words."""
    if choice.structured != "auto":
        return choice.structured
    if model.profile.get("supports_json_schema_output"):
        return "native"
    return "tool" if model.profile.get("supports_tools", True) else "prompted"


def _parameters(mode: OutputMode, schema: dict[str, Any]) -> ModelRequestParameters:
    if mode == "tool":
        tool = ToolDefinition(
            name=_OUTPUT, parameters_json_schema=schema, description="The reply.", kind="output"
        )
        return ModelRequestParameters(output_mode="tool", output_tools=[tool], allow_text_output=False)
    wanted = OutputObjectDefinition(json_schema=schema, name=_OUTPUT)
    return ModelRequestParameters(output_mode=mode, output_object=wanted)


def _text(response: ModelResponse) -> str:
    for part in response.parts:
        if isinstance(part, ToolCallPart):
            return part.args_as_json_str()
    return "".join(part.content for part in response.parts if isinstance(part, TextPart))


def _decoded(text: str) -> Any:
    fenced = _FENCED.match(text)
    try:
        return _storable(json.loads(fenced.group(1) if fenced else text))
    except (ValueError, RecursionError):
        return _storable(text)


def _storable(value: Any) -> Any:
    """``value`` without what neither UTF-8 nor the database holds: half character pairs and NUL."""
    match value:
        case str():
            return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
        case dict():
            return {_storable(name): _storable(member) for name, member in value.items()}
        case list():
            return [_storable(member) for member in value]
        case float() if not math.isfinite(value):
            return None
    return value


def _words(error: Exception) -> str:
    """What the service said about the error, on one line and short."""
    said = str(error)
    body = getattr(error, "body", None)
    status = getattr(error, "status_code", None)
    if isinstance(body, dict):
        inner = body.get("error", body)
        message = inner.get("message") if isinstance(inner, dict) else inner
        if message:
            said = f"{status}: {message}" if status else str(message)
    return re.sub(r"\s+", " ", said)[:_SHOWN]
