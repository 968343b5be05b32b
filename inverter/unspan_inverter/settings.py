"""What a user can set: `[tool.unspan]` of the project's pyproject.toml, and where the collector is.

The inverter reads the environment here and nowhere else. A wrong value is an error that names the setting, never a default.
"""

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from unspan_inverter.errors import WrongSetting

DEFAULT_PORT = 4317
DEFAULT_ENDPOINT = f"localhost:{DEFAULT_PORT}"
ENDPOINT_VARIABLES = ("UNSPAN_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""Where the collector is, the first that is set; OpenTelemetry's own name the same port that spans are sent to."""
ASSERTIONS = (
    "status", "redirect", "exception", "headers", "cookies", "messages", "json", "html", "body", "mail", "created", "changed", "deleted", "links", "cache", "session", "outbound", "logs", "tasks", "queries", "decoys",
)  # fmt: skip
"""Kinds of assertions, each of which a project may switch off or on."""
PROTOCOL_VARIABLES = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


@dataclass(frozen=True, slots=True)
class Settings:
    """The project's settings, and the folder of the pyproject.toml they stand in (the current folder when there is none)."""

    folder: Path
    python: str | None = None
    test_command: str | None = None
    test_timeout: float = 300.0
    style: str = "django"
    decoys: bool = True
    base_class: str = ""
    factories: tuple[str, ...] | None = None
    template: str = ""
    output: str = ""
    plugins: tuple[str, ...] = ()
    ignore_headers: tuple[str, ...] = ()
    ignore_fields: tuple[str, ...] = ()
    data_over: int = 4000
    test_lines: int = 400
    assertions: Mapping[str, bool] = field(default_factory=dict[str, bool])


class Setting(NamedTuple):
    """One key of `[tool.unspan]`: what it must be in words, and whether a value is that."""

    name: str
    default: str
    must: str
    fits: Callable[[Any], bool]
    meaning: str


def is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def is_switch(value: object) -> bool:
    return isinstance(value, bool)


def is_dotted(value: object) -> bool:
    return isinstance(value, str) and "." in value and all(part.isidentifier() for part in value.split("."))


def is_module(value: object) -> bool:
    return isinstance(value, str) and all(part.isidentifier() for part in value.split("."))


def is_pattern(value: object) -> bool:
    if not isinstance(value, str) or "{name}" not in value:
        return False
    return (
        not set("{}") & set(value.replace("{name}", "").replace("{app}", "")) and not value.startswith("/") and ".." not in value.split("/")
    )


def texts_that(fit: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(fit(one) for one in value)


def is_switches(value: object) -> bool:
    return isinstance(value, dict) and all(name in ASSERTIONS and is_switch(one) for name, one in value.items())


def is_seconds(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e6


def is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9


SETTINGS = (
    Setting("python", "the active or the project's virtual environment", "a path or name of a Python", is_text, "The Python that runs the tests; relative to pyproject.toml."),
    Setting("test-command", "`manage.py test` or pytest", "a command with {file} or {label}", is_text, "How to run one test file; `{file}` and `{label}` are its path and its dotted name."),
    Setting("test-timeout", "300", "a number of seconds greater than 0", is_seconds, "How many seconds one check may take."),
    Setting("decoys", "true", "true or false", is_switch, "Whether tests get decoys: rows that nothing asks for, so that a query which asks for too much fails."),
    Setting("style", "django", "django or pytest", ("django", "pytest").__contains__, "The style of generated tests where `--style` is not given."),
    Setting("base-class", "Django's", "the dotted name of a class", is_dotted, "The class that generated test cases inherit from."),
    Setting("factories", "those that are found", "a list of modules", texts_that(is_module), "Modules with factory_boy's factories; none are used with `[]`."),
    Setting("template", "our own", "a path", is_text, "The Jinja2 template of a generated file, relative to pyproject.toml."),
    Setting("output", "stdout", "a path with {name}", is_pattern, "Where tests go without `-o`, from the folder of manage.py; `{app}`, `{name}`: the view's application, what is tested."),
    Setting("plugins", "none", "a list of paths", texts_that(is_text), "Python files with a `plugin`, relative to pyproject.toml; installed ones are found."),
    Setting("ignore-headers", "none", "a list of names", texts_that(is_text), "Request headers that tests do not send."),
    Setting("ignore-fields", "none", "a list of names", texts_that(is_text), "What is not compared: `app.Model.field` of rows, a name alone of JSON documents; with `*`."),
    Setting("data-over", "4000", "a number of characters, 0 for never", is_count, "Values of more characters stand in files beside the test."),
    Setting("test-lines", "400", "a number of lines, 0 for any", is_count, "Of a test that is longer, shorter values stand in files too, and what is left is said."),
    Setting("assert", "all but queries", f"a table of true and false for any of {', '.join(ASSERTIONS)}", is_switches, "Kinds of assertions, switched off by `false` and on by `true`."),
)  # fmt: skip


def settings(start: Path) -> Settings:
    """The settings of the nearest pyproject.toml at or above `start` that has `[tool.unspan]`. Raises WrongSetting."""
    for folder in (start, *start.parents):
        table = unspan_table(folder / "pyproject.toml")
        if table is not None:
            return Settings(folder, **checked(table, folder / "pyproject.toml"))
    return Settings(start)


def unspan_table(file: Path) -> Mapping[str, Any] | None:
    """The table `[tool.unspan]` of a file, None without one."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    if "unspan" not in text:  # another tool's broken file is not ours to complain about
        return None
    try:
        found = tomllib.loads(text).get("tool", {}).get("unspan")
    except (tomllib.TOMLDecodeError, AttributeError) as error:
        raise WrongSetting("[tool.unspan]", str(file), f"cannot be read: {error}") from None
    if found is not None and not isinstance(found, dict):
        raise WrongSetting("[tool.unspan]", str(file), "must be a table")
    return found


def checked(table: Mapping[str, Any], file: Path) -> dict[str, Any]:
    known = {setting.name: setting for setting in SETTINGS}
    for name, value in table.items():
        if name not in known:
            raise WrongSetting(f"tool.unspan.{name}", str(file), f"is unknown; there are: {', '.join(known)}")
        if not known[name].fits(value):
            raise WrongSetting(f"tool.unspan.{name}", str(file), f"is {value!r:.80} and must be {known[name].must}")
    renamed = {"assert": "assertions"}
    return {renamed.get(name, name.replace("-", "_")): tuple(value) if isinstance(value, list) else value for name, value in table.items()}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a collector listens: `HOST:PORT`, and whether to speak TLS."""

    address: str
    secure: bool = False
    token: str = ""
    """What a reader has to bear there."""
    certificate: str = ""
    """The file of the authority that its certificate is checked with."""


def endpoint(flag: str | None, environ: Mapping[str, str] = os.environ) -> Endpoint:
    """The collector's place, with what opens it. Raises WrongSetting."""
    certificate = environ.get("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE") or environ.get("OTEL_EXPORTER_OTLP_CERTIFICATE", "")
    return replace(located(flag, environ), token=environ.get("UNSPAN_READ_TOKEN", ""), certificate=certificate)


def located(flag: str | None, environ: Mapping[str, str]) -> Endpoint:
    """The collector's place: the flag, else the environment, else this machine. Raises WrongSetting."""
    if flag:
        return parsed_endpoint(flag, "--endpoint", "the command line")
    for name in ENDPOINT_VARIABLES:
        if environ.get(name, "").strip():
            found = parsed_endpoint(environ[name], name, "the environment")
            return at_grpc(found) if name.startswith("OTEL_") and speaks_http(environ) else found
    return Endpoint(DEFAULT_ENDPOINT)


def speaks_http(environ: Mapping[str, str]) -> bool:
    """Whether OpenTelemetry's variables name OTLP's HTTP port."""
    return next((environ[name].startswith("http") for name in PROTOCOL_VARIABLES if environ.get(name)), False)


def at_grpc(found: "Endpoint") -> "Endpoint":
    """The same collector at its gRPC port: the recorder does the same."""
    return Endpoint(f"{found.address.rpartition(':')[0]}:{DEFAULT_PORT}", found.secure)


def parsed_endpoint(text: str, name: str, where: str) -> Endpoint:
    text = text.strip()
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        host, port = parts.hostname, parts.port or (None if parts.port == 0 else DEFAULT_PORT)
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if not host or not port or parts.scheme not in ("", "http", "https", "grpc", "grpcs") or any(mark.isspace() for mark in host):
        raise WrongSetting(name, where, f"is {text!r:.80} and must be HOST:PORT")
    return Endpoint(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", secure=parts.scheme in ("https", "grpcs"))


def debugging(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether our own tracebacks are wanted."""
    return environ.get("UNSPAN_DEBUG", "") not in ("", "0")


def recording(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables that steer recording, for `doctor`."""
    return {name: value for name, value in sorted(environ.items()) if name.startswith(("OTEL_", "UNSPAN_"))}


AUTO_INSTRUMENTATION = "opentelemetry/instrumentation/auto_instrumentation"


def for_tests(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a test run: ours as it is, without what would record the tests themselves."""
    kept = {name: value for name, value in environ.items() if not name.startswith(("OTEL_", "UNSPAN_", "GRPC_"))}
    if "PYTHONPATH" in kept:
        folders = kept["PYTHONPATH"].split(os.pathsep)
        kept["PYTHONPATH"] = os.pathsep.join(one for one in folders if AUTO_INSTRUMENTATION not in one.replace(os.sep, "/"))
    return kept


def under_recorder(address: str) -> dict[str, str]:
    """The variables of a run that is recorded to an address, and to nowhere else; a test's requests as traces of their own, not as parts of the test's."""
    nowhere = {f"OTEL_{signal}_EXPORTER": "none" for signal in ("TRACES", "METRICS", "LOGS")}
    return {"UNSPAN_ENDPOINT": address, "UNSPAN_WORKS": "0", "UNSPAN_EXPORT_INTERVAL": "0.1", **nowhere}
