"""Outbound answers by the libraries of HTTP mocking that a project may have: the test that is written is run, against the real client and the real library."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from unspan_inverter.code import source
from unspan_inverter.events import HttpAnswered
from unspan_inverter.plan.expressions import Assign, Check, Import, Name, Plan, call
from unspan_inverter.plan.habits import Habits

from . import outside_calls
from .test_services import URL, stubs

MADE = (("Content-Type", "text/plain"), ("X-Made", "1"))
JSON = (("Content-Type", "application/json"), ("X-Made", "2"))
FUNCTIONS = {
    "requests": "by_requests", "httpx": "by_httpx", "httpx.async": "by_httpx_async", "urllib3": "by_urllib3", "urllib": "by_urllib",
    "http.client": "by_http_client", "aiohttp": "by_aiohttp", "botocore": "by_botocore",
}  # fmt: skip
"""Client → a function that posts by it and gives the status, the body and the header `X-Made`."""
LIBRARIES = {
    "responses": (["requests"], "@responses.activate"),
    "respx": (["httpx", "httpx.async"], "@respx.mock"),
    "pytest-httpx": (["httpx", "httpx.async"], "def test_outside(client, httpx_mock)"),
    "mocket": (["requests", "urllib", "urllib3", "botocore", "httpx"], "@mocketize(strict_mode=True)"),
}
WAYS = [(library, client) for library, (clients, _) in LIBRARIES.items() for client in clients]


def answered(client: str, **more: Any) -> HttpAnswered:
    said: dict[str, Any] = {"span": "1", "client": client, "method": "POST", "url": URL, "headers": (), "body": b"", "status": 201}
    return HttpAnswered(**{**said, "response_headers": MADE, "response_body": b"made", **more})


def written(library: str, exchanges: Sequence[HttpAnswered], function: Any, expected: object) -> str:
    (stub,) = stubs(exchanges, {library: "9.0"}, Habits(style="pytest"))
    plan = Plan(
        class_name="OutsideTests", method_name="test_outside", trace_id="4f1c", constants=(), rows=(), arrange=stub.arrange, contexts=stub.contexts,
        act=(Assign(Name("found"), call(function, URL)),), asserts=(Check("equal", (Name("found"), expected)), *stub.asserts), needs_database=False,
        functions=stub.functions, decorators=stub.decorators,
    )  # fmt: skip
    return source([plan], "pytest")


def outcome(folder: Path, texts: dict[str, str]) -> dict[str, bool]:
    """Name → whether the test passed, in a process of its own: these libraries put themselves into sockets."""
    for name, text in texts.items():
        (folder / f"test_{name}.py").write_text(text)
    shutil.copy(str(outside_calls.__file__), folder)
    (folder / "conftest.py").write_text("import pytest\n\n\n@pytest.fixture\ndef client():\n    return None\n")
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:django",
        "-p",
        "no:cacheprovider",
        "-q",
        "-rA",
        "--rootdir",
        str(folder),
        str(folder),
    ]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    passed = [
        line.removeprefix("PASSED ").split("::")[0].rsplit("/", 1)[-1] for line in done.stdout.splitlines() if line.startswith("PASSED")
    ]
    ran = {name: f"test_{name}.py" in passed for name in texts}
    assert "error" not in done.stdout.lower().splitlines()[-1] or not all(ran.values()), done.stdout[-3000:]
    return ran


def function(name: str) -> Import:
    return Import("outside_calls", name)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool]:
    """Every library with each of its clients: one answer, several, and a request that is not made."""
    texts: dict[str, str] = {}
    for library, client in WAYS:
        name, by = f"{library}_{client}".replace("-", "_").replace(".", "_"), function(FUNCTIONS[client])
        texts[f"{name}_once"] = written(library, [answered(client)], by, (201, b"made", "1"))
        texts[f"{name}_unmade"] = written(library, [answered(client)], Import("builtins", "len"), len(URL))
        texts[f"{name}_elsewhere"] = written(library, [answered(client, url=f"{URL}/other")], by, (201, b"made", "1"))
        texts[f"{name}_document"] = written(
            library,
            [answered(client, response_headers=JSON, response_body=b'{"n":1}')],
            by,
            (201, b'{"n":1}' if library != "responses" else b'{"n": 1}', "2"),
        )
    return outcome(tmp_path_factory.mktemp("libraries"), texts)


@pytest.mark.parametrize(("library", "client"), WAYS, ids=["-".join(way) for way in WAYS])
def test_a_test_passes_and_notices_other_requests(library: str, client: str, outcomes: dict[str, bool]) -> None:
    name = f"{library}_{client}".replace("-", "_").replace(".", "_")
    found = {what: outcomes[f"{name}_{what}"] for what in ("once", "document", "unmade", "elsewhere")}
    assert found == {"once": True, "document": True, "unmade": False, "elsewhere": False}


@pytest.mark.parametrize("library", LIBRARIES)
def test_it_is_switched_on_by_its_own_means(library: str) -> None:
    clients, line = LIBRARIES[library]
    assert line in written(library, [answered(clients[0])], function(FUNCTIONS[clients[0]]), (201, b"made", "1"))


def test_of_style_django_there_are_no_fixtures() -> None:
    (stub,) = stubs([answered("httpx")], {"pytest-httpx": "9.0"}, Habits(style="django"))
    assert stub.arrange == ()


def test_what_a_client_raised_is_raised_by_other_means_than_sockets() -> None:
    (stub,) = stubs([answered("requests", error="requests.exceptions.ReadTimeout", status=0, response_body=None)], {"mocket": "9.0"})
    assert (stub.arrange, stub.decorators) == ((), ())
