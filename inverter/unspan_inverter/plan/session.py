"""Who asks: the login, the session's content, the cookies."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final

from unspan_proto.values import bare, lossy

from unspan_inverter.events import Exchange
from unspan_inverter.facts import Key
from unspan_inverter.facts.parents import elsewhere
from unspan_inverter.plan import requests, spoken
from unspan_inverter.plan.bindings import Bindings, literals, string_of
from unspan_inverter.plan.epochs import numbers_the_time
from unspan_inverter.plan.expressions import Assign, Attr, Check, Do, Item, Name, SetItem, Statement, call, method

AUTH = ("_auth_user_id", "_auth_user_backend", "_auth_user_hash")
"""Keys that the login itself writes into a session."""
SILENT = (*AUTH, "_csrftoken", "_messages", "_session_expiry", "_session_init_timestamp_")
"""Keys whose change is not worth an assertion."""
CLIENT = Name("client")
LONG: Final = 32
"""Characters of a UUID without dashes."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What a client brings from its earlier requests: its session's content, where one of them is known to have had it, and cookies."""

    session: Mapping[str, Any] | None = None
    cookies: Mapping[str, str] = field(default_factory=dict[str, str])

    def on(self, exchange: Exchange) -> "Carried":
        """What it brings to the request after this one."""
        left = next((one for one in (exchange.session_after, exchange.session) if one is not None), self.session)
        given = {name: str(bare(cookie.get("value", ""))) for name, cookie in exchange.cookies.items()}
        return Carried(left, {**self.cookies, **(exchange.cookies_sent or {}), **given})


NEW: Final = Carried()


def user_key(exchange: Exchange, bindings: Bindings) -> Key | None:
    """The row of the session's user."""
    label = str(bindings.project.settings.get("AUTH_USER_MODEL", "auth.User"))
    user = exchange.user
    if user is not None and user.pk is not None:
        key = elsewhere(Key(label_of(label, bindings), bare(user.pk)), bindings.names, bindings.project)
        return key if key in bindings.names else None
    id = (exchange.session or {}).get("_auth_user_id")
    return next((key for key in bindings.candidates(id) if key.label.lower() == label.lower()), None) if id is not None else None


def label_of(label: str, bindings: Bindings) -> str:
    model = bindings.project.model(label)
    return model.label if model else label


def arranged(exchange: Exchange, bindings: Bindings, carried: Carried = NEW) -> Iterator[Statement]:
    """Cookies, login and session before the request, but for what the client has from earlier ones."""
    for name, value in cookies(exchange, bindings):
        if carried.cookies.get(name) != value:
            bindings.keep([value])
            yield SetItem(Attr(CLIENT, "cookies"), name, value)
    if carried.session is not None and exchange.session in (None, carried.session):
        return
    key = user_key(exchange, bindings)
    if key is not None:
        backends = bindings.project.settings.get("AUTHENTICATION_BACKENDS") or []
        named = {"backend": exchange.backend} if exchange.backend in list(backends)[1:] else {}
        yield Do(method(CLIENT, "force_login", bindings.row(key), **named))
    extra = {
        name: value for name, value in (exchange.session or {}).items() if name not in AUTH and not lossy(value) and isinstance(name, str)
    }
    if extra:
        yield Assign(Name("session"), Attr(CLIENT, "session"))
        for name, value in extra.items():
            yield SetItem(Name("session"), name, held(name, bare(value), bindings))
        yield Do(method(Name("session"), "save"))


def cookies(exchange: Exchange, bindings: Bindings) -> Iterator[tuple[str, str]]:
    """The request's cookies but those of the session and of CSRF protection; those that a cookie jar takes. A request that was refused has the latter too:
    why it was depends on it."""
    if requests.odd_cookies(exchange):
        return
    settings = bindings.project.settings
    own = {settings.get("SESSION_COOKIE_NAME", "sessionid"), "messages"}
    own |= set() if exchange.csrf_refused else {settings.get("CSRF_COOKIE_NAME", "csrftoken")}
    sent = exchange.cookies_sent if exchange.cookies_sent is not None else parsed(exchange.header("Cookie"))
    yield from ((name, str(value)) for name, value in sent.items() if name not in own and requests.LEGAL.fullmatch(name))


def parsed(header: str) -> dict[str, str]:
    """Of a trace that says only the header."""
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}


def asserted(exchange: Exchange, bindings: Bindings, session: Any) -> Iterator[Statement]:
    """What the request changed in the session, read from the expression `session`."""
    if exchange.session_after is None:
        return
    before, after = exchange.session or {}, exchange.session_after
    if "_auth_user_id" in after and before.get("_auth_user_id") != after["_auth_user_id"]:
        label = str(bindings.project.settings.get("AUTH_USER_MODEL", "auth.User"))
        key = next((key for key in bindings.candidates(after["_auth_user_id"]) if key.label.lower() == label.lower()), None)
        if key is not None:
            yield Check("equal", (Item(session, "_auth_user_id"), call(Name("str"), bindings.pk(key))))
    if "_auth_user_id" in before and "_auth_user_id" not in after:
        yield Check("not in", ("_auth_user_id", session))
    for name, value in after.items():
        if name not in SILENT and before.get(name) != value and plain(value) and not numbers_the_time(str(bare(value)), exchange):
            yield Check("equal", (Item(session, name), bound(name, bare(value), bindings)))


def held(name: str, value: Any, bindings: Bindings) -> Any:
    """What a session has before the request: keys of rows as those of the test's rows, where it is certain whose they are. Of several at once that is where all of them, and no two
    the same, are keys of one model: a list of the products that were seen, a dict of how many of each are in the basket.
    """
    if isinstance(value, (str, int)):
        return bound(name, value, bindings)
    items = list(value) if isinstance(value, (list, dict)) else []
    keys = all_of_one(name, items, bindings)
    if keys is None:
        bindings.keep(literals({name: value}))
        return value
    told = [string_of(bindings.pk(key)) if isinstance(item, str) else bindings.pk(key) for key, item in zip(keys, items, strict=True)]
    if isinstance(value, list):
        return told
    bindings.keep(literals(list(value.values())))
    return dict(zip(told, value.values(), strict=True))


def all_of_one(name: str, items: list[Any], bindings: Bindings) -> list[Key] | None:
    """The rows whose keys these are: of the only model that has a row for each, or of the one that the name speaks of."""
    plain = all(type(item) is int or (isinstance(item, str) and (item.isdecimal() or len(item) >= LONG)) for item in items)
    if not items or not plain or len(set(items)) < len(items):
        return None
    found = [{key.label: key for key in bindings.candidates(item)} for item in items]
    labels = set(found[0]).intersection(*found[1:])
    labels = {label for label in labels if bindings.suits(name, label)} or labels
    return [one[next(iter(labels))] for one in found] if len(labels) == 1 else None


def bound(name: str, value: Any, bindings: Bindings) -> Any:
    """What the request put into the session: `order_id` is the key of a row, and in the test maybe another one; a number of which that is not
    certain is the recorded one, and so are the keys that read like it.
    """
    for key in bindings.candidates(value) if not isinstance(value, bool) else ():
        if bindings.suits(name, key.label) or name.lower().endswith("_" + spoken.name(key)):
            return string_of(bindings.pk(key)) if isinstance(value, str) else bindings.pk(key)
    bindings.keep(literals(value))
    return spoken.bound(value, bindings) if isinstance(value, str) and not value.isdecimal() else value


def plain(value: Any) -> bool:
    """Whether a session's value reads well in an assertion."""
    found = bare(value)
    return isinstance(found, (str, int, float, bool)) and len(str(found)) < 80
