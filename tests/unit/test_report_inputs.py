"""What the report of a patient is made of, by what the assays declare."""

from pathlib import Path
from typing import Any

from reporting import specimen

from liquidbiopsy.report.inputs import declared_tables, patient_files


def test_inputs_follow_the_declarations(tmp_path: Path) -> None:
    class Declared:
        tables, pictures = ("cells", "quality"), True

    class Run:
        assays = {"ctc": Declared(), "own": type("Own", (), {"tables": (), "pictures": False})()}
        config = {"results": "out"}

        def specimens_of(self, _: str) -> list[dict[str, Any]]:
            return [specimen("S1", 0, assay="ctc"), specimen("S2", 0, assay="own")]

    run: Any = Run()
    assert declared_tables(run) == ["cells", "quality"]
    assert patient_files(run, "P1") == [
        "out/ctc/S1/observations.parquet", "out/ctc/S1/cells.parquet", "out/ctc/S1/quality.parquet",
        "out/ctc/S1/thumbnails.parquet", "out/own/S2/observations.parquet",
    ]  # fmt: skip
