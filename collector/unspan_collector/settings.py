"""The collector's settings: one table, read once from flags, `UNSPAN_COLLECTOR_*` and one TOML file, in this order of precedence."""

import math
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from unspan_collector.errors import WrongSetting
from unspan_collector.store import checked

PREFIX = "UNSPAN_COLLECTOR_"


class Address(NamedTuple):
    """Where to listen; port 0 lets the system choose."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def loopback(self) -> bool:
        return self.host == "localhost" or self.host == "::1" or self.host.startswith("127.")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a collector needs to know. `keep_days` and `keep_bytes` are 0 for no limit."""

    grpc: Address
    http: Address
    store: str
    keep_days: float
    keep_bytes: int
    queue_bytes: int
    keep_traces: int = 0
    ingest_token: str = ""
    read_token: str = ""
    certificate: str = ""
    key: str = ""
    insecure: bool = False

    @property
    def guarded(self) -> bool:
        """Whether others on the network can neither listen in nor come in."""
        return bool(self.ingest_token and self.read_token and self.certificate)


class Setting(NamedTuple):
    """One row of the table in docs/collector.md: name, how its text is read, default as text, unit, meaning."""

    name: str
    read: Callable[[str], Any]
    default: str
    unit: str
    meaning: str


def address(text: str) -> Address:
    found = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\]:(\d{1,5})|([A-Za-z0-9._-]+):(\d{1,5})", text)
    if not found or int(found[2] or found[4]) > 65535:
        raise ValueError("it must be HOST:PORT, for instance 127.0.0.1:4317")
    return Address(found[1] or found[3], int(found[2] or found[4]))


def days(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 36_500:
        raise ValueError("it must be a number of days, 0 for no limit")
    return number


def octets(text: str) -> int:
    found = re.fullmatch(r"(\d{1,15})([kKmMgGtT]?)", text)
    if not found:
        raise ValueError("it must be a whole number of bytes, with k, M, G or T for units of 1024, 0 for no limit")
    return int(found[1]) << 10 * " KMGT".index(found[2].upper() or " ")


def whole(text: str) -> int:
    if not re.fullmatch(r"\d{1,12}", text):
        raise ValueError("it must be a whole number, 0 for no limit")
    return int(text)


def token(text: str) -> str:
    if text and not re.fullmatch(r"[!-~]{16,500}", text):
        raise ValueError("it must be 16 or more letters, digits and signs without spaces")
    return text


def file(text: str) -> str:
    if text and not os.access(text, os.R_OK):
        raise ValueError("there is no such file, or it cannot be read")
    return text


def switch(text: str) -> bool:
    if text.lower() not in ("0", "1", "true", "false"):
        raise ValueError("it must be 1 or 0")
    return text.lower() in ("1", "true")


def queue_octets(text: str) -> int:
    number = octets(text)
    if number < 1 << 20:
        raise ValueError("it must be 1M or more")
    return number


def default_store(environment: Mapping[str, str] = os.environ) -> str:
    """In the user's state folder, as the XDG base directory specification names it."""
    folder = environment.get("XDG_STATE_HOME", "")
    state = Path(folder) if os.path.isabs(folder) else Path("~/.local/state").expanduser()
    return f"sqlite:///{state / 'unspan' / 'traces.sqlite3'}"


DEFAULT_STORE = "sqlite:///$XDG_STATE_HOME/unspan/traces.sqlite3"
SETTINGS = (
    Setting("grpc", address, "127.0.0.1:4317", "HOST:PORT", "where OTLP over gRPC and the read API listen"),
    Setting("http", address, "127.0.0.1:4318", "HOST:PORT", "where OTLP over HTTP and /healthz listen"),
    Setting("store", checked, DEFAULT_STORE, "URL", "where traces are kept; $XDG_STATE_HOME is ~/.local/state when unset"),
    Setting("keep_days", days, "0", "days", "traces older than this are removed, 0 keeps them"),
    Setting("keep_bytes", octets, "0", "bytes on disk", "the oldest traces are removed above this, 0 keeps them"),
    Setting("keep_traces", whole, "0", "traces", "the oldest traces are removed above this, 0 keeps them"),
    Setting("queue_bytes", queue_octets, "256M", "bytes", "requests in work at one time; above it senders are told to try again"),
    Setting("ingest_token", token, "", "text", "what senders have to bear, as `authorization: Bearer …`; without it anybody may send"),
    Setting("read_token", token, "", "text", "what readers have to bear; without it anybody may read"),
    Setting("certificate", file, "", "PEM file", "the certificate of both doors; with it they speak TLS only"),
    Setting("key", file, "", "PEM file", "the certificate's key"),
    Setting("insecure", switch, "0", "1 or 0", "whether other machines may be let in without both tokens and a certificate"),
)


def flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def read(
    flags: Mapping[str, str | None], environment: Mapping[str, str], config: str | None, defaults: Mapping[str, str] | None = None
) -> Settings:
    """The settings. `defaults` overrides the table's. Raises WrongSetting, naming the setting and where it stands."""
    source = config or environment.get(PREFIX + "CONFIG")
    file = from_file(source) if source else {}
    usual = {setting.name: setting.default for setting in SETTINGS} | {"store": default_store(environment)} | dict(defaults or {})
    found: dict[str, Any] = {}
    for setting in SETTINGS:
        variable = PREFIX + setting.name.upper()
        places = (
            (flag(setting.name), flags.get(setting.name)),
            (variable, environment.get(variable)),
            (f"{setting.name} in {source}", file.get(setting.name)),
        )
        where, text = next(((place, text) for place, text in places if text is not None), ("", usual[setting.name]))
        try:
            found[setting.name] = setting.read(text)
        except ValueError as wrong:
            raise WrongSetting(where, text, str(wrong)) from None
    refuse_unknown(environment)
    settings = Settings(**found)
    refuse_open_doors(settings)
    return settings


def refuse_open_doors(settings: Settings) -> None:
    """Traces hold what an application works with: no other machine gets at them by an oversight. Raises WrongSetting."""
    if bool(settings.certificate) != bool(settings.key):
        raise WrongSetting("--certificate and --key", settings.certificate or settings.key, "one is there without the other")
    for name, at in (("--grpc", settings.grpc), ("--http", settings.http)):
        if not (at.loopback or settings.guarded or settings.insecure):
            why = "other machines can reach it: give it --ingest-token, --read-token, --certificate and --key, or say --insecure"
            raise WrongSetting(name, at, why)


def from_file(path: str) -> dict[str, str]:
    """The settings of a TOML file as texts. Raises WrongSetting."""
    where = f"--config or {PREFIX}CONFIG"
    try:
        content = tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise WrongSetting(where, path, f"the file cannot be read ({(error.strerror or str(error)).lower()})") from None
    except ValueError as error:
        raise WrongSetting(where, path, f"the file is no TOML ({error})") from None
    known = {setting.name for setting in SETTINGS}
    for name, value in content.items():
        if name not in known:
            raise WrongSetting(f"{name} in {path}", value, f"there is no such setting; there are {', '.join(sorted(known))}")
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise WrongSetting(f"{name} in {path}", value, "it must be a text or a number")
    return {name: str(value) for name, value in content.items()}


def refuse_unknown(environment: Mapping[str, str]) -> None:
    """A misspelt variable must not mean a silent default. Raises WrongSetting."""
    known = {PREFIX + setting.name.upper() for setting in SETTINGS} | {PREFIX + "CONFIG"}
    for name in environment:
        if name.startswith(PREFIX) and name not in known:
            raise WrongSetting(name, environment[name], f"there is no such setting; there are {', '.join(sorted(known))}")
