"""``leadline models``: language models on this machine."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING

import click

from leadline.cli.running import NOTHING_CHANGED, run, settings_of_command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx2

    from leadline.cli.terminal import Line
    from leadline.foundation.settings import Settings
    from leadline.local_models.schemas import CatalogueEntry, LocalServer


@click.group(invoke_without_command=True)
@click.pass_context
def models(context: click.Context) -> None:
    """Language models on this machine: what runs, what can be fetched, what is used.

    Without a command: look for servers (Ollama, llama.cpp, LM Studio, vLLM) on this machine, and show the catalogue.
    """
    if context.invoked_subcommand is None:
        from leadline.cli.terminal import write_lines

        settings = settings_of_command()
        found = run(_servers(), when_interrupted=NOTHING_CHANGED)
        write_lines([*_used(settings), *_server_lines(found), *_catalogue_lines(settings)])


@models.command()
@click.argument("name")
@click.option("--no-use", is_flag=True, help="Fetch the file only; leave the settings as they are.")
def get(name: str, no_use: bool) -> None:
    """Fetch the model NAME of the catalogue, check it, and use it from now on.

    A fetch that was interrupted goes on where it stopped.
    """
    from leadline.cli.terminal import say
    from leadline.local_models import service

    settings, one = settings_of_command(), service.entry(name)
    path = run(
        _fetch(one, settings), when_interrupted="What has come is kept: run the command again to go on."
    )
    say(f"{path} is here, and is what the catalogue says (SHA-256 {one.sha256[:12]}...).")
    if not no_use:
        _use(settings, f"gguf:{path}")


@models.command()
@click.argument("model", metavar="PROVIDER:NAME")
def use(model: str) -> None:
    """Use this model from now on, such as ollama:qwen3 or gguf:/path/model.gguf."""
    _use(settings_of_command(), model)


async def _servers() -> tuple[LocalServer, ...]:
    from leadline.bootstrap import local_model_servers
    from leadline.local_models import service

    addresses = local_model_servers()
    async with _client(*addresses.values(), max_bytes=1_000_000) as client:
        return await service.servers(client, addresses)


async def _fetch(one: CatalogueEntry, settings: Settings) -> Path:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from leadline.cli.terminal import console, is_terminal
    from leadline.local_models import service

    columns = (TextColumn(one.name), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(sys.stderr), disable=not is_terminal(sys.stderr)) as progress:
        bar = progress.add_task(one.name, total=one.bytes)
        async with _client(max_bytes=one.bytes + 1) as client:
            return await service.fetch(
                client, one, settings.data_dir, lambda here, _: progress.update(bar, completed=here)
            )


def _client(*origins: str, max_bytes: int) -> httpx2.AsyncClient:
    from importlib.metadata import version

    from leadline.foundation.http import guarded_async_client, user_agent
    from leadline.foundation.network import NetworkPolicy

    settings = settings_of_command()
    policy = NetworkPolicy(allow_networks=settings.allow_networks).trusting(*origins)
    return guarded_async_client(
        policy, user_agent(version("leadline"), settings.contact), max_bytes=max_bytes
    )


def _use(settings: Settings, model: str) -> None:
    from leadline.bootstrap import chosen_model
    from leadline.cli.terminal import say
    from leadline.foundation.settings import settings_file
    from leadline.foundation.settings_file import remember

    # What belonged to the model before would be wrong for this one.
    changes = {"model": model, "model_base_url": None, "model_context_tokens": None}
    chosen_model(dataclasses.replace(settings, model=model, model_base_url=None, model_context_tokens=None))
    path = settings_file()
    remember(path, changes)
    say(f"{model} is used from now on (written into {path}).")
    if settings.origins.get("model") == "environment":
        say("LEADLINE_MODEL is set in the environment and goes before the file: unset it.")
    if model.startswith("gguf:"):
        import importlib.util

        if importlib.util.find_spec("xllamacpp") is None:
            say("To run model files, install what runs them: pip install 'leadline[local]'")
    say("Try it: leadline doctor")


def _used(settings: Settings) -> Iterator[Line]:
    from leadline.cli.terminal import Line

    if settings.model is None:
        yield Line("No language model is used: rules read the pages.")
    else:
        yield Line(f"Used now: {settings.model}  ({settings.origins.get('model', 'default')})")
    yield Line("")


def _server_lines(found: tuple[LocalServer, ...]) -> Iterator[Line]:
    from leadline.cli.terminal import Line, one_line

    if not found:
        yield Line(
            "No server of language models answers on this machine (Ollama, llama.cpp, LM Studio, vLLM)."
        )
    for server in found:
        yield Line(f"A server answers at {server.base_url}. To use one of its models:", "bold")
        for name in server.models:
            yield Line(f"  leadline models use {server.provider}:{one_line(name)}", "", 4)
        if not server.models:
            yield Line("  it has no model yet", "", 4)
    yield Line("")


def _catalogue_lines(settings: Settings) -> Iterator[Line]:
    from leadline.cli.terminal import Line
    from leadline.local_models import service

    yield Line("Files that can be fetched and run here:", "bold")
    for one in service.catalogue():
        here = "  (here)" if service.path_of(one, settings.data_dir).exists() else ""
        score = (
            f"measured: {one.measured.right} right, {one.measured.wrong} wrong of {one.measured.asked} questions"
            if one.measured
            else "not measured"
        )
        yield Line(f"  {one.name}{here}", "bold")
        yield Line(
            f"    {one.bytes / 1e9:.1f} GB, {one.memory_gb} GB of memory, {one.licence}, "
            f"{one.context_tokens:,} tokens of context; languages: {one.languages}; {score}",
            "",
            4,
        )
    yield Line("")
    yield Line("  leadline models get NAME")
