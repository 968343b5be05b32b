"""The door behind URLs and middleware: the view is called with a request of `RequestFactory`, on which what it uses is set by hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from unspan_proto.project import Project
from unspan_proto.values import ModelRef, bare, lossy

from unspan_inverter.errors import NotAtLevel
from unspan_inverter.events import Exchange
from unspan_inverter.facts import Facts, Key
from unspan_inverter.facts.parents import elsewhere
from unspan_inverter.facts.viewing import Viewed
from unspan_inverter.plan import headers, messages, requests, session, spoken
from unspan_inverter.plan.answering import OBJECTS, REDIRECTS, Answer, location
from unspan_inverter.plan.answers import ANSWERS, documented
from unspan_inverter.plan.bindings import Bindings, literals, string_of
from unspan_inverter.plan.cached import kept
from unspan_inverter.plan.clock import Clock
from unspan_inverter.plan.doors import Answers
from unspan_inverter.plan.expressions import (
    Assign,
    Attr,
    Call,
    Check,
    Context,
    Do,
    Function,
    Import,
    Item,
    Name,
    Raises,
    SetAttr,
    SetItem,
    Statement,
    call,
    method,
    pieces,
)
from unspan_inverter.plan.requests import Act
from unspan_inverter.plan.shown import page
from unspan_inverter.plan.signing import Signature

REQUEST, RESPONSE = Name("request"), Name("response")
WHERE: Final = {"django.http.response": "django.http", "django.utils.datastructures": "django.utils.datastructures"}
"""Module of an exception → the one that users import it from."""
NO_ANSWER: Final = Function("request", call(Import("django.http", "HttpResponse")))
"""What middleware is put around where nothing below it counts."""
LOADS: Final = "it loads what the view finds in its process"
OF_MIDDLEWARE: Final = frozenset({"allow", "x-"})


@dataclass(frozen=True, slots=True)
class View:
    """Calls the view of a recorded request. `touches`: whether it reached the database itself."""

    viewed: Viewed
    trace_id: str
    touches: bool = True

    @property
    def by_client(self) -> bool:
        return False

    @property
    def level(self) -> str:
        return "view"

    @property
    def answers(self) -> Answers:
        """What leaves the view is asserted by the context that expects it."""
        return (
            {"cache": kept}
            if self.viewed.raised is not None
            else {**ANSWERS, "redirect": redirect, "headers": said, "messages": told, "json": document, "html": shown, "cache": kept}
        )

    def act(self, exchange: Exchange, bindings: Bindings, traces: str, signature: Signature | None, ignored: frozenset[str]) -> Act:
        made = requests.act(exchange, bindings, traces, signature, ignored, requests.FACTORY_MAKES)
        args, kwargs = exchange.arguments
        if self.opened(bindings) and self.viewed.given is not None:
            args, kwargs = (), self.viewed.given
        said = [(name, argument(name, value, bindings)) for name, value in kwargs.items()]
        called = Call(self.function(exchange, bindings), (REQUEST, *(argument("", value, bindings) for value in args)), tuple(said))
        wanted = [made.request, *self.attributes(exchange, bindings)]
        return Act(Do(called) if self.viewed.raised is not None else Assign(RESPONSE, called), (*made.before, *wanted))

    def opened(self, bindings: Bindings) -> bool:
        """Whether the function is called without what is around it: what that gave it can be made again."""
        given = (self.viewed.given or {}).values()
        put = [value for name, value in self.viewed.attributes.items() if name in self.viewed.put_around and self.viewed.reads(name)]
        return (
            self.viewed.bare
            and all(row_of(one, bindings) is not None or not (lossy(one) or isinstance(one, ModelRef)) for one in put)
            and all(not isinstance(one, (tuple, list, dict)) and (not lossy(one) or row_of(one, bindings) is not None) for one in given)
        )

    def function(self, exchange: Exchange, bindings: Bindings) -> Any:
        """The view as something that takes a request."""
        module, _, name = self.viewed.view.rpartition(".")
        view: Any = Import(module, name)
        if self.viewed.of_class:
            options, actions = exchange.made_with or ({}, {})
            if any(lossy(value) for value in options.values()):
                raise NotAtLevel(self.trace_id, "view", f"{self.viewed.view} was given options by the URLconf that have no source form")
            view = Call(
                Attr(view, "as_view"), (dict(actions),) if actions else (), tuple((name, bare(item)) for name, item in options.items())
            )
        elif self.opened(bindings):
            view = call(Import("inspect", "unwrap"), view)
        coroutine = self.viewed.call is not None and self.viewed.call.form == "coroutine"
        return call(Import("asgiref.sync", "async_to_sync"), view) if coroutine else view

    def attributes(self, exchange: Exchange, bindings: Bindings) -> Iterator[Statement]:
        """What middleware and decorators would have put into the request, as far as it is used."""
        for name, value in session.cookies(exchange, bindings):
            bindings.keep([value])
            yield SetItem(Attr(REQUEST, "COOKIES"), name, value)
        yield from self.user(exchange, bindings)
        yield from self.content(exchange, bindings)
        if exchange.csrf_within:
            yield SetAttr(REQUEST, "_dont_enforce_csrf_checks", True)
        if self.adds_messages(exchange):
            storage = Import("django.contrib.messages.storage.cookie", "CookieStorage")
            yield SetAttr(REQUEST, "_messages", call(storage, REQUEST))
        if self.viewed.asked is not None and "resolver_match" in self.viewed.asked:
            yield SetAttr(REQUEST, "resolver_match", call(Import("django.urls", "resolve"), Attr(REQUEST, "path_info")))
        if self.viewed.asked is not None and "LANGUAGE_CODE" in self.viewed.asked and exchange.language:
            yield SetAttr(REQUEST, "LANGUAGE_CODE", exchange.language)
        for name, value in self.viewed.attributes.items():
            if self.viewed.reads(name) and name.isidentifier() and (self.opened(bindings) or name not in self.viewed.put_around):
                yield from self.own(name, value, bindings)
        for middleware in self.viewed.through:
            module, _, name = middleware.rpartition(".")
            yield Do(call(call(Import(module, name), NO_ANSWER), REQUEST), LOADS)

    def user(self, exchange: Exchange, bindings: Bindings) -> Iterator[Statement]:
        """Who asks, where the view or what is around it may look: a library's class and a template look without saying so."""
        key, hidden = session.user_key(exchange, bindings), self.hides(bindings)
        if key is not None and (self.viewed.reads("user") or hidden or exchange.templates):
            yield SetAttr(REQUEST, "user", bindings.row(key))
        elif key is None and ((self.viewed.asked is not None and self.viewed.reads("user")) or (hidden and exchange.session is not None)):
            yield SetAttr(REQUEST, "user", call(Import("django.contrib.auth.models", "AnonymousUser")))

    def hides(self, bindings: Bindings) -> bool:
        """Whether code that is not the project's stands between the call and the view's own code."""
        return self.viewed.of_class or (bool(self.viewed.around) and not self.opened(bindings))

    def content(self, exchange: Exchange, bindings: Bindings) -> Iterator[Statement]:
        """The session, where it is read or written; not the login in it, unless that is taken away."""
        before, after = exchange.session or {}, exchange.session_after
        some = {name: value for name, value in before.items() if name not in session.AUTH and not lossy(value) and isinstance(name, str)}
        read = self.viewed.asked is not None and "session" in self.viewed.asked
        if not read and after is None and not (some and (self.viewed.of_class or not self.viewed.reads(""))):
            return
        engine = str(bindings.project.settings.get("SESSION_ENGINE") or "django.contrib.sessions.backends.db")
        yield SetAttr(REQUEST, "session", call(Import(engine, "SessionStore")))
        key = session.user_key(exchange, bindings)
        if key is not None and after is not None and "_auth_user_id" not in after:
            yield SetItem(Attr(REQUEST, "session"), "_auth_user_id", string_of(bindings.pk(key)))
        bindings.keep(literals(bare(some)))
        for name, value in some.items():
            yield SetItem(Attr(REQUEST, "session"), name, bare(value))

    def adds_messages(self, exchange: Exchange) -> bool:
        added = self.viewed.asked is not None and "_messages" in self.viewed.asked
        return added or bool(messages.sent(exchange)) or "_messages" in (exchange.session_after or {})

    def own(self, name: str, value: Any, bindings: Bindings) -> Iterator[Statement]:
        """An attribute of the project's own."""
        key = row_of(value, bindings)
        if key is not None:
            yield SetAttr(REQUEST, name, bindings.row(key))
        elif not lossy(value) and not isinstance(value, ModelRef):
            bindings.keep(literals(bare(value)))
            yield SetAttr(REQUEST, name, bare(value))
        elif self.viewed.asked is not None:
            kind = getattr(value, "type", "") or getattr(value, "label", "") or type(value).__name__
            raise NotAtLevel(
                self.trace_id,
                "view",
                f"{self.viewed.view} reads request.{name}, a {kind}, which cannot be made from what was recorded of it",
            )

    def arranged(self, exchange: Exchange, bindings: Bindings) -> list[Statement]:
        return []

    def session(self, clock: Clock) -> Any:
        return Attr(REQUEST, "session")

    def after(self, exchange: Exchange, asserts: list[Statement], sessions: list[Statement], clock: Clock) -> tuple[Statement, ...]:
        """A response that is rendered late is rendered where its text is looked at other than by `assertContains`, which does so itself."""
        content = [Attr(RESPONSE, "content"), Attr(RESPONSE, "getvalue")]
        return (Do(method(RESPONSE, "render")),) if exchange.deferred and any(part in content for part in pieces(asserts)) else ()

    def contexts(self, exchange: Exchange, bindings: Bindings, project: Project) -> list[Context]:
        found = requests.mounted(exchange, project)
        language, zone = str(project.settings.get("LANGUAGE_CODE", "")), str(project.settings.get("TIME_ZONE", ""))
        if exchange.language and exchange.language.lower() != language.lower():
            found.append(Context(call(Attr(Import("django.utils", "translation"), "override"), exchange.language)))
        if exchange.zone and exchange.zone != zone and project.settings.get("USE_TZ"):
            found.append(Context(call(Attr(Import("django.utils", "timezone"), "override"), exchange.zone)))
        if self.viewed.raised is not None:
            found.append(Context(expected(*self.viewed.raised, bindings)))
        return [*found, *self.transactions(exchange, project)]

    def transactions(self, exchange: Exchange, project: Project) -> Iterator[Context]:
        """What `ATOMIC_REQUESTS` puts around a view, where that has failed: a library's class may have the transaction rolled back, and the test's own must not be."""
        if not (self.viewed.of_class and self.touches and (exchange.status >= 400 or self.viewed.raised is not None)):
            return
        for alias, about in project.databases.items():
            if about.get("atomic_requests"):
                using = {"using": alias} if alias != "default" else {}
                yield Context(call(Attr(Import("django.db", "transaction"), "atomic"), **using))

    def needs_database(self, facts: Facts, exchange: Exchange, otherwise: bool) -> bool:
        logs_in = (exchange.session_after or {}).get("_auth_user_id") != (exchange.session or {}).get("_auth_user_id")
        return otherwise and (self.touches or bool(facts.rows) or logs_in)


