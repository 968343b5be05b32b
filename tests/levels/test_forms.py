"""Forms that functions are given: how a test makes them again, with what came in and what validation had found."""

from typing import Any

import pytest
from inverter.core.making import PROJECT
from unspan_inverter.code.expressions import STATEMENTS, Scope
from unspan_inverter.events import RowsInserted
from unspan_inverter.events.calls import Called
from unspan_inverter.facts import Facts, Key, RowExists
from unspan_inverter.facts.filled import filled, set_beside
from unspan_inverter.plan.bindings import Bindings
from unspan_inverter.plan.forms import arranged
from unspan_inverter.plan.makings import Unmakable
from unspan_proto.values import Derived, Instance, ModelRef, Opaque

TAG = Key("shop.Tag", 3)


def query(**fields: list[str]) -> Derived:
    return Derived("django.http.request.QueryDict", {"csrfmiddlewaretoken": ["x"], **fields})


SENT = query(slug=["open"], books=["1", "2"])


def form(data: Any = SENT, **fields: Any) -> Instance:
    return Instance("shop.forms.TagForm", {"data": data, "initial": {}, **fields})


def init(spread: tuple[str, ...] = ("*args", "**kwargs"), kind: str = "shop.forms.TagForm", began: int = 1, **arguments: Any) -> Called:
    return Called("i", f"{kind}.__init__", {"self": Instance(kind, {}), **arguments}, True, began=began, role="method", spread=spread)


PLAIN = 'form = TagForm(data={"slug": "open", "books": ["1", "2"]})'
CASES: dict[str, tuple[str, Instance, list[Called], list[str]]] = {
    "Django's own": ("shop.forms.TagForm.told", form(), [], [PLAIN]),
    "of nothing yet": ("shop.forms.TagForm.told", form({}), [], ["form = TagForm()"]),
    "with what is shown first": ("shop.forms.TagForm.told", form({}, initial={"slug": "new"}, prefix="tag"), [], ['form = TagForm(initial={"slug": "new"}, prefix="tag")']),
    "of a row": ("shop.forms.TagForm.told", form({}, instance=ModelRef("shop.Tag", 3, {"id": 3})), [], ["form = TagForm(instance=tag)"]),
    "of a row that it makes": ("shop.forms.TagForm.told", form({}, instance=ModelRef("shop.Tag", None, {"id": None})), [], ["form = TagForm()"]),
    "in the middle of its validation": (
        "shop.forms.TagForm.clean_slug", form(cleaned_data={"slug": "open"}), [], [PLAIN, 'form.cleaned_data = {"slug": "open"}'],
    ),
    "before it": ("shop.forms.TagForm.clean", form(), [], [PLAIN]),
    "after it": ("shop.forms.TagForm.save", form(cleaned_data={"slug": "open"}), [], [PLAIN, "form.is_valid()"]),
    "made by the project's own": (
        "shop.forms.TagForm.told", form(), [init(owner=ModelRef("shop.Tag", 3), args=(), kwargs={"data": SENT, "initial": None})],
        ['form = TagForm(owner=tag, data={"slug": "open", "books": ["1", "2"]})'],
    ),
    "by places": (
        "shop.forms.TagForm.told", form(), [init(strict=True, args=(SENT,), kwargs={})], ['form = TagForm(True, {"slug": "open", "books": ["1", "2"]})'],
    ),
    "the last that was made so": (
        "shop.forms.TagForm.told", form(),
        [init(args=(SENT,), kwargs={"n": 1}), init(args=(SENT,), kwargs={"n": 2}, began=2), init(args=(SENT,), kwargs={"n": 3}, began=9)],
        ['form = TagForm({"slug": "open", "books": ["1", "2"]}, n=2)'],
    ),
    "another was made so": ("shop.forms.TagForm.told", form(), [init(args=(query(slug=["shut"]),), kwargs={})], [PLAIN]),
    "of another class": ("shop.forms.TagForm.told", form(), [init(kind="shop.forms.BookForm", args=(SENT,), kwargs={})], [PLAIN]),
}  # fmt: skip


