"""What else may be installed or set up beside unspan, and where the user's own telemetry then goes."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

INSTRUMENTORS = ("opentelemetry-instrumentation-sqlite3", "opentelemetry-instrumentation-psycopg", "opentelemetry-instrumentation-pymysql")
DISTRO = ("opentelemetry-distro",)
TRACES_ONLY = {
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_BSP_SCHEDULE_DELAY": "100",
    "OTEL_SERVICE_NAME": "the shop",
}
"""Without a name the SDK makes one of the interpreter's file name, by which servers of one environment differ."""


@dataclass(frozen=True)
class Addresses:
    """Receivers: our collector (gRPC), and the user's over gRPC and over HTTP, as host:port; and a service over TLS."""

    ours: str
    grpc: str
    http: str
    secure: str


@dataclass(frozen=True)
class Companion:
    """`env` says where traces go; `own` whether the user's receiver gets them without us too; `rare` ones are left to the long form."""

    name: str
    packages: tuple[str, ...]
    env: Callable[[Addresses], Mapping[str, str]]
    own: bool = False
    rare: bool = False

    def __repr__(self) -> str:
        return self.name


COMPANIONS = (
    Companion("alone", (), lambda to: {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{to.ours}"}),
    Companion("instrumentors", INSTRUMENTORS, lambda to: {"UNSPAN_ENDPOINT": to.ours}, rare=True),
    Companion("distro to ours", (*DISTRO, *INSTRUMENTORS), lambda to: {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{to.ours}", **TRACES_ONLY}),
    Companion(
        "distro to theirs", DISTRO,
        lambda to: {"UNSPAN_ENDPOINT": to.ours, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{to.grpc}", **TRACES_ONLY}, own=True,
    ),
    Companion(
        "distro over HTTP", (*DISTRO, *INSTRUMENTORS),
        lambda to: {"UNSPAN_ENDPOINT": to.ours, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{to.http}",
                    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", **TRACES_ONLY}, own=True, rare=True,
    ),
    Companion(
        "exporter named", INSTRUMENTORS,
        lambda to: {"UNSPAN_ENDPOINT": to.ours, "OTEL_TRACES_EXPORTER": "otlp_proto_http",
                    "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{to.http}", **TRACES_ONLY},
    ),
    *(
        Companion(
            f"provider in {place}", INSTRUMENTORS,
            lambda to, place=place: {"UNSPAN_ENDPOINT": to.ours, "SHOP_TELEMETRY": place, "SHOP_RECEIVER": f"http://{to.http}"}, own=True,
            rare=place == "ready",
        )
        for place in ("settings", "ready", "entry")
    ),
)  # fmt: skip


def install(package: str, folder: Path) -> Path:
    """A folder with the package, as an environment that has it would have it."""
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--disable-pip-version-check", "--target", str(folder)]
    subprocess.run([*command, package], check=True, timeout=300)
    return folder
