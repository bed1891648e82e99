"""Keeps one child process serving a model file for every process of a data folder.

A crash of the native code ends the child and not Leadline. The child is started by the first call, found
by other processes through its registration, started again when it dies, and ends with its last user.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import secrets
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import httpx2
import msgspec
import psutil

from leadline.connectors.language_models.gguf_child import ALREADY_SERVING, Job, Registration
from leadline.research.errors import ModelRefused, ModelUnavailable

_MEMORY_WORDS = (
    "failed to allocate",
    "out of memory",
    "bad_alloc",
    "failed to create context",
    "MemoryError",
)
_POLL = 0.02  # seconds between looks while a child starts


class Child:
    """The one child that serves a file for all processes of a data folder.

    ``start_seconds`` bounds loading. More than ``restarts`` starts after deaths within ``window`` seconds
    are refused with ModelUnavailable: a child that dies each time is not helped by another start.
    """

    def __init__(
        self,
        model: Path,
        data_dir: Path,
        *,
        context_tokens: int,
        command: Sequence[str],
        health_seconds: float = 10.0,
        start_seconds: float = 300.0,
        restarts: int = 3,
        window: float = 600.0,
    ) -> None:
        key = hashlib.sha256(f"{model}\n{context_tokens}".encode()).hexdigest()[:16]
        self._model = model
        self._folder = data_dir / "language-models" / key
        self._context_tokens = context_tokens
        self._command = tuple(command)
        self._health_seconds = health_seconds
        self._start_seconds = start_seconds
        self._restarts = restarts
        self._window = window
        self._starts: deque[float] = deque()
        self._users: IO[str] | None = None
        self._known: Registration | None = None
        self._one = asyncio.Lock()

    async def registered(self) -> Registration:
        """Where the child answers; started if there is none. Raises ModelUnavailable or ModelRefused."""
        async with self._one:
            if self._known is None or not _running(self._known):
                self._known = await asyncio.to_thread(self._found_or_started)
            return self._known

    async def recovered(self) -> Registration | None:
        """After a call failed: a child that answers, or None when the one at hand was well all along."""
        async with self._one:
            before = self._known
            self._known = await asyncio.to_thread(self._found_or_started)
            return None if self._known == before else self._known

    def release(self) -> None:
        if self._users is not None:
            self._users.close()
            self._users = None
        self._known = None

    @property
    def log(self) -> Path:
        return self._folder / "child.log"

    def _found_or_started(self) -> Registration:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._users is None:
            self._users = (self._folder / "users").open("a")
            fcntl.flock(self._users, fcntl.LOCK_SH)
        with _locked(self._folder / "starting"):
            found = self._registration()
            if found is not None:
                if self._healthy(found):
                    return found
                _kill(found)
            return self._started()

    def _started(self) -> Registration:
        now = time.monotonic()
        while self._starts and self._starts[0] < now - self._window:
            self._starts.popleft()
        if len(self._starts) > self._restarts:
            raise ModelUnavailable(
                f"the process of {self._model.name} died {len(self._starts)} times within "
                f"{self._window / 60:.0f} minutes; its log is {self.log}"
            )
        self._starts.append(now)
        process: subprocess.Popen[bytes] | None = self._spawned()
        deadline = now + self._start_seconds
        while time.monotonic() < deadline:
            status = process.poll() if process else None
            if status == ALREADY_SERVING:
                process = None  # a child whose starter died is still loading: wait for it
            elif status is not None:
                raise self._death(status)
            found = self._registration()
            if found is not None and self._healthy(found):
                return found
            time.sleep(_POLL)
        if process:
            process.kill()
        raise ModelUnavailable(f"{self._model.name} was not ready after {self._start_seconds:.0f} s")

    def _spawned(self) -> subprocess.Popen[bytes]:
        (self._folder / "registration.json").unlink(missing_ok=True)
        job = Job(
            model=str(self._model),
            folder=str(self._folder),
            api_key=secrets.token_urlsafe(24),
            context_tokens=self._context_tokens,
            threads=psutil.cpu_count(logical=False) or 1,
        )
        with self.log.open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own module, or what a test put in its place
                self._command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for its users, of whom others may go on
            )
        with contextlib.suppress(BrokenPipeError), process.stdin or contextlib.nullcontext() as pipe:
            if pipe:
                pipe.write(msgspec.json.encode(job) + b"\n")
        threading.Thread(target=process.wait, daemon=True, name="gguf-child").start()  # reaps it
        return process

    def _registration(self) -> Registration | None:
        """The registered child, if it runs."""
        try:
            text = (self._folder / "registration.json").read_bytes()
            found = msgspec.json.decode(text, type=Registration)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        return found if _running(found) else None

    def _healthy(self, registration: Registration) -> bool:
        try:
            address = f"{registration.address}/health"
            return httpx2.get(address, timeout=self._health_seconds, trust_env=False).status_code == 200
        except httpx2.HTTPError:
            return False

    def _death(self, status: int) -> ModelRefused:
        """Why a child did not come up, in words that say what to do."""
        said = [line.strip() for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        if status == -signal.SIGKILL or any(word in line for line in said for word in _MEMORY_WORDS):
            size = self._model.stat().st_size / 1e9
            free = psutil.virtual_memory().available / 1e9
            return ModelRefused(
                f"there is not enough memory for {self._model.name} ({size:.1f} GB, {free:.1f} GB available) "
                f"with a context of {self._context_tokens} tokens: use a smaller model or a smaller context"
            )
        native = [line.split(" E ", 1)[1].strip() for line in said if " E " in line]
        return ModelRefused(
            f"{self._model.name} could not be loaded (exit status {status}): "
            f"{(native[:1] or said[-1:] or ['it said nothing'])[0][:200]}; its log is {self.log}"
        )


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _running(registration: Registration) -> bool:
    """Is the registered process alive, and not another one that took its number?"""
    try:
        process = psutil.Process(registration.pid)
        return process.create_time() == registration.started and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _kill(registration: Registration) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(registration.pid)
        if process.create_time() == registration.started:
            process.kill()
            process.wait(10)
