"""The cohort of many simulated patients: seconds and memory to assemble its tables and pages.

`python -m benchmarks.cohort_scale --output FOLDER --patients 1000 --patients 2000` writes
cohort_scale.json. Each size is made, then assembled in a process of its own, so that the memory is
that of the assembly alone. A patient has six visits of four assays. The numbers in the tables are
random: what is measured is the assembly, not the assays.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from liquidbiopsy.core.tables import OBSERVATIONS

VISITS, DAYS = 6, 28
ASSAYS = {
    "ctc": "ctc_count",
    "dtc": "dtc_count",
    "ctdna": "tumour_fraction",
    "scdna": "cells_passed",
}
ROWS = {"bins": 3000, "cells": 150, "quality": 40, "segments": 60, "variants": 30}
"""Rows of each detail table a specimen."""
OF = {"bins": "ctdna", "cells": "ctc", "quality": "dtc", "segments": "scdna", "variants": "ctdna"}
STATEMENTS = 10
"""Observations a specimen."""


def specimens_of(patient: str) -> list[dict[str, Any]]:
    """Rows of specimens.tsv of a patient."""
    return [
        {
            **{"specimen_id": f"{patient}_{assay}{k}", "patient_id": patient, "assay": assay},
            **{"visit": f"visit{k}", "day": DAYS * k, "volume_ml": 7.5, "note": None},
        }
        for k in range(VISITS)
        for assay in ASSAYS
    ]


def patient_of(k: int, rng: np.random.Generator) -> dict[str, Any]:
    """A row of patients.tsv."""
    days = int(rng.exponential(500)) + 1
    row: dict[str, Any] = {"patient_id": f"P{k:05d}", "setting": "metastatic", "pr": None}
    row |= {"er": str(rng.choice(["positive", "negative"])), "her2": "negative"}
    row |= {"grade": int(rng.integers(1, 4)), "clinical_risk": None}
    events = {"pfs_event": int(rng.random() < 0.7), "os_event": int(rng.random() < 0.4)}
    return row | {"pfs_days": days, "os_days": days + int(rng.exponential(400)), **events}


def write_patient(folder: Path, patient: str, rng: np.random.Generator) -> None:
    """Write the tables of a report."""
    folder.mkdir(parents=True)
    specimens = specimens_of(patient)
    rows = [
        {
            **{k: s[k] for k in ("patient_id", "specimen_id", "assay", "visit", "day")},
            **{"analyte": ASSAYS[s["assay"]] if k == 0 else f"analyte{k}", "status": "measured"},
            **{"value": float(rng.poisson(5)), "ci_low": 1.0, "ci_high": 12.0, "unit": "1"},
        }
        for s in specimens
        for k in range(STATEMENTS)
    ]
    table = pa.Table.from_pylist(rows, schema=OBSERVATIONS.schema)
    pq.write_table(table, folder / "report.parquet", compression="zstd")
    for name, n in ROWS.items():
        own = [s["specimen_id"] for s in specimens if s["assay"] == OF[name]]
        columns: dict[str, Any] = {
            "assay": [OF[name]] * (n * len(own)),
            "specimen_id": np.repeat(own, n),
            "x": rng.normal(size=n * len(own)),
            "y": rng.integers(0, 1000, n * len(own)),
        }
        if name == "quality":
            columns |= {"item": columns["specimen_id"], "metric": ["focus"] * len(columns["x"])}
            columns |= {"value": columns["x"], "limit": columns["x"]}
            columns |= {"passed": columns["y"] > 10, "unit": ["1"] * len(columns["x"])}
        pq.write_table(pa.table(columns), folder / f"{name}.parquet", compression="zstd")


def assemble(folder: Path, patients: int) -> dict[str, float]:
    """Time the statistics and the cohort over reports that are there."""
    from liquidbiopsy.cohort.choices import Choices
    from liquidbiopsy.cohort.run import write_cohort
    from liquidbiopsy.cohort.statistics import write_statistics
    from liquidbiopsy.core.provenance import Provenance

    rng = np.random.default_rng(1)
    people = [patient_of(k, rng) for k in range(patients)]
    specimens = [s for p in people for s in specimens_of(p["patient_id"])]
    named = {"rule_version": "1", "day": 21}
    decisions = [
        {**named, "patient_id": p["patient_id"], "rule_id": f"rule{r}", "outcome": outcome}
        for r in range(20)
        for p, outcome in zip(people, rng.choice(["high", "low"], patients).tolist(), strict=True)
    ]
    assays = {
        name: {
            **{"title": name, "tables": list(ROWS), "pictures": False, "calls": [], "charts": []},
            "timeline": [{"analyte": analyte, "title": analyte, "scale": "log"}],
        }
        for name, analyte in ASSAYS.items()
    }
    begin, processor = perf_counter(), process_time()
    provenance = Provenance("c" * 64)
    (folder / "cohort").mkdir(exist_ok=True)
    write_statistics(people, specimens, decisions, Choices(), folder / "cohort", provenance)
    middle = perf_counter()
    places = (folder / "reports", folder / "cohort", folder / "run")
    settings = {"facility": "", "thumbnails": 0}
    write_cohort(*places, people, specimens, assays, list(ROWS), settings, "c" * 64)
    end = perf_counter()
    page = (folder / "cohort" / "index.html").stat().st_size
    return {
        "patients": patients,
        "statistics_s": round(middle - begin, 2),
        "cohort_s": round(end - middle, 2),
        "processor_s": round(process_time() - processor, 2),
        "peak_mb": getrusage(RUSAGE_SELF).ru_maxrss // 1024,
        "index_mb": round(page / 1e6, 2),
    }


def measured(patients: int) -> dict[str, float]:
    """Make the reports of so many patients, and assemble them in a process of its own."""
    with tempfile.TemporaryDirectory() as made:
        rng = np.random.default_rng(0)
        for k in range(patients):
            write_patient(Path(made) / "reports" / f"P{k:05d}", f"P{k:05d}", rng)
        command = [sys.executable, "-m", "benchmarks.cohort_scale", "--assemble", made]
        command += ["--patients", str(patients)]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(told)
    return found


def main() -> None:
    """Measure each size, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, action="append", help="sizes; 1000 where none")
    parser.add_argument("--output", type=Path, default=Path("results/cohort_scale"))
    parser.add_argument("--assemble", type=Path, help="folder of reports (used by itself)")
    given = parser.parse_args()
    sizes = given.patients or [1000]
    if given.assemble:
        print(json.dumps(assemble(given.assemble, sizes[0])))
        return
    found = [measured(n) for n in sizes]
    given.output.mkdir(parents=True, exist_ok=True)
    (given.output / "cohort_scale.json").write_text(json.dumps(found, indent=1) + "\n")
    for row in found:
        print(row)


if __name__ == "__main__":
    main()
