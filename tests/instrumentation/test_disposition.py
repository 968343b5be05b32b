"""Which functions are the project's own."""

import sys
import sysconfig
from pathlib import Path
from types import CodeType

import pytest
from unspan_instrumentation.calls.disposition import Project, bound, roots, signature


def code(filename: str, source: str = "def f(): pass", name: str = "f") -> CodeType:
    """The code of a function of a file."""
    found = next(one for one in compile(source, filename, "exec").co_consts if isinstance(one, CodeType))
    return found if found.co_name == name else next(one for one in found.co_consts if isinstance(one, CodeType) and one.co_name == name)


@pytest.mark.parametrize(
    ("place", "module", "recorded", "reason"),
    [
        ("{root}/shop/views.py", "shop.views", True, "its file is under {root}"),
        ("{root}/shop/migrations/0001_initial.py", "shop.migrations.0001_initial", False, "it is a migration"),
        ("{root}/venv/lib/shop.py", "shop", False, "its file belongs to an installed library"),
        ("{root}/lib/site-packages/shop.py", "shop", False, "its file belongs to an installed library"),
        ("{root}/node_modules/shop.py", "shop", False, "its file belongs to an installed library"),
        ("{stdlib}/json/decoder.py", "json.decoder", False, "its file is outside of the project's folders"),
        ("{root}x/shop.py", "shop", False, "its file is outside of the project's folders"),
        ("<string>", "shop", False, "it has no file"),
        ("{root}/shop/quiet.py", "shop.quiet", False, "UNSPAN_EXCLUDE=shop.quiet names its module"),
        ("/elsewhere/lib/a.py", "lib.deep.a", True, "UNSPAN_INCLUDE=lib names its module"),
        ("/elsewhere/lib/a.py", "lib.noise", False, "UNSPAN_EXCLUDE=*.noise names its module"),
        ("{root}/u.py", "unspan_instrumentation.u", False, "it is unspan's own"),
    ],
)
def test_by_file_and_module(tmp_path: Path, place: str, module: str, recorded: bool, reason: str) -> None:
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    project = Project((str(tmp_path),), include=("lib",), exclude=("shop.quiet", "*.noise"))
    names = {"root": tmp_path, "stdlib": sysconfig.get_path("stdlib")}
    found = project.disposition(code(place.format(**names)), module)
    assert (found.recorded, found.reason) == (recorded, reason.format(**names))


def test_a_project_inside_of_the_interpreters_prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container the project often lies in /usr/src/app, and the prefix is /usr."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    root = tmp_path / "src" / "app"
    assert Project((str(root),)).disposition(code(f"{root}/views.py"), "views").recorded


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("return settings.DEBUG", ("DEBUG",)),
        ("return conf.settings.EMAIL_BACKEND, settings.DEBUG", ("DEBUG", "EMAIL_BACKEND")),
        ("return [x for x in y if settings.DEBUG]", ("DEBUG",)),
        ("return getattr(settings, 'DEBUG', False)", ("DEBUG",)),
        ("return logging.DEBUG", ()),
        ("return settings.LANGUAGE_CODE", ()),
    ],
)
def test_the_settings_that_a_function_reads(body: str, found: tuple[str, ...]) -> None:
    assert Project(("/p",)).disposition(code("/p/a.py", f"def f(): {body}"), "a").settings == found


@pytest.mark.parametrize(
    ("source", "name"),
    [("x = lambda: 1", "<lambda>"), ("class A: pass", "A"), ("x = (i for i in y)", "<genexpr>")],
)
def test_noise(source: str, name: str) -> None:
    project = Project(("/p",))
    assert project.disposition(code("/p/a.py", source, name), "a").recorded is False


@pytest.mark.parametrize(
    ("source", "arguments", "others", "rebound"),
    [
        ("def f(a, /, b, *c, d=1, **e): x = 1", ("a", "b", "c", "d", "e"), ("x",), ()),
        ("def f(a, b):\n a = 1\n del b", ("a", "b"), (), ("a", "b")),
        ("def f(a):\n x = a\n def g():\n  return a + x\n return g", ("a",), ("g", "x"), ("a",)),
        ("def f(): pass", (), (), ()),
    ],
)
def test_what_is_known_of_a_function(source: str, arguments: tuple[str, ...], others: tuple[str, ...], rebound: tuple[str, ...]) -> None:
    one = code("/p/a.py", source)
    found = Project(("/p",)).disposition(one, "a")
    assert (found.name, found.line, found.arguments, found.others, tuple(found.arguments[place] for place in found.rebound)) == (
        "a.f",
        1,
        arguments,
        others,
        rebound,
    )
    assert (signature(one), bound(one) & set(arguments)) == (arguments, set(rebound))


def test_the_projects_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "src" / "config" / "settings"
    package.mkdir(parents=True)
    (package / "local.py").touch()
    module = type(sys)("config.settings.local")
    module.__file__ = str(package / "local.py")
    monkeypatch.setitem(sys.modules, "config.settings.local", module)
    monkeypatch.chdir("/")
    assert roots("config.settings.local", [str(tmp_path / "manage.py")], tmp_path / "base") == (
        str(tmp_path), str(tmp_path / "src"), str(tmp_path / "base"),
    )  # fmt: skip
