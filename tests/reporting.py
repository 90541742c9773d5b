"""Small results of two invented assays, for the tests of reports and cohorts."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from liquidbiopsy.core.observations import Observation, count_over_volume, failed
from liquidbiopsy.core.parquet import table_of, write_table
from liquidbiopsy.core.provenance import Provenance
from liquidbiopsy.core.tables import OBSERVATIONS, QUALITY, THUMBNAILS, Table, column, real, text

MARKUP = '<script>alert(1)</script> & "quotes" <img src=x onerror=alert(2)>'
PROVENANCE = Provenance("c" * 64, {"gates": "portable"}, {"slide.tif": "f" * 64})
SETTINGS = {"facility": "Core facility", "thumbnails": 2}
ASSAYS: dict[str, dict[str, Any]] = {
    "blood": {
        "title": "Cells in blood",
        "tables": ["cells", "quality"],
        "pictures": True,
        "calls": ["tumour", "uncertain"],
        "timeline": [{"analyte": "blood_count", "title": "Tumour cells", "scale": "log"}],
        "charts": [],
    },
    "plasma": {
        "title": "Plasma DNA",
        "tables": ["variants", "quality"],
        "pictures": False,
        "calls": [],
        "timeline": [{"analyte": "fraction", "title": "Tumour fraction", "scale": "linear"}],
        "charts": [],
    },
}
TABLES = ["cells", "quality", "variants"]
CELLS = Table(
    "cells",
    "a cell",
    (
        column("specimen_id", text, "Specimen", nullable=False),
        column("cell_id", text, "Cell", nullable=False),
        column("call", text, "Call", nullable=False),
        column("auto_call", text, "Call of the gates", nullable=False),
        column("confidence", real, "Confidence"),
        column("green_snr", real, "Signal over background"),
    ),
)
VARIANTS = Table("variants", "a variant", (column("specimen_id", text, "Specimen"),))


def specimen(name: str, day: int, **other: Any) -> dict[str, Any]:
    """Give a row of specimens.tsv."""
    row = {"patient_id": "P1", "specimen_id": name, "assay": "blood", "visit": f"day {day}"}
    return {**row, "day": day, "volume_ml": 7.5, "note": None, **other}


def write_specimen(
    results: Path,
    row: dict[str, Any],
    statements: list[Observation],
    quality: list[tuple[Any, ...]] = (),
    cells: list[dict[str, Any]] = (),
) -> list[str]:
    """Write what the assay of a specimen writes, and give the files."""
    folder = results / row["assay"] / row["specimen_id"]
    folder.mkdir(parents=True, exist_ok=True)
    name = row["specimen_id"]
    keys = ("item", "metric", "value", "limit", "passed")
    tables: list[tuple[Table, list[dict[str, Any]]]] = [
        (OBSERVATIONS, [s.row(row) for s in statements]),
        (QUALITY, [dict(zip(keys, q, strict=True), specimen_id=name) for q in quality]),
    ]
    if row["assay"] == "blood":
        tables.append((CELLS, [{"specimen_id": name, "auto_call": c["call"], **c} for c in cells]))
        pictures = [
            {
                "specimen_id": name,
                "cell_id": c["cell_id"],
                "picture": p,
                "png": png(),
                "pixel_size_um": 0.64,
            }
            for c in cells
            for p in ("green", "overlay")
        ]
        tables.append((THUMBNAILS, pictures))
    else:
        tables.append((VARIANTS, [{"specimen_id": name}]))
    for kind, rows in tables:
        write_table(table_of(rows, kind), folder / f"{kind.name}.parquet", kind, PROVENANCE)
    return [str(folder / f"{kind.name}.parquet") for kind, _ in tables]


def png() -> bytes:
    """Give a picture of a bright disc."""
    y, x = np.mgrid[:64, :64]
    disc = 30 + 200 * ((x - 32) ** 2 + (y - 32) ** 2 < 200)
    out = io.BytesIO()
    Image.fromarray(disc.astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


def write_patient(results: Path) -> tuple[list[str], dict[str, Any]]:
    """Write a patient of two assays: results, a zero, an inadequate and a failed specimen."""
    rows = [
        specimen("B1", 0, note=MARKUP),
        specimen("B2", 21),
        specimen("B3", 42),
        specimen("B4", 63),
        specimen("D1", 21, assay="plasma", volume_ml=4.0),
    ]
    frames = [(f"frame {i}", "focus", 0.05 if i < 4 else 0.4, 0.12, i >= 4) for i in range(12)]
    files = write_specimen(
        results,
        rows[0],
        [
            count_over_volume("blood_count", 5, 7.5),
            count_over_volume("blood_her2_positive_count", 2, 7.5),
            Observation("blood_her2_status", target="detect@1", value=1.0, count=2, denominator=5),
            count_over_volume("blood_cluster_count", 1, 7.5),
            count_over_volume("blood_count", 950, None, target="control_high"),
        ],
        [*frames, ("B1", "simulated", 1.0, None, None), ("B1", "kappa", 0.81, None, None)],
        [
            {"cell_id": "B1-c3", "call": "uncertain", "confidence": 0.99, "green_snr": 4.0},
            {"cell_id": "B1-c2", "call": "tumour", "confidence": 0.6, "green_snr": 9.5},
            {"cell_id": "B1-c1", "call": "tumour", "confidence": 0.9, "green_snr": 31.0},
        ],
    )  # fmt: skip
    files += write_specimen(results, rows[1], [count_over_volume("blood_count", 0, 7.5)])
    reason = f"8 of 12 frames out of focus {MARKUP}"
    inadequate = count_over_volume("blood_count", 3, 7.5, status="inadequate", reason=reason)
    files += write_specimen(results, rows[2], [inadequate])
    files += write_specimen(results, rows[3], [failed("blood_count", "b4.tif is not there")])
    files += write_specimen(
        results,
        rows[4],
        [
            Observation("fraction", value=0.012, ci_low=0.008, ci_high=0.017, unit="1"),
            Observation(
                "variant_allele_fraction", target="PIK3CA p.H1047R", value=0.02, ci_low=0.01,
                ci_high=0.03, unit="1", count=14, denominator=700,
            ),
        ],
    )  # fmt: skip
    sheets = {
        "patient": patient("P1"),
        "specimens": rows,
        "events": [
            {"patient_id": "P1", "day": 1, "kind": "treatment_start", "label": "Paclitaxel"},
            {"patient_id": "P1", "day": 3, "kind": "other", "label": MARKUP},
            {"patient_id": "P1", "day": 60, "kind": "progression", "label": None},
        ],
    }
    return files, sheets


def patient(name: str) -> dict[str, Any]:
    """Give a row of patients.tsv."""
    row: dict[str, Any] = {"patient_id": name, "setting": "metastatic", "er": "positive"}
    row |= {"pr": None, "her2": "negative", "grade": 2, "clinical_risk": None}
    return row | {"pfs_days": 90, "pfs_event": 1, "os_days": None, "os_event": None}


def read(path: Path) -> pa.Table:
    """Read a Parquet file by itself."""
    return pq.ParquetFile(path).read()
