"""The settings file is changed without touching what people wrote into it."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path

import pytest

from leadline.foundation.errors import ConfigurationError
from leadline.foundation.settings_file import remember


def test_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "leadline" / "leadline.toml"
    remember(path, {"model": 'gguf:/a/ü "b".gguf', "max_pages": 12})
    assert tomllib.loads(path.read_text()) == {"model": 'gguf:/a/ü "b".gguf', "max_pages": 12}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_people_wrote_stays(tmp_path: Path) -> None:
    path = tmp_path / "leadline.toml"
    path.write_text(
        '# ours\nmodel = "openai:gpt-5-mini"  # paid\nmodel_base_url = "http://x/v1"\nmax_pages = 7\n'
    )
    path.chmod(0o640)
    remember(path, {"model": "ollama:qwen3", "model_base_url": None})
    assert path.read_text() == 'model = "ollama:qwen3"\n# ours\nmax_pages = 7\n'
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["leadline.toml"]


@pytest.mark.parametrize(
    "written",
    ['contact = """\nmodel = "x"\n"""\n', "this is no TOML", "model = [\n 1,\n]\n"],
    ids=["inside a text", "broken", "over several lines"],
)
def test_file_that_cannot_be_changed_safely_is_left(tmp_path: Path, written: str) -> None:
    path = tmp_path / "leadline.toml"
    path.write_text(written)
    with pytest.raises(ConfigurationError, match='model = "ollama:qwen3"'):
        remember(path, {"model": "ollama:qwen3"})
    assert path.read_text() == written
