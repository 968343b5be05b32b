"""The factories of a project's tests, read from their sources: factory_boy's classes, and whether model_bakery is used. Nothing of them is run.

A factory that does anything that cannot be told from its declarations (rows made afterwards, a creation of its own) is passed by.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unspan_proto.project import Model, Project

from unspan_inverter import project_files
from unspan_inverter.plan.expressions import Attr, Import
from unspan_inverter.plan.habits import COMPUTED, LITERAL, RELATED, Factory, Given

BASES = frozenset({"factory.django.DjangoModelFactory", "factory.DjangoModelFactory"})
OPTIONS = frozenset({"model", "abstract", "django_get_or_create", "skip_postgeneration_save"})
"""What may stand in a factory's `Meta`."""
AFTERWARDS = ("Related", "PostGeneration", "post_generation")
"""How the names of declarations begin that do something when the row is there."""
BY_DECORATOR = frozenset({"lazy_attribute", "lazy_attribute_sequence", "sequence"})
LARGEST = 1 << 20
"""Bytes of a file that is looked at."""


@dataclass(frozen=True, slots=True)
class Module:
    """A source file: what its names mean, as dotted names, and its classes."""

    name: str
    names: Mapping[str, str]
    classes: Mapping[str, ast.ClassDef]

    def dotted(self, node: ast.expr) -> str:
        """The dotted name of what an expression names; empty for any other."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, f"{self.name}.{node.id}" if node.id in self.classes else "")
        before = self.dotted(node.value) if isinstance(node, ast.Attribute) else ""
        return f"{before}.{node.attr}" if before and isinstance(node, ast.Attribute) else ""


@dataclass(slots=True)
class Declared:
    """A factory's declarations, those of the classes above it included. `whole`: nothing in it that we do not understand."""

    module: str
    name: str
    model: str = ""
    abstract: bool = False
    unique: tuple[str, ...] = ()
    fields: dict[str, Given] = field(default_factory=dict[str, Given])
    whole: bool = True


def factories(root: Path, named: Sequence[str] | None, project: Project) -> dict[str, Factory]:
    """Label of a model, in lower case → what makes its rows. `named`: the modules to look in; None: all that may hold factories."""
    found: dict[str, Factory] = {}
    if "model-bakery" in project.packages and named is None and any(b"model_bakery" in text for _, text in sources(root, None)):
        found |= {model.label.lower(): bakery(model) for model in project.models if not model.proxy}
    if "factory-boy" in project.packages:
        found |= by_classes(root, named, project)
    return found


def bakery(model: Model) -> Factory:
    return Factory(Attr(Import("model_bakery", "baker"), "make"), first=(Import(model.module, model.name),), everything=True)


def by_classes(root: Path, named: Sequence[str] | None, project: Project) -> dict[str, Factory]:
    modules = {name: module for name, text in sources(root, named) if b"factory" in text and (module := parsed(name, text))}
    candidates: dict[str, list[Declared]] = {}
    for module in modules.values():
        for cls in module.classes.values():
            one = declared(cls, module, modules)
            model = model_of(one, project) if one is not None and not one.abstract else None
            if one is not None and model is not None:
                candidates.setdefault(model.label.lower(), []).append(one)
    chosen = {label: best(some, project.model(label)) for label, some in candidates.items()}
    return {
        label: Factory(Import(one.module, one.name), one.fields, unique=one.unique)
        for label, one in chosen.items()
        if one is not None and one.whole
    }


def best(some: Sequence[Declared], model: Model | None) -> Declared | None:
    """The factory of this model among several: the one that is called after it."""
    usual = [one for one in some if model is not None and one.name == f"{model.name}Factory"]
    return usual[0] if usual else some[0] if len(some) == 1 else None


def sources(root: Path, named: Sequence[str] | None) -> Iterator[tuple[str, bytes]]:
    """Names and texts of the modules that may hold factories."""
    for name in named if named is not None else project_files.modules(root):
        if named is None and not any("test" in part or "factor" in part for part in name.split(".")):
            continue
        stem = root.joinpath(*name.split("."))
        for path in (stem.with_suffix(".py"), stem / "__init__.py"):
            try:
                if path.stat().st_size <= LARGEST:
                    yield name, path.read_bytes()
                    break
            except OSError:
                continue


def parsed(name: str, text: bytes) -> Module | None:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    return Module(name, dict(imported(tree, name)), classes)