def row_of(value: Any, bindings: Bindings) -> Key | None:
    """The row with a variable that a recorded instance is of."""
    if not isinstance(value, ModelRef):
        return None
    key = elsewhere(Key(session.label_of(value.label, bindings), bare(value.pk)), bindings.names, bindings.project)
    return key if key in bindings.names else None


def argument(name: str, value: Any, bindings: Bindings) -> Any:
    """What the URL gave the view: the row's key where it means a row."""
    if (found := row_of(value, bindings)) is not None:
        return bindings.row(found)
    plain = bare(value)
    key = bindings.meant(name, plain) if isinstance(plain, str) or not isinstance(plain, (bool, dict, list)) else None
    if key is not None and plain not in (None, ""):
        return string_of(bindings.pk(key)) if isinstance(plain, str) and not isinstance(bare(key.pk), str) else bindings.pk(key)
    bindings.keep([str(plain)])
    return plain


def expected(kind: str, message: str, bindings: Bindings) -> Raises:
    """The exception that leaves the view; its message where it is the same each time."""
    module, _, name = kind.rpartition(".")
    exception: Any = Import(WHERE.get(module, module), name) if module not in ("", "builtins") else Name(name)
    told = message if message and len(message) < 200 and message.isprintable() and not OBJECTS.search(message) else ""
    bindings.keep([told])
    return Raises(exception, spoken.bound(told, bindings) if told else None)


