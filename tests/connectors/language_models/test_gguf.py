"""The supervision of the local model's process, with a stand-in for the native server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import psutil
import pytest

from leadline.connectors.language_models.choice import model_choice
from leadline.connectors.language_models.gguf import GgufModel
from leadline.connectors.language_models.gguf_child import Registration
from leadline.foundation.errors import ConfigurationError
from leadline.research.errors import ModelRefused, ModelUnavailable
from leadline.research.ports import ModelRequest

STAND_IN = (sys.executable, str(Path(__file__).with_name("stand_in_child.py")))
REQUEST = ModelRequest(instructions="Answer.", prompt="Who are you?", output_schema={"type": "object"})

Open = Callable[..., GgufModel]


def crash(*, once: bool) -> ModelRequest:
    return ModelRequest(
        instructions="Answer.", prompt="crash once" if once else "crash", output_schema={"type": "object"}
    )


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Open]:
    """Opens models on one data folder; all are closed and no child is left."""
    models: list[GgufModel] = []

    def make(text: str = "GGUF", *, timeout: float | None = None, health_seconds: float = 10) -> GgufModel:
        path = tmp_path / "a model.gguf"
        path.write_text(text)
        choice = model_choice(f"gguf:{path}", timeout=timeout)
        model = GgufModel(choice, tmp_path / "data", command=STAND_IN, health_seconds=health_seconds)
        models.append(model)
        return model

    yield make
    left = [found.pid for found in registrations(tmp_path)]
    for model in models:
        await model.close()
    for pid in left:
        await gone(pid)


def registrations(tmp_path: Path) -> list[Registration]:
    return [
        msgspec.json.decode(path.read_bytes(), type=Registration)
        for path in tmp_path.glob("data/language-models/*/registration.json")
    ]


async def gone(pid: int) -> None:
    """Until the process has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        await asyncio.to_thread(psutil.Process(pid).wait, 20)


async def pid_of(model: GgufModel) -> int:
    return int((await model.complete(REQUEST)).output["pid"])


async def test_first_call_starts_the_child_and_closing_ends_it(opened: Open, tmp_path: Path) -> None:
    model = opened()
    assert registrations(tmp_path) == []
    reply = await model.complete(REQUEST)
    pid = reply.output["pid"]
    assert (reply.input_tokens, reply.output_tokens, reply.price) == (10, 5, 0)
    assert reply.model == "gguf:a model.gguf"
    await model.close()
    await gone(pid)
    assert registrations(tmp_path) == []


async def test_calls_at_once_share_one_child(opened: Open) -> None:
    first, second = opened(), opened()
    pids = await asyncio.gather(*(pid_of(model) for model in (first, second, first, second)))
    assert len(set(pids)) == 1


async def test_child_outlives_its_starter_while_another_uses_it(opened: Open) -> None:
    first, second = opened(), opened()
    pid = await pid_of(first)
    assert await pid_of(second) == pid
    await first.close()
    assert await pid_of(second) == pid


USER = """
import asyncio, pathlib, sys
sys.path.insert(0, sys.argv[1])
from leadline.connectors.language_models.gguf_supervisor import Child
folder = pathlib.Path(sys.argv[2])
async def main():
    child = Child(folder / "model.gguf", folder / "data", context_tokens=512, command=sys.argv[3:])
    print((await child.registered()).pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_child_ends_when_its_only_user_is_killed(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_text("GGUF")
    source = str(Path(__file__).parents[3] / "src")
    command = [sys.executable, "-c", USER, source, str(tmp_path), *STAND_IN]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as user:
        assert user.stdout
        pid = int(await asyncio.to_thread(user.stdout.readline))
        assert psutil.pid_exists(pid)
        user.kill()
    await gone(pid)
    assert not psutil.pid_exists(pid)


async def test_killed_child_is_replaced(opened: Open) -> None:
    model = opened()
    pid = await pid_of(model)
    os.kill(pid, signal.SIGKILL)
    await gone(pid)
    assert await pid_of(model) != pid


async def test_call_that_a_dying_child_broke_is_made_again(opened: Open) -> None:
    model = opened()
    pid = await pid_of(model)
    reply = await model.complete(crash(once=True))
    assert reply.output["pid"] != pid


async def test_child_that_dies_each_time_is_given_up(opened: Open) -> None:
    model = opened()
    failures = 0
    for _ in range(3):
        with pytest.raises(ModelUnavailable) as caught:
            await model.complete(crash(once=False))
        failures += 1
        if "died" in str(caught.value):
            break
    assert "died 4 times" in str(caught.value)
    assert failures <= 3


async def test_stale_registration_naming_another_process_is_not_trusted(opened: Open, tmp_path: Path) -> None:
    model = opened()
    pid = await pid_of(model)
    os.kill(pid, signal.SIGKILL)
    await gone(pid)
    (path,) = tmp_path.glob("data/language-models/*/registration.json")
    stale = msgspec.json.decode(path.read_bytes(), type=Registration)
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(stale, pid=os.getpid())))
    assert await pid_of(model) not in (pid, os.getpid())


async def test_hung_child_is_killed_and_replaced(opened: Open) -> None:
    model = opened(timeout=2.0, health_seconds=1.0)
    pid = await pid_of(model)
    os.kill(pid, signal.SIGSTOP)
    while not all(_stopped(thread) for thread in Path(f"/proc/{pid}/task").iterdir()):
        await asyncio.sleep(0.01)  # on a busy machine, one of its threads may still answer
    assert await pid_of(model) != pid
    await gone(pid)


def _stopped(thread: Path) -> bool:
    return (thread / "stat").read_text().rpartition(")")[2].split()[0] == "T"


async def test_file_that_cannot_be_loaded_is_refused_with_what_it_said(opened: Open) -> None:
    with pytest.raises(ModelRefused, match="could not be loaded"):
        await opened("GGUF refuse").complete(REQUEST)


async def test_child_killed_while_loading_tells_of_memory(opened: Open) -> None:
    with pytest.raises(ModelRefused, match="not enough memory"):
        await opened("GGUF memory").complete(REQUEST)


async def test_missing_file_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not exist"):
        GgufModel(model_choice(f"gguf:{tmp_path}/none.gguf"), tmp_path)


async def test_file_that_is_not_gguf_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_text("PK")
    with pytest.raises(ConfigurationError, match="does not begin with GGUF"):
        GgufModel(model_choice(f"gguf:{tmp_path}/model.gguf"), tmp_path)


async def test_registration_is_for_its_owner_only(opened: Open, tmp_path: Path) -> None:
    await pid_of(opened())
    (path,) = tmp_path.glob("data/language-models/*/registration.json")
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
