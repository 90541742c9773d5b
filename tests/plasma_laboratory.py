"""A laboratory that sequences plasma on a small panel, simulated."""

from pathlib import Path
from typing import Any

from laboratory import SHEETS, Laboratory

from liquidbiopsy.simulate.genome import GenomeParameters, write_genome
from liquidbiopsy.simulate.plasma import WrittenPlasma, write_plasma
from liquidbiopsy.simulate.plasma_panel import draw_variants, spread_panel
from liquidbiopsy.simulate.plasma_parameters import PlasmaParameters
from liquidbiopsy.simulate.plasma_writers import write_mutations, write_panel

STRUCTURE = ["8M5S+T", "8M5S+T"]
COLUMNS = ["specimen_id", "library_id", "role", "library", "panel", "fq1", "fq2", "bam", "wig"]


class PlasmaLaboratory(Laboratory):
    """As `Laboratory`, with plasma libraries; its genome, panel and mutations are in reads/."""

    assay = "ctdna"
    sheets = {
        **{name: columns for name, columns in SHEETS.items() if name != "ctc"},
        "ctdna": [*COLUMNS, "bins", "reference", "mutations"],
    }

    def __init__(self, folder: Path, *more: Any) -> None:
        super().__init__(folder, *more)
        self.settings["references"] = {"sim": {"fasta": "reads/sim.fa", "build": "simulated"}}
        reads = folder / "reads"
        reads.mkdir()
        genome = write_genome(reads / "sim.fa", GenomeParameters(5))
        self.panel = spread_panel(genome, regions=3, length=200, seed=5)
        self.genome = genome
        self.tumour = draw_variants(genome, self.panel, 6, vaf=0.05, snvs=5, indels=1)
        own = draw_variants(
            genome, self.panel, 8, kind="germline_het", vaf=0.5, snvs=1, taken=self.tumour
        )
        self.germline = own
        write_panel(reads / "panel.bed", self.panel)
        write_mutations(reads / "mutations.tsv", self.tumour)

    def assay_settings(self) -> dict[str, Any]:
        panel = {"bed": "reads/panel.bed", "read_structure": STRUCTURE}
        return {"panels": {"sim": panel}, "mrd": {"min_informative": 300}}

    def plasma(self, name: str, tumour: bool = True, **parameters: Any) -> WrittenPlasma:
        """A small library in reads/<name>/, 150 molecules deep."""
        made: dict[str, Any] = {
            "input_ng": 1.2,
            "read_pairs": 4000,
            "read_length": 100,
            **parameters,
        }
        variants = (*self.germline, *(self.tumour if tumour else ()))
        p = PlasmaParameters(self.panel, variants, library_id=name, **made)
        return write_plasma(self.folder / "reads" / name, p, self.genome)

    def add_library(self, specimen: str, library: str, **more: Any) -> None:
        """A library of a specimen; unless told otherwise its FASTQ pair is reads/<library>."""
        if specimen not in [row["specimen_id"] for row in self.rows["specimens"]]:
            self.add_specimen(specimen, volume_ml=4)
        row = {"specimen_id": specimen, "library_id": library, "panel": "sim", "reference": "sim"}
        if not {"fq1", "bam"} & set(more):
            files = {f"fq{k}": f"reads/{library}/{library}_R{k}.fastq.gz" for k in (1, 2)}
            row |= files
        self.rows["ctdna"].append({**row, **more})

    def said_of(self, specimen: str, analyte: str) -> list[dict[str, Any]]:
        """The observations of one analyte of a specimen."""
        rows = self.read("ctdna", specimen, "observations.parquet").to_pylist()
        return [r for r in rows if r["analyte"] == analyte]
