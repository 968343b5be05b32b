"""The entry point of `inverter` and of `python -m unspan_inverter`; the commands are in `cli`."""

import sys

EXTRA = ("click", "jinja2", "rich", "ruff", "sqlglot")


def main() -> None:
    """Runs the command line. Without the packages of the extra it says which command installs them."""
    try:
        from unspan_inverter import cli  # here, so that a missing package becomes a sentence
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in EXTRA:
            raise
        sys.exit(f"inverter: the package {missing.name} is not installed. Install the inverter with: pip install 'unspan[inverter]'")
    cli.main()


if __name__ == "__main__":
    main()
