"""Randomness: the functions of `random`, `uuid`, `secrets`, `os.urandom`, Django's `get_random_string`, and the project's own `Random` instances."""

import functools
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any, Final

from unspan_instrumentation.patching import not_recorded, quietly
from unspan_instrumentation.recording import current
from unspan_instrumentation.tapes.noting import heard
from unspan_instrumentation.tapes.stand_ins import Recorded, function, shuffled, told

DISTRIBUTIONS: Final = (
    "betavariate", "binomialvariate", "choice", "choices", "expovariate", "gammavariate", "gauss", "getrandbits", "lognormvariate", "normalvariate",
    "paretovariate", "randbytes", "randint", "random", "randrange", "sample", "shuffle", "triangular", "uniform", "vonmisesvariate", "weibullvariate",
)  # fmt: skip
FUNCTIONS: Final = {
    "random": DISTRIBUTIONS,
    "uuid": ("uuid1", "uuid4", "uuid6", "uuid7", "uuid8"),
    "secrets": ("choice", "randbelow", "randbits", "token_bytes", "token_hex", "token_urlsafe"),
    "os": ("urandom",),
    "django.utils.crypto": ("get_random_string",),
}


def patch(module: Any) -> None:
    for name in FUNCTIONS[module.__name__]:
        record(module, name)
    if module.__name__ == "random":
        patch_instances(module)


def record(module: Any, name: str) -> None:
    """Replaces a function of a module, once."""
    original = getattr(module, name, None)
    source, written = f"{module.__name__}.{name}", isinstance(original, FunctionType)
    if original is None or type(original) is Recorded or (written and getattr(original, "__unspan__", False)):
        return
    stand_in = function(original, source, always=False) if written else Recorded(original, source)
    setattr(module, name, stand_in)
    home = sys.modules.get(original.__module__ or "")
    if home is not None and getattr(home, name, None) is original:  # `posix.urandom`, by which it is pickled
        setattr(home, name, stand_in)


def patch_instances(module: Any) -> None:
    """Instances of `Random` and `SystemRandom`: what they inherit from the C type is put in front of it, what they define is replaced."""
    for kind in (module.Random, module.SystemRandom):
        for name in DISTRIBUTIONS:
            original = kind.__dict__.get(name) or (getattr(kind, name, None) if kind is module.Random else None)
            if original is not None and not getattr(original, "__unspan__", False):
                setattr(kind, name, method(original, name, module))


def method(original: Callable[..., Any], name: str, module: Any) -> Callable[..., Any]:
    """Stands in for a method of `Random`. The generator's own calls of it are the standard library's, and are not recorded."""

    @functools.wraps(original)
    def recorded(self: Any, *args: Any, **kwargs: Any) -> Any:
        recording = current()
        before = quietly(recording, f"random.{name}", shuffled, name, args) if recording is not None else None
        value = original(self, *args, **kwargs)
        if recording is None:
            return value
        try:
            kind = module.SystemRandom if issubclass(type(self), module.SystemRandom) else module.Random
            source = f"random.{kind.__name__}.{name}"
            one = told(source, name, value, args, before, (self,))
            heard(recording, one._replace(suffix=f".{name}", fallback=source), sys._getframe(1))
        except Exception as error:
            recording.lose(not_recorded(f"random.{name}", error))
        return value

    recorded.__unspan__ = True  # type: ignore[attr-defined]
    return recorded


PATCHES: Final = tuple((name, patch) for name in FUNCTIONS)
