"""Recording is on under the plain wrapper, however the project is started, and the server's standard span stays whole."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from unspan_proto import vocabulary as v
from unspan_proto.span import Span
from unspan_proto.values import Instance

from .serving import WRAPPER, Server, environment, startproject
from .sink import Sink


@pytest.fixture(scope="session")
def distro(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with `opentelemetry-distro`, as an environment that has it would have it."""
    folder = tmp_path_factory.mktemp("distro")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--disable-pip-version-check", "--target", str(folder)]
    subprocess.run([*command, "opentelemetry-distro"], check=True, timeout=300)
    return str(folder)


def hello(trace: list[Span]) -> dict[str, object]:
    """What must be the same however the request was recorded: every span with its place, its name and what does not vary."""
    names = {span.span_id: span.name for span in trace}
    return {
        span.name: (
            span.what,
            span.kind,
            span.status,
            names.get(span.parent_id),
            span.value(v.ARGUMENTS),
            span.value(v.RETURN),
            span.value(v.LOST),
        )
        for span in trace
    }


def expected() -> dict[str, object]:
    request = Instance("django.core.handlers.wsgi.WSGIRequest", {"method": "GET", "path": "/hello/21/"})
    response = Instance("django.http.response.JsonResponse", {"status_code": 200})
    server = "GET hello/<int:number>/"
    return {
        server: (v.REQUEST, 2, 0, None, None, None, None),
        "shop.views.hello": (v.CALL, 1, 0, server, {"request": request, "number": 21}, response, None),
        "shop.views.double": (v.CALL, 1, 0, "shop.views.hello", {"number": 21}, 42, None),
        "end": (v.END, 1, 0, server, None, None, []),
    }


@pytest.mark.parametrize("with_distro", [False, True], ids=["no distro", "distro"])
@pytest.mark.parametrize("exported", [False, True], ids=["stock manage.py", "DJANGO_SETTINGS_MODULE"])
@pytest.mark.parametrize("flags", [("--noreload",), ()], ids=["noreload", "autoreload"])
def test_runserver_is_recorded(
    project: Path, sink: Sink, flags: tuple[str, ...], exported: bool, with_distro: bool, request: pytest.FixtureRequest
) -> None:
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{sink.address}", "OTEL_SERVICE_NAME": "the shop"}
    if exported:
        env["DJANGO_SETTINGS_MODULE"] = "mysite.settings"
    if with_distro:
        env |= {"PYTHONPATH": request.getfixturevalue("distro"), "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
    with Server(project, env=env, flags=flags) as server:
        assert server.ask("/hello/21/").body == b'{"double": 42}'
        [trace] = sink.traces(1)
    assert hello(trace) == expected()
    assert {span.resource["service.name"] for span in trace} == {"the shop"}
    assert {span.scope for span in trace} == {v.SCOPE, "opentelemetry.instrumentation.django"}


def test_with_a_distro_each_span_comes_once(project: Path, sink: Sink, distro: str) -> None:
    """The distro's own exporter sends to the same collector: the server span is left to us."""
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{sink.address}", "PYTHONPATH": distro, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    with Server(project, env={**env, "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}) as server:
        for _ in range(3):
            server.ask("/")
        sink.traces(3)
        server.ask("/")
        sink.traces(4)
    ids = [span.span_id for span in sink.spans()]
    assert len(ids) == len(set(ids))


def test_another_folder(tmp_path: Path, sink: Sink) -> None:
    """`python src/manage.py` from the folder above."""
    startproject(tmp_path / "src")
    with Server(tmp_path, env={"UNSPAN_ENDPOINT": sink.address}, manage="src/manage.py") as server:
        assert server.ask("/hello/21/").status == 200
        [trace] = sink.traces(1)
    assert hello(trace) == expected()


