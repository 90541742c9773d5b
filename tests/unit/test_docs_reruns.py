"""The table of docs/reruns.md says what the tests of reruns expect, row by row."""

import importlib.util
import re
from typing import Any

import pytest
from repository import ROOT

TESTS = (
    "test_reruns",
    "test_dtc_reruns",
    "test_ctdna_contract",
    "test_ctdna_genomes",
    "test_scdna_cells",
)
ROW = re.compile(
    r"^\| (?P<change>[^|]+) \| (?P<steps>[^|]+) \| `(?P<file>\w+)` `(?P<test>[^`]+)` \|$", re.M
)
FOLLOWING = {"report", "cohort"}
STEPS = re.compile(
    r"\b(none|index|align|consensus|fragments|normals?|copies|variants|mrd|observe|reads|profiles|clones"
    r"|detect|classify|count|gallery|report|cohort)\b"
)


def expectations(name: str) -> dict[str, set[str]]:
    """What each change of a test file does anew, reports and cohort left out where more is done."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tests" / "workflow" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tables = [getattr(module, n, {}) for n in ("CHANGES", "MODULES", "PACKAGES", "FILES")]
    found: dict[str, Any] = {change: told for table in tables for change, told in table.items()}
    steps = {c: set(told[1] if isinstance(told, tuple) else told) for c, told in found.items()}
    return {change: names - FOLLOWING or names for change, names in steps.items()}


EXPECTED = {name: expectations(name) for name in TESTS}
ROWS = [m.groupdict() for m in ROW.finditer((ROOT / "docs" / "reruns.md").read_text("utf-8"))]


def test_every_row_is_read() -> None:
    text = (ROOT / "docs" / "reruns.md").read_text("utf-8")
    assert len(ROWS) == len(re.findall(r"^\|.*`test_\w+`", text, re.M)) > 30


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['file']}-{row['test']}")
def test_a_row_says_what_its_test_expects(row: dict[str, str]) -> None:
    expected = EXPECTED[row["file"]][row["test"]]
    said = set(STEPS.findall(row["steps"]))
    assert said == (expected or {"none"}), row["change"]
