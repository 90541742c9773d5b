"""A laboratory that sequences whole genomes at low coverage, simulated."""

from pathlib import Path
from typing import Any

import pysam
from laboratory import SHEETS, Laboratory

from liquidbiopsy.simulate.karyotypes import draw_clones
from liquidbiopsy.simulate.whole_genome import WholeGenomeParameters
from liquidbiopsy.simulate.whole_genome_bam import write_reads
from liquidbiopsy.simulate.whole_genome_reads import ReadParameters
from liquidbiopsy.simulate.whole_genome_tracks import make_tracks
from liquidbiopsy.simulate.whole_genome_writers import write_tracks, write_whole_genome

BUILD = "GRCh38"
BIN_BP = 2_000_000
COLUMNS = ["specimen_id", "library_id", "role", "library", "bam", "wig", "bins", "reference"]
DONORS = 4


class GenomeLaboratory(Laboratory):
    """As `Laboratory`, with whole genomes of plasma; tracks and donors are in genomes/."""

    assay = "ctdna"
    sheets = {
        **{name: columns for name, columns in SHEETS.items() if name != "ctc"},
        "ctdna": COLUMNS,
    }

    def __init__(self, folder: Path, *more: Any, donors: int = DONORS) -> None:
        self.donors = donors
        super().__init__(folder, *more)
        self.genomes = folder / "genomes"
        self.genomes.mkdir()
        self.tracks = make_tracks(BUILD, 5)
        write_tracks(self.genomes, self.tracks, bin_bp=BIN_BP, prefix="")
        self.clones = draw_clones("luminal", 11, BUILD)
        for number in range(self.donors):
            self.genome(f"donor{number}", 0.0, seed=100 + number)

    def assay_settings(self) -> dict[str, Any]:
        donors = [f"genomes/donor{number}.simulated.wig" for number in range(self.donors)]
        tracks = {n: f"genomes/{n}.simulated.wig" for n in ("gc", "mappability")}
        return {"wgs": {**tracks, "bin_size": BIN_BP, "normals": donors}}

    def parameters(self, name: str, fraction: float, **more: Any) -> WholeGenomeParameters:
        clones = self.clones if fraction else ()
        shares = (1.0,) if fraction else ()
        return WholeGenomeParameters(
            clones, shares, fraction, library_id=name, **{"reads": 4e6, **more}
        )

    def genome(self, name: str, fraction: float, **more: Any) -> str:
        """Counts of a library in genomes/, and the path of its WIG."""
        p = self.parameters(name, fraction, **more)
        write_whole_genome(self.genomes, p, self.tracks, bin_bp=BIN_BP)
        return f"genomes/{name}.simulated.wig"

    def reads(self, name: str, fraction: float, paired: bool = True, **more: Any) -> str:
        """Reads of a library in genomes/, and the path of its BAM."""
        p = self.parameters(name, fraction, **more)
        made = write_reads(self.genomes, ReadParameters(p, 40_000, paired=paired), self.tracks)
        return str(Path(made.bam).relative_to(self.folder))

    def empty_reads(self, name: str) -> str:
        """A BAM file without a read."""
        path = self.genomes / f"{name}.bam"
        header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": "chr1", "LN": 248_956_422}]}
        with pysam.AlignmentFile(str(path), "wb", header=header):
            pass
        return f"genomes/{path.name}"

    def add_genome(self, specimen: str, library: str, **files: str) -> None:
        """A library of a specimen, which `files` names (bam, wig, bins, reference)."""
        if specimen not in [row["specimen_id"] for row in self.rows["specimens"]]:
            self.add_specimen(specimen, volume_ml=4)
        own = {"specimen_id": specimen, "library_id": library, "role": "plasma", "library": "wgs"}
        self.rows["ctdna"].append({**own, **files})

    def said_of(self, specimen: str, analyte: str) -> list[dict[str, Any]]:
        """The observations of one analyte of a specimen."""
        rows = self.read("ctdna", specimen, "observations.parquet").to_pylist()
        return [r for r in rows if r["analyte"] == analyte]