@pytest.mark.parametrize(
    "env",
    [{"UNSPAN_ENABLED": "0"}, {"UNSPAN_ENABLED": "false"}, {"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_SAMPLER": "always_off"},
     {"OTEL_PYTHON_DJANGO_EXCLUDED_URLS": "hello"}, {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "django"}],
    ids=lambda env: "=".join(*env.items()),
)  # fmt: skip
def test_off_means_off(project: Path, sink: Sink, env: dict[str, str]) -> None:
    with Server(project, env={"UNSPAN_ENDPOINT": sink.address, "UNSPAN_EXPORT_INTERVAL": "0.05", **env}) as server:
        assert server.ask("/hello/21/").status == 200
        if "EXCLUDED" in next(iter(env)):  # another request is recorded: what was sent for the first would have come before
            server.ask("/")
            [trace] = sink.traces(1)
            assert [span.attributes[v.PATH] for span in trace if span.what == v.REQUEST] == ["/"]
            return
        server.stop(2)
        assert (sink.spans(), "unspan" in server.said()) == ([], False)


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"UNSPAN_MAX_CALLS": "many"}, "unspan: UNSPAN_MAX_CALLS='many' is not a whole number from 0"),
        ({"UNSPAN_ENDPOINT": "no port:x"}, "unspan: UNSPAN_ENDPOINT='no port:x' is not host:port or http(s)://host:port"),
    ],
    ids=["number", "endpoint"],
)
def test_a_wrong_setting_is_one_line_and_the_application_runs(project: Path, env: dict[str, str], said: str) -> None:
    with Server(project, env=env) as server:
        assert server.ask("/hello/21/").body == b'{"double": 42}'
        lines = [line for line in server.said().splitlines() if "unspan" in line]
    assert lines == [f"{said}; nothing is recorded until it is corrected or removed"]


UNMADE = """
from unspan_instrumentation import launch
launch.made = lambda: 1 / 0
launch.before()
from opentelemetry.instrumentation.django import DjangoInstrumentor
DjangoInstrumentor().instrument()
from django.conf import settings
print(settings.configured)
"""


def test_where_recording_cannot_start_the_application_configures_itself(tmp_path: Path) -> None:
    """OpenTelemetry's Django instrumentor, which is installed with us, is kept from configuring empty settings."""
    done = subprocess.run([sys.executable, "-c", UNMADE], cwd=tmp_path, env=environment({}), capture_output=True, text=True, timeout=60)
    said = "unspan: recording could not start (ZeroDivisionError: division by zero); the application runs without it\n"
    assert (done.stdout, done.stderr) == ("False\n", said)


@pytest.fixture
def own_provider(tmp_path: Path) -> Path:
    """A project that sets a tracer provider of its own, when its first request comes."""
    folder = startproject(tmp_path / "own")
    views = folder / "shop" / "views.py"
    views.write_text(views.read_text() + OWN_PROVIDER)
    return folder


OWN_PROVIDER = """

def index(request):
    from opentelemetry import trace
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": "set late"}))
    provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
    trace.set_tracer_provider(provider)
    return HttpResponse(type(trace.get_tracer_provider()).__name__)
"""


def test_a_provider_that_the_application_sets_late_takes_over(own_provider: Path, sink: Sink) -> None:
    with Server(own_provider, env={"UNSPAN_ENDPOINT": sink.address}) as server:
        server.ask("/")
        server.ask("/hello/21/")
        traces = sink.traces(2)
        said = server.said()
    assert hello(traces[1]) == expected()
    assert {span.resource["service.name"] for span in traces[1]} == {"set late"}
    assert ("Overriding" in said, "hello/<int:number>/" in said) == (False, True)


SEEDED = """

def index(request):
    import random

    if request.GET:
        random.seed(7)
    return JsonResponse(random.getrandbits(32), safe=False)
"""


def test_a_seeded_application_draws_what_it_drew_before(tmp_path: Path, sink: Sink) -> None:
    """The server's spans need ids: they come from elsewhere, and are not the same ones after the same seed."""
    folder = startproject(tmp_path / "seeded")
    views = folder / "shop" / "views.py"
    views.write_text(views.read_text() + SEEDED)
    plain = random.Random(7)
    drawn = [plain.getrandbits(32), plain.getrandbits(32)]
    with Server(folder, env={"UNSPAN_ENDPOINT": sink.address}) as server:
        answers = [int(server.ask(path).body) for path in ("/?seed", "/", "/?seed", "/")]
        sink.traces(4)
    assert answers == drawn * 2
    assert len({(span.trace_id, span.span_id) for span in sink.spans()}) == len(sink.spans())


def test_a_program_without_django_runs_as_before(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import sys, threading; print('grpc' in sys.modules, threading.active_count())")
    env = environment({"UNSPAN_ENDPOINT": "127.0.0.1:1"})
    done = subprocess.run([WRAPPER, sys.executable, str(script)], capture_output=True, text=True, env=env, timeout=60)
    assert (done.stdout, done.stderr) == ("False 1\n", "")
