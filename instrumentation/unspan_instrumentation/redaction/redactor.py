"""Secrets are kept from leaving the process: the exporter's thread shows this all that it is about to send, first to learn from, then to cover.

What it is shown are attributes of records, encoded values as their texts. Most texts hold nothing and are passed by after a few cheap questions.
"""

import json
import os
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from types import CodeType
from typing import Any, Final
from urllib.parse import unquote

from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan
from unspan_proto import vocabulary as v

from unspan_instrumentation.redaction import accounts, configured, hashes, shapes, statements
from unspan_instrumentation.redaction.attributes import applied, special
from unspan_instrumentation.redaction.documents import dumped
from unspan_instrumentation.redaction.leaves import Covering, Learning
from unspan_instrumentation.redaction.names import KEYED, Names
from unspan_instrumentation.redaction.repeats import Repeats, marks
from unspan_instrumentation.redaction.substitutes import Substitutes
from unspan_instrumentation.redaction.texts import INSIDE, places
from unspan_instrumentation.redaction.vault import Vault
from unspan_instrumentation.settings import Settings

TRACES: Final = 1_024
"""Traces whose secrets are remembered at one time."""
LONGEST_KNOWN: Final = 4_000
"""Characters of a text of which it is remembered that nothing is in it."""
TOO_MANY: Final = (
    "there were more secrets in it than are looked for everywhere; some were replaced only where their names say what they are"
)
TOO_EARLY: Final = "it went on for over a minute, or too much waited to be sent: its beginning was sent before it was known what a secret in it is the hash or signature of"
UNTOUCHED: Final = frozenset(
    {
        v.KIND, v.FORMAT, v.METHOD, v.SCHEME, v.STATUS, v.VIEW, v.ROUTE, v.FUNCTION, v.FILE, v.LINE, v.OPERATION, v.SYSTEM, v.DATABASE, v.MODEL, v.PROJECT_REF,
        v.EXCEPTION_TYPE, v.COLUMNS, v.DISTINCT_SHAPE, v.DESCRIPTION, v.SETTINGS_READ, v.RESPONSE_TEMPLATES, v.RESPONSE_CONTEXT, v.REQUEST_HEADERS_ASKED,
        v.VIEW_DECORATORS, v.POSITIONS, v.LOOKED_UP, v.SOURCE, v.CACHE_ALIAS, v.CACHE_OPERATION, v.LOGGER, v.SEVERITY,
    }
)  # fmt: skip
"""Names and kinds, which come from the code."""


