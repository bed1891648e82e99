"""The result file: one JSON object a line, each on disk before the next question counts as done."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import msgspec

from leadline.evaluation.schemas import EvalResult
from leadline.foundation.errors import InvalidInput

_ENCODER = msgspec.json.Encoder(decimal_format="number")


class ResultFile:
    """An append-only result file. What it already holds is not asked again.

    A last line without its end is what a killed process leaves behind: it is cut off, and its question is
    asked again. Any other line that cannot be read is not ours: InvalidInput.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self.results: list[EvalResult] = []

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as opened:
            file = opened.enter_context(self._path.open("ab"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InvalidInput(
                    (self._path.name, "another run is writing it: wait for that, or name another with --out")
                ) from None
            self.results = read_results(self._path, "name another with --out")
            file.truncate(self._path.read_bytes().rfind(b"\n") + 1)
            self._file = file
            opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._file is not None
        self._file.close()

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(result.id for result in self.results)

    def append(self, result: EvalResult) -> None:
        assert self._file is not None
        self._file.write(_ENCODER.encode(result) + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.results.append(result)


def read_results(path: Path, advice: str = "name another") -> list[EvalResult]:
    """The results of a file, as far as they are whole. Raises InvalidInput, with the advice, for what is no result file."""
    content = path.read_bytes()
    lines = enumerate(content[: content.rfind(b"\n") + 1].split(b"\n"), 1)
    return [_read(path, number, line, advice) for number, line in lines if line.strip()]


def _read(path: Path, number: int, line: bytes, advice: str) -> EvalResult:
    try:
        return msgspec.json.decode(line, type=EvalResult)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(
            (f"{path.name}, line {number}", f"{error}; this is no result file: {advice}")
        ) from error
