"""The embedded server where things go wrong: each test causes the fault."""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from tests.faults.embedded_users import (
    NOBODY,
    User,
    alive,
    ordinary_python,
    postmaster_pid,
    server_user,
    supervisor_pid,
    wait_until_stopped,
)

import leadline
from leadline.foundation.embedded_postgres import EmbeddedServer, Installation, find_installations
from leadline.foundation.errors import ConfigurationError, DatabaseUnavailable
from leadline.foundation.migrations import read_migrations
from leadline.foundation.opening import open_database
from leadline.foundation.settings import Settings

# What root may do in the usual containers, which is not to look into other users' processes.
CONTAINER = [
    "setpriv",
    "--bounding-set=-all,+chown,+dac_override,+fowner,+setuid,+setgid,+kill",
    "--inh-caps=-all",
]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own are closed to all but its user."""
    folder = Path(tempfile.mkdtemp(prefix="leadline-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


async def answers(dsn: str) -> bool:
    connection = await asyncpg.connect(dsn)
    try:
        return bool(await connection.fetchval("select true"))
    finally:
        await connection.close()


async def remember(dsn: str, value: int) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("create table if not exists memory (value integer)")
    await connection.execute("insert into memory values ($1)", value)
    await connection.close()


async def remembered(dsn: str) -> list[int]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("select value from memory")
    await connection.close()
    return [row["value"] for row in rows]


# ------------------------------------------------------------------ where the data may be


async def test_folder_with_spaces_and_quotes_in_its_path(data_dir: Path) -> None:
    with EmbeddedServer(data_dir / 'my data, it\'s "here" %' / "postgres") as server:
        assert await answers(server.attach())


async def test_path_longer_than_a_socket_address(home: Path) -> None:
    deep = home.parent.joinpath(*["a-rather-long-folder-name"] * 8)
    deep.mkdir(parents=True)
    home.rename(deep / "postgres")
    assert len(str(deep)) > 200
    with EmbeddedServer(deep / "postgres") as server:
        assert await answers(server.attach())


async def test_folder_that_only_its_owner_may_enter_keeps_its_permissions(home: Path) -> None:
    home.parent.chmod(0o700)

    def permissions() -> list[tuple[Path, int, int]]:
        return [(p, p.stat().st_mode, p.stat().st_uid) for p in (home, *home.parents)]

    before = permissions()
    with EmbeddedServer(home) as server:
        assert await answers(server.attach())
        assert permissions() == before
    wait_until_stopped(home)
    assert permissions() == before
    assert (home / "data").stat().st_uid == server_user()


async def test_programs_in_a_folder_that_only_root_may_enter(home: Path, tmp_path: Path) -> None:
    newest = find_installations()[0].bin
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    package = newest.parents[1]
    shutil.copytree(newest.parent, closed / package.name / newest.parent.name)
    bundled = package.with_name(package.name + ".libs")
    if bundled.is_dir():
        shutil.copytree(bundled, closed / bundled.name)
    with EmbeddedServer(home, closed / package.name / newest.parent.name / "bin") as server:
        assert await answers(server.attach())
        runtime = Path(json.loads((home / "supervisor.json").read_text())["runtime"])
    assert stat_mode(closed) == 0o700
    wait_until_stopped(home)
    assert not runtime.exists()


def stat_mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


async def test_ordinary_user_starts_a_new_database(open_folder: Path) -> None:
    python = ordinary_python()
    nobody = pwd.getpwnam(NOBODY).pw_uid
    os.chown(open_folder, nobody, -1)
    user = User(open_folder / "postgres", python=python, uid=nobody)
    assert await answers(user.dsn)
    assert (open_folder / "postgres" / "data").stat().st_uid == nobody
    user.leave()
    wait_until_stopped(open_folder / "postgres")


def test_database_of_another_user_is_refused(open_folder: Path) -> None:
    python = ordinary_python()
    (open_folder / "postgres").mkdir(mode=0o700)
    said = User(open_folder / "postgres", python=python, uid=pwd.getpwnam(NOBODY).pw_uid).error()
    assert "ConfigurationError" in said
    assert "LEADLINE_DATA_DIR" in said


def test_user_without_a_name_is_told_so(open_folder: Path) -> None:
    python = ordinary_python()
    os.chown(open_folder, 54321, 54321)
    said = User(open_folder / "postgres", python=python, uid=54321).error()
    assert "no entry in /etc/passwd" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_data_owned_by_root_is_refused_with_the_command_that_mends_it(home: Path) -> None:
    os.chown(home / "data", 0, 0)
    with pytest.raises(ConfigurationError, match="chown -R nobody"):
        EmbeddedServer(home).attach()


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root and setpriv")
def test_root_that_may_not_change_its_user_is_told_what_to_do(home: Path) -> None:
    said = User(home, launcher=["setpriv", "--bounding-set=-setuid", "--inh-caps=-setuid"]).error()
    assert "Run Leadline as an ordinary user" in said


# ------------------------------------------------------------------ who starts it, who stops it


async def test_four_starts_at_once_make_one_server(data_dir: Path) -> None:
    home = data_dir / "new" / "postgres"
    users = [User(home) for _ in range(4)]
    addresses = {user.dsn for user in users}
    assert len(addresses) == 1
    assert await answers(addresses.pop())
    for user in users:
        user.leave()
    wait_until_stopped(home)


@pytest.mark.parametrize("first_leaves", [True, False], ids=["starter leaves first", "starter leaves last"])
async def test_server_is_stopped_by_its_last_user(home: Path, first_leaves: bool) -> None:
    starter = User(home)
    dsn = starter.dsn
    other = User(home)
    assert other.dsn == dsn
    first, last = (starter, other) if first_leaves else (other, starter)
    first.leave()
    assert await answers(dsn)
    last.leave()
    wait_until_stopped(home)


async def test_killed_user_does_not_keep_the_server_alive(home: Path) -> None:
    user = User(home)
    assert await answers(user.dsn)
    user.kill()
    wait_until_stopped(home)


async def test_user_arriving_while_the_server_stops_gets_a_new_one(home: Path) -> None:
    for _ in range(5):
        with EmbeddedServer(home) as server:
            assert await answers(server.attach())


def test_existing_database_starts_in_well_under_a_second(home: Path) -> None:
    with EmbeddedServer(home):
        pass
    wait_until_stopped(home)
    taken = []
    for _ in range(3):
        started = time.monotonic()
        with EmbeddedServer(home):
            taken.append(time.monotonic() - started)
        wait_until_stopped(home)
    assert min(taken) < 1.0


# ------------------------------------------------------------------ killed


async def test_killed_supervisor_takes_the_server_along_and_is_replaced(home: Path) -> None:
    with EmbeddedServer(home) as server:
        dsn = server.attach()
        await remember(dsn, 1)
        os.kill(supervisor_pid(home), signal.SIGKILL)
        assert await remembered(attached_anew(server, dsn)) == [1]
    wait_until_stopped(home)


async def test_killed_postmaster_is_restarted_at_the_same_address(home: Path) -> None:
    with EmbeddedServer(home) as server:
        dsn = server.attach()
        await remember(dsn, 1)
        old = postmaster_pid(home)
        os.kill(old, signal.SIGKILL)
        async with open_database(Settings(database_url=dsn), migrate=True) as database:
            assert [row["value"] for row in await database.fetch("select value from memory")] == [1]
        assert postmaster_pid(home) != old
        assert server.attach() == dsn
    wait_until_stopped(home)


async def test_both_killed(home: Path) -> None:
    with EmbeddedServer(home) as server:
        dsn = server.attach()
        await remember(dsn, 1)
        postmaster = postmaster_pid(home)
        os.kill(supervisor_pid(home), signal.SIGKILL)
        os.kill(postmaster, signal.SIGKILL)
        assert await remembered(attached_anew(server, dsn)) == [1]
    wait_until_stopped(home)


def attached_anew(server: EmbeddedServer, before: str) -> str:
    """Attach again once the hold on the killed supervisor has broken, which the kernel does in its time."""
    while (now := server.attach()) == before:
        time.sleep(0.001)
    return now


@pytest.mark.parametrize("launcher", [[], CONTAINER], ids=["all capabilities", "capabilities of a container"])
async def test_new_supervisor_waits_for_an_orphan_that_still_stops(home: Path, launcher: list[str]) -> None:
    if launcher and (os.geteuid() != 0 or not shutil.which("setpriv")):
        pytest.skip("needs root and setpriv, to give up capabilities")
    starter = User(home, launcher=launcher)
    await remember(starter.dsn, 1)
    orphan, killed = postmaster_pid(home), supervisor_pid(home)
    os.kill(orphan, signal.SIGSTOP)
    os.kill(killed, signal.SIGKILL)
    starter.kill()
    next_user = User(home, launcher=launcher)
    while not supervised_by_another(home, killed):
        time.sleep(0.005)
    assert alive(orphan)
    os.kill(orphan, signal.SIGCONT)
    assert await remembered(next_user.dsn) == [1]
    assert postmaster_pid(home) != orphan
    next_user.leave()
    wait_until_stopped(home)


def supervised_by_another(home: Path, killed: int) -> bool:
    try:
        pid = supervisor_pid(home)
    except FileNotFoundError:
        return False
    return pid != killed and alive(pid)


# ------------------------------------------------------------------ what was left behind


async def test_stale_pid_file_naming_a_foreign_live_process(home: Path) -> None:
    uid = server_user()
    foreign = subprocess.Popen(["sleep", "600"], **({"user": uid} if os.geteuid() == 0 else {}))  # type: ignore[call-overload]
    try:
        with EmbeddedServer(home):
            lines = (home / "data" / "postmaster.pid").read_text().splitlines()
        wait_until_stopped(home)
        stale = home / "data" / "postmaster.pid"
        stale.write_text("\n".join([str(foreign.pid), *lines[1:]]) + "\n")
        if os.geteuid() == 0:
            os.chown(stale, uid, -1)
        with EmbeddedServer(home) as server:
            assert await answers(server.attach())
        wait_until_stopped(home)
        assert foreign.poll() is None
    finally:
        foreign.kill()
        foreign.wait()


async def test_pid_file_cut_off_by_a_power_failure(home: Path) -> None:
    (home / "data" / "postmaster.pid").write_text("")
    with EmbeddedServer(home) as server:
        assert await answers(server.attach())


async def test_interrupted_first_start_is_begun_again(data_dir: Path) -> None:
    (data_dir / "data.new").mkdir()
    (data_dir / "data.new" / "PG_VERSION").write_text("18\n")
    with EmbeddedServer(data_dir) as server:
        assert await answers(server.attach())
    assert not (data_dir / "data.new").exists()


async def test_sockets_of_a_killed_supervisor_are_removed(home: Path) -> None:
    with EmbeddedServer(home) as server:
        dsn = server.attach()
        runtime = Path(json.loads((home / "supervisor.json").read_text())["runtime"])
        os.kill(supervisor_pid(home), signal.SIGKILL)
        attached_anew(server, dsn)
        assert not runtime.exists()


# ------------------------------------------------------------------ versions and programs


async def test_older_data_directory_picks_the_matching_programs(data_dir: Path) -> None:
    installations = find_installations()
    older = next((i for i in installations if i.major != installations[0].major), None)
    if older is None:
        pytest.skip("only one major version is installed here")
    with EmbeddedServer(data_dir, older.bin):
        pass
    wait_until_stopped(data_dir)
    with EmbeddedServer(data_dir) as server:
        connection = await asyncpg.connect(server.attach())
        assert connection.get_server_version().major == older.major
        await connection.close()


@pytest.mark.parametrize(
    "installation", find_installations(), ids=lambda i: f"{i.major} in {i.bin.parent.name}"
)
async def test_each_version_that_is_here_takes_our_schema(data_dir: Path, installation: Installation) -> None:
    settings = Settings(data_dir=data_dir, pg_bin=installation.bin)
    async with open_database(settings) as database:
        assert int(await database.fetchval("show server_version_num")) // 10000 == installation.major
        assert await database.fetchval("select count(*) from schema_migrations") == len(read_migrations())
    wait_until_stopped(data_dir / "postgres")


def test_data_of_a_version_that_is_not_here_stops_with_the_upgrade_command(home: Path) -> None:
    (home / "data" / "PG_VERSION").write_text("13\n")
    with pytest.raises(ConfigurationError, match=r"(?s)made by PostgreSQL 13.*pg_upgrade"):
        EmbeddedServer(home).attach()


def test_folder_of_programs_without_postgres_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="LEADLINE_PG_BIN"):
        EmbeddedServer(tmp_path / "postgres", tmp_path).attach()


def test_no_programs_at_all(tmp_path: Path) -> None:
    program = "from leadline.foundation.embedded_postgres import find_installations as f; f()"
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PATH": str(tmp_path), "PYTHONPATH": str(Path(leadline.__file__).parents[1])},
        capture_output=True,
        text=True,
    )
    assert "There is no PostgreSQL to start" in done.stderr
    assert "LEADLINE_DATABASE_URL" in done.stderr


# ------------------------------------------------------------------ the machine


def test_full_disk_is_named(tmp_path: Path) -> None:
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode:
        pytest.skip("needs root and the right to mount, to make a small disk")
    mount = f'mount -t tmpfs -o size=12m none "{tmp_path}" && exec "$@"'
    said = User(tmp_path / "postgres", launcher=["unshare", "--mount", "sh", "-c", mount, "sh"]).error()
    assert "is full" in said
    assert "LEADLINE_DATA_DIR" in said


def test_data_dir_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="Not a directory"):
        EmbeddedServer(tmp_path / "file" / "postgres").attach()


def test_lock_held_by_somebody_who_cannot_be_reached(home: Path) -> None:
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(DatabaseUnavailable, match="another container"):
            EmbeddedServer(home, timeout=0.3).attach()


def test_one_hold_serves_many_threads(home: Path) -> None:
    with EmbeddedServer(home) as server:
        seen: list[str] = []
        threads = [threading.Thread(target=lambda: seen.append(server.attach())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(seen)) == 1
    wait_until_stopped(home)
