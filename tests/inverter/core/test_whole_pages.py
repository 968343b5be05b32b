"""Answers that came whole out of a cache: the test puts the same page there, or is refused where it would not find it again."""

from dataclasses import replace
from typing import Any

import pytest
from unspan_inverter.errors import NotRepeatable
from unspan_proto.values import Derived, Opaque

from .making import PROJECT, Happening, blocks, cached, source, trace

KEPT = {"status": 200, "headers": [["Content-Type", "application/json"], ["Cache-Control", "max-age=90"]], "content": b'{"a": 1}'}
ANSWER: dict[str, Any] = {"answer": b'{"a": 1}', "response_headers": [["Content-Type", "application/json"]]}


def page(prefix: str = "", where: str = ".UTC", alias: str = "default", **kept: Any) -> Happening:
    key = f"views.decorators.cache.cache_page.{prefix}.GET.{'0' * 32}.{'f' * 32}{where}"
    return cached("get", key, Derived("django.http.response.HttpResponse", {**KEPT, **kept}), hit=True, alias=alias)


def varying(name: str) -> list[list[str]]:
    return [["Content-Type", "application/json"], ["Vary", name]]


PAGE = """HttpResponse('{"a": 1}', content_type="application/json")"""
PUT: dict[str, tuple[Happening, str]] = {
    "plain": (page(), f'cache_page(90)(lambda request: {PAGE})(RequestFactory().get(reverse("shop:book-list")))'),
    "in another cache": (page(alias="fast"), f'cache_page(90, cache="fast")(lambda request: {PAGE})(RequestFactory().get(reverse("shop:book-list")))'),
    "with a prefix": (page("a.b"), f'cache_page(90, key_prefix="a.b")(lambda request: {PAGE})(RequestFactory().get(reverse("shop:book-list")))'),
    "by a language": (
        page(headers=varying("Accept-Language")),
        f"""cache_page(60)(lambda request: {PAGE[:-1]}, headers={{"Vary": "Accept-Language"}}))(RequestFactory().get(reverse("shop:book-list")))""",
    ),
    "not found": (
        page(headers=[], status=404), """cache_page(60)(lambda request: HttpResponse('{"a": 1}', status=404))(RequestFactory().get(reverse("shop:book-list")))""",
    ),
}  # fmt: skip


def together(text: str) -> str:
    """Code without the places where a formatter broke its lines."""
    return " ".join(text.split()).replace("( ", "(").replace(" )", ")").replace(", )", ")").replace(",)", ")")


@pytest.mark.parametrize("name", PUT)
def test_the_page_is_put_into_the_cache(name: str) -> None:
    happened, expected = PUT[name]
    text = source(trace(happened, **ANSWER))

    assert expected in together(blocks(text)[0])
    assert "@override_settings(CACHES=" in together(text)


@pytest.mark.parametrize(
    ("happened", "headers", "reason"),
    [
        (page(headers=varying("Cookie")), [["Cookie", "a=b"]], "one for each cookie"),
        (page(headers=varying("*")), [["Cookie", "a=b"]], "one for each cookie"),
    ],
    ids=["by cookies", "by everything"],
)
def test_a_page_that_would_not_be_found_is_refused(happened: Happening, headers: list[list[str]], reason: str) -> None:
    with pytest.raises(NotRepeatable, match=reason):
        source(trace(happened, headers=headers, **ANSWER))


GERMAN = {"LANGUAGE_CODE": "de", "USE_I18N": True}
PLACES: dict[str, tuple[dict[str, Any], str, str]] = {
    "of no language": ({"USE_I18N": False}, ".UTC", "cache_page(90)("),
    "the settings'": (GERMAN, ".de.UTC", "cache_page(90)("),
    "another language": (GERMAN, ".en-gb.UTC", 'translation.override("en-gb")(cache_page(90)('),
    "another time zone": (GERMAN, ".de.Europe/Berlin", 'timezone.override("Europe/Berlin")(cache_page(90)('),
    "zones are not kept": ({**GERMAN, "USE_TZ": False}, ".en", 'translation.override("en")(cache_page(90)('),
}


@pytest.mark.parametrize("name", PLACES)
def test_the_page_is_put_where_the_request_finds_it(name: str) -> None:
    settings, where, expected = PLACES[name]
    project = replace(PROJECT, settings={**PROJECT.settings, **settings})
    text = together(source(trace(page(where=where), project=project, **ANSWER)))

    assert expected in text
    assert text.count("override(") == expected.count("override(")


@pytest.mark.parametrize(
    "happened",
    [
        cached("get", f"views.decorators.cache.cache_page..GET.{'0' * 32}.{'f' * 32}"),
        cached("get", f"views.decorators.cache.cache_page..GET.{'0' * 32}.{'f' * 32}", Opaque("shop.Page"), hit=True),
        cached("get", "shop.page", Derived("django.http.response.HttpResponse", KEPT), hit=True),
    ],
    ids=["a miss", "another object", "another key"],
)
def test_other_answers_are_made_by_the_view(happened: Happening) -> None:
    assert "cache_page" not in source(trace(happened, **ANSWER))
