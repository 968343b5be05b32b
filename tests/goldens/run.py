"""Runs the goldens in the application that they were recorded of: `python run.py APPLICATION PYTHON`, its folder with the `manage.py` and its Python."""

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PACKAGE = "goldens_of_unspan"


def main(application: Path, python: str) -> int:
    folder = application / PACKAGE
    folder.mkdir()
    try:
        (folder / "__init__.py").touch()
        for one in (HERE / "django").glob("*.py"):
            shutil.copy(one, folder / f"test_{one.name}")
        return subprocess.run([python, "manage.py", "test", "--noinput", PACKAGE], cwd=application, check=False).returncode
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
