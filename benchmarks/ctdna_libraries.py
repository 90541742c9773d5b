"""Simulated plasma with its leukocytes, run through the assay's own steps with default settings."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any, TypedDict

import pandas as pd

from liquidbiopsy.core.parquet import read_table
from liquidbiopsy.core.settings import read_yaml, with_defaults
from liquidbiopsy.ctdna.choices import Choice
from liquidbiopsy.ctdna.libraries import paired_with_files
from liquidbiopsy.ctdna.step_align import align_library
from liquidbiopsy.ctdna.step_consensus import consensus_library
from liquidbiopsy.ctdna.step_variants import variants_specimen
from liquidbiopsy.ctdna.tables import NORMAL, PANEL, PLASMA
from liquidbiopsy.reads.reference import index_reference
from liquidbiopsy.simulate.genome import Genome, GenomeParameters, read_genome, write_genome
from liquidbiopsy.simulate.plasma import WrittenPlasma, write_plasma
from liquidbiopsy.simulate.plasma_panel import draw_variants, spread_panel
from liquidbiopsy.simulate.plasma_parameters import PlasmaParameters, Variant
from liquidbiopsy.simulate.plasma_writers import write_panel

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("LIQUIDBIOPSY_SHARED_DATA", ROOT / "../shared/data")).resolve()
REAL = DATA / "fragments" / "hg19.chr1.10Mb.fa.gz"
LEVELS = (0.001, 0.0025, 0.005, 0.01)
STRUCTURES = ("8M5S+T", "8M5S+T")
COLUMNS = ("fq1", "fq2", "bam", "wig", "bins", "mutations")
NAME = "simulated"  # of panel and reference
CODE = "benchmark"
DAMAGED = {  # what the errors come from; all of it the simulator's default but the hops
    **{"deamination": 2e-5, "oxidation": 1e-5, "overhang_bp": 0.0, "strand_recovery": 0.85},
    **{"pcr_error": 1e-6, "umi_error": 1e-5, "stutter": 2e-5, "sequencing_stutter": 1e-5},
    **{"hops": 5e-4},
}


@dataclass(frozen=True)
class Plan:
    """What is simulated; variants are those of one library, tumour's at each of `LEVELS`."""

    regions: int = 40
    region_bp: int = 200
    raw_depth: float = 20_000
    ng: float = 10
    seed: int = 90_000
    snvs: int = 14
    indels: int = 4
    mnvs: int = 2
    hets: int = 10
    chip: int = 4
    chip_vaf: float = 0.02
    normal_depth: float = 0.5
    """Raw depth of the leukocytes, of that of the plasma."""
    grouped_regions: int = 4
    """Regions of the library that grouping is tried on."""
    genome: tuple[tuple[str, int], ...] = (("sim1", 250_000), ("sim2", 150_000))
    """Contigs of a generated genome."""


class Files(TypedDict):
    """The libraries of a specimen as the step of variants takes them."""

    rows: list[dict[str, Any]]
    bams: list[str]
    tables: list[str]


class Bench:
    """A reference with its index and a panel, on which libraries are made and run."""

    def __init__(self, plan: Plan, folder: Path, fasta: Path | None, threads: int) -> None:
        self.plan, self.folder, self.threads = plan, folder, threads
        folder.mkdir(parents=True, exist_ok=True)
        self.genome: Genome
        if fasta is not None:
            self.genome = read_genome(fasta)
        else:
            fasta = folder / "generated.fa"
            self.genome = write_genome(fasta, GenomeParameters(plan.seed, contigs=plan.genome))
        self.fasta = fasta
        self.panel = spread_panel(self.genome, plan.regions, plan.region_bp, plan.seed)
        self.bed = folder / "panel.bed"
        write_panel(self.bed, self.panel)
        schema = read_yaml(ROOT / "workflow/assays/ctdna/config.schema.yaml")
        panel = {"bed": str(self.bed), "read_structure": list(STRUCTURES)}
        self.settings = with_defaults({"panels": {NAME: panel}}, schema)
        references = {NAME: {"fasta": str(fasta), "build": NAME}}
        self.choice = Choice(self.settings, references, str(folder))
        index_reference(
            str(fasta), self.choice.index_folder({"reference": NAME, "library": PANEL})[0]
        )

    def row(self, specimen: str, library: str, role: str, reads: WrittenPlasma) -> dict[str, Any]:
        """A library as the sheet has it."""
        return {
            **dict.fromkeys(COLUMNS), "specimen_id": specimen, "library_id": library, "role": role,
            "library": PANEL, "panel": NAME, "reference": NAME, "fq1": str(reads.fq1),
            "fq2": str(reads.fq2),
        }  # fmt: skip

    def align(self, row: dict[str, Any], folder: Path) -> dict[str, str]:
        """Step `align`: its outputs."""
        made = {"reads": str(folder / "reads.bam"), "library": str(folder / "library.parquet")}
        align_library(
            row, self.choice.barcodes_of(row), self.choice.reference_of(row),
            self.choice.index_of(row), self.settings["align"], CODE, made, self.threads,
        )  # fmt: skip
        (told,) = read_table(made["library"]).to_pylist()
        if told["status"] != "measured":
            raise RuntimeError(f"{row['library_id']}: {told['reason']}")
        return made

    def consensus(self, row: dict[str, Any], reads: dict[str, str], folder: Path) -> str:
        """Step `consensus`: the BAM."""
        files = {name: str(folder / f"{name}.parquet") for name in ("families", "quality")}
        bam = str(folder / "consensus.bam")
        files |= {"consensus": bam, "index": f"{bam}.bai", "library": f"{bam}.parquet"}
        chosen = {name: self.settings[name] for name in ("umi", "align", "consensus")}
        consensus_library(
            reads, row["fq1"], self.choice.index_of(row), self.choice.reference_of(row), chosen,
            CODE, files, self.threads,
        )  # fmt: skip
        return bam

    def variants(self, files: Files, folder: Path, normals: Sequence[str] = ()) -> dict[str, str]:
        """Step `variants`: its outputs. `normals` are BAMs of other people."""
        made = {n: str(folder / f"{n}.parquet") for n in ("variants", "background", "coverage")}
        made["vcf"] = str(folder / "variants.vcf")
        libraries = {row["library_id"]: row for row in files["rows"]}
        variants_specimen(
            paired_with_files(files["rows"], files["bams"], files["tables"]),
            self.choice.panels_of(libraries), self.choice.references_of(libraries),
            self.settings["hotspots"], {**self.settings["variants"], "normals": list(normals)},
            CODE, made,
        )  # fmt: skip
        return made


