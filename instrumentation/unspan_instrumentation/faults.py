"""The switch of a test: with UNSPAN_FAULTS=FILE every function of the recorder that another one of it calls raises the first time that it is called for
a request, and its name is added to FILE. So one server shows what becomes of the application when any of our own code fails.

Nothing of this is imported without the variable, which is read once, at start. What the application or a library calls directly is left alone: it
has no caller of ours who could take its error; what it calls itself raises.
"""

import ast
import builtins
import importlib.util
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any, Final

VARIABLE: Final = "UNSPAN_FAULTS"
POINT: Final = "__unspan_fault__"
PACKAGE: Final = __name__.rpartition(".")[0]
HOME: Final = str(Path(__file__).parent)
SPARED: Final = ("faults", "errors", "settings", "saying", "patching", "told")
"""Modules that do not fail: this, what says that something did, and what keeps errors from the application."""
SHELL: Final = frozenset(
    f"{PACKAGE}.{name}"
    for name in (
        "recording.current", "recording.Recording.lose", "recording.Recording.parent", "recording.Recording.finished", "recording.Recording.at_end",
        "recording.Recording.close", "recording.unseen", "recording.Stack.__init__", "recording.OpenCalls.__init__", "bounds.within",
        "request.middleware.Requests._leave", "request.middleware.Requests._torn", "request.endings.Ending.come", "request.bodies.passed",
        "request.bodies.Tee._noted", "sql.cursor.RecordedCursor._self_run", "sql.cursor.RecordedCursor._self_close",
        "sql.cursor.RecordedCursor._self_fetched", "sql.cursor.RecordedCursor._self_exhausted", "sql.cursor.RecordedCursor._self_own",
        "sql.cursor.RecordedCursor._self_fetch", "sql.cursor.RecordedCursor._self_failed",
        "outbound.httpx.Noted.note", "calls.profiling.failed", "calls.threads.working", "calls.coroutines.starting", "caching.opened", "caching.Doing.recorded",
        "caching.defaulted.read", "caching.Missing.__init__", "lineage.fetching.unfamiliar",
        "request.chain.entering.convert_exception_to_response.aentered", "request.chain.entering.convert_exception_to_response.entered", "lineage.carefully", "outbound.reading.Reading.undisturbed", "outbound.reading.Reading.note",
        "tapes.stand_ins.Recorded.__call__", "request.chain.note", "request.sessions.session", "request.sessions.found", "request.templates.note", "request.templates.note_context",
    )
)  # fmt: skip
"""A line or two each that look whether something is recorded and hand over to what is guarded."""
INSTALLING: Final = (("hook", "seams.py"), ("create_connection", "caching.py"))
LIBRARIES: Final = ("contextlib.py", "functools.py")
"""Between a function of ours and another one that calls it."""


class Injected(Exception):
    """What a test asked for."""


class Faulty(SourceFileLoader):
    """Loads a module of ours with a point at the beginning of each function."""

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return compile(
            ast.fix_missing_locations(Points(self.name).visit(ast.parse(data))), path, "exec", dont_inherit=True, optimize=_optimize
        )

    def get_code(self, fullname: str) -> CodeType | None:
        return self.source_to_code(self.get_data(self.path), self.path)  # never what was compiled before


class Points(ast.NodeTransformer):
    def __init__(self, module: str) -> None:
        self.names = [module]

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._inside(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._with_point(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._with_point(node)

    def _inside(self, node: Any) -> Any:
        self.names.append(node.name)
        self.generic_visit(node)
        self.names.pop()
        return node

    def _with_point(self, node: Any) -> Any:
        node = self._inside(node)
        name = ".".join([*self.names, node.name])
        point = ast.Expr(ast.Call(ast.Name(POINT, ast.Load()), [ast.Constant(name)], []))
        guarded = next((one for one in node.body if isinstance(one, ast.Try) and catches(one)), None)
        if guarded is not None:  # it takes its own errors
            guarded.body.insert(0, point)
        else:
            node.body.insert(1 if ast.get_docstring(node, clean=False) is not None else 0, point)
        return node


def catches(block: ast.Try) -> bool:
    """Whether it keeps every error to itself."""
    kept = [one for one in block.handlers if isinstance(one.type, ast.Name) and one.type.id == "Exception"]
    return bool(kept) and not any(isinstance(inner, ast.Raise) for one in kept for inner in ast.walk(one))


class Finder:
    """Finds our modules for the faulty loader."""

    @staticmethod
    def find_spec(fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if not fullname.startswith(f"{PACKAGE}.") or fullname.split(".")[1] in SPARED:
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
            return None
        return importlib.util.spec_from_file_location(
            fullname, spec.origin, loader=Faulty(fullname, spec.origin), submodule_search_locations=spec.submodule_search_locations
        )


class Switch:
    """Decides at a point whether it raises."""

    def __init__(self, file: str) -> None:
        self.file, self.met = file, set[str]()

    def __call__(self, name: str) -> None:
        if (
            name in self.met
            or name in SHELL
            or not called_by_ours(sys._getframe(2))
            or not in_a_request()
            or is_installing(sys._getframe(2))
        ):
            return
        self.met.add(name)
        with open(self.file, "a") as out:  # noqa: PTH123 - one line, whole
            out.write(f"{name}\n")
        raise Injected(name)


def called_by_ours(frame: Any) -> bool:
    """Whether the function that this frame called was called by one of ours that may take its error."""
    while frame is not None and frame.f_code.co_filename.endswith(LIBRARIES):
        frame = frame.f_back
    return not (frame is None or not frame.f_code.co_filename.startswith(HOME))


def is_installing(frame: Any) -> bool:
    """Whether a seam is being made: where that fails, every trace from then on says so, and nothing else could be seen to fail."""
    while frame is not None:
        if (frame.f_code.co_name, os.path.basename(frame.f_code.co_filename)) in INSTALLING:
            return True
        frame = frame.f_back
    return False


def in_a_request() -> bool:
    current = getattr(sys.modules.get(f"{PACKAGE}.recording"), "_current", None)  # none while that is being imported
    return current is not None and current.get() is not None


def install() -> None:
    """Called before any other module of ours is imported."""
    setattr(builtins, POINT, Switch(os.environ[VARIABLE]))
    sys.meta_path.insert(0, Finder)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
