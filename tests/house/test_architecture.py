"""The arrows of ARCHITECTURE.md: who imports whom, between the parts and inside the inverter."""

import ast
import sys
from importlib.metadata import packages_distributions, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .sources import PARTS, Imported, Source, sources

STAGES = ("trace", "events", "facts", "plan", "code")
CONSTRUCTORS = {"unspan_inverter.plan.expressions"}
"""Modules whose lower-case names make the stage's types."""
SHARED_QUESTIONS = {
    ("unspan_inverter.facts.parents", "target"),
    ("unspan_inverter.facts.parents", "elsewhere"),
    ("unspan_inverter.facts.kinds", "plain_key"),
    ("unspan_inverter.facts.units", "hollow"),
    ("unspan_inverter.facts.reads", "by_key"),
}
"""Questions that two stages ask: which model a foreign key leads to, in which database its row is, whether two keys are one, whether a value was carried
whole, and which rows a query asks for by their keys."""
ASKS_A_FORMATTER = {"unspan_inverter.code.layout"}
"""Ruff is a program: laying text out is a pure function that happens to run in a process of its own."""
IN_THE_PROJECT = "unspan_inverter.proving.warm."
"""Run by the project's own Python, in its own test runner: what it imports besides Django is that runner."""
RUNNERS = {"pytest", "_pytest"}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc", "base"}
ALL = [source for part in PARTS for source in sources(part)]
INVERTER = sources("unspan_inverter")


def ids(source: Source) -> str:
    return source.module


@pytest.mark.parametrize("part", PARTS)
def test_a_part_imports_itself_and_the_contract_only(part: str) -> None:
    allowed = {part, "unspan_proto"}
    assert [s.at(one) for s in sources(part) for one in s.imports if one.package in PARTS and one.package not in allowed] == []


@pytest.mark.parametrize("part", PARTS)
def test_a_part_has_modules_to_look_at(part: str) -> None:
    assert len(sources(part)) > 3


def stage(module: str) -> str | None:
    """The stage that a module of the inverter belongs to; None for an edge."""
    words = module.split(".")
    return words[1] if len(words) > 1 and words[0] == "unspan_inverter" and words[1] in STAGES else None


@pytest.mark.parametrize("source", [s for s in INVERTER if stage(s.module)], ids=ids)
def test_a_stage_imports_only_earlier_stages(source: Source) -> None:
    """Trace → events → facts → plan → code; edges, which do input and output, are imported by no stage."""
    mine = STAGES.index(stage(source.module) or "")
    wrong = [source.at(one) for one in source.imports if one.package == "unspan_inverter" and not reachable(one, mine)]
    assert wrong == []


def reachable(one: Imported, mine: int) -> bool:
    target = stage(one.module) or stage(f"{one.module}.{one.name}")
    return one.module == "unspan_inverter.errors" or (target is not None and STAGES.index(target) <= mine)


@pytest.mark.parametrize("source", [s for s in INVERTER if stage(s.module)], ids=ids)
def test_a_stage_imports_only_types_of_another(source: Source) -> None:
    """Types and constants, no functions: what a stage does is called by the edge that joins them."""
    others = [one for one in source.imports if stage(one.module) not in (None, stage(source.module)) and one.module not in CONSTRUCTORS]
    assert [source.at(one) for one in others if not one.name[:1].isupper() and (one.module, one.name) not in SHARED_QUESTIONS] == []


@pytest.mark.parametrize("source", [s for s in INVERTER if stage(s.module) and s.module not in ASKS_A_FORMATTER], ids=ids)
def test_a_stage_does_no_input_or_output(source: Source) -> None:
    devices = {"socket", "subprocess", "shutil", "tempfile", "grpc", "click", "rich", "os", "sys", "time", "random", "threading", "logging"}
    assert [source.at(one) for one in source.imports if one.package in devices] == []
    called = {node.id for node in ast.walk(ast.parse(source.path.read_text())) if isinstance(node, ast.Name)}
    assert called & {"open", "print", "input", "eval", "exec"} == set()


@pytest.mark.parametrize("source", ALL, ids=ids)
def test_no_module_is_named_after_nothing(source: Source) -> None:
    assert set(source.module.split(".")) & FORBIDDEN_NAMES == set()


@pytest.mark.parametrize("source", ALL, ids=ids)
def test_a_module_says_what_lives_in_it(source: Source) -> None:
    text = source.path.read_text()
    assert not text.strip() or ast.get_docstring(ast.parse(text))


def brought(extras: frozenset[str], deep: bool = False) -> set[str]:
    """The importable packages of what `unspan[extras]` requires itself; with `deep`, of everything that its installation brings."""
    found: set[tuple[str, frozenset[str]]] = set()
    todo = [("unspan", extras)]
    while todo:
        name, chosen = todo.pop()
        for requirement in map(Requirement, requires(name) or [] if deep or name == "unspan" else []):
            marker = requirement.marker
            one = (canonicalize_name(requirement.name), frozenset(requirement.extras))
            if one not in found and (marker is None or any(marker.evaluate({"extra": extra}) for extra in (*chosen, ""))):
                found.add(one)
                todo.append(one)
    names = {name for name, _ in found}
    return {module for module, owners in packages_distributions().items() if names & {canonicalize_name(owner) for owner in owners}}


EXTRAS = {
    "unspan_proto": frozenset[str](),
    "unspan_instrumentation": frozenset[str](),
    "unspan_collector": frozenset({"collector"}),
    "unspan_inverter": frozenset({"inverter"}),
}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_imports_only_what_it_declares(part: str) -> None:
    """What is imported when a module loads is a dependency of ours by name, in the base install or the part's extra."""
    allowed = brought(EXTRAS[part]) | set(sys.stdlib_module_names) | set(PARTS)
    wrong = [(s, one) for s in sources(part) for one in s.imports if one.at_top and one.package not in allowed]
    assert [s.at(one) for s, one in wrong if not (s.module.startswith(IN_THE_PROJECT) and one.package in RUNNERS)] == []


def test_the_instrumentation_never_imports_what_belongs_to_the_extras() -> None:
    extras = brought(frozenset({"collector", "inverter"}), deep=True) - brought(frozenset(), deep=True)
    assert {"click", "jinja2", "rich", "starlette", "zstandard"} <= extras
    assert [s.at(one) for s in sources("unspan_instrumentation") for one in s.imports if one.package in extras] == []


def test_the_contract_needs_nothing_but_protobuf_and_opentelemetry_s_messages() -> None:
    allowed = {"unspan_proto", "opentelemetry", "google", "grpc", *sys.stdlib_module_names}
    assert [s.at(one) for s in sources("unspan_proto") for one in s.imports if one.package not in allowed] == []
