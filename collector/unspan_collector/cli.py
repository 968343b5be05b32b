"""The entry point of `unspan-collector`; the commands are in `commands.py`."""

import sys

EXTRA = ("click", "grpc_health", "starlette", "uvicorn", "zstandard")


def main() -> None:
    """Runs the command line. Without the packages of the extra it says which command installs them."""
    try:
        from unspan_collector.commands import commands  # here, so that a missing package becomes a sentence
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in EXTRA:
            raise
        sys.exit(
            f"unspan-collector: the package {missing.name} is not installed. Install the collector with: pip install 'unspan[collector]'"
        )
    commands()
