"""200 secrets, planted in every place of an application on a real server: none of them leaves it, and what is made of its traces works."""

import base64
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from collector.process import Process
from instrumentation.serving import Server, environment
from unspan_inverter.cli.options import source
from unspan_inverter.errors import Redacted
from unspan_inverter.generate import generated
from unspan_inverter.trace import Trace, built
from unspan_proto.span import Span

from .canaries import HELD, PLANTED, SECRETS, SENT, found, said

PROJECT = Path(__file__).parent / "project"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SEED = """
import json, os, sys
import django
django.setup()
from django.contrib.auth import get_user_model
from safe.models import Device
known = json.load(open(os.environ["SAFE_SECRETS"]))
for number, secret in enumerate(known["rows"]):
    Device.objects.create(name=f"old {number}", api_key=secret, webhook_secret=secret, settings={"auth_token": secret, "level": number})
for number, secret in enumerate(known["keyed"]):
    Device.objects.create(name=f"keyed {number}", api_key=secret)
for number, secret in enumerate(known["signed_in"]):
    get_user_model().objects.create_user(f"ann{number}", password=secret)
"""


def request(place: str, secret: str, number: int) -> dict[str, object]:
    """The request that brings a secret to its place."""
    kinds: Mapping[str, dict[str, object]] = {
        "header": {"headers": {"X-Api-Key": secret}},
        "authorization": {"headers": {"Authorization": f"Bearer {secret}"}},
        "basic": {"headers": {"Authorization": "Basic " + base64.b64encode(f"ann:{secret}".encode()).decode()}},
        "cookie": {"headers": {"Cookie": f"theme=dark; refresh_token={secret}"}},
        "query": {"path": f"/query/?page=1&access_token={quote(secret, safe='')}"},
        "invite": {"path": f"/invite/{quote(secret, safe='')}/"},
        "form": {"method": "POST", "body": urlencode({"name": "ann", "new_password1": secret}).encode(), "headers": FORM},
        "joined": {"method": "POST", "body": urlencode({"username": f"new{number}", "password": secret}).encode(), "headers": FORM},
        "signed_in": {"method": "POST", "body": urlencode({"username": f"ann{number}", "password": secret}).encode(), "headers": FORM},
        "document": {"method": "POST", "body": json.dumps({"user": {"name": "ann", "password": secret}}).encode(), "headers": {"Content-Type": "application/json"}},
        "upload": {
            "method": "POST", "headers": {"Content-Type": "multipart/form-data; boundary=b"},
            "body": f'--b\r\nContent-Disposition: form-data; name="passphrase"\r\n\r\n{secret}\r\n--b--\r\n'.encode(),
        },
        "promised": {"path": f"/promised/?token={quote(secret, safe='')}"},
        "bearer": {"headers": {"Authorization": f"Bearer {secret}"}},
        "literal": {"headers": {"X-Api-Key": secret}},
        "keyed": {"headers": {"X-Api-Key": secret}},
    }  # fmt: skip
    return {"path": f"/{place}/", **kinds[place]}


class Told:
    """The application's traces, as the collector has them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.secrets = folder / "secrets.json"
        self.secrets.write_text(json.dumps(PLANTED))
        self.traces: dict[str, Trace] = {}
        self.spans: list[Span] = []
        subprocess.run(["cp", "-r", str(PROJECT), str(self.folder)], check=True)
        self.env = {"SAFE_SECRETS": str(self.secrets), "DJANGO_SETTINGS_MODULE": "mysite.settings"}
        for words in (["manage.py", "migrate", "-v0"], ["-c", SEED]):
            subprocess.run([sys.executable, *words], cwd=self.folder, env=environment(self.env), check=True)
        store = folder / "traces.sqlite3"
        with Process(store) as collector:
            env = {**self.env, "UNSPAN_ENDPOINT": collector.grpc, "UNSPAN_EXCLUDE": "keep", "UNSPAN_EXPORT_INTERVAL": "0.1"}
            with Server(self.folder, env=env) as server, source(collector.grpc, None) as received:
                ids: dict[str, str] = {}
                for name, asked in self.requests():
                    ids[name] = trace_id = f"{len(ids) + 1:032x}"
                    headers = {**asked.pop("headers", {}), "traceparent": f"00-{trace_id}-{1:016x}-01"}  # type: ignore[dict-item]
                    self.answered(name, server.ask(headers=headers, **asked).status)  # type: ignore[arg-type]
                for name, trace_id in ids.items():
                    fetched = received.fetched(trace_id)
                    self.spans += [*fetched.spans(), *fetched.project_spans()]
                    self.traces[name] = built(fetched.spans(), fetched.project_spans())
                self.said = [line for line in server.said().splitlines() if "unspan" in line]
            self.status = subprocess.run(
                [sys.executable, "-m", "unspan_collector", "status", "--grpc", collector.grpc], capture_output=True, text=True, timeout=60, check=False
            ).stdout  # fmt: skip
        self.stored = store.read_bytes()

    def requests(self) -> Iterator[tuple[str, dict[str, object]]]:
        yield "literal", request("literal", "written-in-the-code-42", 0)
        for place in (*SENT, "signed_in", "promised", "bearer"):
            for number, secret in enumerate(PLANTED[place]):
                yield f"{place} {number}", request(place, secret, number)
        for place in (
            *(one for one in HELD if one not in ("settings", "nested_settings", "upstream")),
            "values",
            "configured",
            "fetched",
            "shaped",
        ):
            yield place, {"path": f"/{place}/"}

    def answered(self, name: str, status: int) -> None:
        assert status in (200, 201), (name, status)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return Told(tmp_path_factory.mktemp("canaries"))


def test_they_are_many() -> None:
    assert len(set(SECRETS)) >= 200


def test_none_is_sent_or_stored(told: Told) -> None:
    """In whatever spelling, and decoded: what the recorder sent, the collector's file, what both said."""
    leaks = found([text for span in told.spans for text in said(span)])
    assert leaks == [], "\n".join(leaks)
    assert found([told.stored.decode("latin-1"), told.status, *told.said]) == []


def test_every_trace_is_whole(told: Told) -> None:
    assert {name: trace.gaps for name, trace in told.traces.items() if trace.gaps} == {}


def test_a_secret_that_the_code_holds_makes_no_test(told: Told) -> None:
    with pytest.raises(Redacted, match=r"in the code of safe.views.literal, .*\n.*UNSPAN_REDACT=off"):
        generated([told.traces["literal"]])


def test_generated_tests_hold_none_and_pass(told: Told) -> None:
    there = told.folder / "safe" / "tests"
    there.mkdir()
    (there / "__init__.py").touch()
    written = {name: generated([trace]).source for name, trace in told.traces.items() if name != "literal"}
    assert found([*written.values()]) == []
    for name, text in written.items():
        (there / f"test_{name.replace(' ', '_')}.py").write_text(text)
    done = subprocess.run([sys.executable, "manage.py", "test", "-v0"], cwd=told.folder, env=environment(told.env), capture_output=True, text=True, timeout=300)  # fmt: skip
    failed = re.findall(r"^(?:FAIL|ERROR): \w+ \(safe\.tests\.(\w+)", done.stderr, re.MULTILINE)
    assert (failed, f"Ran {len(written)} tests" in done.stderr) == ([], True), done.stderr[-6000:]
