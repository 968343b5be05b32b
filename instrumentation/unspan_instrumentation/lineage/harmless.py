"""Whether parts of a statement may be executed once more: no function that is not known to be free of side effects, nothing that writes.

A function that sqlglot knows by a class of its own is a standard one; of all others only those named here are taken for harmless.
"""

import re
from typing import Final

from sqlglot import exp

from unspan_instrumentation.lineage.parsing import Node, NotUnderstood

HARMLESS: Final = re.compile(
    r"""django_\w+                                                           # what Django's SQLite backend defines, in Python
    | (?:bit|char|character|octet)_length | (?:l|r|b)?trim | (?:l|r)pad | reverse | strpos | instr | position | translate | replace | initcap
    | ascii | chr | repeat | sha\d* | md5 | crc32 | hex | unhex | quote | printf | format | soundex | metaphone | levenshtein | unaccent
    | (?:word_|strict_word_)?similarity | show_trgm | (?:phrase|plain|websearch_)?to_tsquery | phraseto_tsquery | to_tsvector | ts_rank(?:_cd)?
    | ts_headline | setweight | numnode | querytree | to_char | to_number | to_date | to_timestamp | date_part | date_trunc | age | make_\w+
    | json\w* | array_\w+ | cardinality | unnest | lower_inc | upper_inc | isempty | int4range | int8range | numrange | tsrange | tstzrange
    | daterange | host | masklen | network | regexp_\w+ | log | exp | power | mod | sign | sqrt | cbrt | degrees | radians | pi | a?(?:sin|cos|tan)h?
    | cot | atan2 | random | rand | num_nulls | num_nonnulls | mask | nullif | iif | likelihood | glob | st_\w+ | values | dayof\w+ | week\w* | hour
    | minute | second | microsecond | quarter | yearweek | convert_tz | timestampdiff | str_to_date | unix_timestamp | from_unixtime | maketime
    | period_\w+ | to_days | to_seconds | time_to_sec | sec_to_time | interval | typeof | total | group_concat | any_value | row_to_json""",
    re.IGNORECASE | re.VERBOSE,
)
"""Names of functions, whole."""
WRITING: Final = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Into, exp.NextValueFor)


def unharmed(tree: Node) -> None:
    """Raises NotUnderstood when executing a part of the statement once more might change something."""
    for one in tree.find_all(exp.Anonymous):
        name = str(one.this)
        if HARMLESS.fullmatch(name) is None:
            raise NotUnderstood(f"it calls {name}, which may do more than return a value")
    for one in tree.find_all(*WRITING):
        if one is not tree or isinstance(one, exp.Merge):
            raise NotUnderstood("a part of it writes")
