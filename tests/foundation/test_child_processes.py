"""A pool of child processes: each way in which a job can go too far, caused for real."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator

import psutil
import pytest

from leadline.foundation.child_processes.pool import (
    LEAST_SECONDS,
    QUICK_SECONDS,
    ChildPool,
    JobFailed,
    JobOverran,
    Kept,
    Limit,
)

JOBS = "tests.foundation.child_jobs"


def job(name: str) -> str:
    return f"{JOBS}:{name}"


@pytest.fixture
async def pool() -> AsyncIterator[ChildPool]:
    async with ChildPool(size=2, memory=300_000_000) as opened:
        yield opened


async def limit_of(pool: ChildPool, name: str, argument: bytes = b"", *, seconds: float = 1.0) -> Limit:
    with pytest.raises(JobOverran) as caught:
        await pool.run(job(name), argument, seconds=seconds, lane=name)
    return caught.value.limit


async def child_id(pool: ChildPool) -> int:
    return int(await pool.run(job("process_id"), b"", seconds=5))


def fork_server_of(child: int) -> psutil.Process:
    """Its fork server, and nobody else: a child that has lost it belongs to whoever adopts orphans here."""
    server = psutil.Process(child).parent()
    assert server is not None
    assert any("fork_server" in word for word in server.cmdline())
    return server


def descendants() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


async def until_gone(pids: set[int]) -> None:
    async with asyncio.timeout(10):
        while any(psutil.pid_exists(pid) for pid in pids):
            await asyncio.sleep(0.02)


async def test_job_is_done_in_another_process_which_is_used_again(pool: ChildPool) -> None:
    first = await child_id(pool)
    assert first != os.getpid()
    assert await child_id(pool) == first
    assert await pool.run(job("echo"), b"x" * 10_000_000, seconds=5) == b"x" * 10_000_000


@pytest.mark.parametrize("name", ["spin", "backtrack"])
async def test_job_that_computes_for_ever_is_killed_and_the_loop_goes_on(pool: ChildPool, name: str) -> None:
    await child_id(pool)
    longest = last = 0.0

    async def beat() -> None:
        nonlocal longest, last
        last = time.monotonic()
        while True:
            await asyncio.sleep(0.01)
            now = time.monotonic()
            longest, last = max(longest, now - last), now

    beating = asyncio.create_task(beat())
    assert await limit_of(pool, name) is Limit.TIME
    beating.cancel()
    assert longest < 0.5, "heartbeats went on"
    assert await pool.run(job("echo"), b"next", seconds=5) == b"next"


async def test_time_is_the_processors_not_the_clocks(pool: ChildPool) -> None:
    """A child that waits for its turn on a busy machine has not overrun."""
    assert await pool.run(job("sleep"), b"1.5", seconds=0.5) == b"slept"


async def test_job_that_wants_too_much_memory_ends_alone(pool: ChildPool) -> None:
    assert await limit_of(pool, "fill", b"2000000000") is Limit.MEMORY
    assert await pool.run(job("fill"), b"50000000", seconds=5) == b"50000000"


async def test_reply_that_is_too_large_is_not_taken_in(pool: ChildPool) -> None:
    assert await limit_of(pool, "large", b"70000000", seconds=5) is Limit.MEMORY


async def test_job_that_crashes_its_process_is_told_so(pool: ChildPool) -> None:
    first = await child_id(pool)
    assert await limit_of(pool, "crash") is Limit.PROCESS
    assert await child_id(pool) != first


async def test_job_that_raises_is_told_with_its_words(pool: ChildPool) -> None:
    with pytest.raises(JobFailed, match="ValueError: this job fails"):
        await pool.run(job("fail"), b"", seconds=5)
    assert await pool.run(job("echo"), b"next", seconds=5) == b"next"


async def test_what_earlier_jobs_left_behind_is_not_held_against_the_next() -> None:
    async with ChildPool(size=1, memory=300_000_000) as pool:
        await pool.run(job("leak"), b"1000", seconds=5)
        assert await pool.run(job("crash_if_old"), b"fine", seconds=5) == b"fine"


async def test_child_that_has_grown_is_replaced() -> None:
    async with ChildPool(size=1, memory=300_000_000) as pool:
        leaking = {await pool.run(job("leak"), b"100000000", seconds=5) for _ in range(4)}
    assert len(leaking) == 2


async def test_values_are_sent_and_decoded_once(pool: ChildPool) -> None:
    encoded: list[str] = []

    def value(key: str) -> Kept:
        def encode() -> bytes:
            encoded.append(key)
            return key.encode()

        return Kept(key, job("decode"), encode)

    first = await pool.run(job("kept"), b"", seconds=5, kept=[value("a"), value("b")])
    again = await pool.run(job("kept"), b"", seconds=5, kept=[value("b"), value("a")])
    assert encoded == ["a", "b"]
    assert sorted(first.split(b"|")) == sorted(again.split(b"|"))
    assert first.startswith(b"a ")
    assert again.startswith(b"b ")


async def test_values_are_sent_again_to_a_new_child(pool: ChildPool) -> None:
    value = Kept("a", job("decode"), lambda: b"a")
    await pool.run(job("kept"), b"", seconds=5, kept=[value])
    assert await limit_of(pool, "crash") is Limit.PROCESS
    assert (await pool.run(job("kept"), b"", seconds=5, kept=[value])).startswith(b"a ")


async def test_at_most_so_many_children_at_once(pool: ChildPool) -> None:
    found = await asyncio.gather(*(pool.run(job("process_id"), b"", seconds=5) for _ in range(40)))
    assert len(set(found)) <= 2


async def test_six_lanes_made_to_hurt_do_not_keep_another_waiting(pool: ChildPool) -> None:
    """Forty pages each, all of which compute for ever; the other lane's jobs follow each other."""
    await child_id(pool)
    busy = [
        asyncio.create_task(pool.run(job("spin"), b"", seconds=6, lane=f"hostile{number % 6}"))
        for number in range(240)
    ]
    await asyncio.sleep(0.05)
    waits = []
    for _ in range(15):
        started = time.monotonic()
        assert await pool.run(job("echo"), b"", seconds=6, lane="other") == b""
        waits.append(time.monotonic() - started)
    for task in busy:
        task.cancel()
    await asyncio.gather(*busy, return_exceptions=True)
    # Each lane held a child for one quick job, once; the machine may be busy, and a second of its processor long.
    assert max(waits) < 40 * QUICK_SECONDS, waits
    assert sum(waits[-5:]) < 6 * QUICK_SECONDS, waits