class Redactor:
    """One process's redaction. Used by the exporter's thread alone; `off` passes everything on as it is."""

    def __init__(self, settings: Settings) -> None:
        self.off = settings.redact is None
        self._names = Names(settings.redact or ())
        self._kept = frozenset(unquote(one) for one in settings.redacted.split(",") if one)
        self._bland = lru_cache(4096)(self._nothing_in)
        self._repeats = Repeats()
        self._substitutes = Substitutes(os.urandom(32))
        self._vaults: OrderedDict[int, Vault] = OrderedDict()
        self._always: Vault | None = None

    def vault(self, trace_id: int) -> Vault:
        found = self._vaults.get(trace_id)
        if found is None:
            found = self._vaults[trace_id] = Vault(self._substitutes, self._kept, self._settings_secrets())
            while len(self._vaults) > TRACES:
                self._vaults.popitem(last=False)
        return found

    def _settings_secrets(self) -> Vault | None:
        """What the settings of the project keep under secret names, once they are loaded."""
        if self._always is None and (found := configured.secrets(self._names.secret)) is not None:
            self._always = Vault(self._substitutes, self._kept)
            for name, text in found:
                self._always.learn(text, name)
        return self._always

    def verified(self, trace_id: int, password: str, encoded: str) -> None:
        """A password was found to be that of a hash: their substitutes are, too."""
        if self.off:
            return
        vault = self.vault(trace_id)
        if encoded in vault.hashes:
            return
        if vault.said(encoded):
            vault.early = True
            return
        made = hashes.hashed(vault.substitute(password, "password"), self._substitutes.of(encoded))
        if made is not None:
            vault.hashes.add(encoded)
            vault.forget(encoded)
            vault.stands_for(encoded, made, "password")

    def signed(self, trace_id: int, text: str, how: str) -> None:
        """The application found its own signature under a text."""
        if self.off:
            return
        vault = self.vault(trace_id)
        if vault.said(text):
            vault.early = vault.early or text not in vault.signed
            return
        vault.signed[text] = how
        if text in vault.known:
            vault.forget(text)
            vault.learn(text, vault.origins.get(text, ""))

    # Learning.

    def learn(self, trace_id: int, attributes: Mapping[str, Any], texts: Mapping[str, bytes]) -> Collection[str]:
        """Learns from `attributes` that are no encoded values, and from the texts of those that are. Which of the texts may tell of a secret by themselves."""
        if self.off:
            return ()
        vault = self.vault(trace_id)
        long = marks(vault.number, texts)
        before = {key: told for key, mark in long.items() if (told := self._repeats.telling(mark)) is not None}
        fresh = {key: data for key, data in texts.items() if key not in before}
        telling = [key for key, data in fresh.items() if special(key, data, attributes, texts, self._names.secret)]
        if fresh and self._telling(b"\n".join(fresh.values())):
            telling += [key for key, data in fresh.items() if key not in telling and key not in UNTOUCHED and self._telling(data)]
        leaf = Learning(self._names, vault)
        for key in telling:
            applied(key, json.loads(texts[key]), leaf, attributes, texts)
        for key, value in attributes.items():
            if type(value) is str and key not in v.ENCODED and key not in UNTOUCHED and len(value) > 7:
                self._plain(key, value, leaf)
        for key, mark in long.items():
            if key in fresh:
                self._repeats.looked(mark, key in telling)
        return [*telling, *(key for key, told in before.items() if told)]

    def _telling(self, data: bytes) -> bool:
        """Whether an encoded value may tell of a secret by itself."""
        if (
            b'"bytes"' in data or self._names.among(KEYED.findall(data)) or shapes.signs(data)
        ):  # bytes stand in base64: they are looked at by themselves
            return True
        return (b'\\"' in data or b"=" in data) and (self._names.custom or INSIDE.search(data.lower()) is not None)

    def _plain(self, key: str, value: str, leaf: "Learning | Covering") -> Any:
        if len(value) < LONGEST_KNOWN and self._bland(key, value):
            return leaf.known(value)
        if key == v.QUERY:
            return leaf.inside(value, form=True)
        if key == v.URL:
            return self._address(value, leaf)
        return leaf.inside(value, statements.literals(value, self._names.secret) if key == v.STATEMENT else ())

    def _nothing_in(self, key: str, value: str) -> bool:
        """Whether nothing in a text looks like a secret or is named as one. Statements come again and again."""
        found = [
            *places(value, self._names.secret, key == v.QUERY),
            *(statements.literals(value, self._names.secret) if key == v.STATEMENT else ()),
        ]
        return not found and (key != v.URL or next(iter(places(value.partition("?")[2], self._names.secret, True)), None) is None)

    def _address(self, value: str, leaf: "Learning | Covering") -> str:
        start, mark, query = value.partition("?")
        return f"{leaf.inside(start)}{mark}{leaf.inside(query, form=True)}"

    # Covering.

    def covered(
        self, trace_id: int, attributes: Mapping[str, Any], texts: Mapping[str, bytes], telling: Collection[str]
    ) -> tuple[Mapping[str, Any], Mapping[str, bytes]]:
        """The same without secrets. `telling` is what `learn` said of them."""
        if self.off or not (texts or attributes):
            return attributes, texts
        vault = self.vault(trace_id)
        leaf = Covering(self._names, vault)
        long, at = marks(vault.number, texts), vault.version
        made = {key: found for key, mark in long.items() if (found := self._repeats.made(mark, at, texts[key])) is not None}
        fresh = {key: data for key, data in texts.items() if key not in made}
        if fresh and (any(key in telling for key in fresh) or vault.holds(b"\n".join(fresh.values()))):
            for key, data in fresh.items():
                leaf.holding = b'"bytes"' in data or vault.holds(data)
                touched = key in telling or (leaf.holding and key not in UNTOUCHED)
                made[key] = dumped(applied(key, json.loads(data), leaf, attributes, texts)) if touched else data
        leaf.holding = True
        texts = {key: made.get(key, data) for key, data in texts.items()}
        for key, mark in long.items():
            if key in fresh and vault.version == at:
                self._repeats.covered(mark, at, fresh[key], texts[key])
        others = {key: self._covered_plain(key, value, leaf) for key, value in attributes.items() if key not in v.ENCODED}
        return others, texts

    def _covered_plain(self, key: str, value: Any, leaf: Covering) -> Any:
        if type(value) is not str or key in UNTOUCHED:
            return value
        if key != v.STATEMENT and self._names.secret(key):
            return leaf.text(value, key, False)
        return self._plain(key, value, leaf)

    def name(self, trace_id: int, text: str) -> str:
        """The name of a span."""
        vault = self._vaults.get(trace_id)
        return vault.covered(text) if vault is not None and vault.known else text

    def foreign(self, trace_id: int, span: ProtoSpan) -> None:
        """A span of another instrumentation, which is changed in its place: only what goes to us."""
        if self.off:
            return
        leaf = Covering(self._names, self.vault(trace_id))
        span.name = leaf.inside(span.name)
        span.status.message = leaf.inside(span.status.message) if span.status.message else ""
        for pair in (*span.attributes, *(one for event in span.events for one in event.attributes)):
            self._any(pair.key, pair.value, leaf)

    def _any(self, key: str, value: AnyValue, leaf: Covering) -> None:
        if value.WhichOneof("value") == "string_value":
            query = key in ("http.url", "url.full", "http.target", "url.query")
            text = value.string_value
            value.string_value = self._address(text, leaf) if query and "?" in text else self._covered_plain(key, text, leaf)
        for one in value.array_value.values if value.WhichOneof("value") == "array_value" else ():
            self._any(key, one, leaf)

    def ran(self, trace_id: int, function: str, code: CodeType) -> None:
        """A function of the project ran in the trace: what stands in its code cannot be substituted there."""
        if not self.off:
            self.vault(trace_id).code.setdefault(code, function)

    def told(self, trace_id: int) -> list[list[str]]:
        """What was replaced in a trace so far (see `accounts`)."""
        vault = self._vaults.get(trace_id)
        return [] if vault is None else accounts.told(vault, self._always.origins if self._always else {})

    def lost(self, trace_id: int) -> Iterator[str]:
        vault = self._vaults.get(trace_id)
        if vault is not None and vault.full:
            yield TOO_MANY
        if vault is not None and vault.early:
            yield TOO_EARLY
