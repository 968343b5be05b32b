"""Secrets inside of longer texts: JSON, forms, query strings, statements, pages, lines of a log. Where they stand, and in which spelling."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from unspan_instrumentation.redaction import shapes

STEMS: Final = (
    "pass", "secret", "token", "key", "pwd", "jwt", "credential", "authoriz", "csrf", "cvv", "cvc", "otp", "ssn", "pin", "auth", "session", "card", "code",
)  # fmt: skip
"""One of them is in every name of a secret (see `names`), unless a setting adds others."""
INSIDE: Final = re.compile(
    rb"(?:pass|pwd|secret|token|jwt|credential|authoriz|csrf|cvv|cvc|otp|ssn|\bpin|(?:api|auth|access|private|session|signing|master|encryption|service)[_. -]?key"
    rb"|auth_?(?:hash|code)|session_?(?:id|data)|card_?(?:number|no)|(?:verification|security|recovery|backup)_?code)"
    rb"[\w.-]{0,40}(?:\\+[\"'\]]|')? *(?:=|:)"
)
"""A name of a secret inside of an encoded text, with what comes before its value; in lower case. A key of JSON's own has a plain quote after it."""
PAIR: Final = re.compile(
    r"""(?<!\w)(?P<name>[A-Za-z_][\w.\-]{1,60}+)(?:\\?["'`\]])?\ *(?:=>|[:=])\ *
        (?:\\"(?P<escaped>(?:[^"\\\n]|\\\\.){1,4000})\\" | "(?P<double>(?:[^"\\\n]|\\.){1,4000})" | '(?P<single>(?:[^'\\\n]|\\.|''){1,4000})'
          | (?P<bare>[^\s"'&;,<>(){}\[\]\\|]{1,4000}))""",
    re.VERBOSE,
)
INPUT: Final = re.compile(r"<input\b[^<>]{0,2000}>", re.IGNORECASE)
MARKUP: Final = re.compile(r"""\b(name|value)\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
PART: Final = re.compile(
    r'Content-Disposition: *form-data;[^\r\n]*?\bname="([^"\r\n]{1,200})"(?![^\r\n]*filename)[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n',
    re.IGNORECASE,
)
ELEMENT: Final = re.compile(r"<([A-Za-z_][\w.:\-]{1,60})(?: [^<>]*)?>([^<>\s][^<>]{0,4000})</\1>")
NOTHING: Final = frozenset({"true", "false", "null", "none", "undefined", "nan", "%s", "?"})
LONGEST: Final = 4 << 20
LONG: Final = 64 << 10
SHORTEST_RESET: Final = 38
ANY: Final = ""
"""The name that is a secret's where a setting adds names, of which nothing else is known."""


class Place(NamedTuple):
    """A secret inside of a text: where it stands, what it is without its spelling there, and how another is spelled there.

    `sure`: it stands under its name; else it only looks so."""

    start: int
    end: int
    secret: str
    spelled: Callable[[str], str]
    sure: bool


def same(text: str) -> str:
    return text


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")


def unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "r": "\r", "t": "\t"}.get(found[1], found[1]), text) if "\\" in text else text


def places(text: str, secret: Callable[[str], bool], form: bool = False) -> Iterable[Place]:
    """Where secrets stand in a text. `form`: it is a query string or an urlencoded body, in which values are written with percent signs.

    Of a long text it is remembered while nothing else is asked: it is learnt from, and then covered.
    """
    return remembered(text, secret, form) if len(text) > LONG else looked_for(text, secret, form)


@lru_cache(2)
def remembered(text: str, secret: Callable[[str], bool], form: bool) -> tuple[Place, ...]:
    return tuple(looked_for(text, secret, form))


def looked_for(text: str, secret: Callable[[str], bool], form: bool) -> Iterator[Place]:
    if shapes.signs(text.encode("utf-8", "replace")) or (len(text) > SHORTEST_RESET and "-" in text and shapes.RESET_END.search(text)):
        for start, end in shapes.found(text):
            yield Place(start, end, text[start:end], same, True)
    if ("=" not in text and ":" not in text and "<" not in text) or len(text) > LONGEST or not (stemmed(text) or secret(ANY)):
        return
    if form:
        yield from of_form(text, secret)
        return
    yield from of_markup(text, secret)
    yield from of_parts(text, secret)
    yield from of_pairs(text, secret)


def stemmed(text: str) -> bool:
    """Whether a text may name a secret."""
    low = text.lower()
    return any(stem in low for stem in STEMS)


def of_form(text: str, secret: Callable[[str], bool]) -> Iterator[Place]:
    place = 0
    for piece in text.split("&"):
        name, equals, value = piece.partition("=")
        if equals and value and secret(unquote_plus(name)) and (plain := unquote_plus(value)).lower() not in NOTHING:
            start = place + len(name) + 1
            yield Place(start, start + len(value), plain, spelling(value, plain), True)
        place += len(piece) + 1


def spelling(value: str, plain: str) -> Callable[[str], str]:
    """How a form wrote a value: it may leave marks that another writes with percent signs."""
    if value == plain:
        return same
    if quote_plus(plain) == value:
        return quote_plus
    return lambda text: quote(text, safe="!~*'()@:/,")


def of_pairs(text: str, secret: Callable[[str], bool]) -> Iterator[Place]:
    """`name: value`, `"name": "value"`, `name = 'value'`."""
    place = 0
    while (found := PAIR.search(text, place)) is not None:
        group = found.lastgroup or "bare"
        if not secret(found["name"]) or group == "name":
            place = max(found.end("name"), found.start() + 1)  # its value may be a pair of its own
            continue
        place = found.end()
        value = found[group]
        plain = (
            unescaped(value)
            if group == "double"
            else unescaped(unescaped(value))
            if group == "escaped"
            else value.replace("''", "'")
            if group == "single"
            else value
        )
        if group == "bare" and "%" in value:
            plain = unquote(value)
        if plain.lower() in NOTHING or plain.startswith("%(") or (group == "bare" and plain.isdigit() and len(plain) < 6):
            continue
        if group == "bare" and plain.lower() in ("bearer", "token", "basic"):
            continue
        spelled = {"double": escaped, "escaped": lambda one: escaped(escaped(one))}.get(group, same if plain == value else quote)
        yield Place(found.start(group), found.end(group), plain, spelled, group != "bare" or '"' in found[0])


def of_markup(text: str, secret: Callable[[str], bool]) -> Iterator[Place]:
    """`<input name="…" value="…">` and elements that hold only text."""
    if "<" not in text:
        return
    for one in INPUT.finditer(text):
        marks = {mark[1].lower(): mark for mark in MARKUP.finditer(text, one.start(), one.end())}
        if "name" in marks and "value" in marks and secret(marks["name"][2] or marks["name"][3] or ""):
            group = 2 if marks["value"][2] is not None else 3
            if value := marks["value"][group]:
                yield Place(marks["value"].start(group), marks["value"].end(group), value, same, True)
    for one in ELEMENT.finditer(text):
        if secret(one[1]):
            yield Place(one.start(2), one.end(2), one[2], same, True)


def of_parts(text: str, secret: Callable[[str], bool]) -> Iterator[Place]:
    """Fields of a multipart body."""
    if "form-data" not in text:
        return
    for one in PART.finditer(text):
        end = text.find("\r\n--", one.end())
        if secret(one[1]) and end > one.end():
            yield Place(one.end(), end, text[one.end() : end], same, True)
