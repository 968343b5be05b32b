"""`python -m faults [--form NAME …] [--fault NAME …] [--small]` in `tests/`: the table of faults; exit code 1 where an answer or a trace is not right."""

import argparse
import sys
import tempfile
from pathlib import Path

from .places import PLACES
from .table import FAULTS, Bench, Cell, printed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--form", action="append", choices=[one.name for one in PLACES])
    parser.add_argument("--fault", action="append", choices=[one.name for one in FAULTS])
    parser.add_argument("--small", action="store_true", help="few requests of each")
    told = parser.parse_args()
    cells: list[Cell] = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), told.small)
        for form in PLACES:
            for fault in FAULTS if not told.form or form.name in told.form else ():
                if fault.concerns(form) and (not told.fault or fault.name in told.fault):
                    cells.append(cell := bench.cell(fault, form))
                    print(cell, file=sys.stderr, flush=True)
    print("\n".join(printed(cells)))
    return 1 if any(one.wrong or one.lacking for one in cells) else 0


if __name__ == "__main__":
    sys.exit(main())
