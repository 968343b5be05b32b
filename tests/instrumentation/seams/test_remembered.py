"""Rows that Django hands out from its own memory, and headers that are looked up by name."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from unspan_instrumentation import remembered
from unspan_instrumentation.recording import Recording
from unspan_instrumentation.request import incoming
from unspan_proto import vocabulary as v
from unspan_proto.values import ModelRef


@pytest.fixture(scope="module")
def content_types(django: None) -> Any:
    from django.contrib.contenttypes import models

    remembered.patch_content_types(models)
    return models.ContentType.objects


@pytest.fixture
def asking(recorded: Recording) -> SimpleNamespace:
    """Stands for the request that the recording is of."""
    headers: list[object] = []
    recorded.exchange = SimpleNamespace(remembered=set(), headers=headers, asked=headers.append, layer="", called=True)
    return recorded.exchange


def by_model(manager: Any) -> list[Any]:
    from django.contrib.auth.models import User

    return [manager.get_for_model(User)]


def by_models(manager: Any) -> list[Any]:
    from django.contrib.auth.models import Group, User

    return list(manager.get_for_models(User, Group).values())


@pytest.mark.parametrize(
    "look",
    [
        by_model,
        by_models,
        lambda manager: [manager.get_for_id(by_model(manager)[0].pk)],
        lambda manager: [manager.get_by_natural_key("auth", "user")],
    ],
    ids=["get_for_model", "get_for_models", "get_for_id", "get_by_natural_key"],
)
def test_a_content_type_from_memory_is_recorded_once(
    content_types: Any, asking: Any, records: Any, look: Callable[[Any], list[Any]]
) -> None:
    by_models(content_types)
    asking.remembered.clear()
    records.clear()
    found = look(content_types)
    look(content_types)
    rows = [record.attributes[v.REMEMBERED_ROW] for record in records.of(v.REMEMBERED)]
    assert rows == [ModelRef("contenttypes.ContentType", one.pk, {"id": one.pk, "app_label": "auth", "model": one.model}) for one in found]
    assert records.of(v.SQL) == []


def test_one_that_the_request_itself_read_is_not_recorded_again(content_types: Any, asking: Any, records: Any) -> None:
    content_types.clear_cache()
    by_model(content_types)
    by_model(content_types)
    assert [record.kind for record in records if record.kind in (v.REMEMBERED, v.SQL)] == [v.SQL]


def test_headers_are_noted_by_the_name_they_are_looked_up_by(django: None, asking: Any) -> None:
    from django.http import request

    incoming.watch_headers(request)
    found = request.HttpHeaders({"HTTP_USER_AGENT": "x", "HTTP_ORIGIN": "y"})
    assert (found["User-Agent"], found.get("user_agent"), "Referer" in found) == ("x", "x", False)
    assert asking.headers == ["User-Agent", "user_agent", "Referer"]
