"""``leadline ask``."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from leadline.cli.running import (
    EXIT_ANSWERED,
    EXIT_FAILED,
    EXIT_NO_ANSWER,
    EXIT_NOT_EVERYWHERE,
    run,
    settings_of_command,
)

if TYPE_CHECKING:
    from leadline.foundation.settings import Settings
    from leadline.research.ports import Progress
    from leadline.signals.schemas import Signal, SignalRequest

RESUMES = "What was read and paid for is kept: ask the same question again and it resumes there."


def host_of(typed: str) -> str:
    """The host of a pasted address, such as ``https://acme.com/about``; anything else as it was typed."""
    text = typed.strip()
    if "/" not in text:
        return text
    try:
        return urlsplit(text if "//" in text else f"//{text}").hostname or text
    except ValueError:
        return text


def read_schema(value: str) -> dict[str, Any]:
    """The JSON object in ``value``, or in the file that it names with a leading ``@``."""
    text = value
    if value.startswith("@"):
        try:
            text = Path(value[1:]).read_text(encoding="utf-8")
        except OSError as error:
            raise _bad_schema(
                f"{value[1:]} cannot be read: {error.strerror}. Name a JSON Schema file."
            ) from error
        except UnicodeDecodeError as error:
            raise _bad_schema(f"{value[1:]} is not UTF-8 text. Name a JSON Schema file.") from error
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _bad_schema(f"not JSON ({error}). Give a JSON Schema, or @FILE with one.") from error
    if not isinstance(schema, dict):
        raise _bad_schema('a JSON Schema must be an object, such as {"type": "object", "properties": {...}}.')
    return schema


def _bad_schema(message: str) -> Exception:
    from leadline.foundation.errors import InvalidInput

    return InvalidInput(("outputSchema", message))


@click.command()
@click.argument("words", nargs=-1, metavar="[DOMAIN] QUESTION")
@click.option(
    "--profile", metavar="URL", help="Ask about the person with this profile on LinkedIn, in place of DOMAIN."
)
@click.option(
    "--sales-navigator",
    type=click.Choice(["off", "auto", "on"]),
    default="auto",
    show_default=True,
    help="With --profile: ask LinkedIn never, where an account is linked, or fail without it.",
)
@click.option(
    "--type",
    "answer_type",
    default="open_text",
    show_default=True,
    help="open_text, boolean, number, list, percentage, currency, url, json_schema, contacts, contact_posts or "
    "contact_engagements.",
)
@click.option("--schema", metavar="@FILE|JSON", help="JSON Schema of the answer, for --type json_schema.")
@click.option(
    "--mode",
    default="strict",
    show_default=True,
    help="strict: only what the cited words say. lenient: deduction allowed, and said so.",
)
@click.option("--max-pages", type=int, help="Pages to read at most.  [default: the setting]")
@click.option("--force-refresh", is_flag=True, help="Do not reuse an earlier answer or stored pages.")
@click.option(
    "--reader",
    type=click.Choice(["auto", "model", "extractive"]),
    default="auto",
    show_default=True,
    help="auto: the model when one is configured, else rules that need no key.",
)
@click.option("--server", metavar="URL", help="Ask this server instead.  [default: LEADLINE_SERVER, if set]")
@click.option(
    "--key", metavar="KEY", help="API key for it. Better LEADLINE_API_KEY: other users see the command line."
)
@click.option("--json", "as_json", is_flag=True, help="Print the signal as the API gives it.")
@click.option("--quiet", is_flag=True, help="Print the answer only, and no progress.")
def ask(
    words: tuple[str, ...],
    profile: str | None,
    sales_navigator: str,
    answer_type: str,
    schema: str | None,
    mode: str,
    max_pages: int | None,
    force_refresh: bool,
    reader: str,
    server: str | None,
    key: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Ask QUESTION about the company at DOMAIN, such as example.com (a pasted address will do), or about a person.

    \b
    leadline ask example.com "How many people work there?" --type number
    leadline ask --profile https://www.linkedin.com/in/jane-doe "What is their current role?"

    \b
    Exit codes: 0 answered, 3 no answer found, 4 no answer and not everything could be read,
    1 failed, 2 bad usage.
    """
    from leadline.cli.remote import GOES_ON, ask_server, refuse_local_options, server_of
    from leadline.cli.terminal import StageLines
    from leadline.signals.schemas import SignalRequest

    settings = settings_of_command()
    remote = server_of(settings, server, key)
    if remote is not None:
        refuse_local_options(max_pages=max_pages, reader=reader)
    domain, question = _subject_and_question(words, profile)
    request = SignalRequest(
        domain=host_of(domain),
        contact_profile_url=profile,
        sales_navigator=sales_navigator,
        question=question,
        answer_type=answer_type,
        output_schema=read_schema(schema) if schema is not None else None,
        verification_mode=mode,
        max_pages=max_pages,
        force_refresh=force_refresh,
    )
    with nullcontext() if quiet else StageLines(sys.stderr) as progress:
        if remote is None:
            signal = run(_ask(settings, request, reader, progress), when_interrupted=RESUMES)
        else:
            signal = run(ask_server(*remote, request, progress), when_interrupted=GOES_ON)
    _print(signal, as_json=as_json, quiet=quiet)
    return exit_code(signal)


def _subject_and_question(words: tuple[str, ...], profile: str | None) -> tuple[str, str]:
    """The domain ("" for a person) and the question. Raises click.UsageError."""
    match words, profile:
        case (domain, question), None:
            return domain, question
        case (question,), str():
            return "", question
        case _, str():
            raise click.UsageError("With --profile give the question alone, in quotation marks.")
        case (), None:
            raise click.UsageError("Missing argument 'DOMAIN'.")
        case (_,), None:
            raise click.UsageError("Missing argument 'QUESTION'.")
    raise click.UsageError("Give the domain and the question, the question in quotation marks.")


async def _ask(settings: Settings, request: SignalRequest, reader: str, progress: Progress | None) -> Signal:
    from leadline.bootstrap import open_leadline

    async with open_leadline(settings) as leadline:
        return await leadline.ask(request, reader=reader, progress=progress)


def _print(signal: Signal, *, as_json: bool, quiet: bool) -> None:
    from leadline.cli.rendering import answer_text, error_lines, signal_lines
    from leadline.cli.terminal import write_json, write_lines
    from leadline.signals.views import written

    if as_json:
        write_json(json.loads(written(signal)))
    elif not quiet:
        write_lines(signal_lines(signal))
    elif signal.answer is not None:
        sys.stdout.write(answer_text(signal.answer_type, signal.answer) + "\n")
    if (quiet or as_json) and signal.status == "failed":
        write_lines(error_lines(signal), sys.stderr)


def exit_code(signal: Signal) -> int:
    """What the shell is told. An answer with a warning is an answer."""
    if signal.status == "failed":
        return EXIT_FAILED
    if signal.answer is not None:
        return EXIT_ANSWERED
    return EXIT_NOT_EVERYWHERE if signal.error_code else EXIT_NO_ANSWER
