"""Attributes that are too large for one span: cut into `part` spans by the sender, put back by readers."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import MappingProxyType

from unspan_proto import vocabulary as v
from unspan_proto.span import Span


def pieces(text: str, size: int = v.PART_BYTES) -> Iterator[str]:
    """`text` in pieces of at most `size` UTF-8 bytes, cut between characters."""
    data = text.encode()
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
            found[span.parent_id, str(span.attributes.get(v.PART_OF))][int(span.attributes.get(v.PART_INDEX, 0))] = span
        else:
            whole.append(span)
    gaps: list[str] = []
    texts: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for (owner, name), some in found.items():
        count = int(next(iter(some.values())).attributes.get(v.PART_COUNT, 0))
        if sorted(some) == list(range(count)):
            texts[owner][name] = "".join(str(some[i].attributes.get(v.PART_TEXT, "")) for i in range(count))
        else:
            gaps.append(f"{name} of span {owner} lacks {count - len(some)} of its {count} parts")
    joint = [replace(s, attributes=MappingProxyType({**s.attributes, **texts[s.span_id]})) if s.span_id in texts else s for s in whole]
    return joint, gaps
