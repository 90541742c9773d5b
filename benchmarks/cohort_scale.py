"""The cohort of many simulated patients: seconds and memory to assemble its tables and pages.

`python -m benchmarks.cohort_scale --output FOLDER --patients 1000 --patients 5000` writes
cohort_scale.json. What is timed is the workflow's two jobs over all patients, `statistics` and
`cohort`, each as a process of its own with its start and its imports: from the patients' reports
and decisions on the disk to every table over all patients, the statistics, the curves, the index
and the quality page. Not in it: the assays, the reports (a job a patient) and Snakemake itself.

Half of the patients are metastatic, half early; a patient has six visits of four assays. Numbers
are random, the decisions are the shipped rules' on them, so that groups are as many and as unlike
in size as in a study.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from liquidbiopsy.core.observations import Observation, count_over_volume
from liquidbiopsy.core.rules import Rule, read_rules
from liquidbiopsy.core.tables import DECISIONS, OBSERVATIONS
from liquidbiopsy.report.decisions import decide

DAYS = {"metastatic": (0, 21, 42, 84, 168, 336), "early": (0, 30, 180, 365, 730, 1826)}
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
JOBS = ("statistics", "cohort")
CODE = "c" * 64
Row = dict[str, Any]


def patient_of(k: int, rng: np.random.Generator) -> Row:
    """A row of patients.tsv."""
    early = bool(k % 2)
    days = int(rng.exponential(3500 if early else 500)) + 1
    row: Row = {"patient_id": f"P{k:05d}", "setting": "early" if early else "metastatic"}
    row |= {name: str(rng.choice(["positive", "negative"])) for name in ("er", "pr", "her2")}
    row |= {"grade": int(rng.integers(1, 4)), "clinical_risk": str(rng.choice(["low", "high"]))}
    events = {"pfs_event": int(rng.random() < 0.7), "os_event": int(rng.random() < 0.4)}
    return row | {"pfs_days": days, "os_days": days + int(rng.exponential(400)), **events}


def specimens_of(patient: Row) -> list[Row]:
    """Rows of specimens.tsv of a patient."""
    name = patient["patient_id"]
    return [
        {
            **{"specimen_id": f"{name}_{assay}{k}", "patient_id": name, "assay": assay},
            **{"visit": "baseline" if k == 0 else f"visit{k}", "day": day, "note": None},
            "volume_ml": None if assay == "dtc" else 7.5,
        }
        for k, day in enumerate(DAYS[patient["setting"]])
        for assay in ASSAYS
    ]


def statements_of(specimen: Row, rng: np.random.Generator) -> list[Row]:
    """Rows of observations of a specimen: those that rules read, and others up to `STATEMENTS`."""
    assay, share = specimen["assay"], float(rng.random())
    if assay == "ctc":
        count = int(rng.poisson(rng.gamma(0.4, 12)))
        her2 = "measured" if count else "inadequate"
        said = [count_over_volume("ctc_count", count, 7.5)]
        value = float(share < 0.2) if count else None
        said.append(Observation("ctc_her2_status", her2, "detect", value))
    elif assay == "dtc":
        counted = count_over_volume("dtc_count", int(rng.poisson(0.6)), 2e6)
        said = [replace(counted, unit="10*-6")]
    elif assay == "ctdna":
        found = {"value": share, "lod": 1e-4} if share < 0.4 else {"lod": 1e-4}
        status = "measured" if share < 0.4 else "not_detected"
        said = [Observation("tumour_fraction", value=share, ci_low=0.0, ci_high=1.0, unit="1")]
        said.append(Observation("mrd_tumour_fraction", status, **found))
        call = "amplified" if share < 0.2 else "neutral"
        said.append(Observation("gene_copies", "measured", "ERBB2", 2.0, reason=call))
    else:
        said = [Observation("cells_passed", value=float(rng.integers(1, 20)), unit="{cells}")]
    others = range(STATEMENTS - len(said))
    said += [Observation(f"analyte{k}", value=share, ci_low=0.0, ci_high=2.0) for k in others]
    keys = {k: specimen[k] for k in ("patient_id", "specimen_id", "assay", "visit", "day")}
    return [{**keys, **vars(one)} for one in said]


def write_patient(
    folder: Path, patient: Row, rules: Sequence[Rule], rng: np.random.Generator
) -> None:
    """Write the tables of a report."""
    folder.mkdir(parents=True)
    specimens = specimens_of(patient)
    rows = [row for s in specimens for row in statements_of(s, rng)]
    surgery = {"patient_id": patient["patient_id"], "day": 10, "kind": "surgery", "label": None}
    tables = {
        "report": pa.Table.from_pylist(rows, schema=OBSERVATIONS.schema),
        "decisions": pa.Table.from_pylist(
            decide(patient, specimens, [surgery], rows, rules), schema=DECISIONS.schema
        ),
    }
    for name, n in ROWS.items():
        own = [s["specimen_id"] for s in specimens if s["assay"] == OF[name]]
        columns: Row = {
            "assay": [OF[name]] * (n * len(own)),
            "specimen_id": np.repeat(own, n),
            "x": rng.normal(size=n * len(own)),
            "y": rng.integers(0, 1000, n * len(own)),
        }
        if name == "quality":
            columns |= {"item": columns["specimen_id"], "metric": ["focus"] * len(columns["x"])}
            columns |= {"value": columns["x"], "limit": columns["x"]}
            columns |= {"passed": columns["y"] > 10, "unit": ["1"] * len(columns["x"])}
        tables[name] = pa.table(columns)
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")


def run_job(job: str, folder: Path) -> None:
    """Do what the script of the rule does."""
    from liquidbiopsy.cohort.choices import Choices
    from liquidbiopsy.cohort.decided import decisions_of
    from liquidbiopsy.cohort.run import write_cohort
    from liquidbiopsy.cohort.statistics import write_statistics
    from liquidbiopsy.core.provenance import Provenance, checksums

    people = json.loads((folder / "patients.json").read_text("utf-8"))
    specimens = [s for p in people for s in specimens_of(p)]
    reports, cohort = folder / "reports", folder / "cohort"
    if job == "statistics":
        files = {p["patient_id"]: reports / p["patient_id"] / "decisions.parquet" for p in people}
        decisions, provenance = decisions_of(files.values()), Provenance(CODE, {}, checksums(files))
        write_statistics(people, specimens, decisions, Choices(), cohort, provenance)
        return
    assays = {
        name: {
            **{"title": name, "tables": list(ROWS), "pictures": False, "calls": [], "charts": []},
            "timeline": [{"analyte": analyte, "title": analyte, "scale": "log"}],
        }
        for name, analyte in ASSAYS.items()
    }
    settings = {"facility": "", "thumbnails": 0}
    places = (reports, cohort, folder / "run")
    write_cohort(*places, people, specimens, assays, list(ROWS), settings, CODE)


def timed(job: str, folder: Path) -> dict[str, float]:
    """Run a job as a process of its own: seconds by the clock and of the processor, memory."""
    command = [sys.executable, "-m", "benchmarks.cohort_scale", "--job", job]
    begin = perf_counter()
    process = subprocess.Popen([*command, "--folder", str(folder)])  # noqa: S603
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"the job {job} failed")
    return {
        f"{job}_s": round(perf_counter() - begin, 2),
        f"{job}_processor_s": round(used.ru_utime + used.ru_stime, 2),
        f"{job}_peak_mb": used.ru_maxrss // 1024,
    }


def measured(patients: int) -> Mapping[str, float]:
    """Make the reports of so many patients, and assemble them."""
    with tempfile.TemporaryDirectory() as made:
        folder, rng, rules = Path(made), np.random.default_rng(0), read_rules(["shipped"])
        people = [patient_of(k, rng) for k in range(patients)]
        for patient in people:
            write_patient(folder / "reports" / patient["patient_id"], patient, rules, rng)
        (folder / "patients.json").write_text(json.dumps(people), "utf-8")
        (folder / "cohort").mkdir()
        found: dict[str, float] = {"patients": patients}
        for job in JOBS:
            found |= timed(job, folder)
        found["index_mb"] = round((folder / "cohort" / "index.html").stat().st_size / 1e6, 2)
    return found


def main() -> None:
    """Measure each size, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, action="append", help="sizes; 1000 where none")
    parser.add_argument("--output", type=Path, default=Path("results/cohort_scale"))
    parser.add_argument("--job", choices=JOBS, help="do one job of --folder (used by itself)")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.job:
        run_job(given.job, given.folder)
        return
    found = [measured(n) for n in given.patients or [1000]]
    given.output.mkdir(parents=True, exist_ok=True)
    (given.output / "cohort_scale.json").write_text(json.dumps(found, indent=1) + "\n")
    for row in found:
        print(row)


if __name__ == "__main__":
    main()
