"""Every setting of Leadline: the only module that reads the environment.

A setting comes from the environment (``LEADLINE_<NAME>``), else from one TOML file (``<name> = ...``; the
file is ``LEADLINE_CONFIG`` or ``leadline/leadline.toml`` in the user's configuration folder), else from its
default. ``describe`` tells which. An unknown variable or key is an error: a misspelt setting must not pass
for a default.

To add one: a field with ``_setting(...)`` below. ``leadline config`` and the documentation read it from
there; ``docs/settings.md`` is checked against it by a test.
"""

# ruff: noqa: RUF009 - each default is made by `_setting`, which returns a dataclasses.field
# ruff: noqa: TRY004 - a wrong type is a wrong value to whoever wrote the setting
from __future__ import annotations

import dataclasses
import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal, NamedTuple

import platformdirs

from leadline.foundation.errors import ConfigurationError

PREFIX = "LEADLINE_"
CONFIG_VARIABLE = "LEADLINE_CONFIG"
GENERIC_KEYS = {
    "openai": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "google": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
}


class Endpoint(NamedTuple):
    """A loopback address and port that page fetches for a host are sent to."""

    address: str
    port: int


Parse = Callable[[Any], Any]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")
    return value.strip()


def _whole(minimum: int, maximum: int | None = None) -> Parse:
    def parse(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise ValueError("must be a whole number")
        try:
            number = int(value)
        except ValueError:
            raise ValueError("must be a whole number") from None
        if number < minimum or (maximum is not None and number > maximum):
            raise ValueError(f"must be {_range(minimum, maximum)}")
        return number

    return parse


def _number(minimum: float, *, above: bool = False) -> Parse:
    def parse(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError("must be a number")
        try:
            number = float(value)
        except ValueError:
            raise ValueError("must be a number") from None
        if not (number > minimum or (number == minimum and not above)) or number == float("inf"):
            raise ValueError(f"must be {'above' if above else 'at least'} {minimum:g}")
        return number

    return parse


def _switch(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        raise ValueError("must be true or false")
    return bool(value == "true")


def _range(minimum: int, maximum: int | None) -> str:
    return f"at least {minimum}" if maximum is None else f"between {minimum} and {maximum}"


def _money(value: Any) -> Decimal:
    try:
        if isinstance(value, bool):
            raise ValueError  # noqa: TRY301
        amount = Decimal(str(value))
    except (InvalidOperation, ValueError):
        raise ValueError("must be an amount of US dollars, such as 0.15") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError("must be an amount of US dollars, zero or more")
    return amount


def _path(value: Any) -> Path:
    path = Path(_text(value)).expanduser()
    if not path.is_absolute():
        raise ValueError("must be an absolute path")
    return path


def _one_of(*choices: str) -> Parse:
    def parse(value: Any) -> str:
        if value not in choices:
            close = difflib.get_close_matches(str(value), choices, 1)
            raise ValueError(f"must be {', '.join(choices[:-1])} or {choices[-1]}" + _did_you_mean(close))
        return str(value)

    return parse


def _url(*schemes: str) -> Parse:
    def parse(value: Any) -> str:
        text = _text(value)
        if text.partition("://")[0] not in schemes or "://" not in text:
            raise ValueError(f"must start with {' or '.join(s + '://' for s in schemes)}")
        return text

    return parse


def _model(value: Any) -> str:
    text = _text(value)
    provider, colon, name = text.partition(":")
    if not colon or not provider or not name:
        raise ValueError("must be PROVIDER:NAME, such as openai:gpt-5-mini, or gguf:/path/to/model.gguf")
    return text


def _items(value: Any) -> list[str]:
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise ValueError("must be a comma-separated list")
    return [v.strip() for v in value if v.strip()]


def _prefix(value: Any) -> str:
    text = _text(value).rstrip("/")
    if text and (not text.startswith("/") or "//" in text or not set(text).isdisjoint(" ?#%")):
        raise ValueError("must be a path such as /public")
    return text


def _origins(value: Any) -> tuple[str, ...]:
    found = tuple(_items(value))
    for origin in found:
        scheme, colons, rest = origin.partition("://")
        if origin != "*" and (scheme not in ("http", "https") or not colons or not rest or "/" in rest):
            raise ValueError(f"holds {origin!r}, which is not an origin such as https://app.example.com")
    return found


def _networks(value: Any) -> tuple[str, ...]:
    found = []
    for item in _items(value):
        if "://" in item or any(c.isspace() for c in item):
            raise ValueError(
                f"holds {item!r}, which is neither a network such as 10.1.0.0/16 nor a host name"
            )
        if "/" in item:
            try:
                found.append(str(ipaddress.ip_network(item)))
            except ValueError as error:
                raise ValueError(f"holds {item!r}, which is not a network: {error}") from None
        else:
            found.append(item.lower())
    return tuple(found)


def _contact(value: Any) -> str:
    text = _text(value)
    if not text.isascii() or not text.isprintable() or any(c in text for c in "()\\"):
        raise ValueError(
            "must be an address in plain ASCII, such as https://example.com/bot or bot@example.com"
        )
    return text


def _mailbox(value: Any) -> str:
    text = _text(value)
    local, at, domain = text.rpartition("@")
    if not (local and at and "." in domain and text.isascii() and re.fullmatch(r"[^\s<>@,;]+@[\w.-]+", text)):
        raise ValueError("must be a mail address such as research@example.com")
    return text


def _name_server(value: Any) -> str:
    address, colon, port = _text(value).rpartition(":")
    try:
        ipaddress.ip_address(address.removeprefix("[").removesuffix("]"))
    except ValueError:
        colon = ""
    if not (colon and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError("must be ADDRESS:PORT with an IP address, such as 9.9.9.9:53")
    return f"{address}:{int(port)}"


def _connect_to(value: Any) -> Mapping[str, Endpoint]:
    if isinstance(value, Mapping):
        value = [f"{host}={place}" for host, place in value.items()]
    found: dict[str, Endpoint] = {}
    for item in _items(value):
        host, equals, place = item.partition("=")
        address, colon, port = place.rpartition(":")
        host = host.strip().lower()
        address = address.strip().removeprefix("[").removesuffix("]")
        if not (equals and colon and host and port.isdecimal() and 0 < int(port) < 65536):
            raise ValueError(f"holds {item!r}; each entry is HOST=ADDRESS:PORT, and HOST may be *")
        try:
            loopback = ipaddress.ip_address(address).is_loopback
        except ValueError:
            raise ValueError(f"holds {item!r}; {address!r} is not an IP address") from None
        if not loopback:
            raise ValueError(f"holds {item!r}; only loopback addresses such as 127.0.0.1 are allowed")
        if host in found:
            raise ValueError(f"names {host!r} twice")
        found[host] = Endpoint(address, int(port))
    return found


def _default_data_dir() -> Path:
    if os.geteuid() == 0:
        return Path("/var/lib/leadline")
    return Path(platformdirs.user_data_dir("leadline", appauthor=False))


def _setting(
    doc: str, parse: Parse, default: Any = None, *, secret: bool = False, factory: Any = None
) -> Any:
    metadata = {"doc": doc, "parse": parse, "secret": secret}
    if factory is not None:
        return field(default_factory=factory, metadata=metadata)
    return field(default=default, metadata=metadata, repr=not secret)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings. ``load_settings`` reads them; a test may construct one directly."""

    env: Literal["production", "development"] = _setting(
        "production, or development (allows connect_to; applies migrations to any database by itself)",
        _one_of("production", "development"),
        "production",
    )
    data_dir: Path = _setting(
        "folder of the embedded database (as root /var/lib/leadline, else the user's data folder)",
        _path,
        factory=_default_data_dir,
    )
    database_url: str | None = _setting(
        "PostgreSQL 15 or newer to use instead of the embedded one: postgresql://user:password@host/database",
        _url("postgresql", "postgres"),
        secret=True,
    )
    database_direct_url: str | None = _setting(
        "the same database without a connection pooler in between, needed for LISTEN when database_url "
        "has one",
        _url("postgresql", "postgres"),
        secret=True,
    )
    transaction_seconds: float = _setting(
        "seconds for which a transaction may stand idle, or wait for a lock, before the database ends it",
        _number(0, above=True),
        30.0,
    )
    pg_bin: Path | None = _setting(
        "folder with the programs of the PostgreSQL to embed (postgres, initdb)", _path
    )
    pool_size: int = _setting("database connections per process, at most", _whole(1, 1000), 10)
    model: str | None = _setting(
        "language model that reads pages, PROVIDER:NAME or gguf:/path/to/model.gguf; none: read without a "
        "model",
        _model,
    )
    model_base_url: str | None = _setting(
        "address of an OpenAI-compatible service, such as http://127.0.0.1:11434/v1", _url("http", "https")
    )
    model_api_key: str | None = _setting(
        "key of the model's service; without model_base_url also OPENAI_API_KEY, ANTHROPIC_API_KEY, "
        "GEMINI_API_KEY or GOOGLE_API_KEY, by provider",
        _text,
        secret=True,
    )
    model_context_tokens: int | None = _setting(
        "context length of the model, tokens; none: known by name", _whole(512)
    )
    model_input_price: Decimal | None = _setting(
        "US dollars per million prompt tokens; none: known by name", _money
    )
    model_output_price: Decimal | None = _setting(
        "US dollars per million completion tokens; none: known by name", _money
    )
    model_timeout: float | None = _setting(
        "seconds one call of the model may take; none: by provider", _number(0, above=True)
    )
    model_concurrency: int | None = _setting(
        "calls of the model at once, per process; none: by provider", _whole(1)
    )
    model_structured_mode: Literal["auto", "native", "tool", "prompted"] = _setting(
        "how the model is made to reply in JSON: native (JSON schema), tool, prompted, or auto",
        _one_of("auto", "native", "tool", "prompted"),
        "auto",
    )
    max_model_price: Decimal | None = _setting(
        "US dollars one question may spend on the model, refused before the call that could pass it; "
        "none: no limit",
        _money,
    )
    max_model_tokens: int = _setting(
        "tokens of prompts and replies that one question may take", _whole(1), 40_000
    )
    connect_to: Mapping[str, Endpoint] = _setting(
        "page fetches sent to loopback instead, HOST=ADDRESS:PORT, comma-separated, HOST may be *; "
        "development only",
        _connect_to,
        factory=dict,
    )
    allow_networks: tuple[str, ...] = _setting(
        "networks and hosts that are not public but may be called (webhooks), comma-separated", _networks, ()
    )
    contact: str = _setting(
        "address (web or e-mail) at which site owners reach whoever runs this, sent in the User-Agent",
        _contact,
        "operator gave no contact",
    )
    max_pages: int = _setting("pages read per company and question, at most", _whole(1, 1000), 40)
    page_freshness_hours: float = _setting(
        "hours for which a stored page is used without asking its site", _number(0), 24.0
    )
    cache_hours: float = _setting(
        "hours for which an identical question gets the same answer again", _number(0), 12.0
    )
    host_concurrency: int = _setting("requests to one site at once", _whole(1, 64), 4)
    fetch_timeout: float = _setting("seconds one page may take", _number(0, above=True), 20.0)
    max_page_bytes: int = _setting("bytes of one page, unpacked, at most", _whole(1000), 10_000_000)
    question_seconds: float = _setting("seconds one question may take", _number(0, above=True), 300.0)
    contact_list_seconds: float = _setting(
        "seconds in which the search for a contact list must come to its end", _number(0, above=True), 50.0
    )
    people_retention_days: int | None = _setting(
        "days after which people are forgotten, counted from when they were first seen; none: never",
        _whole(1),
    )
    snapshot_retention_days: int | None = _setting(
        "days after which stored pages that no kept answer cites are deleted; none: never", _whole(1)
    )
    trace_retention_days: int | None = _setting(
        "days after which the steps and the model's replies of a finished question are deleted; none: never",
        _whole(1),
    )
    event_retention_days: int | None = _setting(
        "days for which events and the log of webhook calls are kept; none: for ever", _whole(1), 90
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "least severity that is logged: debug, info, warning or error",
        _one_of("debug", "info", "warning", "error"),
        "info",
    )
    log_format: Literal["auto", "console", "json"] = _setting(
        "console, json, or auto (console on a terminal, else json)",
        _one_of("auto", "console", "json"),
        "auto",
    )
    host: str = _setting("address the server listens on", _text, "127.0.0.1")
    port: int = _setting("port the server listens on", _whole(0, 65535), 8080)
    read_timeout: float = _setting(
        "seconds in which the head of a request must have arrived, and then its body",
        _number(0, above=True),
        30.0,
    )
    path_prefix: str = _setting(
        "path in front of the API's own, such as /public; the API answers with and without it", _prefix, ""
    )
    cors_origins: tuple[str, ...] = _setting(
        "web origins whose pages may call the API from a browser, comma-separated, * for any; none: none may",
        _origins,
        (),
    )
    legacy_errors: bool = _setting(
        "true: the errors of a few operations have the flat bodies of an older API, "
        '{"error": CODE, "message": TEXT}',
        _switch,
        False,
    )
    sync_timeout: int = _setting(
        "seconds a synchronous request waits, unless it or its key says otherwise", _whole(1, 900), 120
    )
    reads_per_minute: int = _setting("reads one API key may make each minute", _whole(1), 100_000)
    reads_burst: int = _setting("reads one API key may make at once", _whole(1), 10_000)
    writes_per_minute: int = _setting("writes one API key may make each minute", _whole(1), 2_000)
    writes_burst: int = _setting("writes one API key may make at once", _whole(1), 400)
    monthly_credits: int = _setting("credits an organisation gets each month", _whole(0), 10_000)
    secret_key: str | None = _setting(
        "key that stored secrets are encrypted with, 32 bytes in URL-safe base64, older ones behind it with commas; "
        "none: a file in data_dir",
        _text,
        secret=True,
    )
    directory_pause: float = _setting(
        "seconds, at most, that pass before each call of a vendor's people directory; a third of it at least",
        _number(0),
        1.5,
    )
    directory_timeout: float = _setting(
        "seconds one call of a vendor's people directory may take", _number(0, above=True), 30.0
    )
    signal_price: int = _setting(
        "credits a question costs that was answered, or to which all that was to be read holds no answer",
        _whole(0),
        1,
    )
    research_price: int = _setting("credits a report on a person costs", _whole(0), 1)
    email_price: int = _setting("credits an address costs that `find-email` finds", _whole(0), 0)
    email_smtp_sender: str | None = _setting(
        "address for which mail servers are asked whether a mailbox exists, no mail being sent; none: they are not "
        "asked",
        _mailbox,
    )
    email_smtp_port: int = _setting("port of mail servers", _whole(1, 65535), 25)
    dns_server: str | None = _setting(
        "name server, ADDRESS:PORT, asked where mail of a domain goes; none: the machine's own", _name_server
    )
    worker_concurrency: int = _setting("questions one worker answers at once", _whole(1, 1000), 20)
    organisation_concurrency: int | None = _setting(
        "questions of one organisation in work at once, over all workers; none: what the workers take",
        _whole(1),
    )
    reader_concurrency: int | None = _setting(
        "questions that one reader (a model, or the extractive one) has in work at once, over all workers; "
        "none: what the workers take",
        _whole(1),
    )
    lease_seconds: float = _setting(
        "seconds after which a question whose process gave no sign of life is taken over",
        _number(0, above=True),
        10.0,
    )
    server: str | None = _setting(
        "address of a Leadline server that `leadline ask` asks instead of working itself",
        _url("http", "https"),
    )
    api_key: str | None = _setting("API key for that server", _text, secret=True)
    shutdown_grace: float = _setting(
        "seconds running questions may finish in after SIGTERM", _number(0), 30.0
    )

    origins: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.connect_to and self.env != "development":
            raise ConfigurationError(
                "LEADLINE_CONNECT_TO works only with LEADLINE_ENV=development: it sends page fetches to "
                "this machine."
            )
        if self.database_direct_url and not self.database_url:
            raise ConfigurationError("LEADLINE_DATABASE_DIRECT_URL is set, but LEADLINE_DATABASE_URL is not.")


class Described(NamedTuple):
    """One line of ``leadline config``."""

    name: str
    value: str
    origin: str
    doc: str


def setting_fields() -> list[dataclasses.Field[Any]]:
    """The fields of ``Settings`` that are settings, in order."""
    return [f for f in dataclasses.fields(Settings) if "doc" in f.metadata]


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def environment_of_children() -> dict[str, str]:
    """What a child process that reads foreign pages needs of this process's environment: no secret is among it."""
    needed = ("HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ")
    return {name: os.environ[name] for name in needed if name in os.environ}


def load_settings(environ: Mapping[str, str] | None = None, toml_path: Path | None = None) -> Settings:
    """Read the settings from ``environ`` (default: this process's) and one TOML file.

    Raises ``ConfigurationError``, naming the setting and what it must be. An empty variable counts as not
    set.
    """
    environ = os.environ if environ is None else environ
    fields = {f.name: f for f in setting_fields()}
    path, required = _config_file(environ, toml_path)
    in_file = _read_file(path, required)
    _refuse_unknown(environ, in_file, path, fields)
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name, one in fields.items():
        raw: Any = environ.get(variable(name), "")
        if raw.strip():
            origin, shown = "environment", variable(name)
        elif name in in_file:
            raw, origin, shown = in_file[name], f"file {path}", f"'{name}' in {path}"
        else:
            continue
        try:
            values[name] = one.metadata["parse"](raw)
        except ValueError as error:
            given = "" if one.metadata["secret"] else f" (it is {raw!r})"
            raise ConfigurationError(f"{shown} {error}{given}.") from None
        origins[name] = origin
    _fall_back_to_generic_key(environ, values, origins)
    return Settings(**values, origins=origins)


def describe(settings: Settings) -> list[Described]:
    """Every setting with its value as it may be shown, where it came from, and what it means."""
    return [
        Described(
            f.name,
            _shown(f, getattr(settings, f.name)),
            settings.origins.get(f.name, "default"),
            f.metadata["doc"],
        )
        for f in setting_fields()
    ]


def _shown(one: dataclasses.Field[Any], value: Any) -> str:
    if value is None or value in ((), {}):
        return ""
    if one.metadata["secret"]:
        return "********"
    if isinstance(value, Mapping):
        return ",".join(
            f"{host}={f'[{to.address}]' if ':' in to.address else to.address}:{to.port}"
            for host, to in value.items()
        )
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def settings_file(environ: Mapping[str, str] | None = None) -> Path:
    """The file from which settings are read, whether it is there or not."""
    return _config_file(os.environ if environ is None else environ, None)[0]


def _config_file(environ: Mapping[str, str], given: Path | None) -> tuple[Path, bool]:
    if given is not None:
        return given, True
    if named := environ.get(CONFIG_VARIABLE, "").strip():
        return Path(named).expanduser(), True
    return Path(platformdirs.user_config_dir("leadline", appauthor=False)) / "leadline.toml", False


def _read_file(path: Path, required: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if required:
            raise ConfigurationError(f"The settings file {path} does not exist.") from None
        return {}
    except PermissionError as error:
        if required:
            raise ConfigurationError(f"The settings file {path} cannot be read: {error}") from None
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigurationError(f"The settings file {path} cannot be read: {error}") from None


def _refuse_unknown(
    environ: Mapping[str, str], in_file: Mapping[str, Any], path: Path, fields: Mapping[str, object]
) -> None:
    known = {variable(name) for name in fields} | {CONFIG_VARIABLE}
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            close = difflib.get_close_matches(name, known, 1, 0.5)
            raise ConfigurationError(f"There is no setting {name}{_did_you_mean(close)}.")
    for name in in_file:
        if name not in fields:
            close = difflib.get_close_matches(name, fields, 1, 0.5)
            raise ConfigurationError(f"There is no setting '{name}' (in {path}){_did_you_mean(close)}.")


def _did_you_mean(close: list[str]) -> str:
    return f"; did you mean {close[0]}?" if close else ""


def _fall_back_to_generic_key(
    environ: Mapping[str, str], values: dict[str, Any], origins: dict[str, str]
) -> None:
    """Use the provider's usual variable; never for another address, which must not be sent somebody's key."""
    if "model_api_key" in values or "model_base_url" in values or "model" not in values:
        return
    provider = values["model"].partition(":")[0]
    for family, names in GENERIC_KEYS.items():
        if provider.startswith(family) or (family == "google" and provider == "gemini"):
            for name in names:
                if environ.get(name, "").strip():
                    values["model_api_key"] = environ[name].strip()
                    origins["model_api_key"] = f"environment ({name})"
                    return
