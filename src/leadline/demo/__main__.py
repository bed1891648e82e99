"""``python -m leadline.demo``: ten questions to a made-up company, each with its evidence, and one people search.

Serves the website on loopback, asks over the real path (settings, database, fetcher, engine, reader), prints
every answer as ``leadline ask`` does, and closes with a table. With LEADLINE_MODEL set that model reads the
pages; without it the rules do. The people found are those whom the pages name. Nothing is kept unless ``--keep`` names a folder for the database.
"""

from __future__ import annotations

import dataclasses
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from leadline.bootstrap import Leadline, open_leadline
from leadline.cli.people import people_lines
from leadline.cli.rendering import answer_text, counted, price_text, signal_lines
from leadline.cli.running import EXIT_ANSWERED, EXIT_FAILED, Interrupted, run, settings_of_command
from leadline.cli.terminal import Line, StageLines, one_line, say, write_lines
from leadline.contacts.service import read_filter, response
from leadline.demo.questions import ANSWERED, UNANSWERED
from leadline.demo.website import DOMAIN, HOST, LINKEDIN, assets, served
from leadline.foundation.errors import LeadlineError
from leadline.foundation.settings import Endpoint, Settings
from leadline.signals.schemas import Signal, SignalRequest

PEOPLE = 10  # shown of the search


@click.command()
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep the database there.")
@click.option("--serve", is_flag=True, help="Only serve the website, until interrupted.")
def demo(keep: Path | None, serve: bool) -> int:
    """Ask a made-up company's website one question of each answer type, and two that it does not answer; then search
    its people.
    """
    if serve:
        return _serve()
    began = time.monotonic()
    with served() as port, _folder(keep) as folder:
        settings = _settings(settings_of_command(), port, folder)
        write_lines(_opening(settings))
        signals = run(_ask_all(settings), when_interrupted="Nothing of the demo is kept.")
    write_lines(_closing(signals, time.monotonic() - began))
    return EXIT_FAILED if any(signal.status == "failed" for signal in signals) else EXIT_ANSWERED


def _serve() -> int:
    with served() as port:
        say(f"The website of {HOST} is served until you press Ctrl-C. Ask it in another window:")
        say("")
        mapping = ",".join(f"{host}=127.0.0.1:{port}" for host in (DOMAIN, HOST))
        say(f"  export LEADLINE_ENV=development LEADLINE_CONNECT_TO={mapping}")
        say(f"  .venv/bin/leadline ask {DOMAIN} 'How many users may the Team plan have?' --type number")
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return EXIT_ANSWERED


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="leadline-demo-") as made:
        yield Path(made)


def _settings(chosen: Settings, port: int, folder: Path) -> Settings:
    """The user's settings for the model; the demo's own for database and pages."""
    here = Endpoint("127.0.0.1", port)
    return dataclasses.replace(
        chosen,
        env="development",
        data_dir=folder,
        database_url=None,
        database_direct_url=None,
        connect_to=dict.fromkeys((DOMAIN, HOST, "*"), here),  # whatever a page links to, nothing leaves
        contact=chosen.contact or f"mailto:demo@{DOMAIN}",
    )


async def _ask_all(settings: Settings) -> list[Signal]:
    requests = (*ANSWERED, *UNANSWERED)
    signals = []
    async with open_leadline(settings) as leadline:
        for number, request in enumerate(requests, 1):
            write_lines(_heading(number, len(requests), request))
            with StageLines(sys.stdout) as progress:
                signal = await leadline.ask(request, progress=progress)
            write_lines([Line(""), *signal_lines(signal), Line("")])
            signals.append(signal)
        write_lines(await _people(leadline))
    return signals


async def _people(leadline: Leadline) -> list[Line]:
    """Whom the pages that were read name: nobody was imported."""
    found = await leadline.contacts.search(
        await leadline.organisation(), read_filter(company_urls=[LINKEDIN]), limit=PEOPLE, offset=0
    )
    return [
        Line("── people search " + "─" * 42, "dim"),
        Line(f"Who works at {LINKEDIN.removeprefix('https://')}?", "bold"),
        *people_lines(response(found, PEOPLE, 0)),
        Line(""),
    ]


def _opening(settings: Settings) -> Iterator[Line]:
    pages = sum(asset.content_type.startswith("text/html") for asset in assets().values())
    reader = settings.model or "rules, no model (set LEADLINE_MODEL to let one read)"
    yield Line("Leadline demo", "bold")
    yield Line(f"Company     Quillfen Instruments, made up; {pages} pages, served on this machine only")
    yield Line(f"Reader      {one_line(reader)}")
    yield Line("")


def _heading(number: int, of: int, request: SignalRequest) -> Iterator[Line]:
    yield Line(f"── {number} of {of} ── {request.answer_type} " + "─" * 40, "dim")
    yield Line(request.question, "bold")


def _closing(signals: Sequence[Signal], seconds: float) -> Iterator[Line]:
    rows = [("type", "answer", "confidence", "quotes", "question")]
    rows += [
        (signal.answer_type, _short(signal), _confidence(signal), str(len(signal.sources)), signal.question)
        for signal in signals
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    yield Line("─" * 60, "dim")
    for position, row in enumerate(rows):
        text = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        yield Line(text, "bold" if position == 0 else "", 4)
    facts = [signal.metadata for signal in signals]
    answered = sum(signal.answer is not None for signal in signals)
    calls = sum(fact.get("modelCalls", 0) for fact in facts)
    prices = [fact.get("price") for fact in facts if fact.get("modelCalls")]
    price = None if None in prices else sum(float(price) for price in prices if price is not None)
    yield Line("")
    yield Line(
        f"{answered} of {len(signals)} answered in {seconds:.1f} s; "
        f"{counted(sum(fact.get('pagesFetched', 0) for fact in facts), 'page')} fetched; "
        + (f"{counted(calls, 'model call')}, {price_text(price)}" if calls else "no model call")
    )
    yield Line(f"The website does not answer the last {len(UNANSWERED)}: finding nothing is right.", "dim")


def _short(signal: Signal, most: int = 40) -> str:
    if signal.status == "failed":
        return "failed"
    if signal.answer is None:
        return "no answer"
    if signal.answer_type == "json_schema":
        text = ", ".join(f"{name}: {value}" for name, value in signal.answer.items())
    else:
        text = answer_text(signal.answer_type, signal.answer).replace("\n", ", ")
    text = one_line(text)
    return text if len(text) <= most else text[: most - 1] + "…"


def _confidence(signal: Signal) -> str:
    return "" if signal.confidence is None else f"{signal.confidence:.2f}"


def main() -> int:
    """The edge at which the demo's errors become words."""
    try:
        return demo.main(standalone_mode=False) or EXIT_ANSWERED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except Interrupted as end:
        say(str(end))
        return end.exit_code
    except LeadlineError as error:
        say(f"Error: {error.message}")
        return EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main())
