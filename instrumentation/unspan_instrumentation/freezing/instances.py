"""Instances of Django's models: a reference with the key and the fields that were loaded, made anew only when a field has changed."""

from collections.abc import Callable
from operator import itemgetter
from typing import Any, Final

from unspan_proto.values import ModelRef

from unspan_instrumentation.freezing.kinds import ancestors, declared, inherits, namespace, state
from unspan_instrumentation.freezing.limits import ATOMS, MAX_DEPTH, MODEL_FIELDS_DEPTH, NODE_BYTES, SMALL, Weight
from unspan_instrumentation.freezing.snapshot import WHOLE, Snapshot, Way, counted

KNOWN_INSTANCES: Final = 1_000
"""Instances of one model whose last frozen value is remembered."""
MEMORIES: Final[list[dict[int, Any]]] = []
"""What is remembered of instances."""


def forget() -> None:
    """Lets go of every value: a request has ended."""
    for memory in MEMORIES:
        memory.clear()


def is_model(kind: type) -> bool:
    return inherits(kind, "django.db.models.base", "Model")


def premature(kind: type) -> bool:
    """Whether it is a model whose fields are not known yet, because not all models are loaded."""
    options = declared(kind, "_meta") if is_model(kind) else None
    return options is not None and not options.abstract and not options.apps.models_ready


def instance(kind: type) -> Way | None:
    """An instance of a model: its key and the concrete fields that its `__dict__` holds."""
    options, read = declared(kind, "_meta"), state(kind)
    if not is_model(kind) or options is None or read is None or options.abstract or not options.apps.models_ready:
        return None
    label: str = options.label
    names: tuple[str, ...] = tuple(field.attname for field in options.concrete_fields)
    keys = tuple(field.attname for field in getattr(options, "pk_fields", None) or (options.pk,))
    known: dict[int, tuple[tuple[Any, ...], ModelRef]] = {}

    def way(value: Any, snapshot: Snapshot, depth: int) -> Any:
        held = read(value)
        pk = snapshot.part(held.get(keys[0]) if len(keys) == 1 else tuple(held.get(key) for key in keys), MAX_DEPTH - 1)
        if depth > MODEL_FIELDS_DEPTH:
            return ModelRef(label, pk)
        snapshot.left -= len(names)
        fields = {name: snapshot.part(held[name], MAX_DEPTH - 3) for name in names if name in held}
        reference = ModelRef(label, pk, fields)
        if len(fields) == len(names) and all(held[name] is fields[name] for name in names):
            if len(known) >= KNOWN_INSTANCES:
                known.clear()
            known[id(value)] = tuple(fields.values()), reference
        return reference

    if plainly_stored(kind):
        WHOLE[id(kind)] = comparison(names, known, label, keys[0] if len(keys) == 1 else None)
        MEMORIES.append(known)
    return way


def plainly_stored(kind: type) -> bool:
    """Whether `instance.__dict__` runs no code of the application's."""
    spaces = [namespace(one) for one in ancestors(kind)[:-1]]
    return not any("__getattribute__" in space or "__slots__" in space or type(space.get("__dict__")) is property for space in spaces)


def comparison(
    names: tuple[str, ...], known: dict[int, tuple[tuple[Any, ...], ModelRef]], label: str, key: str | None
) -> Callable[[Any], Any]:
    """Finds the reference made before, when every field still holds the very same unchanging object; whose id it was does not matter then.
    Else makes another, at once where all fields hold such objects.

    Written for the model's fields, as `dataclass` writes its methods: a loop takes twice as long, and this runs for most arguments of most calls.
    """
    same = " and ".join(f"state[{name!r}] is values[{place}]" for place, name in enumerate(names))
    source = f"""
def unchanged(instance):
    before = recall(id(instance))
    state = instance.__dict__
    try:
        if before is not None:
            values, reference = before
            if {same}:
                return reference
        return fresh(instance, state)
    except KeyError:  # a field was deferred
        return counted(instance)
"""
    taken = itemgetter(*names) if len(names) > 1 else lambda state: tuple(state[name] for name in names)

    def fresh(instance: Any, state: dict[str, Any]) -> Any:
        values = taken(state)
        for value in values:
            kind = type(value)
            if (kind is not str or len(value) > SMALL) and id(kind) not in ATOMS:
                return counted(instance)
        if key is None or len(known) >= KNOWN_INSTANCES:
            return counted(instance)
        Weight.bytes += NODE_BYTES * len(names)
        reference = ModelRef(label, state[key], dict(zip(names, values, strict=True)))
        known[id(instance)] = values, reference
        return reference

    space: dict[str, Any] = {"recall": known.get, "counted": counted, "fresh": fresh}
    exec(source, space)
    return space["unchanged"]  # type: ignore[no-any-return]
