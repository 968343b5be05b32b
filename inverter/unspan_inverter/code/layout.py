"""Plans → the text of a test file: statements composed as code, laid out by a template, formatted by ruff where it is installed."""

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Any

from jinja2 import ChoiceLoader, DictLoader, Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError

from unspan_inverter.code.abreast import abreast
from unspan_inverter.code.assertions import STYLES
from unspan_inverter.code.asynchronous import awaited
from unspan_inverter.code.asynchronous import made as made_aside
from unspan_inverter.code.classes import NOTHING, Beside, Group, grouped, own_rows
from unspan_inverter.code.code import Code, Imported, identifier, import_lines, needs
from unspan_inverter.code.expressions import LIBRARIES, Scope, aliases, contexts, statement
from unspan_inverter.code.look import PLAIN, Look
from unspan_inverter.code.marks import UNSIGNED, signed
from unspan_inverter.errors import InverterError, one_line
from unspan_inverter.plan.expressions import Assign, Attr, Check, Do, Import, Logs, Name, Plan, Table, call, pieces

CAPTURE = "django_capture_on_commit_callbacks"
"""pytest-django's fixture that an act may use, besides the client."""
QUERIES = "django_assert_num_queries"
TYPES = {
    "client": Import("django.test", "Client"), CAPTURE: Import("pytest_django", "DjangoCaptureOnCommitCallbacks"), QUERIES: Import("pytest_django", "DjangoAssertNumQueries"),
    "caplog": Attr(Import("pytest"), "LogCaptureFixture"), "httpx_mock": Import("pytest_httpx", "HTTPXMock"),
}  # fmt: skip
"""Fixture → its type."""
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Test:
    """One test ready for the template: its name and blocks of text."""

    name: str
    trace_id: str
    decorators: tuple[str, ...]
    arrange: str
    act: str
    asserts: str
    """Of a journey with the further acts and their assertions, in paragraphs."""
    fixtures: tuple[str, ...] = ()
    options: str = ""
    """What is said besides to generate it again."""
    journey: tuple[str, ...] = ()
    """The traces of a journey."""
    traces: tuple[str, ...] = ()
    """All traces that it was made from."""
    asynchronous: bool = False


@dataclass(frozen=True, slots=True)
class TestClass:
    """The tests of one class, ready for the template."""

    name: str
    base: str
    databases: str
    before_class: str
    shared: str
    needs_database: bool
    transactions: bool
    tests: tuple[Test, ...]


def source(plans: Sequence[Plan], style: str, beside: Beside = NOTHING, look: Look = PLAIN) -> str:
    """The whole file. Raises NoLiteral, NoName, NotPython, NoLayout."""
    renamed = aliases(plans)
    made = [test_class(group, style, renamed, look) for group in grouped(plans, style, beside)]
    imports = frozenset[Imported]().union(*(found for _, found in made))
    functions = list(dict.fromkeys(function for plan in plans for function in plan.functions))
    for function in functions:
        imports |= function_needs(function)
    text = laid_out(
        look, style, returns=" -> None" if look.annotated else "", imports=import_lines(imports), functions=[function.strip() for function in functions], unsigned=UNSIGNED,
        classes=[found for found, _ in made], notes=dict.fromkeys(one_line(note, 200) for plan in plans for note in plan.notes),
    )  # fmt: skip
    text = formatted(text, packages_of_project(one.module for one in imports))
    return signed(text, python(text))


def laid_out(look: Look, style: str, **given: Any) -> str:
    """The file by the project's template, or ours. Raises NoLayout."""
    ours = FileSystemLoader(TEMPLATES)
    loader = ChoiceLoader([DictLoader({OWN: look.template}), ours]) if look.template else ours
    environment = Environment(loader=loader, undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True)
    try:
        return environment.get_template(OWN if look.template else f"{style}.py.jinja").render({**look.context, **given, "style": style})
    except TemplateError as error:
        if not look.template:
            raise
        raise NoLayout(f"line {error.lineno}: {error.message}" if isinstance(error, TemplateSyntaxError) else str(error)) from None


OWN = "template of the project"


class NoLayout(InverterError):
    """The project's own template does not work."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the template of [tool.unspan] does not work: {one_line(why)}.\nIts blocks are described in docs/customising.md.")


def python(text: str) -> ast.Module:
    """The text as Python reads it. Raises NotPython: its parser has limits, of nesting above all."""
    try:
        tree = ast.parse(text)
        compile(tree, "test.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise NotPython(type(error).__name__) from None
    return tree


class NotPython(InverterError):
    """A file that Python's parser refuses."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"no test from this trace: Python's parser refuses the file that it would be ({why}).\n"
            "A body or value in it is nested too deep; please report it with the trace: inverter export."
        )


def packages_of_project(modules: Iterable[str]) -> list[str]:
    """The packages among the modules that are neither the standard library's nor a library's that tests use."""
    return sorted({one.partition(".")[0] for one in modules} - LIBRARIES - {"pytest", "pytest_django"} - set(sys.stdlib_module_names))


