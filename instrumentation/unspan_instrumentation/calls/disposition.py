"""Which functions are the project's own: decided once per code object, with the reason."""

import dis
import os
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

from unspan_instrumentation.calls.requested import asked_of_request

OPTIMIZED, VARARGS, VARKEYWORDS, SUSPENDS = 0x01, 0x04, 0x08, 0x20 | 0x80 | 0x200
"""Flags of code objects: a function's, with `*args`, with `**kwargs`, a generator's or a coroutine's."""
NOISE = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<lambda>"})
OURS = ("unspan_instrumentation", "unspan_proto")
MAX_LOCALS = 100
HEAD = 10
"""Values of an ended call before its arguments (see `activations`)."""
FORMS = ((0x80, "coroutine"), (0x20, "generator"), (0x200, "async_generator"))
"""What calling a function makes, by its flag."""
REPLACED = ("DEBUG", "EMAIL_BACKEND")
"""Settings that Django's test runner replaces: what a request did by them, a test must be told."""
FOREIGN = frozenset({"site-packages", "dist-packages", "node_modules"})


@dataclass(frozen=True, slots=True, eq=False)
class Disposition:
    """Whether calls of one code object are recorded, why, and what of it is the same for each call."""

    recorded: bool
    reason: str
    code: CodeType
    name: str = ""
    file: str = ""
    line: int = 0
    arguments: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    rebound: tuple[int, ...] = ()
    """Places of the arguments that the function's own code binds again."""
    suspends: bool = False
    size: int = 0
    """How many values an ended call has in a block."""
    settings: tuple[str, ...] = ()
    """The settings in `REPLACED` that its code reads."""
    values: bool = True
    """Whether what it is given, finds and returns is recorded."""
    asked: tuple[str, ...] = ()
    """The attributes that its code reads of a request."""
    form: str = ""
    """What calling it makes, where that is not its result: a coroutine, a generator."""


@dataclass(frozen=True, slots=True)
class Project:
    """The folders whose files are the project's, and the patterns of modules that are or are not."""

    roots: tuple[str, ...]
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    values: bool = True
    """Whether arguments, locals and results are recorded."""

    def disposition(self, code: CodeType, module: str) -> Disposition:
        """What is decided about a function of a module."""
        recorded, reason = self.judged(code, module)
        if not recorded:
            return Disposition(False, reason, code)
        arguments = signature(code) if self.values else ()
        others = tuple(name for name in dict.fromkeys(code.co_varnames + code.co_cellvars) if name not in arguments)[
            : MAX_LOCALS if self.values else 0
        ]
        name, file = f"{module}.{code.co_qualname}", os.path.abspath(code.co_filename)
        suspends = bool(code.co_flags & SUSPENDS)
        rebound = tuple(place for place, name in enumerate(arguments) if name in bound(code))
        size = HEAD + len(arguments) + len(others)
        return Disposition(
            True, reason, code, name, file, code.co_firstlineno, arguments, others, rebound, suspends, size, replaced(code), self.values,
            asked_of_request(code), form(code),
        )  # fmt: skip

    def judged(self, code: CodeType, module: str) -> tuple[bool, str]:
        if code.co_name in NOISE or not code.co_flags & OPTIMIZED:
            return False, "it is a comprehension, a lambda, or the body of a class or module"
        if module.partition(".")[0] in OURS:
            return False, "it is unspan's own"
        for recorded, setting, patterns in ((False, "UNSPAN_EXCLUDE", self.exclude), (True, "UNSPAN_INCLUDE", self.include)):
            if matched := matching(module, patterns):
                return recorded, f"{setting}={matched} names its module"
            if matched := self.matching_path(code.co_filename, patterns):
                return recorded, f"{setting}={matched} names its file"
        if ".migrations." in module:
            return False, "it is a migration"
        return self.placed(code.co_filename)

    def matching_path(self, filename: str, patterns: Iterable[str]) -> str | None:
        """The first pattern with a slash that fits a file or a folder above it: from the root of the file system, or from a folder of the project."""
        paths = [one for one in patterns if "/" in one]
        if not paths or filename.startswith("<"):
            return None
        file = os.path.abspath(filename).replace(os.sep, "/")
        return next(
            (one for one in paths for whole in self.whole(one) if fnmatchcase(file, whole) or fnmatchcase(file, f"{whole}/*")), None
        )

    def whole(self, pattern: str) -> list[str]:
        """A pattern of paths from the root; `**/` is any folders, as `*` is."""
        pattern = pattern.rstrip("/").removeprefix("./").replace("**/", "*/")
        return [pattern] if pattern.startswith(("/", "*")) else [f"{root}/{pattern}" for root in self.roots]

    def owns(self, module: str) -> bool:
        """Whether a module, by its name, is the project's: its classes' instances are looked into."""
        if module.partition(".")[0] in OURS:
            return False
        if matching(module, self.exclude) or matching(module, self.include):
            return not matching(module, self.exclude)
        file = getattr(sys.modules.get(module), "__file__", None)
        return type(file) is str and self.placed(file)[0]

    def placed(self, filename: str) -> tuple[bool, str]:
        """Whether a file is the project's, by where it lies."""
        if filename.startswith("<"):
            return False, "it has no file"
        path = os.path.abspath(filename)
        root = next((root for root in self.roots if path.startswith(root + os.sep)), None)
        if root is None:
            return False, "its file is outside of the project's folders"
        folder = os.path.dirname(path)
        if foreign(folder, root):
            return False, "its file belongs to an installed library"
        return True, f"its file is under {root}"


