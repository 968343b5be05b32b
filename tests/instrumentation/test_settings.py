"""The environment as settings, and the sentence for each wrong value."""

from dataclasses import fields
from typing import Any

import pytest
from unspan_instrumentation.errors import SettingError
from unspan_instrumentation.settings import Settings, Target, read


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, {}),
        ({"UNSPAN_ENABLED": "0"}, {"enabled": False}),
        ({"UNSPAN_ENABLED": "False"}, {"enabled": False}),
        ({"UNSPAN_ENABLED": " "}, {}),
        ({"OTEL_SDK_DISABLED": "true"}, {"enabled": False}),
        ({"UNSPAN_ENDPOINT": "collector:1"}, {"target": Target("collector:1")}),
        ({"UNSPAN_ENDPOINT": "http://collector"}, {"target": Target("collector:4317")}),
        ({"UNSPAN_ENDPOINT": "https://collector:443/"}, {"target": Target("collector:443", True)}),
        ({"UNSPAN_ENDPOINT": "[::1]:5"}, {"target": Target("[::1]:5")}),
        (
            {"UNSPAN_ENDPOINT": "a:1", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://b:2"},
            {"target": Target("a:1"), "exporters": ("otlp_proto_grpc",)},
        ),
        ({"UNSPAN_ENDPOINT": "a:1", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:1/"}, {"target": Target("a:1")}),
        (
            {"UNSPAN_ENDPOINT": "a:1", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://b:2", "OTEL_TRACES_EXPORTER": "none"},
            {"target": Target("a:1")},
        ),
        ({"OTEL_TRACES_EXPORTER": "console,otlp"}, {"exporters": ("console", "otlp_proto_grpc")}),
        (
            {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
            {"exporters": ("otlp_proto_http",)},
        ),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://a:1", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://b:2"}, {"target": Target("a:1")}),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://b:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, {"target": Target("b:4317")}),
        ({"OTEL_EXPORTER_OTLP_HEADERS": "X-Key=a%20b, tenant=1"}, {"headers": (("x-key", "a b"), ("tenant", "1"))}),
        ({"OTEL_EXPORTER_OTLP_CERTIFICATE": "ca.pem"}, {"certificate": "ca.pem"}),
        ({"UNSPAN_INCLUDE": "shop.*, blog", "UNSPAN_EXCLUDE": "shop.noise"}, {"include": ("shop.*", "blog"), "exclude": ("shop.noise",)}),
        ({"UNSPAN_CALLS": "off", "UNSPAN_MAX_CALLS": "5"}, {"calls": False, "max_calls": 5}),
        ({"UNSPAN_MAX_BODY": "10", "UNSPAN_MAX_ROWS": "0"}, {"max_body": 10, "max_rows": 0}),
        ({"UNSPAN_MAX_VALUE": "512", "UNSPAN_MAX_CONTENT": "0"}, {"max_value": 512, "max_content": 0}),
        ({"UNSPAN_MAX_TRACE": "65536", "UNSPAN_MAX_ROW_BYTES": "7"}, {"max_trace": 65536, "max_row_bytes": 7}),
        ({"UNSPAN_LINEAGE_SECONDS": "0"}, {"lineage_seconds": 0}),
        ({"UNSPAN_WORKS": "0"}, {"works": ()}),
        ({"UNSPAN_REDACT": "off"}, {"redact": None}),
        ({"UNSPAN_REDACT": "iban, !csrf*", "UNSPAN_REDACTED": "a%20b"}, {"redact": ("iban", "!csrf*"), "redacted": "a%20b"}),
        ({"UNSPAN_VALUES": "0", "UNSPAN_PATHS": "/api/*", "UNSPAN_SAMPLE": "0.1"}, {"values": False, "paths": ("/api/*",), "sample": 0.1}),
        ({"UNSPAN_HEADER": "X-Record"}, {"header": "X-Record"}),
        ({"UNSPAN_WORKS": "test, task"}, {"works": ("test", "task")}),
        ({"UNSPAN_QUEUE_BYTES": "2000000", "UNSPAN_EXPORT_INTERVAL": "0.5"}, {"queue_bytes": 2_000_000, "export_interval": 0.5}),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) and all(name.isupper() for name in value) else "",
)
def test_read(environ: dict[str, str], expected: dict[str, Any]) -> None:
    found = read(environ)
    assert {field.name: getattr(found, field.name) for field in fields(found)} == {
        field.name: expected.get(field.name, getattr(Settings(), field.name)) for field in fields(found)
    }


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("UNSPAN_ENABLED", "perhaps", "1 or 0"),
        ("UNSPAN_CALLS", "2", "1 or 0"),
        ("UNSPAN_SAMPLE", "2", "a number from 0 to 1"),
        ("UNSPAN_SAMPLE", "nan", "a number from 0 to 1"),
        ("UNSPAN_HEADER", "X Record", "the name of a header"),
        ("UNSPAN_VALUES", "some", "1 or 0"),
        ("UNSPAN_WORKS", "tests", "a list of task, command, test, script with commas, 1 or 0"),
        ("UNSPAN_MAX_CALLS", "-1", "a whole number from 0"),
        ("UNSPAN_MAX_ROWS", "1.5", "a whole number from 0"),
        ("UNSPAN_MAX_BODY", "4M", "a whole number of bytes from 0"),
        ("UNSPAN_MAX_VALUE", "511", "a whole number of bytes from 512"),
        ("UNSPAN_MAX_TRACE", "4M", "a whole number of bytes from 65536"),
        ("UNSPAN_LINEAGE_SECONDS", "61", "a number of seconds from 0 to 60"),
        ("UNSPAN_QUEUE_BYTES", "100", "a whole number of bytes from 1048576"),
        ("UNSPAN_EXPORT_INTERVAL", "nan", "a number of seconds from 0.05 to 60"),
        ("UNSPAN_ENDPOINT", "ftp://x", "host:port or http(s)://host:port"),
        ("UNSPAN_ENDPOINT", "x:99999", "host:port or http(s)://host:port"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://", "host:port or http(s)://host:port"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "novalue", "a list of name=value with commas"),
    ],
)
def test_wrong_values(name: str, value: str, wanted: str) -> None:
    with pytest.raises(SettingError) as raised:
        read({name: value})
    assert str(raised.value) == f"{name}={value!r} is not {wanted}; nothing is recorded until it is corrected or removed"
