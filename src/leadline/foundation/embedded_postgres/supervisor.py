"""The process that owns the embedded PostgreSQL server, and stops it when its last user has gone.

Run as a script (``python -I -S supervisor.py``, its instructions as JSON on standard input), never imported
by the application: it uses nothing but the standard library, so that it starts in a few milliseconds.

It takes the lock of the data directory, makes a private directory for sockets, writes ``supervisor.json``
and detaches. Each user keeps a connection to its ``users`` socket open for as long as it needs the database;
the kernel closes that connection however the user dies, so nobody can keep the server alive by accident.
A user that connects receives one line of JSON: ``{"dsn": ...}`` or ``{"error": ...}``.

Why it is built this way: docs/adr/0002-embedded-postgres.md.
"""

# ruff: noqa: S603 - the programs run here are PostgreSQL's own, found by us
from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import pwd
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

EXIT_BUSY = 75  # another supervisor holds the lock
ROLE = "leadline"
PORT = 5432  # names the socket file only; the server listens on no network
SOCKET_PATH_LIMIT = 107  # bytes in sockaddr_un.sun_path on Linux, without the final zero
FIRST_USER_SECONDS = 10.0
ORPHAN_SECONDS = 60.0
STOP_SECONDS = 60.0
CRASHES_ALLOWED = 5
CRASH_WINDOW_SECONDS = 60.0
LOG_BYTES = 5_000_000
PR_SET_PDEATHSIG = 1


class StartError(Exception):
    """The server cannot be started; the message says what to do."""


class Identity:
    """The user that PostgreSQL runs as; ``drop`` is empty unless this process is root."""

    def __init__(self, data: Path) -> None:
        self.drop: dict[str, Any] = {}
        uid = os.geteuid()
        owner = data.stat().st_uid if data.exists() else None
        if uid != 0:
            if owner not in (None, uid):
                raise StartError(
                    f"{data} belongs to user {owner}, and this process runs as user {uid}. "
                    "Run as its owner, or set LEADLINE_DATA_DIR to a directory of your own."
                )
            self.name = self._name_of(uid)
            return
        if owner == 0:
            raise StartError(
                f"{data} belongs to root, and PostgreSQL refuses to run as root. "
                f"Give it back to an ordinary user: chown -R nobody '{data}'"
            )
        entry = pwd.getpwuid(owner) if owner is not None else self._ordinary_user()
        self.name = entry.pw_name
        self.drop = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        if not self._can_change():
            raise StartError(
                "PostgreSQL refuses to run as root, and this process may not change its user "
                f"to '{self.name}'. Run Leadline as an ordinary user, or set LEADLINE_DATABASE_URL."
            )

    @staticmethod
    def _name_of(uid: int) -> str:
        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            raise StartError(
                f"User {uid} has no entry in /etc/passwd, and PostgreSQL needs one. "
                "Add an entry, or set LEADLINE_DATABASE_URL to a server of your own."
            ) from None

    @staticmethod
    def _ordinary_user() -> pwd.struct_passwd:
        for name in (ROLE, "nobody"):
            with contextlib.suppress(KeyError):
                return pwd.getpwnam(name)
        raise StartError(
            "PostgreSQL refuses to run as root, and there is neither a user 'leadline' nor 'nobody' to "
            "run it as. "
            "Run Leadline as an ordinary user, or set LEADLINE_DATABASE_URL."
        )

    def _can_change(self) -> bool:
        """Try it, in a child: containers may lack the capability, or the user's number."""
        child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setgid(self.drop["group"])
                os.setuid(self.drop["user"])
            except OSError:
                os._exit(1)
            os._exit(0)
        return os.waitpid(child, 0)[1] == 0

    @contextlib.contextmanager
    def acting(self) -> Iterator[None]:
        """Be that user for a moment: root in a container may not look into another user's processes."""
        if not self.drop:
            yield
            return
        os.setegid(self.drop["group"])
        os.seteuid(self.drop["user"])
        try:
            yield
        finally:
            os.seteuid(0)
            os.setegid(0)

    def may_enter(self, path: Path) -> bool:
        """Whether PostgreSQL can reach ``path`` by name."""
        if not self.drop:
            return True
        for folder in (path, *path.parents):
            status = folder.stat()
            if status.st_uid == self.drop["user"]:
                bit = 0o100
            elif status.st_gid == self.drop["group"]:
                bit = 0o010
            else:
                bit = 0o001
            if not status.st_mode & bit:
                return False
        return True

    def give(self, path: Path) -> None:
        """Hand over something that this process has just made."""
        if self.drop:
            os.chown(path, self.drop["user"], self.drop["group"])


