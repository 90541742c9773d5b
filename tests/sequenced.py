"""A small genome and reads of it, made with numpy, for the tests of the sequencing assays."""

import gzip
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pysam

from liquidbiopsy.reads.reference import index_reference

COMPLEMENT = str.maketrans("ACGTN", "TGCAN")
SPACER = "TGACT"


def turned(bases: str) -> str:
    """Return the other strand."""
    return bases.translate(COMPLEMENT)[::-1]


@dataclass
class Made:
    """One pair as it was made, and what must be found of it."""

    name: str
    chrom: str
    start: int
    end: int
    first_is_forward: bool
    umis: tuple[str, str]
    reads: tuple[str, str]


@dataclass
class Sequenced:
    """A genome of two contigs and pairs of reads out of it."""

    folder: Path
    seed: int = 7
    length: int = 60
    contigs: dict = field(default_factory=lambda: {"chr1": 6000, "chr2": 4000})

    def __post_init__(self):
        self.random = np.random.default_rng(self.seed)
        self.genome = {name: self.bases(size) for name, size in self.contigs.items()}
        self.fasta = self.folder / "genome.fa"
        self.write_fasta(self.fasta)

    def bases(self, n: int) -> str:
        return "".join(self.random.choice(list("ACGT"), n))

    def write_fasta(self, path: Path, opener=open) -> Path:
        with opener(path, "wt") as handle:
            for name, bases in self.genome.items():
                lines = [bases[i : i + 70] for i in range(0, len(bases), 70)]
                handle.write("\n".join([f">{name}", *lines, ""]))
        return path

    def pairs(self, n: int, shortest: int = 80, longest: int = 220) -> list[Made]:
        made = []
        for i in range(n):
            chrom = str(self.random.choice(list(self.contigs)))
            size = int(self.random.integers(shortest, longest))
            start = int(self.random.integers(0, self.contigs[chrom] - size))
            fragment = self.genome[chrom][start : start + size]
            forward = bool(self.random.random() < 0.5)
            ends = fragment[: self.length], turned(fragment)[: self.length]
            umis = self.bases(8), self.bases(8)
            reads = ends if forward else ends[::-1]
            name = f"run:1:FC:1:1101:{i}:{start}"
            made.append(Made(name, chrom, start, start + size, forward, umis, reads))
        return made

    def write_fastq(self, made: list[Made], stem: str = "reads", zipped: bool = True):
        """Write both files, a barcode of 8 and a spacer of 5 before each read."""
        paths = []
        for which in (0, 1):
            path = self.folder / f"{stem}_{which + 1}.fastq{'.gz' if zipped else ''}"
            with (gzip.open if zipped else open)(path, "wt") as handle:
                for pair in made:
                    bases = pair.umis[which] + SPACER + pair.reads[which]
                    quality = "F" * 8 + "I" * (len(bases) - 8)
                    handle.write(f"@{pair.name} {which + 1}:N:0\n{bases}\n+\n{quality}\n")
            paths.append(str(path))
        return paths

    def write_bam(self, name: str, records, contigs: dict | None = None, **header) -> str:
        """Write reads, each a dict of pysam's names (tags as a list), to a BAM file."""
        contigs = self.contigs if contigs is None else contigs
        head = {
            "HD": {"VN": "1.6"},
            "SQ": [{"SN": k, "LN": v} for k, v in contigs.items()],
            "PG": [{"ID": "x", "CL": f"x {self.folder}/in.bam"}],
            **header,
        }
        path = self.folder / name
        with pysam.AlignmentFile(str(path), "wb", header=head) as out:
            for record in records:
                read = pysam.AlignedSegment(out.header)
                for key, value in record.items():
                    if key != "tags":
                        setattr(read, key, value)
                for tag in record.get("tags", ()):
                    read.set_tag(*tag)
                out.write(read)
        return str(path)


def unaligned(made: list[Made], *, tags=lambda pair: (), barcode: bool = False, single=False):
    """Yield records of an unaligned BAM file, pairs next to each other."""
    for pair in made:
        for which in (0,) if single else (0, 1):
            bases = pair.reads[which]
            bases = pair.umis[which] + SPACER + bases if barcode else bases
            yield {
                "query_name": pair.name,
                "query_sequence": bases,
                "query_qualities": pysam.qualitystring_to_array("I" * len(bases)),
                "flag": 4 if single else (77, 141)[which],
                "tags": tags(pair),
            }


def aligned(made: list[Made], contigs: dict, *, tags=lambda pair: (), flag: int = 0):
    """Yield records of an aligned BAM file by place, with nothing said of mates but flags."""
    names = list(contigs)
    records = []
    for pair in made:
        for which in (0, 1):
            forward = pair.first_is_forward == (which == 0)
            bases = pair.reads[which] if forward else turned(pair.reads[which])
            records.append(
                {
                    "query_name": pair.name,
                    "flag": 1 | (64, 128)[which] | (0 if forward else 16) | flag,
                    "reference_id": names.index(pair.chrom),
                    "reference_start": pair.start if forward else pair.end - len(bases),
                    "mapping_quality": 60,
                    "cigarstring": f"{len(bases)}M",
                    "query_sequence": bases,
                    "query_qualities": pysam.qualitystring_to_array("I" * len(bases)),
                    "tags": tags(pair),
                }
            )
    return sorted(records, key=lambda r: (r["reference_id"], r["reference_start"]))


def indexed(folder: Path, pairs: int) -> Sequenced:
    """A genome with its index, and so many pairs of reads of it as FASTQ: `made` and `fastq`."""
    lab = Sequenced(folder)
    index_reference(str(lab.fasta), str(folder / "index"))
    lab.made = lab.pairs(pairs)
    lab.fastq = lab.write_fastq(lab.made)
    return lab


def rx(pair):
    """Tags of a read: its barcodes, a number of its family, and one to be kept."""
    return [("RX", "+".join(pair.umis)), ("MI", "7"), ("cz", "kept")]
