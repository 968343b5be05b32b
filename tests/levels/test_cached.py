"""What a view leaves in the caches is looked at under its keys, as far as it is the same each time."""

from typing import Any

import pytest
from inverter.core.making import Happening, cached, insert, read, tape, trace
from unspan_inverter.generate import generated
from unspan_proto import vocabulary as v
from unspan_proto.values import ModelRef, Opaque


def wrote(operation: str, key: Any, value: Any = None, **more: Any) -> Happening:
    made = cached(operation, key, value)
    return Happening(made.kind, {**made.attributes, **more})


REFUSED: dict[str, Any] = {v.CACHE_DONE: False}
VERSION: dict[str, Any] = {v.CACHE_VERSION: 2}
ENDED: dict[str, Any] = {v.CACHE_TIMEOUT: 0}
CASES: dict[str, tuple[list[Happening], list[str]]] = {
    "a value": ([wrote("set", "count", 4)], ['self.assertEqual(cache.get("count"), 4)']),
    "the last of two": ([wrote("set", "count", 4), wrote("set", "count", 5)], ['self.assertEqual(cache.get("count"), 5)']),
    "several": (
        [wrote("set_many", ["one", "two"], {"one": 1, "two": 2})],
        ['self.assertEqual(cache.get("one"), 1)', 'self.assertEqual(cache.get("two"), 2)'],
    ),
    "computed": ([wrote("get_or_set", "names", ["Jane"])], ['self.assertEqual(cache.get("names"), ["Jane"])']),
    "counted on": ([cached("get", "hits", 1, True), wrote("incr", "hits", 2)], ['cache.set("hits", 1)', 'self.assertEqual(cache.get("hits"), 2)']),
    "an object": ([wrote("set", "page", Opaque("shop.Page"))], ['self.assertIsNotNone(cache.get("page"))']),
    "a row": (
        [read("shop.Tag", {"id": 3, "slug": "open"}), wrote("set", "tag", ModelRef("shop.Tag", 3))], ['self.assertIsNotNone(cache.get("tag"))'],
    ),
    "a time": ([wrote("set", "seen", 1_700_000_000)], ['self.assertIsNotNone(cache.get("seen"))']),
    "something random": ([tape("uuid.uuid4", "5ff7f0b7a1b24a1e"), wrote("set", "token", "t-5ff7f0b7a1b24a1e")], ['self.assertIsNotNone(cache.get("token"))']),
    "taken away": ([cached("get", "count", 4, True), wrote("delete", "count")], ['cache.set("count", 4)', 'self.assertIsNone(cache.get("count"))']),
    "taken away, though it was never there": ([wrote("delete", "count")], []),
    "under the key of a row that it made": ([insert("shop.Tag", {"id": 31, "slug": "new"}), wrote("set", "tag-31", "new")], []),
    "under a digest": ([wrote("set", "d41d8cd98f00b204e9800998ecf8427e", 4)], []),
    "refused": ([wrote("add", "count", 4, **REFUSED)], []),
    "of another version": ([wrote("set", "count", 4, **VERSION)], []),
    "that ends at once": ([wrote("set", "count", 4, **ENDED)], []),
    "all thrown away": ([wrote("set", "count", 4), wrote("clear", None)], []),
    "the framework's": ([wrote("set", "views.decorators.cache.cache_page.1", 4)], []),
    "only read": ([cached("get", "count", 4, True)], ['cache.set("count", 4)']),
}  # fmt: skip


@pytest.mark.parametrize(("happened", "expected"), CASES.values(), ids=list(CASES))
def test_what_is_left_in_the_cache(happened: list[Happening], expected: list[str]) -> None:
    text = generated([trace(*happened, view="shop.views.BookList")], level="view").source

    assert [line.strip() for line in text.splitlines() if "cache." in line and "import" not in line and "BACKEND" not in line] == expected
