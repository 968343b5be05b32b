"""Substitutes of secrets in a plan: what cannot be known of them is not asserted, and what hangs on one is marked.

A recorder that redacts puts the same substitute in the place of the same secret (`unspan_proto.vocabulary.REDACTED`). A test that hands a substitute in
may expect it back; one that the application computed, or keeps in its code or settings, will be another in the test.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final

from unspan_inverter.plan.bindings import ANY
from unspan_inverter.plan.expressions import (
    Assign,
    Attr,
    Call,
    Check,
    Format,
    Import,
    Item,
    Name,
    Plan,
    Statement,
    Sum,
    call,
    method,
    pieces,
)

LEFT_OUT = "a value that the application kept or computed was redacted (UNSPAN_REDACT): nothing is asserted of it"
USUAL_SALT: Final = "django.core.signing.Signer"
HANGS = "a substitute, since the value was redacted (UNSPAN_REDACT)"


SIGNED: Final = """
def signed(said, digest, key):
    \"\"\"A JSON web token that says this, signed by the project that the test runs in.\"\"\"
    signature = base64.urlsafe_b64encode(hmac.digest(key.encode(), said.encode(), digest))
    return f"{said}.{signature.decode().rstrip('=')}"
"""
SETTING: Final = re.compile(r"settings\.([A-Z][A-Z0-9_]*)((?:\['\w+'\])*)")


def marked(plan: Plan, redacted: Mapping[str, str], signed: Mapping[str, str]) -> Plan:
    """The plan without assertions on substitutes that nothing hands to the application, and with a note at a request that sends one in a header."""
    if not redacted:
        return plan
    acts = [plan, *plan.then]
    rows = "\n".join(texts([(one.constants, one.rows, one.arrange, one.contexts) for one in acts]))
    given = "\n".join([rows, *texts([(one.act, one.settings, one.before_class) for one in acts])])
    first, *then = (of_act(one, given, rows, redacted, signed, acts[at + 1 :]) for at, one in enumerate(acts))
    return replace(
        first, then=tuple(then), notes=tuple(dict.fromkeys([*first.notes, *(note for one in then for note in one.notes)])),
        functions=tuple(dict.fromkeys([*first.functions, *(function for one in then for function in one.functions)])),
    )  # fmt: skip


def of_act(plan: Plan, given: str, rows: str, redacted: Mapping[str, str], signed: Mapping[str, str], after: Sequence[Plan]) -> Plan:
    """The same of one act. `given`: all texts that the test hands in; `rows`: those of them that no request says; `after`: the acts that follow."""
    strange = [one for one in redacted if one not in given]
    asserts = tuple(masked(one, strange) if isinstance(one, Check) else one for one in plan.asserts)
    kept = tuple(one for one in asserts if not (isinstance(one, Check) and speaks_of(one, strange)))
    loose = [one for one in redacted if one not in rows and one not in signed]
    notes = plan.notes if kept == plan.asserts else (*plan.notes, LEFT_OUT)
    arrange, act = again(plan.arrange, signed), tuple(again(noted(one, loose), signed) for one in plan.act)
    functions = (*plan.functions, SIGNED) if any(one == Name("signed") for one in pieces((arrange, act))) else plan.functions
    return replace(plan, then=(), asserts=bound(kept, after), arrange=arrange, act=act, notes=notes, functions=functions)


def masked(check: Check, strange: list[str]) -> Check:
    """The assertion with `ANY` in the place of each member of a document that holds one of these substitutes."""
    if check.kind != "equal" or not speaks_of(check, strange):
        return check
    return replace(check, args=tuple(without(one, strange) if isinstance(one, (dict, list)) else one for one in check.args))


def without(part: Any, strange: list[str]) -> Any:
    if isinstance(part, dict):
        return {key: without(item, strange) for key, item in part.items()}
    if isinstance(part, list):
        return [without(item, strange) for item in part]
    return ANY if speaks_of(part, strange) else part


def again(part: Any, signed: Mapping[str, str]) -> Any:
    """A statement or an expression in which the test signs again what the application had signed."""
    if isinstance(part, str):
        found = next((one for one in signed if one in part), None)
        if found is None or (made := signature(found, signed[found])) is None:
            return part
        before, _, after = part.partition(found)
        if before == after == "":
            return made
        return Sum(before, made) if not after else Format((before, made, again(after, signed)))
    if isinstance(part, dict):
        return {key: again(item, signed) for key, item in part.items()}
    if isinstance(part, (list, tuple)):
        return type(part)(again(item, signed) for item in part)
    if is_dataclass(part) and not isinstance(part, type) and type(part).__module__ == Name.__module__:
        return replace(
            part, **{one.name: again(getattr(part, one.name), signed) for one in fields(part) if one.name not in ("id", "name", "note")}
        )
    return part


def signature(text: str, how: str) -> Any:
    """The expression that signs a text as the application does; None where that is not known."""
    kind, _, rest = how.partition(" ")
    if kind == "django":
        return method(
            call(Import("django.core.signing", "Signer"), **({} if rest == USUAL_SALT else {"salt": rest})), "sign", text.rpartition(":")[0]
        )
    if kind == "cookie" and text.count(":") > 1:  # signed with the time, which a test that runs now must not have taken from then
        return method(call(Import("django.core.signing", "get_cookie_signer"), salt=rest), "sign", text.rsplit(":", 2)[0])
    digest, _, path = rest.partition(" ")
    setting = SETTING.fullmatch(path)
    if kind != "jwt" or setting is None:
        return None
    key: Any = Attr(Import("django.conf", "settings"), setting[1])
    for name in re.findall(r"\w+", setting[2]):
        key = Item(key, name)
    return call(Name("signed"), text.rpartition(".")[0], digest, key)


def speaks_of(part: Any, substitutes: list[str]) -> bool:
    return bool(substitutes) and any(one in text for text in texts(part) for one in substitutes)


def noted(statement: Statement, loose: list[str]) -> Statement:
    """The request, with a note where one of its headers holds a substitute that no row, no stub and no tape knows."""
    if not isinstance(statement, Assign) or statement.note:
        return statement
    headers = dict(getattr(statement.value, "kwargs", ())).get("headers")
    return replace(statement, note=HANGS) if speaks_of(headers, loose) else statement


def bound(asserts: tuple[Statement, ...], after: Sequence[Plan]) -> tuple[Statement, ...]:
    """The assertions without rows that are fetched for nothing: of those it is only asserted that they are there."""
    used = [name for statement in asserts for name in names(statement) if not isinstance(statement, Assign)]
    used += [name for statement in asserts if isinstance(statement, Assign) for name in names(statement.value)]
    used += names(after)
    kept: list[Statement] = []
    for one in asserts:
        if not isinstance(one, Assign) or one.target.id in (*used, "session"):
            kept.append(one)
        elif (found := rows(one.value)) is not None:
            kept.append(Check("true", (method(found, "exists"),)))
    return tuple(kept)


def rows(get: Any) -> Any:
    """`….filter(…)` of `….get(…)`; None of anything else."""
    if not (isinstance(get, Call) and isinstance(get.function, Attr) and get.function.name == "get"):
        return None
    return Call(Attr(get.function.of, "filter"), get.args, get.kwargs) if get.kwargs else method(get.function.of, "all")


def names(part: Any) -> Iterator[str]:
    for one in pieces(part):
        if isinstance(one, Name):
            yield one.id


def texts(part: Any) -> Iterator[str]:
    """Every text that stands somewhere in statements or expressions."""
    for one in pieces(part):
        if isinstance(one, str):
            yield one
        elif isinstance(one, bytes):
            yield one.decode("utf-8", "replace")
        elif hasattr(one, "hex") and not isinstance(one, float):
            yield from (str(one), str(one.hex))
