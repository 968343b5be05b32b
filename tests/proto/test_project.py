"""The project's description: there and back, with keys of other versions, and what is no description."""

from dataclasses import MISSING, fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unspan_proto import FORMAT, project, values
from unspan_proto.errors import NewerFormat, NotEncoded
from unspan_proto.project import Constraint, Field, Model, Project, Route

TEXT = st.text(max_size=8)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
PLAIN = st.none() | st.booleans() | st.integers() | TEXT | st.decimals(allow_nan=False) | st.dates() | st.builds(values.Opaque, TEXT)
MAPPING = st.dictionaries(TEXT, PLAIN, max_size=3)
FIELDS = st.builds(
    Field,
    name=TEXT,
    attname=TEXT,
    column=st.none() | TEXT,
    type=TEXT,
    cls=TEXT,
    default=PLAIN,
    choices=st.lists(st.tuples(PLAIN, TEXT)).map(tuple),
)
MODELS = st.builds(
    Model, label=TEXT, module=TEXT, name=TEXT, table=TEXT, pk=TEXT, fields=st.lists(FIELDS, max_size=3).map(tuple),
    constraints=st.lists(st.builds(Constraint, kind=TEXT, name=TEXT, fields=TEXTS), max_size=2).map(tuple), ordering=TEXTS, parents=TEXTS,
)  # fmt: skip
ROUTES = st.builds(
    Route, pattern=TEXT, name=st.none() | TEXT, view=TEXT, parameters=TEXTS, converters=st.dictionaries(TEXT, TEXT, max_size=2)
)
PROJECTS = st.builds(
    Project, format=st.just(FORMAT), django=TEXT, python=TEXT, settings_module=TEXT, root=TEXT, settings=MAPPING,
    databases=st.dictionaries(TEXT, MAPPING, max_size=2), packages=st.dictionaries(TEXT, TEXT, max_size=2),
    models=st.lists(MODELS, max_size=3).map(tuple), routes=st.lists(ROUTES, max_size=2).map(tuple),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(PROJECTS)
def test_a_description_comes_back_as_it_was(one: Project) -> None:
    assert project.from_plain(project.as_plain(one)) == one
    assert project.from_plain(values.decode(project.as_text(one))) == one


def example(**changed: Any) -> dict[str, Any]:
    model = Model(
        "shop.Item", "shop.models", "Item", "shop_item", "id", (Field("id", "id", "id", "AutoField", "x.AutoField", primary_key=True),)
    )
    whole = Project(FORMAT, "5.2", "3.11", "mysite.settings", "/srv", {}, {}, {}, (model, model), (Route("a/", None, "v"),))
    return {**project.as_plain(whole), **changed}


def test_keys_of_another_version_are_left_out() -> None:
    plain = example(invented=1)
    plain["models"][0]["invented"] = plain["models"][0]["fields"][0]["invented"] = plain["routes"][0]["invented"] = 1
    assert project.from_plain(plain) == project.from_plain(example())


def test_keys_that_an_older_version_lacked_have_their_default() -> None:
    plain = example()
    required = {"label", "module", "name", "table", "pk", "fields"}
    plain["models"] = [{key: item for key, item in plain["models"][0].items() if key in required}]
    assert project.from_plain(plain).models == project.from_plain(example()).models[:1]


@pytest.mark.parametrize("missing", [one.name for one in fields(Project) if one.default is MISSING])
def test_a_description_without_a_part_is_refused(missing: str) -> None:
    plain = example()
    del plain[missing]
    with pytest.raises(NotEncoded, match="this is not a value in the trace format: "):
        project.from_plain(plain)


@pytest.mark.parametrize(
    "plain",
    [
        None,
        [],
        "text",
        {},
        example(models=None),
        example(models=[1]),
        example(routes=[None]),
        example(models=[{"fields": 1}]),
        example(format="1"),
        example(format=0),
        example(format=True),
    ],
    ids=repr,
)
def test_what_is_no_description_is_refused(plain: Any) -> None:
    with pytest.raises(NotEncoded):
        project.from_plain(plain)


def test_a_newer_description_is_refused_by_name() -> None:
    with pytest.raises(NewerFormat) as refusal:
        project.from_plain(example(format=FORMAT + 1))
    assert (
        str(refusal.value)
        == f"this trace has format {FORMAT + 1}, this unspan reads formats up to {FORMAT}: install a newer unspan to read it"
    )


def test_the_fingerprint_changes_with_the_content() -> None:
    one, other = (project.as_text(project.from_plain(plain)) for plain in (example(), example(django="6.1")))
    assert project.fingerprint(one) == project.fingerprint(one)
    assert project.fingerprint(one) != project.fingerprint(other)
    assert len(bytes.fromhex(project.fingerprint(one))) == 16


@pytest.mark.parametrize(("label", "found"), [("shop.Item", True), ("shop.item", True), ("shop.Other", False), ("", False)])
def test_a_model_is_found_by_its_label(label: str, found: bool) -> None:
    assert bool(project.from_plain(example()).model(label)) is found


@pytest.mark.parametrize(("name", "found"), [("id", True), ("pk", True), ("other", False)])
def test_a_field_is_found_by_its_names(name: str, found: bool) -> None:
    assert bool(project.from_plain(example()).models[0].field(name)) is found


def test_a_model_is_found_by_its_table() -> None:
    assert project.from_plain(example()).table("shop_item") is not None
    assert project.from_plain(example()).table("shop") is None
