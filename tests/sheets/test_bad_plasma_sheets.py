"""One bad cell or setting of the ctDNA assay a failure, beside sound sheets."""

from pathlib import Path
from typing import Any

import pytest
from sound_sheets import problems, put, read, settings, write_sheets

CTDNA = "assays__ctdna__"
COLUMNS = [
    "specimen_id", "library_id", "role", "library", "panel", "fq1", "fq2", "bam", "wig", "bins",
    "reference", "mutations",
]  # fmt: skip
LINES = [
    "\t".join(COLUMNS),
    "B1\tplasma\tplasma\tpanel\tbreast\ta_1.fq.gz\ta_2.fq.gz\t\t\t\thg38\tmutations.tsv",
    "B1\tnormal\tnormal\tpanel\tbreast\t\t\tnormal.bam\t\t\thg38\t",
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_sheets(tmp_path)
    put(tmp_path, "specimens", 4, 1, "B1")
    put(tmp_path, "specimens", 4, 3, "ctdna")
    (tmp_path / "ctdna.tsv").write_text("\n".join(LINES) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def plasma(**changes: Any) -> dict[str, Any]:
    own: dict[str, Any] = {
        "references": {"hg38": {"fasta": "hg38.fa", "build": "GRCh38"}},
        CTDNA + "sheet": "ctdna.tsv",
        CTDNA + "panels": {"breast": {"bed": "breast.bed", "read_structure": ["8M5S+T", "8M5S+T"]}},
    }
    return settings(**(own | changes))


def test_the_sheet_is_sound_before_it_is_spoilt() -> None:
    run = read(plasma())
    assert [item["role"] for item in run.specimens["ctdna"]["B1"].items] == ["plasma", "normal"]
    assert run.config["assays"]["ctdna"]["panels"]["breast"]["umi"] == "auto"


# line, column, value -> column named, words of the message
CELLS = {
    "unknown role": (2, "role", "blood", "role", "'blood' is not a choice"),
    "unknown library": (2, "library", "exome", "library", "'exome' is not a choice"),
    "unknown panel": (2, "panel", "brest", "panel", "did you mean 'breast'?"),
    "unknown reference": (2, "reference", "hg39", "reference", "not in references; did you mean"),
    "library twice": (3, "library_id", "plasma", "specimen_id, library_id", "already in row 1"),
    "blank library": (2, "library_id", "", "library_id", "a value is needed"),
    "one FASTQ": (2, "fq2", "", "fq2", "blank, but fq1 is given; they go together"),
    "one FASTQ twice": (2, "fq2", "a_1.fq.gz", "fq2", "'a_1.fq.gz' is the file of fq1 too"),
    "one FASTQ, spelt twice": (2, "fq2", "./a_1.fq.gz", "fq2", "is the file of fq1 too"),
    "nothing to read": (3, "bam", "", "", "this one has none of them"),
    "two things to read": (3, "wig", "a.wig", "", "this one has bam and wig"),
    "library's name": (2, "library_id", "1st", "library_id", "not allowed"),
}


@pytest.mark.parametrize("case", CELLS)
def test_one_bad_cell(folder: Path, case: str) -> None:
    line, column, value, named, gist = CELLS[case]
    put(folder, "ctdna", line, COLUMNS.index(column) + 1, value)
    (problem,) = [p for p in problems(plasma()) if gist in p.message]
    assert (problem.file, problem.line, problem.column) == ("ctdna.tsv", line, named)


PANEL = CTDNA + "panels"
SETTINGS = {
    "wrong structure": (PANEL, {"breast": {"bed": "b", "read_structure": ["8M5Q+T"]}}, "8M5Q+T"),
    "no template": (PANEL, {"breast": {"bed": "b", "read_structure": ["8M", "8M"]}}, "breast"),
    "mistyped key": (PANEL, {"breast": {"bde": "b"}}, "did you mean 'bed'"),
    "unknown hotspots": (CTDNA + "hotspots", "brest_grch38", "did you mean 'breast_grch38'"),
    "unknown strategy": (CTDNA + "umi__strategy", "directed", "directional"),
    "panel's name": (PANEL, {"7genes": {"bed": "b"}}, "7genes"),
    "reference's name": ("references", {"../hg38": {"fasta": "a"}}, "../hg38"),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_one_bad_setting(case: str) -> None:
    key, value, gist = SETTINGS[case]
    found = problems(plasma(**{key: value}))
    assert [p for p in found if gist in str(p)], [str(p) for p in found]
