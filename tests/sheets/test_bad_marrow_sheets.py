"""One bad cell or setting of the marrow assay a failure, beside sound sheets."""

from pathlib import Path
from typing import Any

import pytest
from sound_sheets import problems, put, read, settings, write_sheets

DTC = "assays__dtc__"
CHROMOGENS = DTC + "stains__chromogens__"
LINES = [
    "specimen_id\tslide_id\timage\tchromogen\trole",
    "M1\tstain\tslides/M1.svs\tdab\tstained",
    "M1\tisotype\tslides/M1_isotype.svs\tdab\tisotype_control",
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_sheets(tmp_path)
    put(tmp_path, "specimens", 4, 1, "M1")
    put(tmp_path, "specimens", 4, 3, "dtc")
    put(tmp_path, "specimens", 4, 6, "")
    (tmp_path / "dtc.tsv").write_text("\n".join(LINES) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def marrow(**changes: Any) -> dict[str, Any]:
    return settings(assays__dtc__sheet="dtc.tsv", **changes)


def test_the_sheet_is_sound_before_it_is_spoilt() -> None:
    run = read(marrow())
    assert [item["role"] for item in run.specimens["dtc"]["M1"].items] == [
        "stained",
        "isotype_control",
    ]
    assert run.config["assays"]["dtc"]["quality"]["min_mnc"] == 2_000_000


# line, column (from 1), value -> line and column named, words of the message
CELLS = {
    "unknown chromogen": (2, 4, "DAB", 2, "chromogen", "did you mean 'dab'?"),
    "blank chromogen": (2, 4, "", 2, "chromogen", "a value is needed"),
    "unknown role": (3, 5, "isotype", 3, "role", "did you mean 'isotype_control'?"),
    "slide twice": (3, 2, "stain", 3, "specimen_id, slide_id", "already in row 1 (line 2)"),
    "image twice": (3, 3, "slides/M1.svs", 3, "specimen_id, image", "already in row 1 (line 2)"),
    "blank slide": (2, 2, "", 2, "slide_id", "a value is needed"),
    "slide's name": (2, 2, "1st", 2, "slide_id", "not allowed"),
    "no such specimen": (3, 1, "M9", 3, "specimen_id", "'M9' is not in specimens"),
}


@pytest.mark.parametrize("case", CELLS)
def test_one_bad_cell(folder: Path, case: str) -> None:
    line, column, value, bad_line, name, gist = CELLS[case]
    put(folder, "dtc", line, column, value)
    (problem,) = [p for p in problems(marrow()) if gist in p.message]
    assert (problem.file, problem.line, problem.column) == ("dtc.tsv", bad_line, name)


# setting, value -> words that the message has
BAD = {
    "pixel size": (DTC + "pixel_size_um", 0, "pixel_size_um: 0 is less than or equal"),
    "mistyped": (DTC + "quality__min_mcn", 5, "did you mean 'min_mnc'?"),
    "chromogen": (CHROMOGENS + "dba", {}, "did you mean 'dab'?"),
    "short vector": (CHROMOGENS + "dab__vector", [0.3, 0.6], "[0.3, 0.6]"),
    "vector below zero": (CHROMOGENS + "dab__vector", [-0.3, 0.6, 0.7], "-0.3"),
    "vector of nothing": (CHROMOGENS + "dab__vector", [0, 0, 0], "dab.vector"),
    "preset": (DTC + "gates", "ishgae", "no preset 'ishgae'; did you mean 'ishage'?"),
    "call of another assay": (
        DTC + "gates",
        [{"call": "ctc", "when": "nuclei == 1"}],
        "'ctc' is not a",
    ),
    "feature": (
        DTC + "gates",
        [{"call": "tumour_cell", "when": "nucleus_ration > 2"}],
        "nucleus_ratio",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_one_bad_setting(case: str) -> None:
    name, value, gist = BAD[case]
    said = [str(p) for p in problems(marrow(**{name: value}))]
    assert any(gist in s for s in said), said
