"""What differs between two plain runs is the application's own doing: a `Template` takes several plain texts and says whether another is like them.

Lines are compared with lines, tokens with tokens. Known tokens (CSRF, sessions, the moment) are masked first. Pure functions.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations

from client import Exchange

TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
CSRF_FIELD = re.compile(r"""csrfmiddlewaretoken["'\s]+(?:type="hidden"\s+)?value=["'](\w+)""")
VARYING = (
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"), "⟨moment⟩"),
    (re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d[ -]\w{3}[ -]\d{4} \d\d:\d\d:\d\d GMT"), "⟨moment⟩"),
    (re.compile(r"(?<![\w.-])\.?[\w-]+:\w{6}:[\w-]{43}(?![\w-])"), "⟨signed⟩"),
)
"""Moments in ISO and HTTP form, and what Django signs together with a moment, sessions for one."""
WRAPPER = (
    re.compile(r"[^\s;'\":]*/opentelemetry/instrumentation/auto_instrumentation:"),
    re.compile(r"(&#x27;|['\"])(?:(?!\1)[^\n])*opentelemetry(?:(?!\1)[^\n])*\1,\s*"),
    re.compile(r"<tr>\s*<td>opentelemetry(?:(?!</tr>).)*</tr>\s*", re.DOTALL),
)
"""What a debug page shows of `opentelemetry-instrument`: its folder in `PYTHONPATH` and `sys.path`, its middleware in the settings, its keys in `request.META`."""
SECRET_LENGTH = 16
WORD = re.compile(r"\S+|\s+")
LONGEST = 4_000
"""Words of a line that are aligned; a longer line must have the same tokens at the same places."""


@dataclass(frozen=True)
class Unlike:
    """Where a text is not like the plain ones."""

    line: int
    plain: str
    recorded: str


def secrets(exchanges: Iterable[Exchange]) -> dict[str, str]:
    """Cookies' values and CSRF tokens of a run, each with what stands for it."""
    found: dict[str, str] = {}
    for exchange in exchanges:
        for pair in exchange.sent_header("cookie").split("; "):
            name, _, value = pair.partition("=")
            if len(value) >= SECRET_LENGTH:
                found[value.strip('"')] = f"⟨{name}⟩"
        for name, value in exchange.got:
            if name.lower() == "set-cookie":
                cookie, _, content = value.partition(";")[0].partition("=")
                if len(content) >= SECRET_LENGTH:
                    found[content.strip('"')] = f"⟨{cookie}⟩"
        for token in CSRF_FIELD.findall(exchange.text if "html" in exchange.type else ""):
            found[token] = "⟨csrf⟩"
    return found


def plain(text: str, known: dict[str, str], address: str = "") -> str:
    """The text without what is known to change: secrets, moments, the address of the run."""
    if address:
        text = text.replace(address, "⟨address⟩")
    for secret, stand_in in known.items():
        text = text.replace(secret, stand_in)
    for shown in WRAPPER:
        text = shown.sub("", text)
    for pattern, stand_in in VARYING:
        text = pattern.sub(stand_in, text)
    return text


class Template:
    """What plain runs agree on. `masked` is what they do not: `(one, other)` pieces; `steady` is false when they cannot be aligned at all."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.lines = [text.split("\n") for text in texts]
        self.steady = len({len(lines) for lines in self.lines}) == 1
        self.masked: list[tuple[str, str]] = []
        self.patterns = [self.pattern(variants) for variants in zip(*self.lines, strict=True)] if self.steady else []

    def pattern(self, variants: Sequence[str]) -> Sequence[str | re.Pattern[str]]:
        """What a line may be: one text, or any of some patterns."""
        distinct = list(dict.fromkeys(variants))
        if len(distinct) == 1:
            return distinct
        tokens = [TOKEN.findall(one) for one in distinct]
        if len({len(one) for one in tokens}) == 1:
            return [re.compile("".join(map(self.either, zip(*tokens, strict=True))), re.DOTALL)]
        words = [WORD.findall(one) for one in distinct]
        if max(map(len, words)) > LONGEST:
            return [re.compile(".*", re.DOTALL)]
        return [re.compile(self.aligned(one, other), re.DOTALL) for one, other in combinations(words, 2)]

    def either(self, tokens: Sequence[str]) -> str:
        if len(set(tokens)) == 1:
            return re.escape(tokens[0])
        self.masked.append((tokens[0], tokens[1]))
        return r"\S+?" if all(map(str.strip, tokens)) else ".*?"

    def aligned(self, one: Sequence[str], other: Sequence[str]) -> str:
        found = ""
        for kind, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
            if kind == "equal":
                found += re.escape("".join(one[a:b]))
            else:
                self.masked.append(("".join(one[a:b]), "".join(other[c:d])))
                found += ".*?"
        return found

    def unlike(self, text: str) -> Unlike | None:
        """The first place where the text is not like the plain ones; None when it is."""
        lines = text.split("\n")
        for number, (patterns, line) in enumerate(zip(self.patterns, lines, strict=False)):
            if not any(fits(pattern, line) for pattern in patterns):
                return Unlike(number + 1, self.lines[0][number], line)
        if self.steady and len(lines) != len(self.patterns):
            at = min(len(lines), len(self.patterns))
            return Unlike(at + 1, "\n".join(self.lines[0][at : at + 3]), "\n".join(lines[at : at + 3]))
        return None


def fits(pattern: str | re.Pattern[str], line: str) -> bool:
    return pattern == line if isinstance(pattern, str) else pattern.fullmatch(line) is not None
