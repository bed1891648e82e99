"""A user's hold on the embedded PostgreSQL server: attach, check, release."""

# ruff: noqa: S603 - the program run here is our own supervisor
from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

from leadline.foundation.embedded_postgres.binaries import find_installations
from leadline.foundation.errors import ConfigurationError, DatabaseUnavailable

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_EXIT_BUSY = 75


class EmbeddedServer:
    """One process's hold on the server of ``home`` (started if nobody has started it).

    The server runs for as long as at least one hold exists, in whatever process; a process that dies loses
    its holds. Methods block for up to ``timeout`` seconds and may be called from any thread.
    """

    def __init__(self, home: Path, pg_bin: Path | None = None, *, timeout: float = 120.0) -> None:
        self.home = home.absolute()
        self._pg_bin = pg_bin
        self._timeout = timeout
        self._hold: socket.socket | None = None
        self._dsn = ""
        self._mutex = threading.Lock()

    def attach(self) -> str:
        """Hold the server, starting it if need be (also again, after its supervisor was killed).

        Returns the connection string, which may differ from the one returned earlier. Raises
        ``ConfigurationError`` when no server can be started here, ``DatabaseUnavailable`` when it is not
        ready in time.
        """
        with self._mutex:
            if not self._held():
                self._dsn = self._acquire()
            return self._dsn

    def release(self) -> None:
        """Give up the hold; the last one to do so stops the server. Does not wait for that."""
        with self._mutex:
            if self._hold is not None:
                self._hold.close()
                self._hold = None

    def __enter__(self) -> EmbeddedServer:
        self.attach()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _held(self) -> bool:
        if self._hold is None:
            return False
        try:
            alive = self._hold.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK) != b""
        except BlockingIOError:
            alive = True
        except OSError:
            alive = False
        if not alive:
            self._hold.close()
            self._hold = None
        return alive

    def _acquire(self) -> str:
        if sys.platform != "linux":
            raise ConfigurationError(
                "The embedded PostgreSQL runs on Linux only. Set LEADLINE_DATABASE_URL to a server."
            )
        deadline = time.monotonic() + self._timeout
        while True:
            hold = self._connect()
            if hold is not None:
                dsn = self._await_ready(hold, deadline)
                if dsn is not None:
                    self._hold = hold
                    return dsn
                hold.close()  # it was about to stop: start afresh
            else:
                self._spawn()
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(
                    f"Another process holds {self.home}, but cannot be reached after {self._timeout:.0f} "
                    "s. If it runs "
                    "in another container or with a private /tmp, give each its own LEADLINE_DATA_DIR or "
                    "share a "
                    f"server by LEADLINE_DATABASE_URL. Its log is {self.home / 'server.log'}."
                )
            if hold is None:
                time.sleep(0.01)

    def _connect(self) -> socket.socket | None:
        """A connection to the supervisor; None when there is none to talk to."""
        try:
            address = json.loads((self.home / "supervisor.json").read_bytes())["users"]
        except (FileNotFoundError, NotADirectoryError):
            return None
        except PermissionError as error:
            raise ConfigurationError(
                f"The database in {self.home} belongs to another user ({error}). Run as that user, or set "
                "LEADLINE_DATA_DIR to a directory of your own."
            ) from error
        hold = socket.socket(socket.AF_UNIX)
        try:
            hold.connect(address)
        except OSError:
            hold.close()
            return None
        return hold

    def _await_ready(self, hold: socket.socket, deadline: float) -> str | None:
        """The connection string once the server is ready; None when the supervisor left instead."""
        received = b""
        while not received.endswith(b"\n"):
            hold.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                part = hold.recv(65536)
            except TimeoutError:
                hold.close()
                raise DatabaseUnavailable(
                    f"The database in {self.home} is not ready after {self._timeout:.0f} s (it may still be "
                    f"recovering from a crash). Its log is {self.home / 'server.log'}."
                ) from None
            except OSError:
                return None
            if not part:
                return None
            received += part
        message = json.loads(received)
        if "error" in message:
            hold.close()
            raise ConfigurationError(message["error"])
        hold.setblocking(False)
        return str(message["dsn"])

    def _spawn(self) -> None:
        """Start a supervisor; it exits at once when there is one already."""
        instructions = {
            "home": str(self.home),
            "installations": [
                {"bin": str(i.bin), "major": i.major} for i in find_installations(self._pg_bin)
            ],
        }
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(_SUPERVISOR)],
            input=json.dumps(instructions).encode(),
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            check=False,
        )
        if done.returncode not in (0, _EXIT_BUSY):
            raise ConfigurationError(
                done.stderr.decode(errors="replace").strip()
                or f"The supervisor ended with status {done.returncode}."
            )
