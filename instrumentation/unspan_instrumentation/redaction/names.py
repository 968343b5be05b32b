"""Which names name a secret: of fields, headers, cookies, keys, columns, variables and settings. What secrets look like is `shapes`' business."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import pairwise
from typing import Final

WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
HOT: Final = frozenset(
    {
        "apikey", "authorization", "bearer", "credential", "csrfmiddlewaretoken", "csrftoken", "cvc", "cvv", "jwt", "otp", "pass", "passcode", "passphrase",
        "passwd", "password", "pin", "pwd", "secret", "sessionid", "ssn", "token", "totp",
    }
)  # fmt: skip
"""Words that make a secret of a name that holds them."""
ENDINGS: Final = ("password", "passwd", "secret", "token", "apikey")
"""Ends of words that were written together: `authtoken`, `userpassword`."""
TOGETHER: Final = frozenset(
    {
        *((first, "key") for first in ("access", "api", "auth", "encryption", "master", "private", "service", "session", "signing")),
        ("auth", "hash"), ("auth", "code"), ("backup", "code"), ("card", "no"), ("card", "number"), ("cc", "number"), ("recovery", "code"),
        ("security", "code"), ("session", "data"), ("session", "id"), ("user", "hash"), ("verification", "code"),
    }
)  # fmt: skip
"""Words that do so in a row."""
HARMLESS: Final = frozenset(
    {
        "age", "algorithm", "at", "attribute", "backend", "changed", "class", "count", "created", "date", "enabled", "error", "expire", "expired", "expiration",
        "expiry", "field", "form", "generator", "has", "hasher", "help", "hint", "id", "is", "label", "length", "lifetime", "limit", "manager",
        "max", "min", "model", "name", "path", "policy", "prefix", "required", "reset", "serializer", "signer", "size", "status", "strength", "template", "text", "time",
        "timeout", "ttl", "type", "uri", "url", "use", "valid", "validator", "version", "view",
    }
)  # fmt: skip
"""Last words that make something else of it: `token_type`, `password_changed_at`."""
PLURAL: Final = HOT | HARMLESS | {"key", "code"}
OF_MODELS: Final = ("*token.key", "*.apikey.key", "*.apikey.hashed_key", "*.session.session_key")
"""Columns that only their model gives away."""
KEYED: Final = re.compile(rb'"([^"\\]{2,60})":')


@lru_cache(8192)
def by_default(name: str) -> bool:
    """Whether a name names a secret where nothing else was said."""
    if len(name) > 120:
        return False
    field = name.rpartition(".")[2]
    words = [singular(word.lower()) for word in WORD.findall(field) if not word.isdigit()]
    if not words or (words[-1] in HARMLESS and tuple(words[-2:]) not in TOGETHER):
        return False
    if any(word in HOT or word.endswith(ENDINGS) for word in words) or any(pair in TOGETHER for pair in pairwise(words)):
        return True
    return "." in name and any(fnmatchcase(name.lower(), glob) for glob in OF_MODELS)


def singular(word: str) -> str:
    return word[:-1] if word.endswith("s") and word[:-1] in PLURAL else word


class Names:
    """The names that name secrets here: the usual ones, and what UNSPAN_REDACT adds and (with `!`) takes away."""

    def __init__(self, globs: Iterable[str] = ()) -> None:
        plain = [canonical(glob) for glob in globs]
        self._added = tuple(glob for glob in plain if not glob.startswith("!"))
        self._exempt = tuple(glob[1:] for glob in plain if glob.startswith("!"))
        self.custom = bool(self._added)
        """Whether names are secret that nothing else tells of."""
        self.secret = lru_cache(8192)(self._secret)
        self.bland: dict[str, bool] = {}
        """Texts that were looked at, and whether there is nothing in them: the same ones come in many calls."""
        self._harmless: set[bytes] = set()

    def _secret(self, name: str) -> bool:
        if not name:
            return bool(self._added)
        known = canonical(name)
        forms = {known, known.rpartition(".")[2]}
        if any(fnmatchcase(form, glob) for glob in self._exempt for form in forms):
            return False
        return by_default(name) or any(fnmatchcase(form, glob) for glob in self._added for form in forms)

    def among(self, keys: Iterable[bytes]) -> bool:
        """Whether one of the keys that stand in an encoded text names a secret."""
        if self._harmless.issuperset(keys):
            return False
        for key in keys:
            if self.secret(key.decode("utf-8", "replace")):
                return True
            if len(self._harmless) < 20_000:
                self._harmless.add(key)
        return False


def canonical(name: str) -> str:
    """Headers, fields and variables are told apart by neither case nor the kind of dash."""
    return name.lower().replace("-", "_")
