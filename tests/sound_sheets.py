"""A run whose sheets and settings are sound; a test spoils one thing in it."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from repository import ROOT

from liquidbiopsy.core.errors import CheckError, Problem
from liquidbiopsy.core.run import Run, read_run

SHEETS = {
    "patients": ["patient_id\tsetting\tgrade", "P1\tmetastatic\t2", "P2\tearly\t"],
    "specimens": [
        "specimen_id\tpatient_id\tassay\tvisit\tday\tvolume_ml",
        "S1\tP1\tctc\tbaseline\t0\t7.5",
        "S2\tP2\tctc\tbaseline\t-3\t4",
    ],
    "events": ["patient_id\tday\tkind\tlabel", "P1\t1\ttreatment_start\tpaclitaxel"],
    "reviews": ["specimen_id\tcell_id\tcall\treviewer\treason", "S1\tc1\tctc\tAB\tclear"],
    "ctc": [
        "specimen_id\timage\tplatform\trole",
        "S1\tslides/S1.tif\tscanner\tsample",
        "S2\tslides/S2.tif\tscanner\t",
    ],
}
SETTINGS: dict[str, Any] = {
    "sheets": {name: f"{name}.tsv" for name in SHEETS if name != "ctc"},
    "assays": {
        "ctc": {
            "sheet": "ctc.tsv",
            "platforms": {
                "scanner": {
                    "layout": "stack",
                    "channels": ["nucleus", "cytokeratin", "leukocyte", "her2"],
                    "pixel_size_um": 0.5,
                }
            },
            "controls": {"high": {"min": 50, "max": 70}},
        }
    },
}
Edit = list[tuple[str, int, int, str]]
"""Sheet, line from 1, column from 1, and what stands there instead."""


def write_sheets(folder: Path) -> None:
    for name, lines in SHEETS.items():
        (folder / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def put(folder: Path, sheet: str, line: int, column: int, value: str) -> None:
    """Write a value into one cell; a line beyond the last is a copy of the last."""
    path = folder / f"{sheet}.tsv"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines += lines[-1:] * (line - len(lines))
    cells = lines[line - 1].split("\t")
    cells += [""] * (column - len(cells))
    cells[column - 1] = value
    lines[line - 1] = "\t".join(cells)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def settings(**changes: Any) -> dict[str, Any]:
    """The sound settings with some changed: `assays__ctc__gates="portble"`; None removes one."""
    made = copy.deepcopy(SETTINGS)
    for path, value in changes.items():
        *above, last = path.split("__")
        inner = made
        for key in above:
            inner = inner.setdefault(key, {})
        if value is None:
            del inner[last]
        else:
            inner[last] = value
    return made


def read(config: dict[str, Any] | None = None) -> Run:
    return read_run(SETTINGS if config is None else config, ROOT)


def problems(config: dict[str, Any] | None = None) -> list[Problem]:
    """All that is found wrong."""
    with pytest.raises(CheckError) as caught:
        read(config)
    return caught.value.problems


def as_yaml(folder: Path, config: dict[str, Any]) -> Path:
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path
