"""``leadline proof``: an answer with the pages it rests on, in a file that anybody can check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from leadline.cli.organisations import for_organisation, org_option
from leadline.cli.running import EXIT_ANSWERED, EXIT_FAILED, EXIT_NOT_EVERYWHERE, NOTHING_CHANGED, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from leadline.bootstrap import Leadline
    from leadline.cli.terminal import Line
    from leadline.signals.proving import Checked, ExportedProof
    from leadline.signals.snapshots import PageAtQuote


@click.command()
@click.argument("signal_id", required=False)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the proof into this file."
)
@click.option(
    "--check",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Check a proof that was exported, without a database and without the network.",
)
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the page of a quote into this file, the quote marked.",
)
@click.option("--open", "in_browser", is_flag=True, help="Open that page in the browser, at the quote.")
@click.option(
    "--quote",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Which quote, with --html and --open.",
)
@org_option
def proof(
    signal_id: str | None,
    out: Path | None,
    file: Path | None,
    page: Path | None,
    in_browser: bool,
    quote: int,
    org: str | None,
) -> int:
    """Export the proof of SIGNAL_ID, look at the page of a quote, or check a proof.

    \b
    leadline proof SIGNAL_ID --out proof.json
    leadline proof SIGNAL_ID --open
    leadline proof --check proof.json

    Exit code 1 when a proof does not hold, 4 when it holds as far as it can be checked: of a page that names
    somebody who was erased since, only the overwritten text is left.
    """
    looking = page is not None or in_browser
    if (signal_id is None) == (file is None) or (looking and (file or out)):
        raise click.UsageError("Give the id of a signal, to export or to look at, or --check FILE.")
    if file is not None:
        return _shown(run(_check(file), when_interrupted=NOTHING_CHANGED))
    assert signal_id is not None
    if looking:
        return _look(_page(signal_id, quote, org), page, in_browser=in_browser)
    exported = _export(signal_id, org)
    data = _written(exported)
    if exported.held_back:
        click.echo(exported.held_back.note, err=True)
    if out is None:
        click.echo(data)
    else:
        out.write_bytes(data)
        click.echo(
            f"{out}: {len(data):,} bytes. Check it anywhere: leadline proof --check {out.name}", err=True
        )
    return EXIT_ANSWERED


def _look(found: PageAtQuote, page: Path | None, *, in_browser: bool) -> int:
    """Write the page, here or among temporary files, and say where it is."""
    import tempfile
    import webbrowser

    from leadline.research.documents.marking import QUOTE

    if page is None:
        page = Path(tempfile.mkdtemp(prefix="leadline-")) / "page.html"
    page.write_text(found.html, encoding="utf-8")
    address = f"{page.resolve().as_uri()}#{QUOTE}"
    click.echo(address)
    if in_browser and not webbrowser.open(address):
        click.echo("No browser was found here: open that address in one.", err=True)
    return EXIT_ANSWERED


def _page(signal_id: str, quote: int, org: str | None) -> PageAtQuote:
    async def work(leadline: Leadline, organisation_id: UUID) -> PageAtQuote:
        return await leadline.snapshots.at_quote(organisation_id, signal_id, quote)

    return for_organisation(org, work, when_interrupted="Nothing was written.", reading=True)


def _written(exported: ExportedProof) -> bytes:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(exported))


def _export(signal_id: str, org: str | None) -> ExportedProof:
    async def work(leadline: Leadline, organisation_id: UUID) -> ExportedProof:
        return await leadline.proving.export(organisation_id, signal_id)

    return for_organisation(org, work, when_interrupted="Nothing was written.", reading=True)


async def _check(file: Path) -> Checked:
    from leadline.bootstrap import open_sandbox
    from leadline.signals.proving import MOST_BYTES, check

    with file.open("rb") as stream:
        data = stream.read(MOST_BYTES + 1)  # one more tells that it is too large
    async with open_sandbox() as sandbox:
        return await check(data, sandbox)


_WHOSE = {
    "own": "the company's own site",
    "third_party": "somebody else's",
    "directory": "a directory's entry",
}


def _page_lines(found: ExportedProof) -> Iterator[Line]:
    from leadline.cli.terminal import Line, one_line

    whose = {quote.snapshot_id: quote.provenance for quote in found.quotes}
    for page in found.snapshots:
        by = _WHOSE.get(whose.get(page.id) or "", "whose it is was not recorded")
        yield Line(f"{one_line(page.url)}: {by}, fetched {page.fetched_at}", "dim", 2)


def _shown(checked: Checked) -> int:
    from leadline.cli.terminal import Line, json_text, one_line, write_lines
    from leadline.cli.verify import verify_lines

    found = checked.proof
    said = "no answer" if found.answer is None else json_text(found.answer)
    if found.held_back:
        said = found.held_back.note
    write_lines(
        [
            Line(f"{one_line(found.subject)}: {one_line(found.question)}", "bold"),
            Line(f"{one_line(said)}", "bold green"),
            Line(""),
            *_page_lines(found),
            Line(""),
            *verify_lines(checked.quotes),
            *(Line(f"does not hold: {fault}", "bold red") for fault in checked.faults),
        ]
    )
    if checked.broken:
        return EXIT_FAILED
    return EXIT_ANSWERED if checked.holds else EXIT_NOT_EVERYWHERE
