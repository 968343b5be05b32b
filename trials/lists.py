"""The two forms of request lists, as plays: `CASES`, each with its own earlier steps and a fresh database; `REQUESTS`, in order on one database.

README.md describes both.
"""

import base64
import importlib.util
import json
import re
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

from application import Application, TrialError
from client import REDIRECTS, Client, Exchange, Pairs, Part, multipart
from forms import TOKEN, Forms

SAFE = ("GET", "HEAD", "OPTIONS")
FORM = "application/x-www-form-urlencoded"
BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64)", "Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "en",
}  # fmt: skip
Step = dict[str, Any]


@dataclass
class Play:
    """One request of a list. `run(headers)` plays it, whatever must come before it first, and puts `headers` on the request itself.

    Returns the exchange of the request itself; `expected` are the statuses that the list allows, empty for any.
    """

    name: str
    expected: list[int]
    run: Callable[[dict[str, str]], Exchange]


def plays(application: Application, base: str, played: list[Exchange]) -> Iterator[Play]:
    """The plays of an application's list, in order. Every exchange, also those that prepare one, is added to `played`."""
    module = load(application.requests)
    if application.player == "cases":
        for case in module.CASES:
            yield Play(case["name"], [case["status"]], lambda headers, case=case: Case(application, base, played).run(case, headers))
    else:
        browser = Browser(base, module, played, dict(getattr(module, "VARS", {})))
        for step in module.REQUESTS:
            yield Play(step["name"], list(step.get("expect") or ()), lambda headers, step=step: browser.one(step, headers))


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"unspan_list_{path.stem}", path)
    if spec is None or spec.loader is None or not path.exists():
        raise TrialError(f"there is no list of requests at {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pairs(data: Any) -> list[tuple[str, str]]:
    """A form's fields; a list is a field several times, None is none."""
    items = data.items() if isinstance(data, dict) else data or ()
    return [(name, str(one)) for name, value in items for one in (value if isinstance(value, list) else [value]) if one is not None]


@dataclass
class Case:
    """A request on a fresh database, with cookies of its own, after the steps that come before it."""

    application: Application
    base: str
    played: list[Exchange]

    def run(self, case: Step, headers: dict[str, str]) -> Exchange:
        self.application.reseed()
        client = Client(self.base, self.played)
        for step in case.get("before", ()):
            answer = self.send(client, step, {})
            if answer.status >= 400:
                raise TrialError(f"{step['method']} {step['path']} before it answered {answer.status}")
        return self.send(client, case, headers)

    def send(self, client: Client, step: Step, extra: dict[str, str]) -> Exchange:
        def filled(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: filled(one) for key, one in value.items()}
            return client.jar.get("csrftoken", "") if value == "{csrf}" else value

        files: list[tuple[str, Part]] = [(name, (one[0], one[1].encode(), one[2])) for name, one in (step.get("files") or {}).items()]
        body, kind = payload(pairs(filled(step.get("data"))), files, step.get("json"))
        headers = {**(filled(step.get("headers")) or {}), **extra}
        return client.send(step["method"], step["path"], headers, body, kind, [part for _, part in files])


def payload(fields: Pairs, files: list[tuple[str, Part]], document: Any = None, forced: bool = False) -> tuple[bytes | None, str]:
    """A body and its content type; None for no body."""
    if document is not None:
        return json.dumps(document).encode(), "application/json"
    if files or (forced and fields):
        return multipart(fields, files)
    return (urlencode(fields).encode(), FORM) if fields else (None, "")


@dataclass
class Browser:
    """One session a user. A page with a form is fetched before the form is sent; its hidden and preset fields go back with it."""

    base: str
    spec: ModuleType
    played: list[Exchange]
    variables: dict[str, str]
    clients: dict[str | None, Client] = field(default_factory=dict)

    def client(self, user: str | None) -> Client:
        if user not in self.clients:
            client = self.clients[user] = Client(self.base, self.played, {**BROWSER, **getattr(self.spec, "HEADERS", {})})
            if user:
                self.login(user, client)
        return self.clients[user]

    def login(self, user: str, client: Client) -> None:
        how = self.spec.LOGIN
        who = how["users"][user]
        if isinstance(who, dict):
            client.headers.update(self.filled(who["header"]))
            return
        data = {how.get("user_field", "username"): who[0], how.get("password_field", "password"): who[1], **how.get("extra", {})}
        step: Step = {
            "method": "POST", "path": how["path"], "login_as": user, "form": how.get("form"),
            "form_has": how.get("form_has", how.get("password_field", "password")),
        }  # fmt: skip
        step |= {"json": data, "form": how.get("form", False)} if how.get("json") else {"data": data}
        answer = self.one(step, {})
        if answer.status not in how.get("ok", [302]):
            raise TrialError(f"the login of {user} answered {answer.status}")

    def filled(self, value: Any) -> Any:
        if isinstance(value, str):
            return string.Template(value).safe_substitute(self.variables)
        if isinstance(value, dict):
            return {self.filled(key): self.filled(one) for key, one in value.items()}
        return [self.filled(one) for one in value] if isinstance(value, list) else value

    def one(self, step: Step, extra: dict[str, str]) -> Exchange:
        client, method, path = self.client(step.get("login_as")), step["method"].upper(), self.filled(step["path"])
        headers, document = dict(self.filled(step.get("headers") or {})), self.filled(step.get("json"))
        fields, token, page = pairs(self.filled(step.get("data"))), None, None
        unsafe = method not in SAFE
        if unsafe and step.get("form") is not False and "body" not in step and (document is None or step.get("form")):
            page = client.visit(self.filled(step.get("form") or path), step.get("form_headers") or {})
            headers.setdefault("Referer", page.url)
            if document is None:
                fields, token = self.fields(page, step)
        if unsafe:
            headers.setdefault("Origin", self.base)
            headers.setdefault("Referer", f"{self.base}{path}")
            token = next((value for name, value in client.jar.items() if "csrf" in name.lower()), token)
            if token and (document is not None or step.get("ajax") or method != "POST"):
                headers.setdefault("X-CSRFToken", token)
        if document is not None or ("/api/" in path and "/admin/" not in path):
            headers.setdefault("Accept", "application/json")
        files = [(name, part(one)) for name, one in (step.get("files") or {}).items()]
        body, kind = payload(fields, files, document, bool(step.get("multipart")))
        if "body" in step:
            body, kind = self.filled(step["body"]).encode(), ""
        answer = client.send(method, path, {**headers, **extra}, body, kind, [one for _, one in files])
        self.save(client, step, answer)
        return answer

    def fields(self, page: Exchange, step: Step) -> tuple[list[tuple[str, str]], str | None]:
        """The fields of the page's form, those of the step in their place, and the page's token."""
        forms = Forms(page.text if "json" not in page.type else "")
        marks = step.get("form_has") or []
        form = forms.pick([marks] if isinstance(marks, str) else marks)
        preset = form.fields if form else ([(TOKEN, forms.csrf)] if forms.csrf else [])
        data = self.filled(step.get("data") or {})
        kept = [(name, value) for name, value in preset if name not in data and name not in (step.get("drop") or [])]
        return kept + pairs(data), forms.csrf

    def save(self, client: Client, step: Step, answer: Exchange) -> None:
        """What later requests need of this answer."""
        landed = answer
        if step.get("follow") and answer.status in REDIRECTS:
            landed = client.visit(answer.got_header("location"))
        for name, (where, pattern) in (step.get("save") or {}).items():
            text = answer.got_header("location") if where == "location" else landed.url if where == "url" else landed.text
            if found := re.search(pattern, text, re.DOTALL):
                self.variables[name] = found.group(1)


def part(given: list[str]) -> Part:
    """A file of a step: name, text (or `base64:…`), content type."""
    content = base64.b64decode(given[1][7:]) if given[1].startswith("base64:") else given[1].encode()
    return given[0], content, given[2]
