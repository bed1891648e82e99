"""Answers a question file about pages that are served on this machine, and scores the answers.

    make eval [ARGS='--sites FOLDER --resume ... options of `leadline eval` ...']

FOLDER holds questions.jsonl and serve.py (serves the pages, Host header picks the site). See docs/evaluation.md.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("questions.jsonl", "serve.py")


@contextmanager
def served(sites: Path) -> Iterator[int]:
    """Runs the folder's server until the block ends; yields its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, str(sites / "serve.py"), "--root", str(sites), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        try:
            assert server.stdout is not None
            if not server.stdout.readline():  # it says where it listens once it does
                raise SystemExit(f"{sites / 'serve.py'} did not start")
            yield port
        finally:
            server.terminate()


def run(command: list[str], environ: dict[str, str] | None = None) -> int:
    return subprocess.run(command, check=False, cwd=ROOT, env=environ).returncode  # noqa: S603


def main() -> int:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").splitlines()[0], epilog="Other options go to eval."
    )
    parser.add_argument("--sites", type=Path, default=ROOT / ".." / "shared" / "sites")
    parser.add_argument("--resume", action="store_true", help="go on with the last run")
    chosen, passed_on = parser.parse_known_args()
    sites: Path = chosen.sites.resolve()
    if missing := [name for name in NEEDED if not (sites / name).is_file()]:
        sys.stderr.write(
            f"Nothing was measured: {sites} has no {', '.join(missing)}. Name a folder with --sites.\n"
        )
        return 2
    work = ROOT / ".local" / "eval"
    if not chosen.resume:
        shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    results = work / "results.jsonl"
    if "--reader" not in passed_on:
        passed_on += ["--reader", "extractive"]
    questions = str(sites / "questions.jsonl")
    with served(sites) as port:
        environ = os.environ | {
            "LEADLINE_ENV": "development",
            "LEADLINE_CONNECT_TO": f"*=127.0.0.1:{port}",
            "LEADLINE_DATA_DIR": str(work / "data"),
            "LEADLINE_LOG_LEVEL": "error",
        }
        command = [sys.executable, "-m", "leadline", "eval", questions, "--out", str(results), *passed_on]
        if code := run(command, environ):
            return code
    compare = [sys.executable, "-m", "leadline", "compare", questions, str(results)]
    return run([*compare, "--html", str(work / "report.html")])


if __name__ == "__main__":
    sys.exit(main())
