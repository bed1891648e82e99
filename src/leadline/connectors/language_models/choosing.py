"""The model of a choice. What speaks to it is an extra of the installation and loaded here only, when it is chosen."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from leadline.connectors.language_models.choice import ChosenModel, ModelChoice
from leadline.foundation.errors import ConfigurationError

if TYPE_CHECKING:
    import httpx2

# The extra that brings what speaks to a provider, and a module that is there when it is installed.
_EXTRAS = {"anthropic": ("anthropic", "anthropic"), "google": ("google", "google.genai")}
_OTHERS = ("openai", "openai")  # and every server that speaks its protocol


def choose_model(choice: ModelChoice, *, http: httpx2.AsyncClient, data_dir: Path) -> ChosenModel:
    """The model of ``choice``. ``http`` must trust ``choice.origin``; ``data_dir`` is used by gguf only.

    Raises ConfigurationError when a model file cannot be used, or when the extra that it needs is not installed.
    """
    if choice.provider == "gguf":
        _require(choice, "local", "openai")
        from leadline.connectors.language_models.gguf import GgufModel

        return GgufModel(choice, data_dir)
    _require(choice, *_EXTRAS.get(choice.provider, _OTHERS))
    from leadline.connectors.language_models.pydantic_ai_model import PydanticAIModel

    return PydanticAIModel(choice, http)


def _require(choice: ModelChoice, extra: str, module: str) -> None:
    if not (_there("pydantic_ai") and _there(module)):
        raise ConfigurationError(
            f"LEADLINE_MODEL={choice.spec!r} needs what speaks to it: pip install 'leadline[{extra}]' "
            "(in a checkout: make models)"
        )


def _there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of a module inside a package that is not there
        return False
