"""Which model is used: ``PROVIDER:NAME`` and what goes with it.

Adding a service that speaks the OpenAI protocol: one line in ``PROVIDERS``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, NamedTuple, Protocol
from urllib.parse import urlsplit

from leadline.foundation.errors import ConfigurationError
from leadline.research.ports import LanguageModel

StructuredMode = Literal["auto", "native", "tool", "prompted"]


class Provider(NamedTuple):
    """What is taken for granted of a provider's models unless a setting says otherwise."""

    base_url: str | None  # None: a setting must give it
    needs_key: bool
    context_tokens: int
    concurrency: int
    timeout: float  # seconds for one call


PROVIDERS: dict[str, Provider] = {
    "openai": Provider("https://api.openai.com/v1", True, 128_000, 16, 60),
    "anthropic": Provider("https://api.anthropic.com", True, 200_000, 16, 60),
    "google": Provider("https://generativelanguage.googleapis.com/", True, 200_000, 16, 60),
    "openai-compatible": Provider(None, False, 8_192, 8, 120),
    # Ollama cuts a prompt silently where its context ends, and that is 4,096 tokens unless it is told.
    "ollama": Provider("http://127.0.0.1:11434/v1", False, 4_096, 2, 300),
    "vllm": Provider("http://127.0.0.1:8000/v1", False, 8_192, 16, 120),
    "llamacpp": Provider("http://127.0.0.1:8080/v1", False, 8_192, 2, 300),
    "lmstudio": Provider("http://127.0.0.1:1234/v1", False, 4_096, 2, 300),
    "gguf": Provider("", False, 8_192, 1, 300),
}


@dataclass(frozen=True, kw_only=True)
class ModelChoice:
    """One model and how to reach it.

    Prices are US dollars per million tokens; ``timeout`` is seconds for one call.
    """

    provider: str
    name: str
    base_url: str
    api_key: str | None = field(default=None, repr=False)
    context_tokens: int
    concurrency: int
    timeout: float
    structured: StructuredMode = "auto"
    input_price: Decimal | None = None
    output_price: Decimal | None = None

    @property
    def spec(self) -> str:
        return f"{self.provider}:{self.name}"

    @property
    def official(self) -> bool:
        """Is this the provider's own service, whose prices are published?"""
        return PROVIDERS[self.provider].needs_key and self.base_url == PROVIDERS[self.provider].base_url

    @property
    def origin(self) -> str | None:
        """Scheme, host and port that the HTTP client must trust; None when nothing outside is called."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else None


class ChosenModel(LanguageModel, Protocol):
    """A language model that may hold resources."""

    async def close(self) -> None: ...


def model_choice(
    spec: str,
    *,
    base_url: str | None = None,
    api_key: str | None = None,
    context_tokens: int | None = None,
    concurrency: int | None = None,
    timeout: float | None = None,
    structured: StructuredMode = "auto",
    input_price: Decimal | None = None,
    output_price: Decimal | None = None,
) -> ModelChoice:
    """Read ``PROVIDER:NAME``. Raises ConfigurationError, which says what to write instead."""
    provider, _, name = spec.strip().partition(":")
    known = PROVIDERS.get(provider)
    if known is None or not name:
        raise ConfigurationError(
            f"LEADLINE_MODEL={spec!r} is not understood: write PROVIDER:NAME with a provider out of "
            f"{', '.join(PROVIDERS)}, such as ollama:qwen2.5 or gguf:/path/model.gguf"
        )
    address = base_url or known.base_url
    if address is None:
        raise ConfigurationError(
            f"LEADLINE_MODEL={spec!r} needs LEADLINE_MODEL_BASE_URL, such as http://127.0.0.1:8080/v1"
        )
    if provider != "gguf" and urlsplit(address).scheme not in ("http", "https"):
        raise ConfigurationError(f"LEADLINE_MODEL_BASE_URL={address!r} must begin with http:// or https://")
    if known.needs_key and not api_key:
        raise ConfigurationError(f"LEADLINE_MODEL={spec!r} needs an API key: set LEADLINE_MODEL_API_KEY")
    if (input_price is None) != (output_price is None):
        raise ConfigurationError("give the prices of both input and output tokens, or of neither")
    return ModelChoice(
        provider=provider,
        name=name,
        base_url=address,
        api_key=api_key,
        context_tokens=context_tokens or known.context_tokens,
        concurrency=concurrency or known.concurrency,
        timeout=timeout or known.timeout,
        structured=structured,
        input_price=input_price,
        output_price=output_price,
    )
