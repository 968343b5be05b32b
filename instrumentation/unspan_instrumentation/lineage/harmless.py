"""Whether parts of a statement may be executed once more: no function that is not known to be free of side effects, nothing that writes.

A function that sqlglot knows by a class of its own is a standard one; of all others only those named here are taken for harmless.
"""

import re
from typing import Final

from sqlglot import exp

from unspan_instrumentation.lineage.parsing import Node, NotUnderstood

ON_SQLITE: Final = re.compile(
    r"""django_\w+                                                           # what Django's backend defines, in Python
    | instr | replace | [lr]?trim | hex | unhex | quote | printf | format | json(?:_(?:extract|type|array|object|valid|array_length|each|tree))?
    | total | group_concat | iif | likelihood | typeof | values""",
    re.IGNORECASE | re.VERBOSE,
)
"""Names of functions, whole: others may be the application's, which SQLite lets it define."""
ELSEWHERE: Final = re.compile(
    r"""(?:bit|char|character|octet)_length | (?:l|r|b)?trim | (?:l|r)pad | reverse | strpos | instr | position | translate | replace | initcap
    | ascii | chr | repeat | sha\d* | md5 | crc32 | hex | unhex | quote | printf | format | soundex | metaphone | levenshtein | unaccent
    | (?:word_|strict_word_)?similarity | show_trgm | (?:phrase|plain|websearch_)?to_tsquery | phraseto_tsquery | to_tsvector | ts_rank(?:_cd)?
    | ts_headline | setweight | numnode | querytree | to_char | to_number | to_date | to_timestamp | date_part | date_trunc | age
    | make_(?:date|time|timestamp|timestamptz|interval) | jsonb?_(?:extract_path(?:_text)?|array_length|typeof|build_object|build_array|object_keys|agg)
    | jsonb?_(?:array_)?elements(?:_text)? | json_(?:contains|extract|unquote|length|type|valid|value|keys|search|overlaps|array|object)
    | array_(?:length|position|positions|to_string|agg|append|cat|remove|upper|lower|ndims) | cardinality | unnest | lower_inc | upper_inc | isempty | int4range | int8range | numrange | tsrange | tstzrange
    | daterange | host | masklen | network | regexp_(?:replace|like|instr|substr|match|matches|count) | log | exp | power | mod | sign | sqrt | cbrt | degrees | radians | pi | a?(?:sin|cos|tan)h?
    | cot | atan2 | num_nulls | num_nonnulls | mask | nullif | iif | likelihood | values | dayof(?:week|month|year) | week(?:day|ofyear)? | hour
    | minute | second | microsecond | quarter | yearweek | convert_tz | timestampdiff | str_to_date | unix_timestamp | from_unixtime | maketime
    | period_(?:add|diff) | to_days | to_seconds | time_to_sec | sec_to_time | interval | typeof | total | group_concat | any_value | row_to_json""",
    re.IGNORECASE | re.VERBOSE,
)
WRITING: Final = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Into, exp.NextValueFor, exp.PropertyEQ)
"""The last is MySQL's `@n := …`."""


def unharmed(tree: Node, dialect: str) -> None:
    """Raises NotUnderstood when executing a part of the statement once more might change something, or choose other rows."""
    known = ON_SQLITE if dialect == "sqlite" else ELSEWHERE
    for one in tree.find_all(exp.Anonymous):
        name = str(one.this)
        if known.fullmatch(name) is None or isinstance(one.parent, exp.Dot):
            raise NotUnderstood(f"it calls {name}, which may do more than return a value")
    if tree.find(exp.Rand):
        raise NotUnderstood("chance decides in it")
    if any(one.args.get("wait") is False for one in tree.find_all(exp.Lock)):
        raise NotUnderstood("which rows others have locked decides in it")
    for one in tree.find_all(*WRITING):
        if one is not tree or isinstance(one, exp.Merge):
            raise NotUnderstood("a part of it writes")