class Supervisor:
    def __init__(self, instructions: dict[str, Any]) -> None:
        self.home = Path(instructions["home"])
        self.installations: list[dict[str, Any]] = instructions["installations"]
        self.data = self.home / "data"
        self.state_file = self.home / "supervisor.json"
        self.log_path = self.home / "server.log"
        self.users: list[socket.socket] = []
        self.waiting: list[socket.socket] = []
        self.process: subprocess.Popen[bytes] | None = None
        self.stopping = False
        self.crashes: list[float] = []

    # -- before detaching: errors go to standard error of whoever started us

    def take(self) -> bool:
        """Lock the data directory and listen for users; False when another supervisor has it."""
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.lock = (self.home / "lock").open("w")
        except PermissionError as error:
            raise StartError(
                f"{self.home} cannot be written by user {os.geteuid()}: {error}. "
                "Run as its owner, or set LEADLINE_DATA_DIR to a directory of your own."
            ) from error
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        self._clear_previous()
        self.identity = Identity(self.data)
        self._make_runtime()
        self._write_state()
        return True

    def _clear_previous(self) -> None:
        """Remove the sockets of a supervisor that was killed."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            runtime = Path(json.loads(self.state_file.read_text())["runtime"])
            status = runtime.lstat()
            if runtime.name.startswith("leadline-") and status.st_uid == os.geteuid() and runtime.is_dir():
                shutil.rmtree(runtime)
        self.state_file.unlink(missing_ok=True)

    def _make_runtime(self) -> None:
        bases = [self.home, *([Path("/run")] if self.identity.drop else []), Path("/tmp"), Path("/var/tmp")]  # noqa: S108 - mkdtemp makes private directories
        reasons = []
        for base in bases:
            runtime = None
            try:
                if not self.identity.may_enter(base):
                    reasons.append(f"{base}: user {self.identity.name} may not enter it")
                    continue
                runtime = Path(tempfile.mkdtemp(prefix="leadline-", dir=base))
                longest = os.fsencode(f"{runtime}/pg/.s.PGSQL.{PORT}")
                if len(longest) > SOCKET_PATH_LIMIT:
                    reasons.append(
                        f"{base}: the socket's path would be longer than {SOCKET_PATH_LIMIT} bytes"
                    )
                    runtime.rmdir()
                    continue
                if self.identity.drop:
                    runtime.chmod(0o711)
                (runtime / "pg").mkdir(mode=0o700)
                self.identity.give(runtime / "pg")
                self.listener = socket.socket(socket.AF_UNIX)
                self.listener.bind(str(runtime / "users"))
                (runtime / "users").chmod(0o600)
                self.listener.listen(128)
                self.listener.setblocking(False)
            except OSError as error:  # read-only, full, no sockets on this file system: try the next
                reasons.append(f"{base}: {error}")
                if runtime:
                    shutil.rmtree(runtime, ignore_errors=True)
                continue
            self.runtime = runtime
            return
        raise StartError("There is no place for the database's socket. Tried: " + "; ".join(reasons))

    def _write_state(self) -> None:
        state = {"pid": os.getpid(), "runtime": str(self.runtime), "users": str(self.runtime / "users")}
        new = self.state_file.with_suffix(".new")
        new.write_text(json.dumps(state))
        new.replace(self.state_file)

    @property
    def dsn(self) -> str:
        return f"postgresql://{ROLE}@/postgres?host={quote(str(self.runtime / 'pg'))}"

    # -- after detaching

    def run(self) -> int:
        self._write_state()
        wake, woken = socket.socketpair()
        for end in (wake, woken):
            end.setblocking(False)
        signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.selector = selectors.DefaultSelector()
        self.selector.register(wake, selectors.EVENT_READ)
        self.selector.register(self.listener, selectors.EVENT_READ)
        try:
            self._prepare()
            self._watch(wake)
        except StartError as error:
            self._say(str(error))
            self._fail(str(error))
            return 1
        except OSError as error:
            self._say(repr(error))
            self._fail(_explain(f"{error}", self.home))
            return 1
        finally:
            self._close()
        return 0

    def _on_stop(self, *_: object) -> None:
        self.stopping = True

    def _say(self, message: str) -> None:
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
        with contextlib.suppress(OSError):
            os.write(2, f"{stamp} UTC [supervisor {os.getpid()}] {message}\n".encode())

    def _prepare(self) -> None:
        self._end_orphans()
        self.bin = Path(self._choose_installation()["bin"])
        if not self._runs(self.bin):
            self.bin = self._copy_binaries()
        if not self.data.exists():
            self._initialise()
        # PostgreSQL reaches the directory through this descriptor, so no folder above it needs to let it in.
        self.data_fd = os.open(self.data, os.O_RDONLY | os.O_DIRECTORY)

    def _choose_installation(self) -> dict[str, Any]:
        if not self.data.exists():
            return self.installations[0]
        try:
            major = int((self.data / "PG_VERSION").read_text().strip())
        except (OSError, ValueError) as error:
            raise StartError(
                f"{self.data} is not a PostgreSQL data directory that can be read ({error}). "
                "Restore it from a backup, or move it away to start with an empty database."
            ) from error
        for installation in self.installations:
            if installation["major"] == major:
                return installation
        newest = self.installations[0]
        raise StartError(
            f"{self.data} was made by PostgreSQL {major}; the binaries here are of version "
            f"{', '.join(str(i['major']) for i in self.installations)}. "
            f"Set LEADLINE_PG_BIN to the bin directory of PostgreSQL {major}, or upgrade:\n"
            f"  '{newest['bin']}/initdb' -U {ROLE} -E UTF8 --locale=C.UTF-8 -D "
            f"'{self.home / 'data.upgraded'}' && "
            f"'{newest['bin']}/pg_upgrade' -U {ROLE} -b <bin directory of PostgreSQL {major}> -B "
            f"'{newest['bin']}' "
            f"-d '{self.data}' -D '{self.home / 'data.upgraded'}'\n"
            f"and then put data.upgraded in the place of data."
        )

    def _runs(self, directory: Path) -> bool:
        """Whether the user of the server can execute these binaries."""
        if not self.identity.drop:
            return True
        try:
            done = subprocess.run(
                [directory / "postgres", "--version"], capture_output=True, cwd="/", **self.identity.drop
            )
        except OSError:
            return False
        return done.returncode == 0

    def _copy_binaries(self) -> Path:
        """Copy binaries that only root can reach into the private directory of this run."""
        root = self.bin.parent
        target = self.runtime / "programs" / root.parent.name / root.name
        skip = shutil.ignore_patterns("*.a", "include", "pkgconfig", "pgxs", "doc", "man")
        (target / "bin").mkdir(parents=True)
        for name in ("postgres", "initdb"):
            shutil.copy(self.bin / name, target / "bin" / name)
        for part in ("lib", "share"):
            if (root / part).is_dir():
                shutil.copytree(root / part, target / part, ignore=skip)
        bundled = (
            root.parent.parent / f"{root.parent.name}.libs"
        )  # where a repaired wheel keeps shared libraries
        if bundled.is_dir():
            shutil.copytree(bundled, target.parent.parent / bundled.name)
        for path in (self.runtime / "programs").rglob("*"):
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        (self.runtime / "programs").chmod(0o755)
        if not self._runs(target / "bin"):
            raise StartError(
                f"User '{self.identity.name}' can neither execute the PostgreSQL binaries in {self.bin} "
                f"nor a copy of them in {self.runtime} (is it mounted noexec?). "
                "Set LEADLINE_PG_BIN to binaries that every user can execute, or set LEADLINE_DATABASE_URL."
            )
        return target / "bin"

    def _initialise(self) -> None:
        """Make the data directory; a killed attempt leaves nothing that looks like a database."""
        new = self.home / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        self.identity.give(new)
        descriptor = os.open(new, os.O_RDONLY | os.O_DIRECTORY)
        try:
            done = subprocess.run(
                [
                    self.bin / "initdb",
                    f"--pgdata=/proc/self/fd/{descriptor}",
                    f"--username={ROLE}",
                    "--auth=trust",
                    "--encoding=UTF8",
                    "--locale=C.UTF-8",
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[descriptor],
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "TZ": "UTC"},
                **self.identity.drop,
            )
        finally:
            os.close(descriptor)
        if done.returncode:
            shutil.rmtree(new, ignore_errors=True)
            raise StartError(_explain(done.stdout.decode(errors="replace")[-1500:], self.home))
        new.rename(self.data)
        _sync_directory(self.home)

    # -- the server process

    def _start(self) -> None:
        if self.log_path.exists() and self.log_path.stat().st_size > LOG_BYTES:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
        log = os.open(self.log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.log_start = os.fstat(log).st_size
        environment = {"PATH": "/usr/bin:/bin", "TZ": "UTC"}
        stale = self._stale_pid()
        if stale is not None:
            # The pid file names a process that is not a PostgreSQL of this directory (we hold the lock and
            # have looked). The server counts this variable's process as "not another postmaster".
            environment["PG_GRANDPARENT_PID"] = str(stale)
        prctl = ctypes.CDLL(None).prctl
        parent = os.getpid()

        def before_exec() -> None:
            # After the change of user, which would clear it: a killed supervisor takes the server along,
            # cleanly.
            prctl(PR_SET_PDEATHSIG, int(signal.SIGINT))
            if os.getppid() != parent:
                os._exit(1)

        sockets = str(self.runtime / "pg").replace('"', '""')
        try:
            self.process = subprocess.Popen(
                [
                    self.bin / "postgres",
                    f"-D/proc/self/fd/{self.data_fd}",
                    f"-p{PORT}",
                    "-clisten_addresses=",
                    f'-cunix_socket_directories="{sockets}"',
                    "-cunix_socket_permissions=0700",
                    "-clog_destination=stderr",
                    "-clogging_collector=off",
                    "-cTimeZone=UTC",
                    "-clog_timezone=UTC",
                    "-cjit=off",
                    "-cwork_mem=16MB",  # what a search among a million people finds is kept track of in it
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[self.data_fd],
                cwd="/",
                env=environment,
                start_new_session=True,
                preexec_fn=before_exec,  # safe: this process has one thread
                **self.identity.drop,
            )
        finally:
            os.close(log)
        self.ready = False

    def _is_ready(self) -> bool:
        """The server writes its state into the pid file: own pid on line 1, "ready" on line 8."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        assert self.process
        return len(lines) >= 8 and lines[0] == str(self.process.pid) and lines[7].strip() == "ready"

    def _watch(self, wake: socket.socket) -> None:
        started = time.monotonic()
        had_user = False
        self._start()
        while not self.stopping:
            for key, _ in self.selector.select(0.01 if not self.ready else 30 if had_user else 1):
                if key.fileobj is wake:
                    wake.recv(4096)
                elif key.fileobj is self.listener:
                    self._accept()
                else:
                    self._hear(key.fileobj)  # type: ignore[arg-type]
            had_user = had_user or bool(self.users)
            if not self.users and (had_user or time.monotonic() - started > FIRST_USER_SECONDS):
                return
            assert self.process
            if self.process.poll() is not None:
                self._restart()
            elif not self.ready and self._is_ready():
                self.ready = True
            if self.ready:
                self._greet({"dsn": self.dsn, "pid": self.process.pid})

    def _restart(self) -> None:
        assert self.process
        words = self._last_words()
        self._say(f"the server ended with status {self.process.returncode}")
        now = time.monotonic()
        self.crashes = [t for t in self.crashes if now - t < CRASH_WINDOW_SECONDS] + [now]
        if not self.ready and self.process.returncode >= 0 and "still in use" not in words:
            raise StartError(_explain(words, self.home))
        if len(self.crashes) > CRASHES_ALLOWED:
            raise StartError(f"The database server keeps ending. Its log is {self.log_path}.\n{words}")
        self._end_orphans()
        self._start()

    def _last_words(self) -> str:
        with self.log_path.open("rb") as log:
            log.seek(self.log_start)
            return log.read()[-2000:].decode(errors="replace").strip()

    def _stop_server(self) -> None:
        if not self.process:
            return
        for number, patience in (
            (signal.SIGINT, STOP_SECONDS),
            (signal.SIGQUIT, 10.0),
            (signal.SIGKILL, 10.0),
        ):
            if self.process.poll() is not None:
                return
            self.process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)

    # -- servers left behind by a supervisor that was killed

    def _processes(self) -> list[tuple[int, int]]:
        """(pid, parent) of every live PostgreSQL process that works in our data directory."""
        if not self.data.exists():
            return []
        ours = self.data.stat()
        with self.identity.acting():
            return self._processes_in(ours)

    @staticmethod
    def _processes_in(ours: os.stat_result) -> list[tuple[int, int]]:
        found = []
        for entry in os.scandir("/proc"):
            if not entry.name.isdigit():
                continue
            try:
                cwd = os.stat(f"/proc/{entry.name}/cwd")  # noqa: PTH116 - follows the link without a Path
                if (cwd.st_dev, cwd.st_ino) != (ours.st_dev, ours.st_ino):
                    continue
                name = Path(os.readlink(f"/proc/{entry.name}/exe")).name  # noqa: PTH115
                parent = int(Path(f"/proc/{entry.name}/stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue  # ended meanwhile, or another user's
            if name.removesuffix(" (deleted)") == "postgres":
                found.append((int(entry.name), parent))
        return found

    def _end_orphans(self) -> None:
        """Wait for (and then end) what a killed supervisor or postmaster left; the lock makes it ours."""
        patience = ((signal.SIGINT, ORPHAN_SECONDS), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
        for number, seconds in patience:
            found = self._processes()
            pids = {pid for pid, _ in found}
            for pid, parent in found:
                if parent not in pids:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)
            deadline = time.monotonic() + seconds
            while (left := self._processes()) and time.monotonic() < deadline:
                time.sleep(0.01)
            if not left:
                return
        raise StartError(f"An old PostgreSQL process of {self.data} does not end: {self._processes()}")

    def _stale_pid(self) -> int | None:
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except FileNotFoundError:
            return None
        except ValueError:
            # Cut off by a full disk or a power failure: it names nobody, and the server would stop at it.
            (self.data / "postmaster.pid").unlink()
            return None
        return pid if pid > 0 else None

    # -- users

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                user, _ = self.listener.accept()
                user.setblocking(False)
                self.selector.register(user, selectors.EVENT_READ)
                self.users.append(user)
                self.waiting.append(user)

    def _hear(self, user: socket.socket) -> None:
        try:
            if user.recv(4096):
                return  # users have nothing to say
        except BlockingIOError:
            return
        except OSError:
            pass  # gone
        self._forget(user)

    def _forget(self, user: socket.socket) -> None:
        self.selector.unregister(user)
        user.close()
        self.users.remove(user)
        if user in self.waiting:
            self.waiting.remove(user)

    def _greet(self, message: dict[str, Any]) -> None:
        for user in list(self.waiting):
            self.waiting.remove(user)
            try:
                user.send(json.dumps(message).encode() + b"\n")
            except OSError:
                self._forget(user)

    def _fail(self, message: str) -> None:
        """Tell everybody who waits why there will be no server."""
        deadline = time.monotonic() + 1.0
        while True:
            self._accept()
            told = bool(self.waiting)
            self._greet({"error": message})
            if told or time.monotonic() > deadline:
                return
            time.sleep(0.01)

    def _close(self) -> None:
        self.state_file.unlink(missing_ok=True)
        self.listener.close()
        self._stop_server()
        for user in list(self.users):
            user.close()
        shutil.rmtree(self.runtime, ignore_errors=True)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _explain(words: str, home: Path) -> str:
    if "No space left on device" in words:
        free = shutil.disk_usage(home).free // 1_000_000
        return (
            f"The disk that holds {home} is full ({free} MB free). Make room, or set LEADLINE_DATA_DIR "
            f"to a directory with space.\n{words}"
        )
    return f"The embedded PostgreSQL server does not start. It said:\n{words}"


def main() -> int:
    os.umask(0o077)
    supervisor = Supervisor(json.load(sys.stdin))
    try:
        if not supervisor.take():
            return EXIT_BUSY
    except StartError as error:
        sys.stderr.write(str(error))
        return 1
    except OSError as error:
        sys.stderr.write(_explain(str(error), supervisor.home))
        return 1
    if os.fork():
        os._exit(0)  # the starter need not wait for us, nor bury us
    os.setsid()
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    log = os.open(supervisor.log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor, target in ((null, 0), (null, 1), (log, 2)):
        os.dup2(descriptor, target)
    return supervisor.run()


if __name__ == "__main__":
    sys.exit(main())
