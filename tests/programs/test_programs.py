"""Random programs of the ORM over random models: recorded, inverted and run on an empty database, they read and write the same."""

import os
from collections import Counter
from pathlib import Path

import django
import pytest

from .databases import NAMES, running
from .program import batch
from .rounds import Round

COUNT = int(os.environ.get("COUNT", "50"))
SEED = os.environ.get("SEED", "1")
"""The long form, `make programs`, draws another one each time."""


@pytest.mark.parametrize("database", [NAMES[0], *(pytest.param(name, marks=pytest.mark.deep) for name in NAMES[1:])])
def test_programs_do_the_same_in_their_tests(database: str, tmp_path: Path) -> None:
    print(f"SEED={SEED} COUNT={COUNT} DATABASE={database}")
    programs = batch(COUNT, SEED, {"mariadb": "mysql"}.get(database, database), django.VERSION[:2])
    with running(database) as used:
        verdicts = Round(tmp_path / "project", programs, used).verdicts()
    kinds = Counter(verdict.kind for verdict in verdicts)
    assert [f"{one.program.name} {one.kind}: {one.why[-500:]}" for one in verdicts if one.failed] == []
    assert kinds["invalid"] <= COUNT // 10, kinds
