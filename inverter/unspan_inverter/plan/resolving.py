"""A small test of what stands between a path and its view: that the path leads there with these arguments, and that its name gives the path back."""

from typing import Any, Final

from unspan_proto.project import Project
from unspan_proto.values import bare, lossy

from unspan_inverter.events import Exchange
from unspan_inverter.facts.viewing import Viewed
from unspan_inverter.plan import names
from unspan_inverter.plan.expressions import Assign, Attr, Call, Check, Import, Name, Plan, Statement, Subject, call
from unspan_inverter.plan.routes import resolved

MATCH: Final = Name("match")
LEVEL: Final = "surroundings"


def route(asked: Exchange, found: Viewed, project: Project, trace_id: str) -> Plan | None:
    """The test of the route; None where the view was given something that has no source form."""
    args, kwargs = asked.arguments
    if any(lossy(value) for value in (*args, *kwargs.values())):
        return None
    module, _, name = found.view.rpartition(".")
    path = asked.path.removeprefix(asked.script_name) if asked.script_name else asked.path
    given = [
        *([Check("equal", (Attr(MATCH, "args"), bare(tuple(args))))] if args else []),
        Check("equal", (Attr(MATCH, "kwargs"), bare(dict(kwargs)))),
    ]
    return Plan(
        "UrlTests", names.cut(f"test_{'_'.join(names.words(name))}"), trace_id, (), (), (), (),
        (Assign(MATCH, call(Import("django.urls", "resolve"), path)),), (Check("is", aimed(asked, found, Import(module, name))), *given, *back(asked, path, project)),
        needs_database=False, level=LEVEL, through_client=False, subject=Subject(f"route to {found.view}", (), frozenset({("route", asked.route or "")})),
    )  # fmt: skip


def aimed(asked: Exchange, found: Viewed, view: Import) -> tuple[Any, Any]:
    """What the path leads to and the view, decorators aside: a URLconf may have put some around it."""
    function = Attr(MATCH, "func")
    if found.of_class:
        actions = (asked.made_with or ({}, {}))[1]
        return Attr(function, "cls" if actions else "view_class"), view
    if asked.decorators:
        unwrap = Import("inspect", "unwrap")
        return call(unwrap, function), call(unwrap, view)
    return function, view


def back(asked: Exchange, path: str, project: Project) -> list[Statement]:
    """That `reverse` gives the path again, where the route has a name that means it."""
    found = resolved(path, project)
    args, kwargs = asked.arguments
    if found is None or set(found[0].parameters) != set(kwargs) or args:
        return []
    plain = {name: bare(value) for name, value in kwargs.items()}
    made = Call(Import("django.urls", "reverse"), (found[0].name,), (("kwargs", plain),) if plain else ())
    return [Check("equal", (made, path))]
