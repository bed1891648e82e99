"""What can be checked of deploy/ and docs/operating.md without a Docker engine or a running systemd."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from tests.architecture.tree import ROOT

from leadline.cli import cli
from leadline.foundation.settings import CONFIG_VARIABLE, setting_fields, variable

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
VARIABLES = {variable(field.name) for field in setting_fields()} | {CONFIG_VARIABLE}
OF_COMPOSE = {"LEADLINE_PUBLISHED_PORT"}  # read by compose, not by Leadline


def check_command(words: list[str]) -> None:
    """Fail unless these words after ``leadline`` are a command with options that it has."""
    command: click.Command = cli
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        assert words[0] in command.commands, f"there is no command {words[0]}"
        command = command.commands[words.pop(0)]
    if command.name == "postgres":  # the rest is for PostgreSQL's program
        return
    known = {name for parameter in command.params for name in parameter.opts} | {"--help", "--version"}
    for word in words:
        if word.startswith("--"):
            assert word.partition("=")[0] in known, f"{command.name} has no option {word}"


# ------------------------------------------------------------------ the image


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"^\s*#.*\n", "", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(word, rest.strip()) for line in lines if line.strip() for word, _, rest in [line.partition(" ")]]


def test_dockerfile_has_only_instructions_that_there_are() -> None:
    known = {"ARG", "FROM", "ENV", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL"}
    assert {word for word, _ in instructions()} == known | {"HEALTHCHECK", "ENTRYPOINT", "CMD"}


def copied() -> list[str]:
    found = []
    for word, rest in instructions():
        if word == "COPY" and "--from=" not in rest:
            found += [part for part in rest.split()[:-1] if not part.startswith("--")]
    return found


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    ignore = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {line[1:] for line in ignore if line.startswith("!")}
    assert copied()
    for source in copied():
        assert (ROOT / source).exists(), source
        assert any(source == one or source.startswith(one + "/") for one in kept), f"{source} is ignored"
    assert all(any(s == one or s.startswith(one + "/") for s in copied()) for one in kept)


def test_everything_the_wheel_is_built_from_is_copied_before() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for name in re.findall(r'^(?:readme = |license-files = \[)"([^"]+)"', project, re.MULTILINE):
        assert name in copied()


def test_dependencies_of_the_image_are_pinned_by_hash() -> None:
    installs = [step for word, rest in instructions() if word == "RUN" for step in rest.split("&&")]
    installs = [step for step in installs if " install " in step and "pip" in step]
    assert len(installs) == 3
    for step in installs:
        assert "--require-hashes" in step or ("--no-deps" in step and "--no-index" in step), step
        for name in re.findall(r"--requirement (\S+)", step):
            assert (ROOT / name).is_file()


def test_the_image_runs_as_an_ordinary_user_without_build_tools() -> None:
    stages = " ".join(f"{word} {rest}\n" for word, rest in instructions()).split("FROM ")
    final = stages[-1]
    assert re.search(r"USER 10001:10001", final)
    assert "useradd --uid 10001" in final
    assert "pip" not in final
    assert "apt" not in final
    assert "/healthz" in final


def test_python_of_the_image_is_one_that_is_supported() -> None:
    version = re.search(r"PYTHON_IMAGE=python:(3\.\d+)-slim", (DEPLOY / "Dockerfile").read_text())
    assert version
    assert f"Python :: {version[1]}" in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_the_default_command_of_the_image_exists() -> None:
    (command,) = [rest for word, rest in instructions() if word == "CMD"]
    check_command(yaml.safe_load(command))


# ------------------------------------------------------------------ the entry point


@pytest.fixture
def container(tmp_path: Path) -> dict[str, str]:
    """An environment with a stand-in for the command: says that it runs, and does as it is told."""
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "lock").touch()
    stand_in = tmp_path / "leadline"
    stand_in.write_text(
        """#!/bin/sh
        case "$1" in
        fail) exit 7 ;;
        wait) trap 'echo stopped; exit 3' TERM; echo running; while :; do sleep 0.05; done ;;
        database) flock "$LEADLINE_DATA_DIR/postgres/lock" sh -c "touch locked; sleep 0.3; touch $2" &
            while [ ! -e locked ]; do sleep 0.01; done ;;
        esac
        """
    )
    stand_in.chmod(0o755)
    tools = Path(shutil.which("flock") or "/usr/bin/flock").parent
    return {"PATH": f"{tmp_path}:{tools}:/usr/bin:/bin", "LEADLINE_DATA_DIR": str(tmp_path)}


def enter(container: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [DEPLOY / "entrypoint", *arguments],
        env=container,
        cwd=container["LEADLINE_DATA_DIR"],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_container_ends_with_the_code_of_the_command(container: dict[str, str]) -> None:
    with enter(container, "fail") as process:
        assert process.wait(30) == 7


def test_a_container_passes_sigterm_on_and_waits(container: dict[str, str]) -> None:
    with enter(container, "wait") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        process.terminate()
        out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (3, "stopped\n")


def test_a_container_ends_after_its_database(container: dict[str, str], tmp_path: Path) -> None:
    with enter(container, "database", "database-has-ended") as process:
        assert process.wait(30) == 0
    assert (tmp_path / "database-has-ended").exists()


# ------------------------------------------------------------------ compose


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return found


def test_compose_runs_commands_that_there_are(compose: dict[str, Any]) -> None:
    ours = {name: one for name, one in compose["services"].items() if one["image"] == "leadline"}
    assert set(ours) == {"migrate", "api", "worker"}
    for service in ours.values():
        check_command(list(service["command"]))
        assert set(service["environment"]) <= VARIABLES
        assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()


def test_compose_starts_in_the_order_that_is_needed(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert "healthcheck" in services["postgres"]
    for name in ("api", "worker"):
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert services["migrate"]["restart"] == "no"
    assert services["worker"]["deploy"]["replicas"] == 2


def test_compose_publishes_to_this_machine_only(compose: dict[str, Any]) -> None:
    published = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_every_variable_of_compose_is_in_its_example(compose: dict[str, Any]) -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", (DEPLOY / "compose.yaml").read_text(encoding="utf-8")))
    example = (DEPLOY / "compose.env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)) == used


# ------------------------------------------------------------------ systemd


def members(unit: Path) -> list[tuple[str, str]]:
    lines = unit.read_text(encoding="utf-8").splitlines()
    return [(n, v) for line in lines if "=" in line and not line.startswith("#") for n, _, v in [line.partition("=")]]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: str(unit.name))
def test_units_run_commands_that_there_are_and_are_confined(unit: Path) -> None:
    found = members(unit)
    settings = dict(found)
    program, *words = shlex.split(settings["ExecStart"])
    assert program == "/opt/leadline/bin/leadline"
    check_command(words)
    for confined in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "ProtectKernelTunables"):
        assert settings[confined] == "yes"
    assert (settings["ProtectSystem"], settings["StateDirectory"]) == ("strict", "leadline")
    assert settings["User"] == "leadline"
    assert settings["CapabilityBoundingSet"] == ""
    for name in [value.partition("=")[0] for key, value in found if key == "Environment"]:
        assert name in VARIABLES | {"PYTHONUNBUFFERED"}


def test_units_give_questions_time_to_end() -> None:
    grace = next(field.default for field in setting_fields() if field.name == "shutdown_grace")
    for unit in UNITS:
        assert float(dict(members(unit))["TimeoutStopSec"]) > grace + 10, unit.name
        assert dict(members(unit))["KillMode"] == "mixed", "the database outlives the first SIGTERM"
    assert {unit.name for unit in UNITS} == {
        "leadline.service",
        "leadline-api.service",
        "leadline-worker@.service",
    }


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_units_are_ones_that_systemd_understands(tmp_path: Path) -> None:
    names = []
    for unit in UNITS:
        name = unit.name.replace("@.", "@1.")
        text = unit.read_text(encoding="utf-8").replace("/opt/leadline/bin/leadline", "/bin/true")
        (tmp_path / name).write_text(text, encoding="utf-8")
        names.append(name)
    done = subprocess.run(
        ["systemd-analyze", "verify", *names],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    ours = [line for line in done.stderr.splitlines() if "leadline" in line]
    assert ours == []


# ------------------------------------------------------------------ the document


@pytest.fixture(scope="module")
def document() -> str:
    return (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")


def test_commands_of_the_document_exist(document: str) -> None:
    code = re.findall(r"^ {4}(.+)$", document, re.MULTILINE) + re.findall(r"`([^`\n]+)`", document)
    asked = [
        match[1]
        for line in code
        if (match := re.match(r"(?:sudo \S+ )*(?:[A-Z_]+=\S+ )*(?:\S+/)?leadline (.+)", line.split(" #")[0]))
    ]
    assert len(asked) > 20
    for words in asked:
        check_command([word for word in re.split(r"[ |]+", words) if word.isascii() and "…" not in word])


def test_settings_of_the_document_exist(document: str) -> None:
    named = set(re.findall(r"LEADLINE_[A-Z_]*[A-Z]", document))
    assert named - VARIABLES - OF_COMPOSE == set()


def test_metrics_of_the_document_exist(document: str) -> None:
    source = (ROOT / "src/leadline/api/metrics.py").read_text(encoding="utf-8")
    counted = set(re.findall(r'"(leadline_\w+)"', source))
    named = set(re.findall(r"`(leadline_\w+)`", document))
    assert {name.removesuffix("_total") for name in named} == counted


def test_files_of_the_document_exist(document: str) -> None:
    for name in re.findall(r"`?(deploy/[\w./@-]+\w)`?", document):
        assert (ROOT / name).exists() or name == "deploy/.env", name
