"""Plans → the text of a test file: statements composed as code, laid out by a template, formatted by ruff where it is installed."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import indent
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from unspan_inverter.code.assertions import STYLES
from unspan_inverter.code.code import Code, Imported, import_lines, needs
from unspan_inverter.code.expressions import LIBRARIES, Scope, aliases, contexts, statement, walked
from unspan_inverter.code.literals import literal
from unspan_inverter.errors import InverterError, one_line
from unspan_inverter.plan.expressions import Assign, Import, Name, Plan, call

CAPTURE = "django_capture_on_commit_callbacks"
"""pytest-django's fixture that an act may use, besides the client."""
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Test:
    """One test ready for the template: names and blocks of text."""

    class_name: str
    method_name: str
    base: str
    decorators: tuple[str, ...]
    databases: str
    before_class: str
    shared: str
    arrange: str
    act: str
    asserts: str
    needs_database: bool
    transactions: bool
    fixtures: tuple[str, ...] = ()


def source(plans: Sequence[Plan], style: str) -> str:
    """The whole file. Raises NoLiteral, NoName, NotPython."""
    renamed = aliases(plans)
    made = [(plan, *test(plan, style, renamed)) for plan in plans]
    imports = frozenset[Imported]().union(*(found for _, _, found in made))
    functions = list(dict.fromkeys(function for plan in plans for function in plan.functions))
    for function in functions:
        imports |= function_needs(function)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True
    )
    text = environment.get_template(f"{style}.py.jinja").render(
        traces=[one_line(plan.trace_id) for plan in plans], imports=import_lines(imports), functions=[function.strip() for function in functions],
        tests=unique([found for _, found, _ in made], style), notes=dict.fromkeys(one_line(note, 200) for plan in plans for note in plan.notes),
    )  # fmt: skip
    return python(formatted(text, sorted(imports_of_project(imports))))


