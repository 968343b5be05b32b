"""What lines about spans are made of: values, header fields, bodies, exceptions, each as short inert text."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from unspan_proto import vocabulary as v
from unspan_proto.errors import NotEncoded
from unspan_proto.span import Span
from unspan_proto.values import Opaque, bare

from unspan_inverter.showing.text import brief, inert, size

UNREADABLE = Opaque("unreadable")
PACKED = 100
"""Characters of several items on one line."""
MOST_HEADERS = 60
"""So many header fields are shown."""


class Line(NamedTuple):
    """A line of text and the style of its first word: a kind, `detail` or `problem`."""

    text: str
    style: str


def value(span: Span, name: str) -> Any:
    """A decoded attribute; None when absent, a mark where it holds no value."""
    try:
        return bare(span.value(name))
    except NotEncoded:
        return UNREADABLE


def plain(span: Span, name: str) -> str:
    """A scalar attribute as inert text, empty when absent."""
    found = span.attributes.get(name)
    return "" if found is None else inert(str(found)[:2000])


def named(values: Any) -> str:
    """A dict of arguments or columns: `title='a', pk=5`."""
    if not isinstance(values, dict):
        return brief(values)
    return ", ".join(f"{inert(str(name)[:80])}={brief(item, 48)}" for name, item in list(values.items())[:40])


def detail(text: str) -> Line:
    return Line(text, "detail")


def packed(word: str, items: Iterable[str]) -> Iterator[Line]:
    """Items after a word, as many to a line as are read at a glance: the lines of a terminal cut nothing off."""
    line = ""
    for item in items:
        if line and len(line) + len(item) > PACKED:
            yield detail(f"{word} {line},")
            line, word = "", " " * len(word)
        line = f"{line}, {item}" if line else item
    if line:
        yield detail(f"{word} {line}")


def headers(word: str, found: Any) -> Iterator[Line]:
    """All header fields, also those that come several times."""
    pairs = [one for one in found if isinstance(one, (list, tuple)) and len(one) == 2] if isinstance(found, (list, tuple)) else []
    yield from packed(word, (f"{inert(str(name)[:80])}: {inert(str(said)[:120])}" for name, said in pairs[:MOST_HEADERS]))
    if len(pairs) > MOST_HEADERS:
        yield detail(f"… {len(pairs) - MOST_HEADERS} more headers")


def called(arguments: Any) -> str:
    """The arguments of the URL: `(5, slug='a')`."""
    if not (isinstance(arguments, list) and len(arguments) == 2 and isinstance(arguments[0], (list, tuple))):
        return ""
    return f"({', '.join([*(brief(one, 40) for one in arguments[0][:20]), *filter(None, [named(arguments[1])])])})"


def body(span: Span, side: str, headers: str, content: str) -> Iterator[Line]:
    """Content type, size and beginning of a body; where a redirect leads."""
    said = header_fields(span, headers)
    if "location" in said:
        yield detail(f"{side} to {brief(said['location'], 100)}")
    data = value(span, content)
    if isinstance(data, bytes) and data:
        kind = inert(str(said.get("content-type", ""))[:60])
        yield detail(f"{side} body {kind} {size(len(data))}: {brief(text_of(data), 100)}")
    elif data not in (None, b""):
        yield detail(f"{side} body {brief(data, 100)}")


def header_fields(span: Span, headers: str) -> dict[str, Any]:
    """Header fields by lower-case name."""
    found = value(span, headers)
    fields = found if isinstance(found, (list, tuple)) else ()
    return {str(pair[0]).lower(): pair[1] for pair in fields if isinstance(pair, (list, tuple)) and len(pair) == 2}


def text_of(data: bytes) -> str | bytes:
    """Bytes as text where they are text, white space folded."""
    try:
        return re.sub(r"\s+", " ", data[:2000].decode("utf-8", "strict" if len(data) <= 2000 else "ignore"))
    except UnicodeDecodeError:
        return data[:200]


def failure(span: Span) -> Iterator[Line]:
    kind, said = plain(span, v.EXCEPTION_TYPE), plain(span, v.EXCEPTION_MESSAGE)
    if kind:
        yield Line(f"raised {kind}: {said}" if said else f"raised {kind}", "problem")
    raised = value(span, v.EXCEPTION)
    if isinstance(raised, (list, tuple)) and len(raised) == 2:
        yield Line(f"raised {inert(str(raised[0])[:200])}: {inert(str(raised[1])[:500])}", "problem")
