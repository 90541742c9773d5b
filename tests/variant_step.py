"""One library and the step `variants`, run by itself, for tests."""

import pyarrow.parquet as pq
from molecules import SETTINGS, Writer, genome, write_fasta

from liquidbiopsy.core.parquet import table_of, write_table
from liquidbiopsy.core.provenance import Provenance
from liquidbiopsy.ctdna.step_variants import variants_specimen
from liquidbiopsy.ctdna.tables import LIBRARIES

LENGTH = 1000
BASES = genome(LENGTH, seed=6)


def covered(**how):
    """Two stretches of the genome, 40 and 20 molecules deep."""
    writer = Writer(BASES)
    writer.cover(300, 500, 40, **how)
    writer.cover(700, 800, 20, **how)
    return writer


class Step:
    """One library of a specimen, and what the step says of it."""

    def __init__(
        self, folder, bed="chr1\t300\t500\n", settings=(), writer=None, bases=BASES, **row
    ):
        self.folder = folder
        (folder / "small.bed").write_text(bed)
        fasta = write_fasta(folder / "made.fa", {"chr1": bases})
        own = {"specimen_id": "S", "library_id": "L", "role": "plasma", "library": "panel"}
        told = {**own, "status": "measured", "mutations": False}
        write_table(table_of([told], LIBRARIES), folder / "l.parquet", LIBRARIES, Provenance("x"))
        self.bam = (writer or covered()).write(folder / "consensus.bam")
        files = {"bam": None, "fq1": str(folder / "plasma_R1.fq.gz"), "mutations": None}
        row = {**own, **files, "panel": "small", "reference": "made", **row}
        names = ("variants", "background", "coverage", "quality")
        self.outputs = {n: str(folder / f"{n}.parquet") for n in names}
        variants_specimen(
            [{"row": row, "consensus": self.bam, "library": str(folder / "l.parquet")}],
            {"small": {"bed": str(folder / "small.bed")}},
            {"made": {"fasta": fasta, "build": "made"}}, [], {**SETTINGS, **dict(settings)}, "code",
            {**self.outputs, "vcf": str(folder / "variants.vcf")},
        )  # fmt: skip
        self.variants = pq.read_table(self.outputs["variants"]).to_pylist()
        self.coverage = pq.read_table(self.outputs["coverage"]).to_pylist()
        self.quality = {
            row["metric"]: row["value"]
            for row in pq.read_table(self.outputs["quality"]).to_pylist()
        }

    @property
    def reason(self):
        """Why the library could not be called."""
        (row,) = self.coverage
        return row["reason"]
