"""Why nothing was recorded or generated: one finding a question, each with what to do. Changes nothing anywhere."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from unspan_proto.readapi.traces_pb2 import ListRequest

from unspan_inverter import interpreters
from unspan_inverter.errors import InverterError
from unspan_inverter.project_files import fits, in_manage, modules
from unspan_inverter.reading import Collector
from unspan_inverter.runners import manage_py, runner
from unspan_inverter.settings import Settings, endpoint, for_tests, recording
from unspan_inverter.showing.gaps import advice
from unspan_inverter.showing.text import cut, inert

COUNTED = 1000
"""Traces are counted up to this many."""
ASKED = ("django", "unspan", "opentelemetry-sdk", "opentelemetry-instrumentation-django", "opentelemetry-distro")
PROBE = """
import json, os, sys
from importlib import metadata
def version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
entries = [one.value for one in metadata.entry_points(group="opentelemetry_pre_instrument") if one.name == "unspan"]
beside = os.path.join(os.path.dirname(sys.executable), "opentelemetry-instrument")
print(json.dumps({"python": sys.version.split()[0], "versions": {name: version(name) for name in sys.argv[1:]},
                  "entries": entries, "wrapper": beside if os.path.exists(beside) else None}))
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer: what was asked, whether all is well, what was found, what to do when it is not."""

    check: str
    ok: bool
    detail: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where and with what the questions are asked."""

    here: Path
    settings: Settings
    environ: Mapping[str, str]
    endpoint: str | None = None

    def manage(self) -> Path | None:
        try:
            return manage_py(self.here, self.here)
        except InverterError:
            return None

    def python(self) -> str:
        manage = self.manage()
        return interpreters.python(self.settings, (*([manage.parent] if manage else []), self.here), for_tests(self.environ))


def findings(place: Place) -> Iterator[Finding]:
    """Every question in the order in which things go wrong."""
    for question in QUESTIONS:
        try:
            yield from question(place)
        except InverterError as error:
            detail, _, advice = str(error).partition("\n")
            yield Finding(question.__name__.replace("_", " "), False, detail.rstrip("."), advice)


def versions(place: Place) -> Iterator[Finding]:
    python = place.python()
    found = probe(python, place)
    if found is None:
        yield Finding("python", False, f"{python} cannot be run", "Name the project's Python: python = … in [tool.unspan].")
        return
    yield Finding("python", True, f"{found['python']} at {python}")
    said = ", ".join(f"{name} {version}" for name, version in found["versions"].items() if version)
    missing = [name for name in ASKED[:4] if not found["versions"][name]]
    yield Finding(
        "packages",
        not missing,
        said or "none",
        f"Install into the project's environment: pip install unspan (missing: {', '.join(missing)})." if missing else "",
    )
    yield recorder(found, python)
    yield wrapper(found, place)


def probe(python: str, place: Place) -> dict[str, Any] | None:
    """What the project's Python has installed."""
    done = interpreters.probed(python, PROBE, ASKED, for_tests(place.environ))
    try:
        return json.loads(done.stdout)
    except ValueError:
        return None


def recorder(found: Mapping[str, Any], python: str) -> Finding:
    if found["entries"]:
        return Finding("recorder", True, f"found by opentelemetry-instrument ({', '.join(found['entries'])})")
    return Finding(
        "recorder",
        False,
        f"opentelemetry-instrument would not find unspan in {python}",
        f"Install it there: {python} -m pip install unspan",
    )


def wrapper(found: Mapping[str, Any], place: Place) -> Finding:
    path = found["wrapper"] or shutil.which("opentelemetry-instrument", path=place.environ.get("PATH"))
    if path:
        return Finding("wrapper", True, f"{path} (start the application as: opentelemetry-instrument python manage.py runserver)")
    return Finding("wrapper", False, "there is no command opentelemetry-instrument", "It comes with: pip install unspan")


def environment(place: Place) -> Iterator[Finding]:
    """The variables that would switch recording off or send it elsewhere."""
    found = recording(place.environ)
    off = [name for name, value in found.items() if switched_off(name, value)]
    said = (
        ", ".join(f"{name}={value if 'HEADERS' not in name else '…'}" for name, value in found.items())
        or "no OTEL_ or UNSPAN_ variable is set here"
    )
    yield Finding("environment", not off, said, f"Unset {', '.join(off)}: recording is switched off by it." if off else "")