def bindings() -> Bindings:
    return Bindings(PROJECT, Facts(rows=(RowExists(TAG, {"id": 3, "slug": "open"}, "s"),)), {TAG: "tag"})


@pytest.mark.parametrize(("function", "given", "before", "expected"), CASES.values(), ids=list(CASES))
def test_a_form_is_made_as_the_request_made_it(function: str, given: Instance, before: list[Called], expected: list[str]) -> None:
    found = filled(Called("c", function, {"self": given}, True, began=5), before)
    assert found is not None

    made = [STATEMENTS[type(one)](one, Scope("", "")).text.replace("'", '"') for one in arranged(found, bindings())]

    assert [found.name, *made] == ["self", *expected]


@pytest.mark.parametrize("value", [Instance("shop.forms.TagForm", {}), Instance("shop.<locals>.Form", {"data": {}, "initial": {}}), 3])
def test_what_is_no_form(value: Any) -> None:
    assert filled(Called("c", "shop.told", {"one": value}, True), []) is None


def test_a_form_that_was_given_what_nobody_knows_is_not_made() -> None:
    found = filled(Called("c", "shop.told", {"one": form()}, True), [init(args=(SENT,), kwargs={"what": Opaque("shop.Thing")}, began=0)])
    assert found is not None

    with pytest.raises(Unmakable):
        list(arranged(found, bindings()))


SAVED: dict[str, tuple[Instance, list[Called], bool]] = {
    "its row has a key by now": (form(instance=ModelRef("shop.Tag", 3, {"id": 3})), [init(args=(SENT,), kwargs={})], True),
    "it was made of the row": (
        form(instance=ModelRef("shop.Tag", 3, {"id": 3})), [init(args=(SENT,), kwargs={"instance": ModelRef("shop.Tag", 3)})], False,
    ),
    "its row has no key": (form(instance=ModelRef("shop.Tag", None, {"id": None})), [init(args=(SENT,), kwargs={})], False),
    "nobody knows how it was made": (form(instance=ModelRef("shop.Tag", 3, {"id": 3})), [], False),
    "it has no row": (form(), [init(args=(SENT,), kwargs={})], False),
}  # fmt: skip


@pytest.mark.parametrize(("given", "before", "expected"), SAVED.values(), ids=list(SAVED))
def test_a_form_that_had_saved_is_told(given: Instance, before: list[Called], expected: bool) -> None:
    found = filled(Called("c", "shop.forms.TagForm.told", {"self": given}, True, began=5), before)

    assert found is not None
    assert found.saved is expected


NEW_BOOK = form(instance=ModelRef("shop.Book", None, {"id": None, "title": "", "author_id": None}), cleaned_data={"title": "Emma"})
WRITTEN = RowsInserted("w", "default", "shop.Book", ({"id": 9, "title": "Emma", "author_id": 1},))
BESIDE: dict[str, tuple[list[Called], RowsInserted, bool]] = {
    "to a row that nobody named": ([init(args=(SENT,), kwargs={})], WRITTEN, True),
    "to one that the form was made with": ([init(args=(SENT,), kwargs={"author": ModelRef("shop.Author", 1)})], WRITTEN, False),
    "to none": ([], RowsInserted("w", "default", "shop.Book", ({"id": 9, "title": "Emma", "author_id": None},)), False),
    "of another model": ([], RowsInserted("w", "default", "shop.Loan", ({"id": 9, "book_id": 1},)), False),
}


@pytest.mark.parametrize(("before", "written", "expected"), BESIDE.values(), ids=list(BESIDE))
def test_a_row_that_points_to_what_was_set_on_the_form(before: list[Called], written: RowsInserted, expected: bool) -> None:
    found = filled(Called("c", "shop.forms.BookForm.save", {"self": NEW_BOOK}, True, began=5), before)

    assert found is not None
    assert set_beside(found, [written], PROJECT) is expected
