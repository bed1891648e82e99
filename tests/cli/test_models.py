"""``leadline models`` in a process of its own."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command import Command


def command(folder: Path) -> Command:
    return Command(
        {"LEADLINE_CONFIG": str(folder / "leadline.toml"), "LEADLINE_DATA_DIR": str(folder / "data")}, folder
    )


async def test_catalogue_and_what_is_used_are_shown(tmp_path: Path) -> None:
    (tmp_path / "leadline.toml").write_text('model = "ollama:qwen3"\n')
    ended = await command(tmp_path).run("models")
    assert ended.code == 0
    assert "Used now: ollama:qwen3" in ended.out
    assert "Apache-2.0" in ended.out
    assert "not measured" in ended.out


async def test_chosen_model_is_in_the_settings_from_then_on(tmp_path: Path) -> None:
    (tmp_path / "leadline.toml").write_text("max_pages = 9\n")
    ended = await command(tmp_path).run("models", "use", "llamacpp:qwen3")
    assert ended.code == 0, ended.err
    shown = await command(tmp_path).run("config")
    assert "llamacpp:qwen3" in shown.out
    assert (tmp_path / "leadline.toml").read_text() == 'model = "llamacpp:qwen3"\nmax_pages = 9\n'


async def test_model_that_cannot_be_is_refused_and_nothing_written(tmp_path: Path) -> None:
    (tmp_path / "leadline.toml").write_text("max_pages = 9\n")
    ended = await command(tmp_path).run("models", "use", "nobody:qwen3")
    assert ended.code == 2
    assert "PROVIDER:NAME" in ended.err
    assert (tmp_path / "leadline.toml").read_text() == "max_pages = 9\n"


async def test_unknown_model_is_refused_with_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "leadline.toml").write_text("")
    ended = await command(tmp_path).run("models", "get", "gpt-9")
    assert ended.code == 2
    assert "qwen3-4b" in ended.err