@dataclass
class Specimen:
    """A plasma library that was made and run with its leukocytes."""

    plasma: WrittenPlasma
    normal: WrittenPlasma
    stranger: tuple[Variant, ...]
    """Germline variants of the person whose molecules hopped in."""
    reads: str
    files: Files
    """Of the plasma and the leukocytes."""
    variants: pd.DataFrame
    seconds: dict[str, float]


def variants_of(bench: Bench, number: int) -> tuple[tuple[Variant, ...], tuple[Variant, ...]]:
    """A patient's variants, and a stranger's germline ones, all at places of their own."""
    plan, seed = bench.plan, bench.plan.seed + 1000 * number
    found: tuple[Variant, ...] = ()

    def draw(more: int, **what: Any) -> tuple[Variant, ...]:
        return draw_variants(bench.genome, bench.panel, seed + more, taken=found, **what)

    for k, vaf in enumerate(LEVELS):
        found += draw(k, vaf=vaf, snvs=plan.snvs, indels=plan.indels, mnvs=plan.mnvs)
    indels = plan.hets // 5
    germline = {"kind": "germline_het", "snvs": plan.hets - indels, "indels": indels}
    found += draw(10, **germline)
    found += draw(20, kind="chip", vaf=plan.chip_vaf, snvs=plan.chip)
    return found, draw(30, **germline)


def simulated(
    bench: Bench, number: int, folder: Path
) -> tuple[WrittenPlasma, WrittenPlasma, tuple[Variant, ...]]:
    """Reads of plasma and of leukocytes, and the variants of who hopped into both."""
    plan, seed = bench.plan, bench.plan.seed + 1000 * number
    own, stranger = variants_of(bench, number)
    usual = {**DAMAGED, "input_ng": plan.ng, "structures": STRUCTURES}
    other = PlasmaParameters(bench.panel, stranger, seed + 3, **{**usual, "hops": 0.0})
    plasma = PlasmaParameters(
        bench.panel, own, seed + 1, "plasma", hops_from=other, raw_depth=plan.raw_depth, **usual
    )
    normal = replace(
        plasma, variants=tuple(v for v in own if v.kind != "tumour"), seed=seed + 2,
        library_id="leukocytes", fragments="sheared", raw_depth=plan.raw_depth * plan.normal_depth,
    )  # fmt: skip
    written = [write_plasma(folder, p, bench.genome, level=1) for p in (plasma, normal)]
    return written[0], written[1], stranger


def run_specimen(bench: Bench, number: int, folder: Path) -> Specimen:
    """Make a specimen's libraries and run the steps on them."""
    seconds: dict[str, float] = {}
    with timed("simulate", seconds):
        plasma, normal, stranger = simulated(bench, number, folder)
    name, files, reads = f"patient{number}", Files(rows=[], bams=[], tables=[]), []
    for role, made in ((PLASMA, plasma), (NORMAL, normal)):
        place = folder / role
        place.mkdir(exist_ok=True)
        row = bench.row(name, made.parameters.library_id, role, made)
        with timed("align", seconds):
            aligned = bench.align(row, place)
        with timed("consensus", seconds):
            files["bams"].append(bench.consensus(row, aligned, place))
        files["rows"].append(row)
        files["tables"].append(aligned["library"])
        reads.append(aligned["reads"])
    with timed("variants", seconds):
        found = bench.variants(files, folder)
    called = read_table(found["variants"]).to_pandas()
    return Specimen(plasma, normal, stranger, reads[0], files, called, seconds)


@contextmanager
def timed(name: str, seconds: dict[str, float]) -> Iterator[None]:
    """Add wall time to a stage, and tell it."""
    start = perf_counter()
    yield
    seconds[name] = seconds.get(name, 0.0) + perf_counter() - start
    print(f"{name}: {perf_counter() - start:.0f} s", flush=True)
