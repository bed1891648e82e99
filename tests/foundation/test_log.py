"""Logs: one JSON object a line, on standard error, without secrets."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from leadline.foundation.log import configure_logging, get_logger


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    text = io.StringIO()
    configure_logging("info", "json", text)
    yield text
    root.setLevel(level)
    root.handlers[:] = handlers


def records(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_record_is_one_json_object_with_its_values(stream: io.StringIO) -> None:
    get_logger("leadline.somewhere").info("page fetched", url="https://example.com/", seconds=0.5)
    [record] = records(stream)
    assert record["event"] == "page fetched"
    assert (record["url"], record["seconds"]) == ("https://example.com/", 0.5)
    assert (record["level"], record["logger"]) == ("info", "leadline.somewhere")
    assert record["timestamp"].endswith("Z")


def test_records_of_other_libraries_take_the_same_form(stream: io.StringIO) -> None:
    logging.getLogger("other").warning("slow: %s s", 3)
    [record] = records(stream)
    assert (record["event"], record["logger"], record["level"]) == ("slow: 3 s", "other", "warning")


@pytest.mark.parametrize(
    "values",
    [
        {"password": "hunter2secret0000000"},
        {"model_api_key": "hunter2secret0000000"},
        {"headers": {"Authorization": "hunter2secret0000000"}},
        {"url": "postgresql://me:hunter2secret0000000@host/db"},
        {"reason": "Incorrect API key provided: sk-hunter2secret0000000"},
        {"tried": ["https://me:hunter2secret0000000@host/"]},
    ],
)
def test_secrets_are_masked(stream: io.StringIO, values: dict[str, Any]) -> None:
    get_logger("leadline").warning("something", **values)
    assert "hunter2" not in stream.getvalue()
    assert "********" in stream.getvalue()


def test_secrets_in_a_traceback_are_masked(stream: io.StringIO) -> None:
    try:
        raise ValueError("cannot use postgresql://me:hunter2@host/db")
    except ValueError:
        get_logger("leadline").exception("failed")
    assert "ValueError" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()


def test_token_counts_are_no_secrets(stream: io.StringIO) -> None:
    get_logger("leadline").info("model called", input_tokens=1200, output_tokens=80)
    assert records(stream)[0]["input_tokens"] == 1200


def test_level_below_the_threshold_is_not_written(stream: io.StringIO) -> None:
    get_logger("leadline").debug("detail")
    assert stream.getvalue() == ""


def test_standard_output_stays_empty_even_when_nothing_is_configured() -> None:
    program = (
        "from leadline.foundation.log import get_logger; get_logger('leadline').warning('hello', number=1)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert "hello" in done.stderr