def function_needs(function: str) -> frozenset[Imported]:
    """The modules that a stub's function uses; these functions are ours."""
    found = frozenset[Imported]()
    for module in (
        "io",
        "requests",
        "http.client",
        "aiohttp",
        "asyncio",
        "urllib3",
        "contextlib",
        "socket",
        "ssl",
        "base64",
        "hmac",
        "uuid",
    ):
        if f"{module}." in function:
            found |= needs(module)
    for name in ("datetime", "timezone"):
        if re.search(rf"\b{name}\b", function):
            found |= needs("datetime", name)
    for text, module in (("connections[", "django.db"), ("no_style(", "django.core.management.color"), ("Celery,", "celery")):
        if text in function:
            found |= needs(module, text[:-1])
    return found | (needs("unittest", "mock") if "mock." in function else frozenset())


def test_class(group: Group, style: str, renamed: Mapping[tuple[str, str], str], look: Look) -> tuple[TestClass, frozenset[Imported]]:
    """One class as blocks of text."""
    writer = Writer(group, style, renamed, look)
    plan = group.first
    base = "TransactionTestCase" if plan.transactions else "TestCase" if plan.needs_database else "SimpleTestCase"
    if style == "django" and plan.plain:
        base = writer.one(Attr(Import("unittest"), "TestCase"))
    elif style == "django" and look.base is not None and not plan.transactions:
        base = writer.one(look.base)
    elif style == "django":
        writer.imports |= needs("django.test", base)
    elif plan.needs_database:
        writer.imports |= needs("pytest")
    made = TestClass(
        group.name, base, writer.one(set(plan.databases)) if plan.databases else "", writer.block(plan.before_class, writer.scope("")),
        writer.block(group.shared, writer.scope("cls")), plan.needs_database, plan.transactions, tuple(writer.test(plan) for plan in group.plans),
    )  # fmt: skip
    return made, writer.imports


class Writer:
    """Writes the blocks of one class and gathers what they need imported."""

    def __init__(self, group: Group, style: str, renamed: Mapping[tuple[str, str], str], look: Look) -> None:
        self.shared, self.style, self.renamed, self.look = group.shared, style, renamed, look
        self.imports = frozenset[Imported]()
        self.names = frozenset(one.target.id for one in group.shared if isinstance(one, Assign))
        self.strict_csrf = self.asynchronous = False

    def test(self, plan: Plan) -> Test:
        """One plan as blocks of text."""
        self.strict_csrf, self.asynchronous = plan.strict_csrf, plan.asynchronous and self.style == "django"
        acts = (plan, *plan.then)
        entered = [part for one in acts for part in pieces(one.contexts)]
        used = [(plan.through_client, "client"), (Name("capture_on_commit") in entered, CAPTURE), (Name("assert_num_queries") in entered, QUERIES), (any(isinstance(part, Logs) for part in entered), "caplog"), (any(part == Name("httpx_mock") for one in acts for part in pieces(one.arrange)), "httpx_mock")]  # fmt: skip
        fixtures = tuple(self.annotated(fixture) for is_used, fixture in used if is_used)
        ids = tuple(re.sub("[^0-9a-f]", "", one) for one in (plan.table.traces if plan.table else [one.trace_id for one in acts]))
        rows = [made_aside(one) if self.asynchronous else one for one in abreast(own_rows(plan, self.shared))]
        before = (*self.strict(), *plan.constants, *rows)
        options = f" --level {plan.level}" if plan.level != "integration" else ""
        asserts = "\n\n".join(filter(None, [self.block(plan.asserts), *self.further(plan)]))
        if plan.table is not None and self.style == "django":
            inner = "\n\n".join(filter(None, [self.block(plan.arrange), self.act(plan), asserts]))
            return Test(
                plan.method_name,
                ids[0],
                self.decorators(plan),
                self.block(before),
                self.loop(plan.table, inner),
                "",
                fixtures,
                options,
                (),
                ids,
            )
        if plan.table is not None:
            fixtures = (*fixtures, *map(identifier, plan.table.names))
        return Test(
            plan.method_name, ids[0], (*self.parametrised(plan.table), *self.decorators(plan)), self.block((*before, *plan.arrange)), self.act(plan), asserts,
            fixtures, options, ids if plan.then else (), ids, self.asynchronous,
        )  # fmt: skip

    def rows(self, table: Table) -> str:
        """The rows of a table, one a line."""
        rows = [self.one(row[0] if len(row) == 1 else row) for row in table.rows]
        return "[\n" + "".join(f"    {row},\n" for row in rows) + "]"

    def loop(self, table: Table, body: str) -> str:
        """A test of the standard library's with each row."""
        named = [identifier(name) for name in table.names]
        shown = ", ".join(f"{name}={name}" for name in named if not name.startswith("expected")) or f"{named[0]}={named[0]}"
        return f"for {', '.join(named)} in {self.rows(table)}:\n    with self.subTest({shown}):\n{indent(body, ' ' * 8)}"

    def parametrised(self, table: Table | None) -> tuple[str, ...]:
        """A test of pytest's with each row."""
        if table is None or self.style == "django":
            return ()
        self.imports |= needs("pytest")
        return (
            f"pytest.mark.parametrize({self.one(table.names[0] if len(table.names) == 1 else tuple(table.names))}, {self.rows(table)})",
        )

    def annotated(self, fixture: str) -> str:
        """A fixture as a parameter, with its type where the project's tests say those."""
        if not self.look.annotated or fixture not in TYPES:
            return fixture
        return f"{fixture}: {self.one(TYPES[fixture])}"

    def further(self, plan: Plan) -> Iterator[str]:
        """The paragraphs of a journey's further acts."""
        for one in plan.then:
            logs = any(isinstance(part, Logs) for part in pieces(one.contexts))
            cleared = [Do(call(Attr(Name("caplog"), "clear")))] if logs and self.style == "pytest" else []
            yield from (self.block((*one.constants, *one.arrange, *cleared)), self.act(one), self.block(one.asserts))

    def scope(self, owner: str) -> Scope:
        client = "client" if self.style == "pytest" or self.strict_csrf else "self.async_client" if self.asynchronous else "self.client"
        capture = CAPTURE if self.style == "pytest" else "self.captureOnCommitCallbacks"
        queries = QUERIES if self.style == "pytest" else "self.assertNumQueries"
        return Scope(client, capture, queries, self.names, owner, self.style, self.renamed)

    @property
    def inside(self) -> Scope:
        """The scope of the test's own body."""
        return self.scope("self" if self.style == "django" else "")

    def take(self, code: Code) -> str:
        self.imports |= code.imports
        return code.text

    def one(self, value: Any) -> str:
        return self.take(self.inside.write(value))

    def block(self, statements: Iterable[Any], scope: Scope | None = None) -> str:
        wanted = [awaited(one) if self.asynchronous and scope is None else one for one in abreast(statements)]
        return "\n".join(self.take(self.written(one, scope or self.inside)) for one in wanted)

    def written(self, one: Any, scope: Scope) -> Code:
        """A statement as the project writes its kind, or as we do."""
        own = self.look.writers.get(one.kind if isinstance(one, Check) else type(one).__name__)
        return (own(one, scope) if own is not None else None) or statement(one, scope, STYLES[self.style])

    def strict(self) -> list[Any]:
        return (
            [
                Assign(
                    Name("client"), call(Import("django.test", "AsyncClient" if self.asynchronous else "Client"), enforce_csrf_checks=True)
                )
            ]
            if self.strict_csrf
            else []
        )

    def act(self, plan: Plan) -> str:
        line = self.block(plan.act)
        if not plan.contexts:
            return line
        items = [self.take(code) for code in contexts(plan.contexts, self.inside)]
        head = f"with {items[0]}:" if len(items) == 1 else "with (\n" + "".join(f"    {item},\n" for item in items) + "):"
        return f"{head}\n{indent(line, '    ')}"

    def decorators(self, plan: Plan) -> tuple[str, ...]:
        found = tuple(self.one(value) for value in plan.decorators)
        if not plan.settings:
            return found
        self.imports |= needs("django.test", "override_settings")
        return (*found, f"override_settings({', '.join(f'{name}={self.one(value)}' for name, value in plan.settings)})")


