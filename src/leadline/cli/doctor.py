"""``leadline doctor``: is everything there that a question needs?"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from leadline.cli.running import EXIT_ANSWERED, EXIT_FAILED, NOTHING_CHANGED, run, settings_of_command

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from leadline.cli.terminal import Line
    from leadline.foundation.settings import Settings

PROBE = "https://example.com/"  # kept for such uses (RFC 2606)
PROBE_SECONDS = 10.0
ENOUGH_FILES = 4096  # a client that waits takes one
LITTLE_SPACE, TOO_LITTLE_SPACE = 2_000_000_000, 200_000_000  # bytes


class Finding(NamedTuple):
    """What one check found. ``state`` is ok, warn or fail; ``advice`` says what to do about it."""

    state: str
    subject: str
    detail: str
    advice: str = ""


@click.command()
def doctor() -> int:
    """Check the installation: a line for each part, and what to do where something is wrong.

    Exit code 1 when a check fails.
    """
    from leadline.cli.terminal import write_lines

    failed = False
    settings = settings_of_command()

    async def examine() -> None:
        nonlocal failed
        async for finding in findings(settings):
            failed = failed or finding.state == "fail"
            write_lines(finding_lines(finding))
            sys.stdout.flush()

    run(examine(), when_interrupted=NOTHING_CHANGED)
    return EXIT_FAILED if failed else EXIT_ANSWERED


def finding_lines(finding: Finding) -> Iterator[Line]:
    from leadline.cli.terminal import Line, one_line

    style = {"ok": "green", "warn": "yellow", "fail": "bold red"}[finding.state]
    yield Line(f"{finding.state:<5} {finding.subject:<10} {one_line(finding.detail)}", style, 17)
    if finding.advice:
        yield Line(f"{'':<17}{one_line(finding.advice)}", "", 17)


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    """The checks, in the order in which a question needs what they look at."""
    checks: list[tuple[str, Callable[[Settings], Awaitable[Finding]]]] = [
        ("python", _python),
        ("data", _data_folder),
        ("disk", _disk),
        ("programs", _programs),
        ("database", _database),
        ("model", _model),
        ("network", _network),
        ("contact", _contact),
        ("files", _files),
    ]
    for subject, check in checks:
        try:
            yield await check(settings)
        except Exception as error:  # noqa: BLE001 - a check that breaks is a finding, and the others go on
            yield Finding("fail", subject, str(error) or type(error).__name__)


async def _contact(settings: Settings) -> Finding:
    if "contact" in settings.origins:
        return Finding("ok", "contact", settings.contact)
    return Finding(
        "warn",
        "contact",
        "owners of sites cannot tell who reads them",
        "Set LEADLINE_CONTACT to an address (web or e-mail), so that they write to you instead of blocking you.",
    )


async def _files(_: Settings) -> Finding:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard >= ENOUGH_FILES:
        return Finding("ok", "files", f"{soft:,} open files, up to {hard:,} when needed")
    return Finding(
        "warn",
        "files",
        f"at most {hard:,} open files",
        f"Raise the limit to {ENOUGH_FILES:,} (ulimit -Hn, LimitNOFILE=) for more clients that wait at the same time.",
    )


async def _python(_: Settings) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("ok", "python", f"{version} on {sys.platform}")


async def _data_folder(settings: Settings) -> Finding:
    folder = settings.data_dir
    if settings.database_url is not None:
        return Finding("ok", "data", "not needed: LEADLINE_DATABASE_URL names a server")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Finding(
            "fail", "data", f"{folder}: {error.strerror}", "Set LEADLINE_DATA_DIR to a folder of your own."
        )
    return Finding("ok", "data", str(folder))


async def _disk(settings: Settings) -> Finding:
    folder = next(f for f in (settings.data_dir, *settings.data_dir.parents, Path("/")) if f.exists())
    free = shutil.disk_usage(folder).free
    detail = f"{free / 1e9:.1f} GB free in {folder}"
    if free >= LITTLE_SPACE:
        return Finding("ok", "disk", detail)
    advice = "Make room, or set LEADLINE_DATA_DIR to another disk: every page that is read is stored."
    return Finding("fail" if free < TOO_LITTLE_SPACE else "warn", "disk", detail, advice)


async def _programs(settings: Settings) -> Finding:
    if settings.database_url is not None:
        return Finding("ok", "programs", "not needed: LEADLINE_DATABASE_URL names a server")
    from leadline.foundation.embedded_postgres import find_installations

    found = find_installations(settings.pg_bin)
    return Finding("ok", "programs", "PostgreSQL " + ", ".join(f"{i.major} in {i.bin}" for i in found))


async def _database(settings: Settings) -> Finding:
    import time

    from leadline.foundation.migrations import applied
    from leadline.foundation.opening import open_database

    started = time.monotonic()
    async with open_database(settings, reading=True) as database:
        version = await database.fetchval("show server_version")
        schema = (await applied(database))[-1]
    kind = "embedded" if settings.database_url is None else "server"
    seconds = time.monotonic() - started
    return Finding(
        "ok", "database", f"PostgreSQL {version} ({kind}), schema {schema}, ready in {seconds:.1f} s"
    )


async def _model(settings: Settings) -> Finding:
    if settings.model is None:
        return Finding(
            "ok",
            "model",
            "none: the extractive reader answers by rules",
            "Set LEADLINE_MODEL, such as openai:gpt-5-mini, or run `leadline models`, to have a language model read the "
            "pages.",
        )
    from leadline.bootstrap import open_leadline
    from leadline.research.errors import ModelError
    from leadline.research.ports import ModelRequest

    request = ModelRequest(
        instructions="Reply with the JSON object that is asked for.",
        prompt='Set "ready" to true.',
        output_schema={
            "type": "object",
            "properties": {"ready": {"type": "boolean"}},
            "required": ["ready"],
            "additionalProperties": False,
        },
        max_tokens=200,
    )
    try:
        async with open_leadline(settings) as leadline:
            assert leadline.model is not None
            reply = await leadline.model.complete(request)
    except ModelError as error:
        return Finding(
            "fail",
            "model",
            f"{settings.model}: {error}",
            "Check LEADLINE_MODEL, LEADLINE_MODEL_BASE_URL, LEADLINE_MODEL_API_KEY and its service.",
        )
    tokens = f"{reply.input_tokens} + {reply.output_tokens} tokens"
    return Finding("ok", "model", f"{reply.model} replied ({tokens})")


async def _network(settings: Settings) -> Finding:
    if settings.connect_to:
        advice = "Unset LEADLINE_CONNECT_TO to read the web."
        return Finding("warn", "network", "page fetches go to this machine", advice)
    from leadline.foundation.http import GuardedClient, OutgoingError
    from leadline.foundation.network import NetworkPolicy

    try:
        async with GuardedClient(NetworkPolicy(), agent="leadline-doctor") as client:
            answer = await client.get(PROBE, timeout=PROBE_SECONDS, max_bytes=1_000_000)
    except OutgoingError as error:
        return Finding(
            "fail",
            "network",
            str(error),
            "Pages of the public web cannot be read from here: check the name server and the firewall. "
            "Proxies are not used.",
        )
    return Finding("ok", "network", f"{PROBE} answered {answer.status}")
