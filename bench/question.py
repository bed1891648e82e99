"""A question's cost: time over its critical path, pages fetched, overhead without a model, throughput.

Everything is real but the outside: websites and model answer after a fixed time from a process of their own
(``bench.outside``). The database is the embedded one, in a temporary folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

from bench.outside import PAGES, TOWNS, Running, doors, pallets, running
from bench.rows import Row
from leadline.bootstrap import Leadline, open_leadline
from leadline.foundation.log import configure_logging
from leadline.foundation.settings import Endpoint, Settings
from leadline.signals.schemas import Signal, SignalRequest

SITE_SECONDS = 0.2
MODEL_SECONDS = 1.0
BUSY_MODEL_SECONDS = 0.5
AT_ONCE = 20
MAX_PAGES = 40
HOST_CONCURRENCY = 4
NEW = tuple(f"new-{number}.example" for number in range(3))
BUSY = tuple(f"busy-{number}.example" for number in range(10))
KNOWN = "known.example"
WARM_UP = "warm-up.example"
HOSTS = (*NEW, *BUSY, KNOWN, WARM_UP)


class Took(NamedTuple):
    signal: Signal
    seconds: float
    cpu: float  # of this process and of the children that read pages
    database_cpu: float


def rows() -> Iterator[Row]:
    configure_logging("error")
    with running() as outside, tempfile.TemporaryDirectory(prefix="leadline-bench-") as folder:
        yield from asyncio.run(_measure(outside, Path(folder)))


async def _measure(outside: Running, folder: Path) -> list[Row]:
    settings = Settings(
        env="development",
        data_dir=folder,
        connect_to=dict.fromkeys(HOSTS, Endpoint("127.0.0.1", outside.port)),
        model="openai:bench",
        model_api_key="none",
        model_base_url=f"http://127.0.0.1:{outside.port}/v1",
        model_concurrency=AT_ONCE,
        max_pages=MAX_PAGES,
        host_concurrency=HOST_CONCURRENCY,
        contact="mailto:bench@leadline.example",
        monthly_credits=1_000_000,
    )
    async with open_leadline(settings) as leadline:
        outside.set(site=0, model=0)
        await _ask(leadline, WARM_UP, "pallets", TOWNS[0])  # imports, connections
        return [
            *await _new_company(leadline, outside),
            *await _known_company(leadline, outside),
            *await _many_at_once(leadline, outside),
        ]


async def _new_company(leadline: Leadline, outside: Running) -> list[Row]:
    """The first question of several companies, then ten questions of one."""
    ratios, first_pages, seconds = [], [], []
    for host in NEW:
        outside.set(site=SITE_SECONDS, model=MODEL_SECONDS)
        took = await _ask(leadline, host, "pallets", TOWNS[7])
        fetched = outside.fetched()
        read = [address for address in fetched if not address.endswith((".txt", ".xml"))]
        others = len(fetched) - len(read)
        # robots.txt, sitemap and entry page must follow each other; the rest goes HOST_CONCURRENCY at once.
        path = (others + 1 + math.ceil((len(read) - 1) / HOST_CONCURRENCY)) * SITE_SECONDS
        path += len(outside.model_calls()) * MODEL_SECONDS
        ratios.append(took.seconds / path)
        seconds.append(took.seconds)
        first_pages.append(len(read))
    outside.set(site=0, model=0)
    for town in TOWNS[:10]:
        await _ask(leadline, KNOWN, "pallets", town)
    fetched = outside.fetched()
    most = max(fetched.values())
    ratio = statistics.median(ratios)
    return [
        Row(
            "a signal over its critical path, new company",
            f"{ratio:.2f}",
            "at most 1.10",
            f"median of {len(ratios)}; {statistics.median(seconds):.2f} s with {SITE_SECONDS} s a page, "
            f"{HOST_CONCURRENCY} at once, {MODEL_SECONDS} s the model; worst {max(ratios):.2f}",
            ratio <= 1.10,
        ),
        Row(
            "pages fetched for question one",
            str(max(first_pages)),
            f"at most {MAX_PAGES}",
            f"site of {PAGES} pages, robots.txt and sitemap not counted",
            max(first_pages) <= MAX_PAGES,
        ),
        Row(
            "fetches of any one page for 10 questions on one company",
            str(most),
            "1",
            f"{len(fetched)} addresses, {sum(fetched.values())} requests",
            most == 1,
        ),
    ]


async def _known_company(leadline: Leadline, outside: Running) -> list[Row]:
    """Further questions of a company whose pages are stored."""
    outside.set(site=0, model=BUSY_MODEL_SECONDS)
    took = [await _ask(leadline, KNOWN, "doors", town) for town in TOWNS[:10]]
    fetched, calls = sum(outside.fetched().values()), outside.model_calls()
    wall = statistics.median(one.seconds - BUSY_MODEL_SECONDS for one in took)
    # Of other processes the kernel tells hundredths of a second: only their sum is exact enough.
    cpu = statistics.mean(one.cpu for one in took)
    database = statistics.mean(one.database_cpu for one in took)
    prompt = statistics.median(call["prompt_tokens"] for call in calls)
    completion = statistics.median(call["completion_tokens"] for call in calls)
    per_answer = statistics.median(one.signal.metadata.get("modelCalls", 0) for one in took)
    note = f"median of {len(took)}"
    return [
        Row(
            "overhead outside the model, further question",
            f"{wall:.3f} s",
            "at most 0.10 s",
            f"{note}; worst {max(one.seconds for one in took) - BUSY_MODEL_SECONDS:.3f} s",
            wall <= 0.10,
        ),
        Row(
            "CPU of a further question",
            f"{cpu:.3f} s",
            "at most 0.10 s",
            f"mean of {len(took)}, children included; PostgreSQL besides {database:.3f} s",
            cpu <= 0.10,
        ),
        Row("fetches of a further question", str(fetched), "0", f"{len(took)} questions", fetched == 0),
        Row("model calls per answer", f"{per_answer:g}", "1", note, per_answer == 1),
        Row(
            "prompt tokens of an answer",
            f"{prompt:.0f}",
            "at most 1,800",
            f"{note}, estimated at four characters a token",
            prompt <= 1800,
        ),
        Row(
            "completion tokens of an answer",
            f"{completion:.0f}",
            "at most 120",
            "of the simulated model: the form's own size, not a real model's wordiness",
            completion <= 120,
        ),
    ]


async def _many_at_once(leadline: Leadline, outside: Running) -> list[Row]:
    """Further questions of several known companies, AT_ONCE at a time."""
    outside.set(site=0, model=0)
    for host in BUSY:
        await _ask(leadline, host, "pallets", TOWNS[0])
        await _ask(leadline, host, "pallets", TOWNS[20])
    outside.set(site=0, model=BUSY_MODEL_SECONDS)
    questions = [(host, TOWNS[index]) for index in range(1, 19) for host in BUSY]
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(host: str, town: str) -> Took:
        async with gate:
            return await _ask(leadline, host, "doors", town)

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one(host, town) for host, town in questions))
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    rate = len(questions) / seconds
    return [
        Row(
            f"questions a second, {AT_ONCE} at once",
            f"{rate:.1f}",
            "at least 15",
            f"{len(questions)} questions on {len(BUSY)} known companies, {BUSY_MODEL_SECONDS} s the model; "
            f"{cpu / len(questions):.3f} s CPU each; {sum(outside.fetched().values())} pages fetched",
            rate >= 15,
        )
    ]


async def _ask(leadline: Leadline, host: str, what: str, town: str) -> Took:
    """Ask for one figure and make sure that the answer is right: a wrong answer measures nothing."""
    question = f"How many {what} does the depot in {town} have?"
    request = SignalRequest(domain=host, question=question, answer_type="number")
    folder = leadline.settings.data_dir
    database = _database_cpu(folder)
    began, cpu = time.perf_counter(), time.process_time() + _children_cpu()
    signal = await leadline.ask(request)
    seconds, cpu = time.perf_counter() - began, time.process_time() + _children_cpu() - cpu
    took = Took(signal, seconds, cpu, _database_cpu(folder) - database)
    right = (pallets if what == "pallets" else doors)(host, town)
    if signal.answer != right:
        said = f"{signal.answer}: {signal.reasoning} {signal.error}"
        raise SystemExit(f"{host}: {question} {right}, but Leadline says {said}")
    return took


def _children_cpu() -> float:
    """Seconds of CPU of the processes that pages are read in."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if any("fork_server" in part for part in process.cmdline()):
                times = process.cpu_times()
                total += times.user + times.system
    return total


def _database_cpu(folder: Path) -> float:
    """Seconds of CPU that the embedded PostgreSQL and its living processes have used."""
    total = 0.0
    for mark in folder.rglob("postmaster.pid"):
        try:
            server = psutil.Process(int(mark.read_text().splitlines()[0]))
            for process in (server, *server.children(recursive=True)):
                times = process.cpu_times()
                total += times.user + times.system
        except psutil.NoSuchProcess:
            continue  # a backend that ended between two looks
    return total
