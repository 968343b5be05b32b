"""Files that the request found in the project's media: put there before it is made, with what was read of them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from unspan_proto.values import Truncated

from unspan_inverter.events import Exchange
from unspan_inverter.facts import Facts
from unspan_inverter.plan.expressions import Do, Import, Statement, call, method

LOCAL: Final = "django.core.files.storage.filesystem.FileSystemStorage"
LONGEST: Final = 20_000
"""Contents longer than this have no place in a test."""
CHANGES: Final = ("save", "write", "delete")


def there(facts: Facts, sent: bytes = b"") -> Mapping[str, bytes | str]:
    """The files that the request read, measured or knew to be there, before it wrote any of that name; each with its content, or as much as is told.

    `sent`: what was streamed to the client, by a server that read the file itself.
    """
    found: dict[str, bytes | str] = {}
    changed: set[str] = set()
    for one in facts.files:
        if one.storage != LOCAL or not one.name or one.name.startswith("/") or one.name in changed:
            continue
        if one.operation in CHANGES:
            changed.add(one.name)
        elif one.operation == "read" and (content := told(one.content)) is not None:
            found[one.name] = content
        elif one.operation == "size" and isinstance(one.result, int) and one.result <= LONGEST:
            found.setdefault(one.name, b" " * one.result)
        elif one.operation == "exists" and one.result is True:
            found.setdefault(one.name, b"")
    partly = [name for name, content in found.items() if isinstance(content, bytes) and sent.startswith(content.rstrip(b" "))]
    return {**found, partly[0]: sent} if len(partly) == 1 and len(found[partly[0]]) <= len(sent) <= LONGEST and sent else found


def told(content: Any) -> bytes | str | None:
    """What is known of a content; its beginning where no more of it was read."""
    if isinstance(content, Truncated):
        content = content.start if content.size < 0 else None
    return content if isinstance(content, (bytes, str)) and len(content) <= LONGEST else None


def arranged(facts: Facts, exchange: Exchange) -> Iterator[Statement]:
    """What is done in the folder of the test's own, just before the request."""
    sent = exchange.response_body if exchange.streaming and exchange.response_whole else None
    for name, content in there(facts, sent or b"").items():
        file = call(Import("django.core.files.base", "ContentFile"), content)
        yield Do(method(Import("django.core.files.storage", "default_storage"), "save", name, file))


def as_saved(said: str, facts: Facts) -> str:
    """A text with the names that a storage gave to files which were saved while others had theirs: in the test's folder they get what was asked for."""
    for one in facts.files:
        if one.operation == "save" and isinstance(one.result, str) and one.name and one.result != one.name and one.storage == LOCAL:
            said = said.replace(one.result, one.name)
    return said
