"""Change alerts, judged by the labelled edits of pages in ``labels/changes``.

Each made-up company's website is served over loopback, its questions are asked by the real engine for a subscription of
their own, one edit is made, and they are asked again. What is told is compared with the label. The reader is the one of
rules, or the model that LEADLINE_MODEL names.

    python -m bench.changes [--only ID ...]     prints every error, then the figures
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import http.server
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import yaml

from bench.rows import Row
from leadline.bootstrap import Leadline, open_leadline
from leadline.foundation.ids import new_id
from leadline.foundation.log import configure_logging
from leadline.foundation.settings import Endpoint, Settings, load_settings
from leadline.research.answer_types import answer_type
from leadline.research.answer_types.base import Told
from leadline.signals import views
from leadline.signals.runs import RunQuestion

LABELS = Path(__file__).parent.parent / "labels" / "changes"
PRECISION, RECALL = 0.98, 0.90


class Label(NamedTuple):
    """One edit, with the pages of its company before it."""

    domain: str
    pages: dict[str, str]
    edit: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.edit["id"])

    @property
    def changed(self) -> bool:
        return bool(self.edit["fact"] == "changed")


class Telling(NamedTuple):
    """What was answered and told."""

    before: Any
    after: Any
    change: dict[str, Any]
    cause: str  # a site that is down as a whole fails the signal: then there is nothing to compare


def labels() -> list[Label]:
    found = []
    for path in sorted(LABELS.glob("*.yaml")):
        company = yaml.safe_load(path.read_text(encoding="utf-8"))
        found += [Label(company["domain"], company["pages"], edit) for edit in company["edits"]]
    return found


# ------------------------------------------------------------------ the websites


class Site:
    """One company's website on a port of its own."""

    def __init__(self, pages: dict[str, str]) -> None:
        self._pages = pages
        self._answers: dict[str, tuple[int, str, str]] = {}  # path: status, location, body
        self._everywhere: int | None = None
        self._server: http.server.ThreadingHTTPServer | None = None
        self.port = 0
        self.restore()

    def restore(self) -> None:
        """As it was before any edit, and up."""
        self._answers = {path: (200, "", body) for path, body in self._pages.items()}
        self._everywhere = None
        self._start()

    def edit(self, steps: Sequence[dict[str, Any]]) -> None:
        for step in steps:
            self._apply(step)

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _apply(self, step: dict[str, Any]) -> None:
        if step.get("site") == "down":
            self.stop()
        elif "site" in step:
            self._everywhere = int(step["site"])
        elif "replace" in step:
            body = self._answers[step["page"]][2]
            assert body.count(step["replace"]) == 1, step
            self._answers[step["page"]] = (200, "", body.replace(step["replace"], step["by"]))
        elif "html" in step:
            self._answers[step["page"]] = (200, "", step["html"])
        elif "moves_to" in step:
            self._answers[step["moves_to"]] = self._answers.pop(step["page"])
            if step["redirects"]:
                self._answers[step["page"]] = (301, step["moves_to"], "")
        else:
            self._answers[step["page"]] = (step.get("gone") or step["fails"], "", "<h1>Error</h1>")

    def _answer(self, path: str) -> tuple[int, str, str]:
        if self._everywhere is not None:
            return self._everywhere, "", "<h1>Unavailable</h1>"
        return self._answers.get(path, (404, "", "<h1>Not found</h1>"))

    def _start(self) -> None:
        if self._server is not None:
            return
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, location, body = site._answer(self.path.partition("?")[0])
                written = body.encode()
                self.send_response(status)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(written)))
                self.end_headers()
                self.wfile.write(written)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """The runner reports, not the server."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()


# ------------------------------------------------------------------ asking


async def ask(leadline: Leadline, subscription_id: UUID, label: Label) -> dict[str, Any]:
    """The signal of one run, as a client sees it."""
    edit, organisation_id, run_id = label.edit, await leadline.organisation(), new_id()
    question = RunQuestion(edit["question"], edit["type"], edit.get("schema"))
    prepared = await leadline.runs.prepare(subscription_id, question, [label.domain])
    async with leadline.database.transaction() as connection:
        made = await leadline.runs.add(connection, organisation_id, subscription_id, run_id, prepared)
    assert made == 1, label.id
    page = await _page(leadline, organisation_id, subscription_id)
    await leadline.work.run(UUID(page["results"][0]["id"]))
    page = await _page(leadline, organisation_id, subscription_id)
    signal: dict[str, Any] = page["results"][0]
    assert signal["status"] != "processing", label.id
    return signal


async def _page(leadline: Leadline, organisation_id: UUID, subscription_id: UUID) -> dict[str, Any]:
    query = views.SignalQuery(subscription_id=subscription_id, limit=1)
    page: dict[str, Any] = msgspec.json.decode(
        await views.read_page(leadline.database.repeatable, organisation_id, query)
    )
    return page


async def tell(leadline: Leadline, site: Site, some: Sequence[Label]) -> AsyncIterator[tuple[Label, Telling]]:
    """What is told of each edit of one company."""
    for label in some:
        subscription_id = new_id()
        site.restore()
        before = await ask(leadline, subscription_id, label)
        site.edit(label.edit["edit"])
        after = await ask(leadline, subscription_id, label)
        yield (
            label,
            Telling(
                _value(before),
                _value(after),
                after.get("changeContext") or {},
                after["metadata"].get("changeCause", "could_not_look"),
            ),
        )
    site.restore()


def _value(signal: dict[str, Any]) -> Any:
    answer = signal.get("answer")
    if answer is None:
        return None
    held = next(member for name, member in answer.items() if name != "type")
    return held["value"] if isinstance(held, dict) and set(held) == {"value"} else held


# ------------------------------------------------------------------ judging


def right(label: Label, side: str, answer: Any) -> bool:
    """Whether the reader gave the right answer on this side of the edit, however it spelled it."""
    wanted = label.edit[side]
    if wanted is None or answer is None:
        return wanted is answer
    return (
        answer_type(label.edit["type"]).same(wanted, answer, Told((), (), label.edit["question"]))
        is not False
    )


def delta_right(label: Label, told: Telling) -> bool:
    if "fields" in label.edit:
        return all(
            sorted(told.change.get(f"{name}Fields", [])) == sorted(fields)
            for name, fields in label.edit["fields"].items()
        )
    given = {k: v for k, v in (told.change.get("changeDelta") or {}).items() if k != "type"}
    wanted = dict(label.edit["delta"])
    if "difference" in wanted:
        close = abs(given.pop("difference", float("inf")) - wanted.pop("difference")) < 1e-6
        return close and given == wanted
    return bool(given == wanted)


class Figures(NamedTuple):
    told: int  # changes told
    true: int  # of them right
    changed: int  # facts that changed
    readable: int  # of them, those whose answers the reader gave rightly on both sides
    found: int  # of these, told as changes
    deltas: int  # of these, with the right delta
    causes: tuple[int, int]  # of the labels that name a cause: right, all
    errors: tuple[str, ...]

    @property
    def precision(self) -> float:
        return self.true / self.told if self.told else 1.0

    @property
    def recall(self) -> float:
        return self.found / self.readable if self.readable else 0.0


def figures(results: Sequence[tuple[Label, Telling]]) -> Figures:
    errors: list[str] = []
    told = true = changed = readable = found = deltas = causes = right_causes = 0
    for label, one in results:
        alert = one.change.get("changeType") == "CHANGED"
        known = right(label, "before", one.before) and right(label, "after", one.after)
        told += alert
        true += alert and label.changed
        changed += label.changed
        shown = f"{label.id} ({label.edit['kind']}): {one.before!r} -> {one.after!r}, told {one.change} ({one.cause})"
        if alert and not label.changed:
            errors.append(f"told, and should not be: {shown}")
        if label.changed and known:
            readable += 1
            found += alert
            if not alert:
                errors.append(f"not told: {shown}")
            elif delta_right(label, one):
                deltas += 1
            else:
                errors.append(f"told with another delta: {shown}")
        elif label.changed:
            errors.append(f"not read, so {'told' if alert else 'not told'}: {shown}")
        if "cause" in label.edit and one.before is not None:
            causes += 1
            cause = label.edit["cause"].replace(" ", "_")
            fits = one.cause == cause
            right_causes += fits
            if not fits:
                errors.append(f"another cause than {cause}: {shown}")
    return Figures(told, true, changed, readable, found, deltas, (right_causes, causes), tuple(errors))


async def run(only: Sequence[str] = ()) -> list[tuple[Label, Telling]]:
    by_domain: dict[str, list[Label]] = {}
    for label in labels():
        if not only or label.id in only:
            by_domain.setdefault(label.domain, []).append(label)
    sites = {domain: Site(some[0].pages) for domain, some in by_domain.items()}
    results: list[tuple[Label, Telling]] = []
    try:
        with tempfile.TemporaryDirectory(prefix="leadline-changes-", ignore_cleanup_errors=True) as folder:
            async with open_leadline(_settings(Path(folder), sites)) as leadline:
                await leadline.prepare()

                async def of(domain: str) -> None:
                    async for result in tell(leadline, sites[domain], by_domain[domain]):
                        results.append(result)

                waiting = iter(sites)
                await asyncio.gather(*(_each(waiting, of) for _ in range(3)))
    finally:
        for site in sites.values():
            site.stop()
    return sorted(results, key=lambda result: result[0].id)


async def _each(waiting: Iterator[str], do: Any) -> None:
    for one in waiting:
        await do(one)


def _settings(folder: Path, sites: dict[str, Site]) -> Settings:
    given = load_settings()
    return dataclasses.replace(
        given,
        env="development",
        data_dir=folder,
        database_url=None,
        connect_to={domain: Endpoint("127.0.0.1", site.port) for domain, site in sites.items()},
        contact="mailto:bench@leadline.example",
        monthly_credits=1_000_000,
    )


def rows() -> Iterator[Row]:
    configure_logging("error")
    got = figures(asyncio.run(run()))
    yield Row(
        "change alerts: precision",
        f"{got.precision:.3f}",
        f">= {PRECISION}",
        f"{got.true} of {got.told} changes told are changes of a fact ({len(labels())} labelled edits)",
        got.precision >= PRECISION,
    )
    yield Row(
        "change alerts: recall where the reader answers",
        f"{got.recall:.3f}",
        f">= {RECALL}",
        f"{got.found} of {got.readable} told; {got.changed} facts changed in all; {got.deltas} with the right delta",
        got.recall >= RECALL,
    )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.changes", description="Judge change alerts by labelled edits."
    )
    parser.add_argument("--only", nargs="*", default=[], metavar="ID")
    options = parser.parse_args(arguments)
    configure_logging("error")
    got = figures(asyncio.run(run(options.only)))
    for error in got.errors:
        print(error)
    print(f"precision {got.precision:.3f} ({got.true} of {got.told} told)")
    print(
        f"recall    {got.recall:.3f} ({got.found} of {got.readable} whose answers were read; {got.changed} changed in all)"
    )
    print(f"deltas    {got.deltas} of {got.found} right; causes {got.causes[0]} of {got.causes[1]} right")
    return 0 if got.precision >= PRECISION and got.recall >= RECALL else 1


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main(sys.argv[1:]))
