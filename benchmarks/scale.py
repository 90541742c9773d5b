"""What planning a large run costs: time and memory of Snakemake before the first job starts.

    python -m benchmarks.scale [--patients 1000] [--batch 100] [--output results/scale]

The run is made up: sheets alone, `--patients` patients with every assay at six visits each, over
raw files that are empty. Nothing is run: parsing, as it is and as each job of a cluster does it
again; the dry run of one patient; that of all, or of one batch of all. Beside it stands what no
workflow can be quicker than: an empty Snakefile, and a plain one of as many jobs (`TWIN`).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
VISITS = ("baseline", "cycle1", "cycle2", "cycle3", "cycle4", "progression")
DAYS_BETWEEN = 28
SHEETS: dict[str, tuple[str, ...]] = {
    "patients": ("patient_id", "setting"),
    "specimens": ("specimen_id", "patient_id", "assay", "visit", "day", "volume_ml"),
    "ctc": ("specimen_id", "image", "platform"),
    "dtc": ("specimen_id", "slide_id", "image", "chromogen"),
    "ctdna": ("specimen_id", "library_id", "library", "panel", "fq1", "fq2", "reference"),
    "scdna": ("specimen_id", "cell_id", "bam", "reference"),
}
CELLS = 8
"""Single cells of a specimen."""
CHANNELS = ["nucleus", "cytokeratin", "leukocyte"]
PLATFORM = {"layout": "stack", "channels": CHANNELS, "pixel_size_um": 0.5}
SETTINGS: dict[str, Any] = {
    "references": {"sim": {"fasta": "raw/sim.fa", "build": "simulated"}},
    "assays": {
        "ctc": {"platforms": {"scanner": PLATFORM}},
        "dtc": {"pixel_size_um": 0.5},
        "ctdna": {"panels": {"small": {"bed": "raw/panel.bed", "read_structure": ["+T", "+T"]}}},
        "scdna": {},
    },
}

TWIN = """
rule all:
    input: expand("reports/{{patient}}.txt", patient=range({patients}))
rule report:
    input: expand("twin/{{{{patient}}}}/{{step}}.txt", step=range({steps}))
    output: "reports/{{patient}}.txt"
    shell: "touch {{output}}"
rule step:
    output: "twin/{{patient}}/{{step}}.txt"
    shell: "touch {{output}}"
"""
"""A Snakefile with as many jobs a patient, of which each writes one file and reads none."""


def rows_of(assay: str, specimen: str) -> list[list[str]]:
    """The rows of a specimen in its assay's sheet; every raw file is its own."""
    raw = f"raw/{specimen}"
    fastq = [f"{raw}_R1.fastq.gz", f"{raw}_R2.fastq.gz"]
    return {
        "ctc": [[specimen, f"{raw}.tif", "scanner"]],
        "dtc": [[specimen, "slide1", f"{raw}.svs", "dab"]],
        "ctdna": [[specimen, "plasma1", "panel", "small", *fastq, "sim"]],
        "scdna": [[specimen, f"cell{k}", f"{raw}_{k}.bam", "sim"] for k in range(CELLS)],
    }[assay]


def write_run(folder: Path, patients: int, present: bool) -> None:
    """Sheets and settings of a made-up run; its raw files are there, and empty, if `present`."""
    assays = list(SETTINGS["assays"])
    lines: dict[str, list[list[str]]] = {name: [list(columns)] for name, columns in SHEETS.items()}
    for number in range(patients):
        patient = f"P{number:06d}"
        lines["patients"].append([patient, "metastatic"])
        for k, visit in enumerate(VISITS):
            for assay in assays:
                specimen = f"{patient}_{assay}_{k}"
                volume = "7.5" if assay in ("ctc", "ctdna") else ""
                day = str(k * DAYS_BETWEEN)
                lines["specimens"].append([specimen, patient, assay, visit, day, volume])
                lines[assay] += rows_of(assay, specimen)
    raw = folder / "raw"
    raw.mkdir(parents=True)
    (raw / "sim.fa").touch()
    (raw / "panel.bed").write_text("chr1\t100\t300\n", encoding="utf-8")
    for name, rows in lines.items():
        text = "".join("\t".join(row) + "\n" for row in rows)
        (folder / f"{name}.tsv").write_text(text, encoding="utf-8")
        for row in rows[1:] if present else []:
            for file in (cell for cell in row if cell.startswith("raw/")):
                (folder / file).touch()
    shared = {name: f"{name}.tsv" for name in ("patients", "specimens")}
    own = {name: {**SETTINGS["assays"][name], "sheet": f"{name}.tsv"} for name in assays}
    settings = {**SETTINGS, "sheets": shared, "assays": own}
    (folder / "run.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")


