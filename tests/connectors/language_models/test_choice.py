"""What LEADLINE_MODEL may say."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import httpx2
import pytest

from leadline.connectors.language_models.choice import PROVIDERS, model_choice
from leadline.connectors.language_models.choosing import choose_model
from leadline.foundation.errors import ConfigurationError


@pytest.mark.parametrize("spec", ["", "gpt-4o", "opnai:gpt-4o", "openai:", ":x", "gguf:"])
def test_unknown_provider_is_an_error_that_lists_the_known_ones(spec: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        model_choice(spec, api_key="k")
    for provider in PROVIDERS:
        assert provider in str(caught.value)


@pytest.mark.parametrize("spec", ["openai:gpt-4o", "anthropic:claude-sonnet-4-5", "google:gemini-2.5-flash"])
def test_missing_key_is_said(spec: str) -> None:
    with pytest.raises(ConfigurationError, match="API key"):
        model_choice(spec)


def test_compatible_service_needs_its_address() -> None:
    with pytest.raises(ConfigurationError, match="LEADLINE_MODEL_BASE_URL"):
        model_choice("openai-compatible:m")


def test_address_must_be_http() -> None:
    with pytest.raises(ConfigurationError, match="http"):
        model_choice("vllm:m", base_url="localhost:8000")


def test_one_price_alone_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="price"):
        model_choice("ollama:m", input_price=Decimal(1))


def test_name_may_hold_colons_and_the_origin_is_what_must_be_trusted() -> None:
    choice = model_choice("ollama:qwen2.5:7b")
    assert choice.name == "qwen2.5:7b"
    assert choice.spec == "ollama:qwen2.5:7b"
    assert choice.origin == "http://127.0.0.1:11434"
    assert not choice.official


def test_model_file_calls_nothing_outside() -> None:
    assert model_choice("gguf:/models/a.gguf").origin is None


def test_key_is_not_shown() -> None:
    assert "secret" not in repr(model_choice("openai:gpt-4o", api_key="secret"))


async def test_model_file_that_is_missing_is_said_when_the_model_is_chosen(tmp_path: Path) -> None:
    async with httpx2.AsyncClient() as http:
        with pytest.raises(ConfigurationError, match="does not exist"):
            choose_model(model_choice(f"gguf:{tmp_path}/no.gguf"), http=http, data_dir=tmp_path)


async def test_chosen_model_carries_name_and_context(tmp_path: Path) -> None:
    async with httpx2.AsyncClient() as http:
        model = choose_model(model_choice("ollama:m", context_tokens=16_384), http=http, data_dir=tmp_path)
        assert (model.name, model.context_tokens) == ("ollama:m", 16_384)
        await model.close()
