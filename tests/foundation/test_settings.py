"""Settings: where they come from, what is refused, what is shown."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from leadline.foundation.errors import ConfigurationError
from leadline.foundation.settings import (
    Endpoint,
    Settings,
    describe,
    load_settings,
    setting_fields,
    variable,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def empty_file(tmp_path: Path) -> Path:
    path = tmp_path / "empty.toml"
    path.write_text("")
    return path


def load(empty_file: Path, **environ: str) -> Settings:
    return load_settings({variable(name): value for name, value in environ.items()}, empty_file)


def test_environment_wins_over_file_over_default(tmp_path: Path) -> None:
    path = tmp_path / "leadline.toml"
    path.write_text('max_pages = 7\nport = 9000\nallow_networks = ["10.0.0.0/8", "hooks.internal"]\n')
    settings = load_settings({"LEADLINE_MAX_PAGES": "9"}, path)
    assert (settings.max_pages, settings.port, settings.host) == (9, 9000, "127.0.0.1")
    assert settings.allow_networks == ("10.0.0.0/8", "hooks.internal")
    origins = {one.name: one.origin for one in describe(settings)}
    assert origins["max_pages"] == "environment"
    assert origins["port"] == f"file {path}"
    assert origins["host"] == "default"


def test_file_is_the_one_named_in_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    path.write_text("max_pages = 3\n")
    assert load_settings({"LEADLINE_CONFIG": str(path)}).max_pages == 3


def test_file_that_was_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not exist"):
        load_settings({"LEADLINE_CONFIG": str(tmp_path / "none.toml")})


def test_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "leadline.toml"
    path.write_text("max_pages = = 3\n")
    with pytest.raises(ConfigurationError, match=r"leadline\.toml cannot be read"):
        load_settings({}, path)


def test_unknown_variable_names_the_closest(empty_file: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"no setting LEADLINE_MAX_PAGE; did you mean LEADLINE_MAX_PAGES\?"
    ):
        load_settings({"LEADLINE_MAX_PAGE": "3"}, empty_file)


def test_unknown_key_in_the_file_names_the_closest(tmp_path: Path) -> None:
    path = tmp_path / "leadline.toml"
    path.write_text("max_pagse = 3\n")
    with pytest.raises(ConfigurationError, match=r"'max_pagse'.*did you mean max_pages\?"):
        load_settings({}, path)


def test_empty_variable_counts_as_not_set(empty_file: Path) -> None:
    assert load(empty_file, max_pages=" ").max_pages == 40


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("max_pages", "many", "LEADLINE_MAX_PAGES must be a whole number"),
        ("max_pages", "0", "between 1 and 1000"),
        ("fetch_timeout", "0", "above 0"),
        ("fetch_timeout", "nan", "above 0"),
        ("cache_hours", "-1", "at least 0"),
        ("env", "dev", "must be production or development"),
        ("model", "gpt", "PROVIDER:NAME"),
        ("model_base_url", "localhost:11434", "http://"),
        ("model_input_price", "cheap", "US dollars"),
        ("database_url", "mysql://x", "postgresql://"),
        ("data_dir", "relative/path", "absolute path"),
        ("allow_networks", "10.0.0.0/99", "10.0.0.0/99"),
        ("allow_networks", "http://internal/", "neither a network"),
        ("contact", "me\x07", "plain ASCII"),
    ],
)
def test_wrong_value_names_the_setting_and_what_it_must_be(
    empty_file: Path, name: str, value: str, words: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(empty_file, **{name: value})
    assert words in str(caught.value)
    assert variable(name) in str(caught.value)


def test_wrong_secret_is_not_repeated_in_the_error(empty_file: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(empty_file, database_url="mysql://me:hunter2@host/db")
    assert "hunter2" not in str(caught.value)


def test_secrets_are_masked_wherever_settings_are_shown(empty_file: Path) -> None:
    settings = load(empty_file, model_api_key="sk-hunter2", database_url="postgresql://me:hunter2@host/db")
    assert settings.model_api_key == "sk-hunter2"
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(describe(settings))
    shown = {one.name: one.value for one in describe(settings)}
    assert shown["model_api_key"] == "********"
    assert shown["database_direct_url"] == ""


def test_prices_are_exact(empty_file: Path) -> None:
    assert load(empty_file, model_input_price="0.15").model_input_price == Decimal("0.15")


# ------------------------------------------------------------------ connect_to


def test_connect_to_maps_hosts_to_loopback(empty_file: Path) -> None:
    settings = load(
        empty_file,
        env="development",
        connect_to="*=127.0.0.1:8000, Shop.Example=[::1]:8001 ,b.example=127.0.0.2:1",
    )
    assert settings.connect_to == {
        "*": Endpoint("127.0.0.1", 8000),
        "shop.example": Endpoint("::1", 8001),
        "b.example": Endpoint("127.0.0.2", 1),
    }
    shown = {one.name: one.value for one in describe(settings)}
    assert shown["connect_to"] == "*=127.0.0.1:8000,shop.example=[::1]:8001,b.example=127.0.0.2:1"


def test_connect_to_is_refused_outside_development(empty_file: Path) -> None:
    with pytest.raises(ConfigurationError, match="LEADLINE_ENV=development"):
        load(empty_file, connect_to="*=127.0.0.1:8000")
    with pytest.raises(ConfigurationError, match="LEADLINE_ENV=development"):
        Settings(connect_to={"*": Endpoint("127.0.0.1", 8000)})


@pytest.mark.parametrize(
    "value",
    ["*=10.0.0.1:80", "*=127.0.0.1", "*=localhost:80", "127.0.0.1:80", "*=127.0.0.1:0", "*=127.0.0.1:70000"],
)
def test_connect_to_takes_only_loopback_addresses_with_a_port(empty_file: Path, value: str) -> None:
    with pytest.raises(ConfigurationError, match="LEADLINE_CONNECT_TO"):
        load(empty_file, env="development", connect_to=value)


# ------------------------------------------------------------------ the model's key


@pytest.mark.parametrize(
    ("model", "generic"),
    [
        ("openai:gpt-5-mini", "OPENAI_API_KEY"),
        ("anthropic:claude", "ANTHROPIC_API_KEY"),
        ("google:gemini", "GOOGLE_API_KEY"),
        ("google-gla:gemini", "GEMINI_API_KEY"),
    ],
)
def test_key_falls_back_to_the_variable_of_the_provider(empty_file: Path, model: str, generic: str) -> None:
    others = {"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"} - {generic}
    environ = {"LEADLINE_MODEL": model, generic: "right"}
    if not model.startswith("google"):
        environ |= dict.fromkeys(others, "wrong")
    settings = load_settings(environ, empty_file)
    assert settings.model_api_key == "right"
    assert settings.origins["model_api_key"] == f"environment ({generic})"


def test_key_of_a_provider_is_not_sent_to_another_address(empty_file: Path) -> None:
    environ = {
        "LEADLINE_MODEL": "openai:local",
        "LEADLINE_MODEL_BASE_URL": "http://127.0.0.1:8000/v1",
        "OPENAI_API_KEY": "sk-secret",
    }
    assert load_settings(environ, empty_file).model_api_key is None


# ------------------------------------------------------------------ documentation


def test_each_setting_has_one_line_of_documentation() -> None:
    for one in setting_fields():
        assert one.metadata["doc"].strip()
        assert "\n" not in one.metadata["doc"]


def test_data_directory_of_root_is_a_system_folder(monkeypatch: pytest.MonkeyPatch, empty_file: Path) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert load(empty_file).data_dir == Path("/var/lib/leadline")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert load(empty_file).data_dir.name == "leadline"
    assert load(empty_file).data_dir != Path("/var/lib/leadline")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dns_server", "9.9.9.9"),
        ("dns_server", "dns.example:53"),
        ("dns_server", "9.9.9.9:0"),
        ("email_smtp_sender", "research"),
        ("email_smtp_sender", "a b@example.com"),
        ("email_smtp_sender", "a@example.com\r\nRCPT TO:<x@y.z>"),
    ],
)
def test_settings_of_mail_are_checked(empty_file: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"LEADLINE_{name.upper()}"):
        load(empty_file, **{name: value})