def python(text: str) -> str:
    """The text, if Python can read it. Raises NotPython: its parser has limits, of nesting above all."""
    try:
        compile(text, "test.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise NotPython(type(error).__name__) from None
    return text


class NotPython(InverterError):
    """A file that Python's parser refuses."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"no test from this trace: Python's parser refuses the file that it would be ({why}).\n"
            "A body or value in it is nested too deep; please report it with the trace: inverter export."
        )


def imports_of_project(imports: Iterable[Imported]) -> set[str]:
    """The packages among the imports that are neither the standard library's nor a library's that tests use."""
    return {one.module.partition(".")[0] for one in imports} - LIBRARIES - {"pytest", "pytest_django"} - set(sys.stdlib_module_names)


def function_needs(function: str) -> frozenset[Imported]:
    """The modules that a stub's function uses; these functions are ours."""
    found = frozenset[Imported]()
    for module in ("io", "requests", "http.client", "aiohttp", "asyncio", "urllib3", "contextlib", "socket", "ssl"):
        if f"{module}." in function:
            found |= needs(module)
    for name in ("datetime", "timezone"):
        if re.search(rf"\b{name}\b", function):
            found |= needs("datetime", name)
    for text, module in (("connections[", "django.db"), ("no_style(", "django.core.management.color")):
        if text in function:
            found |= needs(module, text[:-1])
    return found | (needs("unittest", "mock") if "mock." in function else frozenset())


def unique(tests: list[Test], style: str) -> list[Test]:
    """Tests with names of their own: two traces of one route would overwrite each other, and two routes' functions too."""
    seen: set[str] = set()
    found: list[Test] = []
    for one in tests:
        made, n = one, 1
        while (made.class_name if style == "django" else made.method_name) in seen:
            n += 1
            made = numbered(one, n)
        seen.add(made.class_name if style == "django" else made.method_name)
        found.append(made)
    return found


def numbered(one: Test, n: int) -> Test:
    stem = one.class_name.removesuffix("Tests")
    return replace(one, class_name=f"{stem}{n}Tests", method_name=f"{one.method_name}_{n}")


def test(plan: Plan, style: str, renamed: Mapping[tuple[str, str], str]) -> tuple[Test, frozenset[Imported]]:
    """One plan as blocks of text."""
    writer = Writer(plan, style, renamed)
    before_class = writer.block(plan.before_class, writer.scope(""))
    shared = writer.block(plan.shared, writer.scope("cls") if style == "django" else writer.scope(""))
    arrange = writer.block((*writer.strict(), *plan.arrange))
    act = writer.act()
    asserts = writer.block(plan.asserts)
    base = "TransactionTestCase" if plan.transactions else "TestCase" if plan.needs_database else "SimpleTestCase"
    if style == "django":
        writer.imports |= needs("django.test", base)
    elif plan.needs_database:
        writer.imports |= needs("pytest")
    if style == "pytest":
        arrange, shared = "\n".join(block for block in (shared, arrange) if block), ""
    decorators = writer.decorators()
    fixtures = (CAPTURE,) if any(part == Name("capture_on_commit") for part in walked(plan.contexts)) else ()
    return Test(
        plan.class_name, plan.method_name, base, decorators, writer.one(set(plan.databases)) if plan.databases else "", before_class, shared, arrange, act, asserts,
        plan.needs_database, plan.transactions, fixtures,
    ), writer.imports  # fmt: skip


class Writer:
    """Writes the blocks of one plan and gathers what they need imported."""

    def __init__(self, plan: Plan, style: str, renamed: Mapping[tuple[str, str], str]) -> None:
        self.plan, self.style, self.renamed = plan, style, renamed
        self.imports = frozenset[Imported]()
        self.names = frozenset(one.target.id for one in plan.shared if isinstance(one, Assign)) if style == "django" else frozenset[str]()

    def scope(self, owner: str) -> Scope:
        client = "client" if self.style == "pytest" or self.plan.strict_csrf else "self.client"
        capture = CAPTURE if self.style == "pytest" else "self.captureOnCommitCallbacks"
        return Scope(client, capture, self.names, owner, self.renamed)

    @property
    def inside(self) -> Scope:
        """The scope of the test's own body."""
        return self.scope("self" if self.style == "django" else "")

    def take(self, code: Code) -> str:
        self.imports |= code.imports
        return code.text

    def one(self, value: Any) -> str:
        return self.take(literal(value, self.inside.write))

    def block(self, statements: Iterable[Any], scope: Scope | None = None) -> str:
        return "\n".join(self.take(statement(one, scope or self.inside, STYLES[self.style])) for one in statements)

    def strict(self) -> list[Any]:
        return [Assign(Name("client"), call(Import("django.test", "Client"), enforce_csrf_checks=True))] if self.plan.strict_csrf else []

    def act(self) -> str:
        line = self.block(self.plan.act)
        if not self.plan.contexts:
            return line
        items = [self.take(code) for code in contexts(self.plan.contexts, self.inside)]
        head = f"with {items[0]}:" if len(items) == 1 else "with (\n" + "".join(f"    {item},\n" for item in items) + "):"
        return f"{head}\n{indent(line, '    ')}"

    def decorators(self) -> tuple[str, ...]:
        if not self.plan.settings:
            return ()
        self.imports |= needs("django.test", "override_settings")
        return (f"override_settings({', '.join(f'{name}={self.one(value)}' for name, value in self.plan.settings)})",)


def formatted(text: str, own: Sequence[str]) -> str:
    """The file as ruff formats it; as it is where ruff is not installed. `own`: the project's packages, imported last."""
    sort = ("check", "--select", "I", "--fix-only", "--config", f"lint.isort.known-first-party = {json.dumps(own)}")
    head, body = parted(text)
    return ruffed(ruffed(head, sort) + body, ("format",))


def parted(text: str) -> tuple[str, str]:
    """The lines up to the last import, and the rest, which may be long and has nothing to be sorted."""
    begin = re.search(r"^(?:class |def |async def |@)", text, re.MULTILINE)
    place = begin.start() if begin else len(text)
    return text[:place], text[place:]


def tidied(text: str) -> str:
    """A generated file that lost some of its lines: without the imports that it no longer needs."""
    return ruffed(text, ("check", "--select", "F401", "--fix-only"), ("format", "--config", "format.skip-magic-trailing-comma = true"))


def ruffed(text: str, *commands: Sequence[str]) -> str:
    """What ruff makes of a text, one command after the other; one that fails changes nothing."""
    beside = Path(sys.executable).with_name("ruff")
    ruff = str(beside) if beside.exists() else shutil.which("ruff")
    if ruff is None:
        return text
    for command in commands:
        done = subprocess.run(
            [ruff, *command, "--isolated", "--quiet", "--line-length", "120", "--stdin-filename", "generated.py", "-"],
            input=text.encode("utf-8", "surrogatepass"), capture_output=True, check=False,
            cwd=TEMPLATES,  # ruff takes a package in its folder for the project's own: the same trace gives the same bytes everywhere
        )  # fmt: skip
        if done.returncode == 0 and done.stdout:
            text = done.stdout.decode("utf-8", "surrogatepass")
    return text