def formatted(text: str, own: Sequence[str]) -> str:
    """The file as ruff formats it; as it is where ruff is not installed. `own`: the project's packages, imported last."""
    head, body = parted(text)
    return ruffed(ruffed(head, sorting(own)) + body, ("format",))


def sorting(own: Sequence[str]) -> tuple[str, ...]:
    """The command of ruff that sorts imports, the project's packages last."""
    return ("check", "--select", "I", "--fix-only", "--config", f"lint.isort.known-first-party = {json.dumps(own)}")


def parted(text: str) -> tuple[str, str]:
    """The lines up to the last import, and the rest, which may be long and has nothing to be sorted."""
    begin = re.search(r"^(?:class |def |async def |@)", text, re.MULTILINE)
    place = begin.start() if begin else len(text)
    return text[:place], text[place:]


def tidied(text: str) -> str:
    """A generated file that lost some of its lines: without the imports that it no longer needs."""
    return ruffed(text, ("check", "--select", "F401", "--fix-only"), ("format", "--config", "format.skip-magic-trailing-comma = true"))


def ruffed(text: str, *commands: Sequence[str], at: Path | None = None, width: int = 120) -> str:
    """What ruff makes of a text, one command after the other; one that fails changes nothing. `at`: where it will stand, whose configuration is followed."""
    ours = ("--isolated", "--line-length", str(width), "--stdin-filename", "generated.py")
    beside = Path(sys.executable).with_name("ruff")
    ruff = str(beside) if beside.exists() else shutil.which("ruff")
    if ruff is None:
        return text
    for command in commands:
        done = subprocess.run(
            [ruff, *command[:1], *(("--stdin-filename", str(at)) if at else ours), "--quiet", *command[1:], "-"],
            input=text.encode("utf-8", "surrogatepass"), capture_output=True, check=False,
            cwd=at.parent if at else TEMPLATES,  # ruff takes a package in its folder for the project's own: the same trace gives the same bytes everywhere
        )  # fmt: skip
        if done.returncode == 0 and done.stdout:
            text = done.stdout.decode("utf-8", "surrogatepass")
    return text
