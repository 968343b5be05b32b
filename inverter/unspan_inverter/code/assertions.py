"""How each kind of assertion is written in each style: one row a kind."""

from collections.abc import Callable, Mapping
from typing import Any

from unspan_inverter.code.code import Code, joined, needs
from unspan_inverter.code.expressions import Scope, keywords, noted
from unspan_inverter.plan.expressions import Attr, Call, Check, Listed, Name, text

UNITTEST: Mapping[str, str] = {
    "equal": "assertEqual", "not equal": "assertNotEqual", "is": "assertIs", "is not": "assertIsNot", "true": "assertTrue", "false": "assertFalse",
    "in": "assertIn", "not in": "assertNotIn", "contains": "assertContains", "not contains": "assertNotContains", "redirects": "assertRedirects",
    "all of": "assertCountEqual",
}  # fmt: skip
"""Kind → method of TestCase."""
OPERATORS: Mapping[str, str] = {"equal": "==", "not equal": "!=", "is": "is", "is not": "is not", "in": "in", "not in": "not in"}
"""Kind → operator of a bare `assert`."""


def each(check: Check) -> Check:
    """`equal each`: one attribute of every item of a list."""
    attribute, over, expected = check.args
    return Check("equal", (Listed(Attr(Name("each"), attribute), ("each",), over), expected), note=check.note)


def logged(check: Check, style: str) -> Check:
    """`logged`: what a logger got, by messages with levels, by templates, or by levels alone."""
    name, logger, compared, expected = check.args
    record = Name("record")
    if compared == "output" and style == "django" and logger != "root":
        return Check(
            "equal", (Attr(name, "output"), [text([f"{level}:{logger}:", message]) for level, message in expected]), note=check.note
        )
    message = Call(Attr(record, "getMessage"))
    item = {"templates": Attr(record, "msg"), "levels": Attr(record, "levelname")}.get(compared, (Attr(record, "levelname"), message))
    others = style == "pytest" or logger == "root"  # which others' records come to as well
    records = Attr(name if style == "django" else Name("caplog"), "records")
    return Check(
        "equal", (Listed(item, (record.id,), records, (Attr(record, "name"), logger) if others else None), expected), note=check.note
    )


def called_once(check: Check, scope: Scope) -> Code:
    """`called once`: a mock's own assertion, in both styles."""
    spy, *args = check.args
    return noted(check.note, scope.write(Call(Attr(spy, "assert_called_once_with"), tuple(args), check.kwargs)))


def unittest(check: Check, scope: Scope) -> Code:
    if check.kind == "called once":
        return called_once(check, scope)
    if check.kind == "equal each":
        check = each(check)
    if check.kind == "logged":
        check = logged(check, "django")
    method = UNITTEST[check.kind]
    args = check.args
    if check.kind in ("is", "is not") and args[1] is None:
        method, args = {"is": "assertIsNone", "is not": "assertIsNotNone"}[check.kind], args[:1]
    inner = joined([*(scope.write(arg) for arg in args), *keywords(check.kwargs, scope)])
    return noted(check.note, Code(f"self.{method}({inner.text})", inner.imports))


def pytest(check: Check, scope: Scope) -> Code:
    if check.kind == "called once":
        return called_once(check, scope)
    if check.kind == "equal each":
        check = each(check)
    if check.kind == "logged":
        check = logged(check, "pytest")
    if check.kind in ("contains", "not contains", "redirects"):
        inner = joined([*(scope.write(arg) for arg in check.args), *keywords(check.kwargs, scope)])
        function = UNITTEST[check.kind]
        return noted(check.note, Code(f"{function}({inner.text})", inner.imports | needs("pytest_django.asserts", function)))
    if check.kind == "all of":
        found, expected = (scope.write(arg) for arg in check.args)
        return noted(check.note, Code(f"assert set({found.text}) == {{{expected.text[1:-1]}}}", found.imports | expected.imports))
    if check.kind in ("true", "false"):
        only = scope.write(check.args[0])
        return noted(check.note, Code(f"assert {'not ' if check.kind == 'false' else ''}{only.text}", only.imports))
    left, right = (scope.write(arg) for arg in check.args)
    return noted(check.note, Code(f"assert {left.text} {OPERATORS[check.kind]} {right.text}", left.imports | right.imports))


STYLES: Mapping[str, Callable[[Any, Scope], Code]] = {"django": unittest, "pytest": pytest}