async def test_slow_job_is_done_all_the_same(pool: ChildPool) -> None:
    assert await pool.run(job("spin_for"), b"1.5", seconds=5) == b"done"


async def test_lane_that_overran_gets_less_time(pool: ChildPool) -> None:
    for seconds in (2.0, 1.0, LEAST_SECONDS, LEAST_SECONDS):
        with pytest.raises(JobOverran) as caught:
            await pool.run(job("spin"), b"", seconds=2.0, lane="hostile")
        assert caught.value.seconds == seconds
    assert await pool.run(job("spin_for"), b"0.8", seconds=2.0, lane="other") == b"done"


async def test_lane_that_used_least_is_served_first() -> None:
    async with ChildPool(size=1) as pool:
        await pool.run(job("spin_for"), b"0.4", seconds=5, lane="greedy")
        order: list[str] = []

        async def ask(lane: str) -> None:
            await pool.run(job("echo"), b"", seconds=5, lane=lane)
            order.append(lane)

        holding = asyncio.create_task(pool.run(job("sleep"), b"0.3", seconds=5, lane="holding"))
        await asyncio.sleep(0.05)
        await asyncio.gather(holding, *(ask(lane) for lane in ("greedy", "greedy", "modest")))
    assert order == ["modest", "greedy", "greedy"]


async def test_cancelled_caller_does_not_spoil_the_child(pool: ChildPool) -> None:
    child = await child_id(pool)
    asking = asyncio.create_task(pool.run(job("sleep"), b"0.3", seconds=5))
    await asyncio.sleep(0.05)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await asyncio.sleep(0.5)
    assert await child_id(pool) == child


async def test_caller_cancelled_while_waiting_leaves_the_queue() -> None:
    async with ChildPool(size=1) as pool:
        holding = asyncio.create_task(pool.run(job("sleep"), b"0.3", seconds=5))
        await asyncio.sleep(0.05)
        waiting = [asyncio.create_task(pool.run(job("spin"), b"", seconds=30)) for _ in range(3)]
        await asyncio.sleep(0.05)
        for task in waiting:
            task.cancel()
        await holding
        assert await pool.run(job("echo"), b"x", seconds=5) == b"x"


async def test_children_see_no_secret_and_are_limited(pool: ChildPool, monkeypatch) -> None:
    monkeypatch.setenv("LEADLINE_SECRET_KEY", "hush")
    async with ChildPool(size=1, environment={"TZ": "UTC"}, prepare=[job("prepared")]) as other:
        names = (await other.run(job("environment"), b"", seconds=5)).decode().split()
        assert {"TZ", "PREPARED"} <= set(names)
        assert not [name for name in names if name.startswith("LEADLINE") or name.endswith("_API_KEY")]
        assert int(await other.run(job("many_files"), b"", seconds=5)) < 64


async def test_killed_fork_server_is_replaced(pool: ChildPool) -> None:
    first = await child_id(pool)
    fork_server_of(first).kill()
    await until_gone({first})
    assert await child_id(pool) != first


async def test_killed_child_is_replaced(pool: ChildPool) -> None:
    first = await child_id(pool)
    os.kill(first, signal.SIGKILL)
    assert await child_id(pool) != first


async def test_nothing_is_left_behind_when_the_pool_is_closed() -> None:
    before = descendants()
    async with ChildPool(size=2) as pool:
        spinning = asyncio.create_task(pool.run(job("spin"), b"", seconds=60))
        await child_id(pool)
        made = descendants() - before
        assert len(made) >= 2
    with pytest.raises((asyncio.CancelledError, JobOverran)):
        await spinning
    await until_gone(made)


async def test_nothing_is_left_behind_when_the_process_is_killed() -> None:
    code = f"""
import asyncio, sys
from leadline.foundation.child_processes.pool import ChildPool
async def main():
    async with ChildPool(size=2) as pool:
        spinning = asyncio.create_task(pool.run("{JOBS}:spin", b"", seconds=600))
        print((await pool.run("{JOBS}:process_id", b"", seconds=5)).decode(), flush=True)
        await spinning
asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    assert (await process.stdout.readline()).strip().isdigit()
    made = {child.pid for child in psutil.Process(process.pid).children(recursive=True)}
    process.kill()
    await process.communicate()
    assert len(made) == 3
    await until_gone(made)


async def test_signal_to_the_whole_group_does_not_end_children_at_work(pool: ChildPool) -> None:
    """A unit that is stopped gets SIGTERM in all its processes; what is running may finish in its grace."""
    child = await child_id(pool)
    working = asyncio.create_task(pool.run(job("spin_for"), b"0.5", seconds=5))
    await asyncio.sleep(0.1)
    server = fork_server_of(child)
    for pid in (server.pid, *(one.pid for one in server.children())):
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGINT)
    assert await working == b"done"
