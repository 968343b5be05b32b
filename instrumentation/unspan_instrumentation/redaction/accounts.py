"""What the end of a trace says of its secrets: what stands in their places, where the code holds one as a literal, and how one was signed."""

from collections.abc import Mapping
from functools import lru_cache
from types import CodeType
from typing import Final

from unspan_instrumentation.redaction import shapes, signing
from unspan_instrumentation.redaction.vault import Vault

MOST_NAMED: Final = 2_000


def told(vault: Vault, keys: Mapping[str, str]) -> list[list[str]]:
    """`[name, substitute, function, signature]` of what was replaced in a trace so far: the function whose code holds the secret as a literal, and how the
    secret was signed by the application; either may be empty. `keys`: the secrets in the project's settings, with their names."""
    written = [(text, function) for code, function in vault.code.items() for text in literals(code)]
    found: list[list[str]] = []
    for made, (secret, name) in list(vault.given.items())[:MOST_NAMED]:
        function = next((function for text, function in written if secret in text), "") if shapes.strong(secret) else ""
        found.append([name, made, function, signature(vault, secret, keys)])
        found += [[name, said + made, "", how] for said, how in vault.signatures(secret)]
    return found


def signature(vault: Vault, secret: str, keys: Mapping[str, str]) -> str:
    if secret in vault.signed:
        return vault.signed[secret]
    return signing.key_of(secret, keys) if shapes.JWT.fullmatch(secret) else ""


@lru_cache(8192)
def literals(code: CodeType) -> tuple[str, ...]:
    """The texts that stand in a function's code and may hold a secret."""
    found = [one for one in code.co_consts if type(one) is str and 6 <= len(one) <= 4_000]
    return tuple(dict.fromkeys([*found, *(text for one in code.co_consts if type(one) is CodeType for text in literals(one))]))
