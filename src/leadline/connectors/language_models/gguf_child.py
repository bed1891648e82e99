"""The process that serves one GGUF file on loopback, for everybody on this machine who uses the folder.

It is told what to do by one line of JSON on its standard input, writes ``registration.json`` into the
folder when it answers, and lives as long as somebody holds a shared lock on the folder's ``users`` file.
The lock, unlike a parent's death signal, lets it outlive the process that started it while others use it,
and still ends it when the last of them is killed.
"""

from __future__ import annotations

import fcntl
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil

ALREADY_SERVING = 75  # exit status: another child serves this folder

_engine: list[object] = []  # keeps the native server alive as long as the process


class Job(msgspec.Struct, frozen=True):
    """What to serve. ``folder`` holds the lock files and the registration."""

    model: str
    folder: str
    api_key: str
    context_tokens: int
    threads: int


class Registration(msgspec.Struct, frozen=True):
    """Where a child answers. ``started`` tells it from a later process with the same number."""

    pid: int
    started: float
    address: str
    api_key: str


Start = Callable[[Job], str]


def start_llama(job: Job) -> str:
    """Load the model and serve it; the address that it listens on. Takes seconds to minutes."""
    xllamacpp = importlib.import_module("xllamacpp")  # has no types
    settings = xllamacpp.CommonParams()
    settings.model.path = job.model
    settings.hostnames = ["127.0.0.1"]
    settings.port = 0
    settings.api_keys = [job.api_key]
    settings.n_ctx = job.context_tokens
    settings.n_parallel = 1
    settings.cpuparams.n_threads = job.threads
    settings.cpuparams_batch.n_threads = job.threads
    settings.cache_ram_mib = 256
    settings.offline = True
    settings.ui = False
    server = xllamacpp.Server(settings)
    _engine.append(server)
    return str(server.listening_address)


def run(start: Start = start_llama) -> int:
    """Serve until nobody uses the folder any more. The exit status."""
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=Job)
    folder = Path(job.folder)
    with (folder / "serving").open("a") as serving, (folder / "users").open("a") as users:
        try:
            fcntl.flock(serving, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return ALREADY_SERVING
        address = start(job)
        registration = folder / "registration.json"
        _write(registration, Registration(os.getpid(), psutil.Process().create_time(), address, job.api_key))
        fcntl.flock(users, fcntl.LOCK_EX)  # granted when the last user has let go
        registration.unlink(missing_ok=True)
    return 0


def _write(path: Path, registration: Registration) -> None:
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.encode(registration))
    partial.replace(path)


if __name__ == "__main__":
    status = run()
    sys.stdout.flush()
    os._exit(status)  # the native server's threads must not hold the process up