def redirect(answer: Answer) -> Iterator[Statement]:
    """Status and target, which is looked at as it is: no URLconf is asked."""
    target = location(answer)
    if answer.exchange.status not in REDIRECTS or not target:
        return
    plain, separator, query = target.partition("?")
    path = requests.bound_path(plain, answer.exchange, answer.bindings) if plain.startswith("/") else spoken.bound(plain, answer.bindings)
    yield Check("equal", (Attr(RESPONSE, "status_code"), answer.exchange.status))
    told = requests.text([path, spoken.bound(separator + query, answer.bindings)]) if separator else path
    yield Check("equal", (Item(Attr(RESPONSE, "headers"), "Location"), told))


def shown(answer: Answer) -> Iterator[Statement]:
    """A page by its texts; an answer that is one text, as it is."""
    checks = list(page(answer))
    alone = [one for one in checks if isinstance(one, Check) and one.args[1:] == (answer.text,)]
    if len(checks) == len(alone) == 1 and answer.text.isascii() and not answer.exchange.streaming:
        yield Check("equal", (Attr(RESPONSE, "content"), answer.text.encode("ascii")))
    else:
        yield from checks


def document(answer: Answer) -> Iterator[Statement]:
    """A JSON body, whole."""
    return documented(answer, call(Attr(Import("json"), "loads"), Attr(RESPONSE, "content")))


def told(answer: Answer) -> Iterator[Statement]:
    return headers.waiting(answer, REQUEST)


def said(answer: Answer) -> Iterator[Statement]:
    """Headers that only a view sets: others may be middleware's."""
    for one in headers.said(answer):
        name = one.args[0].key if isinstance(one, Check) and isinstance(one.args[0], Item) else ""
        if isinstance(name, str) and not name.lower().startswith(tuple(OF_MIDDLEWARE)) and name.lower() != "cache-control":
            yield one
