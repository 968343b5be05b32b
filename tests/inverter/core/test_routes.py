"""Paths → routes of the project: which one `reverse()` gives back, and with which arguments."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unspan_inverter.plan.routes import as_argument, regex, resolved
from unspan_proto.project import Project, Route

from .making import PROJECT


def with_routes(*routes: Route) -> Project:
    return replace(PROJECT, routes=routes)


TABLE: dict[str, tuple[str, tuple[str, list[str]] | None]] = {
    "root": ("/", ("home", [])),
    "plain": ("/books/", ("shop:book-list", [])),
    "number": ("/books/5/", ("shop:book-detail", ["5"])),
    "no-number": ("/books/five/", None),
    "longer": ("/books/5/lend/", ("shop:book-lend", ["5"])),
    "slug": ("/books/new/a-b_c/", ("shop:book-new", ["a-b_c"])),
    "uuid": ("/loans/00000000-0000-0000-0000-000000000005/", ("shop:loan-detail", ["00000000-0000-0000-0000-000000000005"])),
    "no-uuid": ("/loans/5/", None),
    "unnamed": ("/plain/5/", None),
    "regular-expression": ("/archive/2020/", ("archive", ["2020"])),
    "regular-expression-not-met": ("/archive/20/", None),
    "one-name-twice": ("/twice/a/", None),
    "unknown": ("/nowhere/", None),
    "no-slash": ("books/", None),
    "empty": ("", None),
    "newline": ("/books/\n", None),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_path_leads_to_a_named_route(name: str) -> None:
    path, expected = TABLE[name]
    found = resolved(path, PROJECT)
    assert (found and (found[0].name, list(found[1]))) == expected


PATTERNS: list[tuple[str, str, bool]] = [
    ("a.b/", "a.b/", True), ("a.b/", "axb/", False), ("<path:rest>", "a/b/c", True), ("<str:one>/", "a/b/", False),
    ("^old/(?P<id>\\d+)/$", "old/12/", True), ("^old/(?P<id>\\d+)/$", "old/12/more", False), ("api/^items/(?P<pk>\\w+)/$", "api/items/7/", True),
    ("api/^items/(?P<pk>[^/.]+)/$", "api/items/7/", True), ("api/^items/(?P<pk>[^/.]+)/$", "api/items/7.5/", False),
    ("x/\\Z", "x/", True), ("(", "(", True), ("^(", "(", False), ("a+b/", "a+b/", True),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "path", "met"), PATTERNS, ids=[f"{one[0]} {one[1]}" for one in PATTERNS])
def test_a_pattern_is_read_as_django_reads_it(pattern: str, path: str, met: bool) -> None:
    found = regex(pattern)
    assert bool(found and found.fullmatch(path)) is met


def test_a_path_with_a_part_that_has_no_name_is_written_as_it_is() -> None:
    project = with_routes(Route(r"^((?:[\w\-]+/)*)$", "page", "v"))
    assert (resolved("/news/today/", project), resolved("/", project)) == (None, None)


def test_the_first_of_several_patterns_wins() -> None:
    project = with_routes(Route("a/<slug:x>/", "first", "v", ("x",)), Route("a/b/", "second", "v"))
    found = resolved("/a/b/", project)
    assert found is not None
    assert found[0].name == "first"


def test_names_may_be_shared_by_patterns_of_other_arguments() -> None:
    project = with_routes(Route("a/", "thing", "v"), Route("a/<int:pk>/", "thing", "v", ("pk",)))
    assert [resolved(path, project) is not None for path in ("/a/", "/a/5/")] == [True, True]


@given(st.text(max_size=12), st.text(max_size=8))
def test_any_pattern_is_a_route_or_none(pattern: str, path: str) -> None:
    found = resolved(f"/{path}", with_routes(Route(pattern, "name", "view")))
    assert found is None or found[0].pattern == pattern


@pytest.mark.parametrize(
    ("text", "converter", "value"),
    [("5", "int", 5), ("05", "int", "05"), ("x", "int", "x"), ("5", "str", "5"), ("²", "int", "²"), ("٥", "int", "٥")],
)
def test_an_argument_is_written_as_a_developer_would(text: str, converter: str, value: object) -> None:
    assert as_argument(text, converter) == value