def measure(
    folder: Path, *arguments: str, snakefile: Path = ROOT / "Snakefile", profile: Path | None = None
) -> dict[str, Any]:
    """Seconds, peak MB and number of jobs of one call of Snakemake, in a process of its own.

    Raises
    ------
    SystemExit
        Snakemake fails; what it said is shown.
    """
    command = [sys.executable, *(["-m", "cProfile", "-o", str(profile)] if profile else [])]
    command += ["-m", "snakemake", "-s", str(snakefile), "--directory", str(folder)]
    command += ["--cores", "1", *arguments]
    said = folder / "said.txt"
    started = time.perf_counter()
    with open(said, "wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    text = said.read_text(encoding="utf-8", errors="replace")
    if status != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{text[-3000:]}")
    jobs = re.findall(r"^total +(\d+)$", text, re.M)
    cpu_s = usage.ru_utime + usage.ru_stime
    found = {"seconds": seconds, "cpu_s": cpu_s, "peak_mb": usage.ru_maxrss / 1024}
    return {**found, "jobs": int(jobs[0]) if jobs else 0}


def table(rows: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """The measurements as Markdown."""
    lines = ["| | seconds | of CPU | peak MB | jobs |", "|---|---|---|---|---|"]
    for name, m in rows:
        numbers = f"{m['seconds']:.1f} | {m['cpu_s']:.1f} | {m['peak_mb']:.0f} | {m['jobs'] or ''}"
        lines.append(f"| {name} | {numbers} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--patients", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=0, help="plan 1 of so many parts, not all")
    parser.add_argument("--absent", action="store_true", help="raw files do not exist")
    parser.add_argument("--profile", type=Path, help="folder for cProfile's files")
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    batch = ("--batch", f"reports=1/{given.batch}", "--", "reports") if given.batch else ()
    whole = f"dry run, batch 1 of {given.batch}" if batch else "dry run of all"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_run(folder, given.patients, not given.absent)
        settings = ("--configfile", str(folder / "run.yaml"))
        dry = (*settings, "--dry-run", "--quiet", "all")
        rows: list[tuple[str, dict[str, Any]]] = []

        def add(name: str, *arguments: str, **others: Any) -> dict[str, Any]:
            if given.profile:
                others["profile"] = given.profile / f"{len(rows)}.prof"
            rows.append((name, measure(folder, *arguments, **others)))
            print(rows[-1], flush=True)
            return rows[-1][1]

        twin = folder / "twin.smk"
        twin.write_text("rule all:\n    default_target: True\n", encoding="utf-8")
        add("an empty Snakefile", "--list-rules", snakefile=twin)
        add("parsing alone", "--list-rules", *settings)
        add("the same in a job of a cluster", "--list-rules", "--mode", "remote", *settings)
        one = add("one patient as target", *dry, "--", "results/reports/P000000/report.html")
        jobs = add(whole, *dry, *batch)["jobs"]
        patients = max(1, jobs // one["jobs"])
        steps = max(1, jobs // patients - 1)
        twin.write_text(TWIN.format(patients=patients, steps=steps), encoding="utf-8")
        add("a plain Snakefile of as many jobs", "--dry-run", "--quiet", "all", snakefile=twin)
    print(f"\n{given.patients} patients, {len(SETTINGS['assays'])} assays, {len(VISITS)} visits\n")
    print(table(rows))
    if given.output:
        given.output.mkdir(parents=True, exist_ok=True)
        (given.output / "scale.md").write_text(table(rows) + "\n", encoding="utf-8")
        (given.output / "scale.json").write_text(json.dumps(dict(rows), indent=1) + "\n")


if __name__ == "__main__":
    main()
