"""A laboratory's folder with sheets, settings and small images, and runs of the workflow in it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from hashlib import sha1
from pathlib import Path
from typing import Any

import forks
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tifffile
import yaml
from repository import ROOT

from liquidbiopsy.simulate import WrittenSlide, ctc_slide

CHANNELS = ["nucleus", "cytokeratin", "leukocyte"]
SLIDE = {
    **{"frame_width_px": 400, "frame_height_px": 320, "columns": 2, "rows": 2, "ctc": 4},
    **{"ctc_clusters": 0, "leukocytes_per_frame": 8, "double_positive": 0, "tdev": 1},
    **{"bare_nuclei": 1, "debris": 0, "fibres": 0, "signal_spread": 0.1, "signal": 40},
}
PLATFORMS: dict[str, dict[str, Any]] = {
    "folder": {"layout": "frames", "channels": CHANNELS, "columns": 2, "order": "serpentine"},
    "stack": {"layout": "stack", "channels": CHANNELS, "pixel_size_um": 0.64},
    "channels": {"layout": "channels", "channels": CHANNELS, "pixel_size_um": 0.64},
}
MESSAGES = {
    "finding events": "detect",
    "finding nuclei and stained cells": "detect",
    "calling its events": "classify",
    "calling its stained cells": "classify",
    "counting its cells": "count",
    "picture of each cell": "gallery",
    "picture of each stained cell": "gallery",
    "aligning the reads": "align",
    "one read for each molecule": "consensus",
    "bins and fragments of": "fragments",
    "bins of the normal": "normal",
    "panel of normals": "normals",
    "tumour fraction and copies": "copies",
    "calling variants": "variants",
    "looking for the tumour's known mutations": "mrd",
    "what it says": "observe",
    "reading the cells": "reads",
    "copies of each cell": "profiles",
    "clones of": "clones",
    "what its cells say": "observe",
    "bins of one mappable mass": "bins",
    "index of the reference": "index",
    "report of": "report",
    "over all patients": "cohort",
}
SHEETS = {
    "patients": ["patient_id", "setting"],
    "specimens": ["specimen_id", "patient_id", "assay", "visit", "day", "volume_ml", "note"],
    "events": ["patient_id", "day", "kind", "label"],
    "reviews": ["specimen_id", "cell_id", "call", "reviewer", "reason"],
    "ctc": ["specimen_id", "image", "platform", "role"],
}


class Laboratory:
    """Sheets and settings as rows and keys that a test may change, and the folder they are in."""

    assay = "ctc"
    sheets = SHEETS

    def __init__(self, folder: Path, root: Path = ROOT) -> None:
        self.folder, self.root = folder, root
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in self.sheets}
        self.settings: dict[str, Any] = {
            "sheets": {n: f"sheets/{n}.tsv" for n in self.sheets if n != self.assay},
            "assays": {self.assay: {"sheet": f"sheets/{self.assay}.tsv", **self.assay_settings()}},
            "report": {"facility": "Test laboratory"},
        }
        folder.mkdir(parents=True, exist_ok=True)

    def assay_settings(self) -> dict[str, Any]:
        return {"platforms": dict(PLATFORMS)}

    def add_patient(self, name: str, **more: Any) -> None:
        self.rows["patients"].append({"patient_id": name, "setting": "metastatic", **more})

    def add(self, specimen: str, image: str | Path, platform: str, **more: Any) -> None:
        """A specimen of one image; the patient is the part of its name before `_`."""
        self.add_specimen(specimen, **{"volume_ml": 7.5, **more})
        self.rows["ctc"].append({"specimen_id": specimen, "image": image, "platform": platform})

    def add_specimen(self, specimen: str, **more: Any) -> None:
        """A row of specimens.tsv, and of patients.tsv where its patient is new."""
        patient = more.pop("patient", specimen.split("_")[0])
        if patient not in [row["patient_id"] for row in self.rows["patients"]]:
            self.add_patient(patient)
        row = {"specimen_id": specimen, "patient_id": patient, "assay": self.assay, "day": 0}
        self.rows["specimens"].append(row | more)

    def slide(self, name: str, **parameters: Any) -> WrittenSlide:
        """Write a small simulated slide into images/; its `image` is relative to the folder."""
        made = {**SLIDE, **parameters}
        slide = ctc_slide(self.folder / "images" / name, **made)
        object.__setattr__(slide, "image", str(Path(slide.image).relative_to(self.folder)))
        return slide

    def write(self) -> None:
        """Write all sheets and the settings."""
        (self.folder / "sheets").mkdir(exist_ok=True)
        for name, columns in self.sheets.items():
            lines = ["\t".join(columns)]
            for row in self.rows[name]:
                cells = (row.get(column) for column in columns)
                lines.append("\t".join("" if c is None else str(c) for c in cells))
            self.sheet(name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        (self.folder / "run.yaml").write_text(yaml.safe_dump(self.settings), encoding="utf-8")

    def sheet(self, name: str) -> Path:
        return self.folder / "sheets" / f"{name}.tsv"

    def command(self, *arguments: str, cores: int = 2) -> list[str]:
        run = [sys.executable, "-m", "snakemake", "-s", str(self.root / "Snakefile")]
        run += ["--directory", str(self.folder), "--configfile", str(self.folder / "run.yaml")]
        return [*run, "--cores", str(cores), *arguments]

    def run(self, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run the workflow from another folder; what it says is in `stdout`, errors included."""
        self.write()
        command = self.command(*arguments, **more)
        if "--dry-run" in arguments:
            return forks.snakemake(command[3:], self.folder.parent)
        return subprocess.run(
            command,
            cwd=self.folder.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=500,
        )

    def finish(self, *arguments: str, **more: Any) -> str:
        """Run the workflow, which must succeed."""
        done = self.run(*arguments, **more)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def finish_at_once(
        self, *arguments: str, cores: int = 1, pythons: dict[str, str] | None = None
    ) -> str:
        """As `finish`, but scripts share one process a core, which imports once; see `by_stage`.

        `pythons` are those of stages that have one of their own.
        """
        self.write()
        snakemake = self.command(*arguments, cores=cores)[3:]  # without `python -m snakemake`
        done = forks.snakemake(snakemake, self.folder.parent, pythons or {})
        assert done.returncode == 0, done.stdout
        return done.stdout

    def planned(self, **more: Any) -> dict[str, set[str]]:
        """What a dry run would do: rule -> specimens or patients."""
        return planned_jobs(self.finish("--dry-run", **more))

    def read(self, *path: str) -> pa.Table:
        return pq.ParquetFile(self.folder.joinpath("results", *path)).read()

    def count(self, specimen: str, analyte: str = "") -> dict[str, Any]:
        """The one row of an analyte of a specimen; of its count, where none is named."""
        analyte = analyte or f"{self.assay}_count"
        rows = self.read(self.assay, specimen, "observations.parquet").to_pylist()
        (row,) = [r for r in rows if r["analyte"] == analyte and r["target"] is None]
        return row

    def results(self, *endings: str) -> dict[str, bytes]:
        """The bytes of every result by its path."""
        return results_in(self.folder / "results", *endings)

    def kill_midway(self, until: Path) -> None:
        """Start the workflow and kill all of it, without warning, as soon as `until` exists."""
        self.write()
        process = subprocess.Popen(
            self.command(),
            cwd=self.folder.parent,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 120
        while not until.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert process.poll() is None, "the run ended before it could be killed"
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def results_in(folder: Path, *endings: str) -> dict[str, bytes]:
    """The bytes of every file with one of these endings, by its path in a folder."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix in endings)
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def copy_of_repository(folder: Path) -> Path:
    """The files that a run reads, where a test may change them; what is compiled goes with them."""
    for name in ("envs", "profiles", "resources", "scripts", "workflow"):
        half_written = shutil.ignore_patterns("*.tmp.*")
        shutil.copytree(ROOT / name, folder / name, ignore=half_written)
    shutil.copy(ROOT / "Snakefile", folder)
    for path in (folder / "scripts" / "liquidbiopsy" / "__pycache__").glob("numba-*/*"):
        of = folder / "scripts" / "liquidbiopsy" / path.name.rpartition("_")[0]
        if of.is_dir():  # numba names a folder of its cache by the folder of the code
            path.rename(path.with_name(f"{of.name}_{sha1(str(of).encode()).hexdigest()}"))
    return folder


def planned_jobs(said: str) -> dict[str, set[str]]:
    """Rules of a dry run and the specimens or patients of each, by what their messages say.

    The record of the run is left out: it is written anew whenever anything is.
    """
    jobs: dict[str, set[str]] = {}
    for message in re.findall(r"^Job \d+: (?!the record of the run)(.*)$", said, re.M):
        (rule,) = [rule for words, rule in MESSAGES.items() if words in message]
        name = re.search(r"(?:ctdna|ctc|dtc|scdna|clones of|report of) (\w+)", message)
        jobs.setdefault(rule, set()).add(name[1] if name else "")
    return jobs


def write_pages(path: Path, pages: Any, **more: Any) -> Path:
    """A TIFF of plain pages."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tifffile.TiffWriter(path, **more) as tif:
        for page in np.asarray(pages):
            tif.write(page, photometric="minisblack", metadata=None, contiguous=False)
    return path
