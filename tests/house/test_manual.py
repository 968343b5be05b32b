"""ARCHITECTURE.md says what is there: its files exist, its table of libraries is what is declared, its tables are where it says."""

import re
import tomllib
from importlib.metadata import distribution

import pytest
from packaging.requirements import Requirement

from .sources import CHECKOUT

TEXT = (CHECKOUT / "ARCHITECTURE.md").read_text()
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
NOT_SHIPPED = {"hatchling", "hypothesis", "pytest", "pyright"}


def section(title: str) -> str:
    return TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    lines = [line for line in section(title).splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


LIBRARIES = {name.strip(): row for row in rows("Libraries") for name in row[0].split(",")}


def test_the_table_of_libraries_is_what_is_declared() -> None:
    texts = PROJECT["dependencies"] + [one for extra in PROJECT["optional-dependencies"].values() for one in extra]
    declared = {Requirement(text).name for text in texts} - {"unspan"}
    assert set(LIBRARIES) == declared | NOT_SHIPPED


@pytest.mark.parametrize("name", sorted(set(LIBRARIES) - NOT_SHIPPED))
def test_the_licence_of_a_library_is_the_one_shown(name: str) -> None:
    """As its own metadata has it; older metadata have a sentence or a classifier instead of an identifier."""
    metadata = distribution(name).metadata
    told = " ".join(
        [
            metadata["License-Expression"] or "",
            metadata["License"] or "",
            *(one for one in metadata.get_all("Classifier", []) if "License" in one),
        ]
    )
    family = LIBRARIES[name][2].partition("-")[0]
    assert family in told


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:proto|instrumentation|collector|inverter|tests|requirements|examples)/[^`*]*)`", TEXT)))
)
def test_a_named_file_is_there(path: str) -> None:
    assert (CHECKOUT / path).exists()


@pytest.mark.parametrize(("name", "path"), re.findall(r"`([A-Z]+)` in `([^`]+\.py)`", TEXT))
def test_a_named_table_is_there(name: str, path: str) -> None:
    assert re.search(rf"^{name}\b.*=", (CHECKOUT / path).read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([a-z]+\.py)`", section("The parts and the arrows")))))
def test_a_named_edge_is_there(name: str) -> None:
    assert any((CHECKOUT / folder / name).exists() for folder in ("proto/unspan_proto", "inverter/unspan_inverter"))
