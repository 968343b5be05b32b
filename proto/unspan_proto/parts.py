"""Attributes that are too large for one span: cut into `part` spans by the sender, put back by readers."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from unspan_proto import vocabulary as v
from unspan_proto.span import Span


def pieces(text: str, size: int = v.PART_BYTES) -> Iterator[str]:
    """`text` in pieces of at most `size` UTF-8 bytes (at least 4, a character's), cut between characters."""
    data, size = text.encode(), max(size, 4)
    start = 0
    while start < len(data):
        end = min(start + size, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        yield data[start:end].decode()
        start = end


def joined(spans: Iterable[Span]) -> tuple[list[Span], list[str]]:
    """The spans with their parts put back, and a sentence for each attribute that lacks a part."""
    whole: list[Span] = []
    found: defaultdict[tuple[str, str], dict[int, Span]] = defaultdict(dict)
    for span in spans:
        if span.what == v.PART:
            found[span.parent_id, str(span.attributes.get(v.PART_OF))][number(span, v.PART_INDEX)] = span
        else:
            whole.append(span)
    texts, gaps = assembled(found)
    for owner in texts.keys() - {span.span_id for span in whole}:
        gaps.append(f"span {owner} did not arrive, only its {', '.join(texts[owner])} did")
    return [with_texts(span, texts[span.span_id]) if span.span_id in texts else span for span in whole], gaps


def assembled(found: Mapping[tuple[str, str], Mapping[int, Span]]) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Span id → attribute → text, and a sentence for each that lacks a part."""
    texts: defaultdict[str, dict[str, str]] = defaultdict(dict)
    gaps: list[str] = []
    for (owner, name), some in found.items():
        count = number(next(iter(some.values())), v.PART_COUNT)
        if count == len(some) and all(i in some for i in range(count)):
            texts[owner][name] = "".join(str(some[i].attributes.get(v.PART_TEXT, "")) for i in range(count))
        else:
            gaps.append(f"{name} of span {owner} has {len(some)} of its {count} parts")
    return texts, gaps


def with_texts(span: Span, texts: Mapping[str, str]) -> Span:
    return replace(span, attributes=MappingProxyType({**span.attributes, **texts}))


def number(span: Span, name: str) -> int:
    """An int attribute of a part; -1, which fits nowhere, when it is missing or something else."""
    found = span.attributes.get(name)
    return found if type(found) is int else -1