def imported(tree: ast.Module, module: str) -> Iterator[tuple[str, str]]:
    """The names that a module's imports give it, and what they mean."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            for one in node.names:
                first = one.name.partition(".")[0]
                yield (one.asname, one.name) if one.asname else (first, first)
        elif isinstance(node, ast.ImportFrom):
            package = module.split(".")[: -node.level] if node.level else []
            source = ".".join([*package, *([node.module] if node.module else [])])
            for one in node.names:
                yield one.asname or one.name, f"{source}.{one.name}"


def declared(cls: ast.ClassDef, module: Module, modules: Mapping[str, Module]) -> Declared | None:
    """The declarations of a class that is a factory; None for any other."""
    above = [found for base in cls.bases if (found := base_of(module.dotted(base), modules)) is not None]
    if not above:
        return None
    made = Declared(module.name, cls.name, whole=len(above) == len(cls.bases) and not cls.decorator_list and not cls.keywords)
    for one in reversed(above):
        made.model, made.unique, made.whole = one.model or made.model, one.unique or made.unique, made.whole and one.whole
        made.fields |= one.fields
    for node in cls.body:
        stated(node, made, module)
    return made


def base_of(dotted: str, modules: Mapping[str, Module]) -> Declared | None:
    if dotted in BASES:
        return Declared("", "")
    before, _, name = dotted.rpartition(".")
    module = modules.get(before)
    return declared(module.classes[name], module, modules) if module is not None and name in module.classes else None


def stated(node: ast.stmt, made: Declared, module: Module) -> None:
    """Takes one statement of a factory's body into account."""
    if isinstance(node, ast.ClassDef):
        if node.name == "Meta":
            options(node, made, module)
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        decorators = [module.dotted(one.func if isinstance(one, ast.Call) else one).rpartition(".")[2] for one in node.decorator_list]
        if BY_DECORATOR & set(decorators):
            made.fields[node.name] = Given(COMPUTED)
        elif node.name != "_setup_next_sequence":
            made.whole = False
    elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if isinstance(target, ast.Name):
                attribute(target.id, node.value, made, module)
    elif not (isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))):
        made.whole = False


def options(meta: ast.ClassDef, made: Declared, module: Module) -> None:
    made.abstract = False
    for node in meta.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name, value = node.targets[0].id, node.value
            if name not in OPTIONS:
                made.whole = False
            elif name == "model":
                made.model = named_model(value, module)
            elif name == "abstract":
                made.abstract = isinstance(value, ast.Constant) and value.value is True
            elif name == "django_get_or_create":
                made.unique = tuple(map(str, constant(value) or ()))
    made.whole = made.whole and bool(made.model or made.abstract)


def named_model(value: ast.expr, module: Module) -> str:
    """What names the model: its label, the dotted name of its class, or `user` for the project's user model."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value
    dotted = module.dotted(value.func if isinstance(value, ast.Call) else value)
    return "user" if dotted.endswith((".get_user_model", ".AUTH_USER_MODEL")) else dotted


def model_of(one: Declared, project: Project) -> Model | None:
    """The model of a factory: the one with this label, or this class as it is found by a module of the same package."""
    if one.model == "user":
        return project.model(str(project.settings.get("AUTH_USER_MODEL", "auth.User")))
    found = project.model(one.model)
    if found is not None:
        return found
    module, _, name = one.model.rpartition(".")
    same = [model for model in project.models if model.name == name and (model.module == module or model.module.startswith(f"{module}."))]
    return same[0] if len(same) == 1 else None


def attribute(name: str, value: ast.expr, made: Declared, module: Module) -> None:
    if name.startswith("_"):
        return
    if isinstance(value, ast.Call):
        called = module.dotted(value.func).rpartition(".")[2]
        if called.startswith(AFTERWARDS):
            made.whole = False
        related = any(
            isinstance(part, (ast.Name, ast.Attribute)) and module.dotted(part).endswith(".SubFactory") for part in ast.walk(value)
        )
        made.fields[name] = Given(RELATED if related else COMPUTED)
        return
    found = constant(value, NOTHING)
    made.fields[name] = Given(COMPUTED) if found is NOTHING else Given(LITERAL, found)


NOTHING = object()


def constant(value: ast.expr, otherwise: Any = None) -> Any:
    try:
        return ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return otherwise
