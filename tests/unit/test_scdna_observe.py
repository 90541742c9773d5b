"""What single cells say of a specimen: which cells count for what."""

from typing import Any

import pytest

from liquidbiopsy.scdna.observe import NO_BUILD, observe


def cell(name: str, clone: str | None = "clone1", **more: Any) -> dict[str, Any]:
    row = {"cell_id": name, "role": "tumour_cell", "status": "measured", "reason": None}
    return {**row, "clone": clone, "doublet": False, **more}


def genes(*cells: tuple[str, int]) -> list[dict[str, Any]]:
    call = {True: "amplified", False: "neutral"}
    return [
        {"cell_id": name, "gene": "ERBB2", "copies": copies, "call": call[copies > 5]}
        for name, copies in cells
    ]


def said(cells: list[dict[str, Any]], rows: list[dict[str, Any]], build: str | None = "hg38"):
    found = list(observe(cells, rows, [], [], build))
    return [row for row in found if row.analyte == "cell_gene_copies"], found[0]


def test_normal_cells_and_two_together_have_no_say_in_copies_of_genes() -> None:
    cells = [
        *(cell(f"t{k}") for k in range(3)),
        *(cell(f"n{k}", "normal") for k in range(4)),
        cell("two", doublet=True),
        cell("loose", None),
        cell("bad", None, status="failed", reason="few reads"),
        cell("wbc", "normal", role="normal_cell"),
    ]
    rows = genes(*((c["cell_id"], 14 if c["cell_id"][0] in "tl" else 2) for c in cells))
    (gene,), passed = said(cells, rows)
    assert (gene.value, gene.count, gene.denominator) == (14, 4, 4)
    assert (passed.count, passed.denominator) == (8, 10)
    assert passed.reason == "1 suspected to be two cells; 4 like normal cells; bad: few reads"


def test_cells_that_are_all_normal_tell_no_copies() -> None:
    cells = [cell(f"n{k}", "normal") for k in range(8)]
    (gene,), passed = said(cells, genes(*((c["cell_id"], 2) for c in cells)))
    assert gene.status == "inadequate" and gene.target is None
    assert "none of the 8 cells" in gene.reason and passed.count == 8


@pytest.mark.parametrize(("build", "told"), [(None, [NO_BUILD]), ("mm10", [])])
def test_a_build_that_nobody_gave_is_told(build: str | None, told: list[str]) -> None:
    found, _ = said([cell("t1")], [], build)
    assert [row.reason for row in found] == told
    assert {row.status for row in found} <= {"inadequate"}


def test_only_two_cells_together_are_no_cell_that_passed() -> None:
    _, passed = said([cell("two", None, doublet=True)], [])
    assert passed.status == "failed" and "suspected to be two" in passed.reason