def switched_off(name: str, value: str) -> bool:
    words = value.lower().split(",")
    return {
        "OTEL_SDK_DISABLED": "true" in words,
        "UNSPAN_ENABLED": bool({"0", "false", "no", "off"}.intersection(words)),
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": bool({"django", "*"}.intersection(word.strip() for word in words)),
        "OTEL_TRACES_SAMPLER": value == "always_off",
    }.get(name, False)


def settings_module(place: Place) -> Iterator[Finding]:
    """The name that the environment or manage.py gives, and whether there is such a file."""
    manage = place.manage()
    name = place.environ.get("DJANGO_SETTINGS_MODULE") or (in_manage(manage) if manage else None)
    if not name:
        where = f"neither DJANGO_SETTINGS_MODULE nor {manage or 'a manage.py'} names one"
        yield Finding("settings module", False, where, "Run inverter in the folder of manage.py, or set DJANGO_SETTINGS_MODULE.")
        return
    root = manage.parent if manage else place.here
    there = any(
        (root / Path(*name.split("."))).with_suffix(".py").exists() or (root / Path(*name.split(".")) / "__init__.py").exists()
        for root in (root, place.here)
    )
    where = "" if there else " (no such file below the project: it must be installed)"
    yield Finding("settings module", True, f"{name}{where}")


def recorded_modules(place: Place) -> Iterator[Finding]:
    """Which of the project's modules calls are recorded of."""
    manage = place.manage()
    root = manage.parent if manage else place.here
    include, exclude = patterns(place, "UNSPAN_INCLUDE"), patterns(place, "UNSPAN_EXCLUDE")
    every = list(modules(root))
    fitting = [name for name in every if (not include or fits(name, include)) and not fits(name, exclude)]
    said = f"{len(fitting)} of {len(every)} modules below {root}" + (
        f": {', '.join(fitting[:5])}{', …' if len(fitting) > 5 else ''}" if fitting else ""
    )
    if include:
        said += f"; UNSPAN_INCLUDE={','.join(include)} also takes installed packages of that name"
    named = [one for one in include if not any(fits(name, (one,)) for name in every) and not one.split(".")[0].rstrip("*")]
    bad = (not fitting and not include) or bool(named)
    yield Finding(
        "recorded modules", not bad, said, "Run inverter in the project's folder; patterns are module names, as in core.*" if bad else ""
    )


def patterns(place: Place, name: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in place.environ.get(name, "").split(",") if word.strip())


def collector(place: Place) -> Iterator[Finding]:
    """Whether one answers, and what it holds."""
    chosen = endpoint(place.endpoint, place.environ)
    with Collector(chosen) as asked:
        found = asked.newest(ListRequest(limit=COUNTED))
    yield Finding("collector", True, f"answers at {chosen.address}")
    if not found:
        advice = "Make a request to the application while it runs under opentelemetry-instrument; the project is recorded by UNSPAN_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT."
        yield Finding("traces", False, "none", advice)
        return
    newest = found[0]
    many = f"{len(found)}{' or more' if len(found) == COUNTED else ''}"
    said = f"{many}, the newest {newest.trace_id[:12]}: {newest.method} {newest.path} → {newest.status or 'in flight'}, {newest.spans} span{'s' * (newest.spans != 1)}, {newest.sql} sql"
    yield Finding("traces", newest.complete, said, "" if newest.complete else incomplete(list(newest.lost)))


def incomplete(lost: list[str]) -> str:
    """What the newest trace lacks, and what to do about it: one line a gap."""
    if not lost:
        return "The newest is not complete: wait for its end, or record it again."
    return "\n".join(["The newest is not complete:", *(f"{sentence}: {advice(sentence)}" for sentence in lost)])


def test_runner(place: Place) -> Iterator[Finding]:
    manage = place.manage()
    file = (manage.parent if manage else place.here) / "test_example.py"
    found = runner(file, place.settings.style, place.settings, place.here, for_tests(place.environ))
    yield Finding("test runner", True, f"{found} (in {found.folder})")


def ours(place: Place) -> Iterator[Finding]:
    yield Finding("inverter", True, f"unspan {metadata.version('unspan')}")


QUESTIONS: tuple[Callable[[Place], Iterator[Finding]], ...] = (
    ours, versions, environment, settings_module, recorded_modules, collector, test_runner,
)  # fmt: skip


def line(finding: Finding) -> str:
    """A finding as text for a terminal."""
    text = f"{'ok     ' if finding.ok else 'problem'}  {finding.check:17} {cut(inert(finding.detail), 300)}"
    if finding.ok or not finding.advice:
        return text
    told = [inert(one) for one in finding.advice.splitlines()]
    return "\n".join([f"{text}\n{'':9}→ {told[0]}", *(f"{'':11}{one}" for one in told[1:])])
