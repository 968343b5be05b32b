"""What a feature is: requests or an act of the project, and the lines that its trace must have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import dedent

from unspan_proto import vocabulary as v
from unspan_proto.span import Span

from .outline import outline, told

PLAIN = frozenset({v.REQUEST, v.CALL, v.SQL})
EVERYTHING = PLAIN | {v.HTTP, v.MAIL, v.CACHE, v.ON_COMMIT, v.LOG, v.SIGNAL, v.STORAGE, v.PROCESS, v.SOCKET, v.TASK}
"""All kinds that an act may have but tapes, which the libraries of the project make too."""


@dataclass(frozen=True)
class Step:
    """One request. With `gone` the client leaves after that many bytes."""

    path: str
    method: str = "GET"
    body: bytes | None = None
    headers: Mapping[str, str] | None = None
    gone: int = 0


@dataclass(frozen=True)
class Feature:
    """`text` is the outline of the last step's trace: of its spans of the kinds `shown` whose lines hold `only`.

    Of an `act` it is what stands below the call of that function. `asked` names attributes of the request that the text ends with. `lost` is what
    the trace must say that it has not.
    """

    name: str
    steps: tuple[Step, ...]
    text: str
    shown: frozenset[str] = PLAIN
    only: str = ""
    act: str = ""
    asked: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """The lines that the trace must have."""
        return dedent(self.text).strip("\n").splitlines()

    def found(self, trace: Sequence[Span]) -> list[str]:
        """The lines that it has."""
        top = f"shop.acts.{self.act}" if self.act else ""
        lines = [line for line in outline(trace, self.shown, top) if self.only in line]
        return [*lines, *told(trace, self.asked)]

    def __repr__(self) -> str:
        return self.name


def act(name: str, does: str, text: str, shown: frozenset[str] = EVERYTHING, **more: object) -> Feature:
    """The feature that a function of `shop.acts` shows."""
    return Feature(name, (Step(f"/acts/{does}/"),), text, shown, act=does, **more)  # type: ignore[arg-type]
