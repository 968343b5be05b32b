"""The generated tests that the README shows: `make readme` writes them anew from what the last `make demo` made."""

import re
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"(<!-- file: ([^ ]+) -->\n```python\n)(.*?)(```)", re.DOTALL)


def shown(readme: str) -> dict[str, str]:
    """Path in the checkout → text, for each block that shows a file."""
    return {path: text for _, path, text, _ in BLOCK.findall(readme)}


def scrubbed(text: str) -> str:
    """What varies from run to run is the trace's id."""
    return re.sub(r"(trace|trace-id) [0-9a-f]{32}", r"\1 …", text)


def main() -> None:
    file = CHECKOUT / "README.md"
    file.write_text(BLOCK.sub(lambda found: found[1] + scrubbed((CHECKOUT / found[2]).read_text()) + found[4], file.read_text()))
    print(f"==> wrote {len(shown(file.read_text()))} generated tests into {file.name}")


if __name__ == "__main__":
    main()
