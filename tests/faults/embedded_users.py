"""Processes that use an embedded server, for tests that kill them."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import leadline
from leadline.foundation.embedded_postgres import find_installations

NOBODY = "nobody"
SITE = Path(find_installations()[0].bin).parents[2]
_SOURCE = Path(leadline.__file__).parents[1]
_USER = """
import sys
from pathlib import Path
from leadline.foundation.embedded_postgres import EmbeddedServer
from leadline.foundation.errors import LeadlineError
server = EmbeddedServer(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
try:
    print(server.attach(), flush=True)
except LeadlineError as error:
    sys.exit(f"{type(error).__name__}: {error}")
sys.stdin.read()
server.release()
"""


class User:
    """A process that attaches to the server of ``home`` and keeps it until it is told to leave."""

    def __init__(
        self,
        home: Path,
        *,
        pg_bin: Path | None = None,
        python: str = sys.executable,
        launcher: Sequence[str] = (),
        uid: int | None = None,
    ) -> None:
        identity = {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}
        self.process = subprocess.Popen(
            [*launcher, python, "-c", _USER, str(home), *([str(pg_bin)] if pg_bin else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            env={
                "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
                "PYTHONPATH": f"{_SOURCE}:{SITE}",
                "HOME": "/nonexistent",
            },
            **identity,  # type: ignore[arg-type]
        )

    @property
    def dsn(self) -> str:
        """The connection string, once attached."""
        assert self.process.stdout
        line = self.process.stdout.readline().strip()
        if not line:
            pytest.fail(f"did not attach: {self.error()}")
        return line

    def error(self) -> str:
        """What it said when it could not attach."""
        _, said = self.process.communicate()
        return said

    def leave(self) -> None:
        self.process.communicate()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def supervisor_pid(home: Path) -> int:
    return int(json.loads((home / "supervisor.json").read_text())["pid"])


def postmaster_pid(home: Path) -> int:
    return int((home / "data" / "postmaster.pid").read_text().split()[0])


def wait_until_stopped(home: Path) -> None:
    """Return when the supervisor has stopped the server: it holds the lock until then."""
    with (home / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
    with contextlib.suppress(FileNotFoundError):  # a killed server leaves its pid file
        assert not alive(postmaster_pid(home))


def alive(pid: int) -> bool:
    """Whether the process exists and is not merely unburied."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def server_user() -> int:
    """The uid the server runs as."""
    return pwd.getpwnam(NOBODY).pw_uid if os.geteuid() == 0 else os.geteuid()


def ordinary_python() -> str:
    """An interpreter that every user can execute; skips the test when there is none, or when not root."""
    if os.geteuid() != 0:
        pytest.skip(
            "needs root, to become another user; all other tests here run as an ordinary user already"
        )
    nobody = pwd.getpwnam(NOBODY)
    for program in (sys.executable, shutil.which("python3", path="/usr/local/bin:/usr/bin")):
        if program is None:
            continue
        try:
            done = subprocess.run(
                [
                    program,
                    "-c",
                    f"import sys; sys.path.insert(0, {str(_SOURCE)!r}); import leadline.foundation.errors",
                ],
                user=nobody.pw_uid,
                group=nobody.pw_gid,
                extra_groups=[],
                cwd="/",
                env={},
                capture_output=True,
            )
        except OSError:
            continue
        if done.returncode == 0:
            return program
    pytest.skip(
        "no Python 3.11 or newer that an ordinary user can execute, or this checkout is closed to them"
    )