def signature(code: CodeType) -> tuple[str, ...]:
    """The names of the arguments, in the order in which a signature has them."""
    names, positional = code.co_varnames, code.co_argcount
    keywords = positional + code.co_kwonlyargcount
    rest = keywords
    found = names[:positional]
    if code.co_flags & VARARGS:
        found += (names[rest],)
        rest += 1
    found += names[positional:keywords]
    return (*found, names[rest]) if code.co_flags & VARKEYWORDS else found


def bound(code: CodeType) -> frozenset[str]:
    """The names that the function's own code or an inner function binds or deletes."""
    stores = (step.argval for step in dis.get_instructions(code) if step.opname.startswith(("STORE_FAST", "DELETE_FAST")))
    names = (one if isinstance(one, tuple) else (one,) for one in stores)
    return frozenset(code.co_cellvars).union(*names)


def replaced(code: CodeType) -> tuple[str, ...]:
    """The settings in `REPLACED` that the function's own code or an inner function reads."""
    names: set[str] = set()
    todo = [code]
    while todo:
        one = todo.pop()
        names.update(one.co_names, (value for value in one.co_consts if type(value) is str))
        todo += (value for value in one.co_consts if type(value) is CodeType)
    return tuple(name for name in REPLACED if name in names) if "settings" in names else ()


def form(code: CodeType) -> str:
    """What calling a function makes, where that is not its result."""
    return next((name for flag, name in FORMS if code.co_flags & flag), "")


def matching(module: str, patterns: Iterable[str]) -> str | None:
    """The first pattern that fits a module or a package above it."""
    return next((one for one in patterns if fnmatchcase(module, one) or fnmatchcase(module, f"{one}.*")), None)


@cache
def foreign(folder: str, root: str) -> bool:
    """Whether a folder under a root holds installed code: a virtual environment, `site-packages`, the standard library."""
    if os.path.basename(folder) in FOREIGN or folder in libraries() or os.path.exists(os.path.join(folder, "pyvenv.cfg")):
        return True
    return folder != root and len(folder) > len(root) and foreign(os.path.dirname(folder), root)


@cache
def libraries() -> frozenset[str]:
    paths = sysconfig.get_paths()
    return frozenset(os.path.abspath(paths[key]) for key in ("stdlib", "platstdlib", "purelib", "platlib"))


def roots(settings_module: str | None, argv: list[str], base_dir: Any = None) -> tuple[str, ...]:
    """The project's folders: of `manage.py`, of the settings' top package, BASE_DIR, and where it was started; not `/`, not the home."""
    found = [os.getcwd()]
    if argv and os.path.basename(argv[0]) in ("manage.py", "manage"):
        found.append(os.path.dirname(os.path.abspath(argv[0])))
    module = sys.modules.get(settings_module or "")
    if module is not None and (file := getattr(module, "__file__", None)):
        found.append(str(Path(file).absolute().parents[module.__name__.count(".")]))
    if isinstance(base_dir, (str, Path)):
        found.append(os.path.abspath(base_dir))
    return tuple(dict.fromkeys(folder for folder in found if folder not in (os.sep, os.path.expanduser("~"))))
