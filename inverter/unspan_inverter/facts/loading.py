"""Which middleware loads something from the database into the process, where the view finds it: configuration, the site, the tenant."""

from collections.abc import Mapping, Sequence
from typing import Any

from unspan_proto.project import Project
from unspan_proto.values import ModelRef, bare

from unspan_inverter.events import Exchange
from unspan_inverter.events.asking import Asked
from unspan_inverter.facts.ledger import SESSIONS


def loading(asked: Sequence[Asked], exchange: Exchange, attributes: Mapping[str, Any], project: Project) -> tuple[str, ...]:
    """The middleware, outermost first. What it read for the request itself is set by hand: who asks, and what stands in its attributes."""
    put = {value.label.lower() for value in attributes.values() if isinstance(value, ModelRef)}
    own = {SESSIONS, str(project.settings.get("AUTH_USER_MODEL", "auth.User")).lower(), *put}
    user = bare(exchange.user.pk) if exchange.user is not None else None
    return tuple(
        one.middleware
        for one in asked
        if "<" not in one.middleware
        and not one.writes
        and any(label.lower() not in own for label in one.models)
        and (user is None or user not in one.given)
    )
