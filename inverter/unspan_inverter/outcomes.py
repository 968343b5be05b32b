"""What a test runner said: how many tests ran, failed and were skipped, and the few lines that tell why. Pure text in, values out."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from textwrap import dedent
from xml.etree import ElementTree

MAX_LINES = 24
"""Lines of a failure that are shown."""
MAX_COLUMNS = 300
NOTHING_COLLECTED = 5
"""pytest's exit code for a run without tests; unittest's from Python 3.12 on."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts of tests; `ran` is None where the runner did not say. `lines` tell about the failures."""

    ran: int | None
    failed: int
    skipped: int
    code: int
    lines: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return self.code == 0 and self.failed == 0 and self.skipped == 0 and self.ran != 0

    def summary(self) -> str:
        if self.failed:
            return f"{self.failed} of {self.ran or self.failed} tests failed"
        if self.skipped and not self.code:
            return f"{self.skipped} of {self.ran or self.skipped} tests were skipped"
        if self.code and not self.ran:
            return f"the runner ended with exit code {self.code} before a test ran"
        if self.code:
            return f"the runner ended with exit code {self.code}"
        if self.ran == 0:
            return "the runner found no test in it"
        return "the tests passed" if self.ran is None else f"{self.ran} test{'s' if self.ran != 1 else ''} passed"


def unittest(text: str, code: int) -> Outcome | None:
    """The outcome of unittest's own report; None where the text holds none."""
    found = re.findall(r"^Ran (\d+) tests? in", text, re.M)
    if not found:
        return None
    last = re.findall(r"^(?:OK|FAILED|NO TESTS RAN)(?: \((.*)\))?$", text, re.M)
    counts = {name: int(number) for name, number in re.findall(r"([a-z ]+)=(\d+)", last[-1] if last else "")}
    counts = {name.strip(): number for name, number in counts.items()}
    failed = sum(counts.get(name, 0) for name in ("failures", "errors", "unexpected successes", "expected failures"))
    return Outcome(int(found[-1]), failed, counts.get("skipped", 0), ended(code), tuple(shortened(unittest_failures(text))))


def unittest_failures(text: str) -> Iterator[str]:
    """Of every failed test its name, the line of the test, and the message."""
    for block in re.split(r"^={70}$", text, flags=re.M)[1:]:
        head, _, rest = block.strip("\n").partition("\n")
        body = re.split(r"^-{70}$", rest, flags=re.M)
        yield head
        yield from message("-".join(body[:2]) if len(body) < 2 else body[1])


def message(traceback: str) -> Iterator[str]:
    """The last frame of a traceback with its line of source, and the message below it."""
    said = traceback.strip("\n").splitlines()
    frames = [place for place, line in enumerate(said) if line.startswith('  File "')]
    if not frames:
        yield from said[-MAX_LINES:]
        return
    start = next((place for place in range(frames[-1], len(said)) if said[place][:1].strip()), len(said))
    tests = [place for place in frames if re.search(r", in test\w*$", said[place])]
    for place in dict.fromkeys((tests or frames)[-1:] + frames[-1:]):
        found = re.match(r'  File "(.*)", line (\d+)', said[place])
        source = said[place + 1].strip() if place + 1 < len(said) else ""
        if found:
            yield f"{found[1]}:{found[2]}: {source}"
    yield from said[start:]


def pytest(report: str, text: str, code: int) -> Outcome | None:
    """The outcome of pytest's JUnit report; None where there is none."""
    try:
        cases = list(ElementTree.fromstring(report).iter("testcase"))
    except ElementTree.ParseError:
        return pytest_words(text, code)
    bad = [(case, child) for case in cases for child in case if child.tag in ("failure", "error")]
    skips = [f"SKIPPED: {case.get('name')}: {child.get('message') or ''}" for case in cases for child in case if child.tag == "skipped"]
    said = [line for case, child in bad for line in pytest_failure(case, child)] + skips
    failed = len({id(case) for case, _ in bad})
    return Outcome(len(cases), failed, len(skips), ended(code), tuple(shortened(said or (tail(text) if code else []))))


def pytest_failure(case: ElementTree.Element, child: ElementTree.Element) -> Iterator[str]:
    """The name of a test, the lines that pytest marks with E, and where they come from."""
    yield f"{child.tag.upper()}: {case.get('name')}"
    told = (child.text or "").splitlines()
    source = [line[1:].strip() for line in told if line.startswith(">")][-1:]
    places = [line for line in told if re.match(r"\S+:\d+: ", line)][-1:]
    yield from (
        [f"{place.rpartition(': ')[0]}: {line}" for place, line in zip(places, source, strict=True)]
        if len(places) == len(source)
        else places
    )
    yield from marked(told) or (child.get("message") or "").splitlines() or told[-MAX_LINES:]


def marked(told: list[str]) -> list[str]:
    """The lines that pytest marks with E, without the mark, the common indentation and the blank ones."""
    found = [line[1:] for line in told if re.match(r"E(\s|$)", line)]
    return [line for line in dedent("\n".join(found)).splitlines() if line.strip()]


def pytest_words(text: str, code: int) -> Outcome | None:
    """The outcome of pytest's last line, `1 failed, 2 passed in 0.12s`."""
    found = re.findall(r"^=* ?((?:\d+ [a-z]+(?:, )?)+|no tests ran) in [\d.]+s", text, re.M)
    if not found:
        return None
    counts = {
        name.rstrip("s") if name.startswith("error") else name: int(number) for number, name in re.findall(r"(\d+) ([a-z]+)", found[-1])
    }
    failed = counts.get("failed", 0) + counts.get("error", 0)
    skipped = counts.get("skipped", 0) + counts.get("xfailed", 0) + counts.get("xpassed", 0)
    lines = [line for line in text.splitlines() if line.startswith(("FAILED ", "ERROR "))] + marked(text.splitlines())
    return Outcome(failed + skipped + counts.get("passed", 0), failed, skipped, ended(code), tuple(shortened(lines)))


def outcome(kind: str, text: str, report: str, code: int) -> Outcome:
    """The outcome of a run of any kind. What does not say how many tests ran has run some only where the command is the project's own."""
    found = pytest(report, text, code) if kind == "pytest" else unittest(text, code)
    if found is None and kind == "other":
        found = pytest_words(text, code)
    if found is None:
        found = Outcome(None if kind == "other" and code == 0 else 0, 0, 0, code)
    return found if found.lines or found.passed else replace(found, lines=tuple(tail(text)))


def ended(code: int) -> int:
    """The exit code, as if a run without tests had ended well: that it ran none is said by the count."""
    return 0 if code == NOTHING_COLLECTED else code


def tail(text: str) -> list[str]:
    """The end of a runner's output: the message of the last traceback where there is one."""
    _, mark, last = text.rpartition("Traceback (most recent call last):")
    said = list(message(last)) if mark else text.strip().splitlines()
    return list(shortened([line for line in said if line.strip()][-12:]))


def shortened(said: Iterable[str]) -> Iterator[str]:
    for place, line in enumerate(said):
        if place == MAX_LINES:
            yield "…"
            return
        yield line if len(line) <= MAX_COLUMNS else line[:MAX_COLUMNS] + "…"
