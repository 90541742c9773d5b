"""Synthetic consensus reads for tests: a reference, molecules with planted changes, a BAM."""

from dataclasses import dataclass, field

import numpy as np
import pysam

SETTINGS = {
    "min_mapq": 20,
    "min_base_q": 20,
    "min_molecules": 2,
    "max_q": 0.01,
    "max_false_per_mb": 0.5,
    "prior_weight": 10,
    "ends": 3,
    "max_strand_p": 1e-4,
    "max_end_p": 0.01,
    "max_family_p": 0.001,
    "max_lone_p": 0.05,
    "max_mapq_drop": 15,
    "max_alleles": 2,
    "min_depth": 20,
    "max_panel_mb": 80,
    "germline_vaf": 0.25,
    "germline_band": 0.1,
    "germline_floor": 0.25,
    "max_normal_p": 0.001,
    "chip_ratio": 0.1,
    "normals": [],
}
TAGS = {
    "none": {},
    "single": {"cD": 1},
    "pair": {"cD": 2},
    "family": {"cD": 5},
    "duplex": {"cD": 6, "aD": 3, "bD": 3},
}


def genome(length, seed=1):
    """Return random bases; runs of one base stay short."""
    rng = np.random.default_rng(seed)
    return "".join("ACGT"[b] for b in rng.integers(0, 4, length))


@dataclass
class Writer:
    """Molecules of one library, written as a sorted, indexed BAM."""

    reference: str
    chrom: str = "chr1"
    contigs: dict = field(default_factory=dict)
    reads: list = field(default_factory=list)
    number: int = 0

    def molecule(
        self, start, length=100, changes=(), gap=None, strand="+", kind="family", mapq=60,
        mates=None, flag=0, quals=None, name=None, md=False,
    ):  # fmt: skip
        """Add a molecule of one read, or of two where `mates` says where the second begins.

        `changes` are (position, base); `gap` is (anchor, bases deleted, bases inserted), before
        which and behind which the read is aligned. A change of a third value is of that mate alone.
        """
        self.number += 1
        name = name or f"m{self.number:06d}"
        spans = [(start, start + length)]
        if mates is not None:
            spans = [(start, start + length), mates]
        for k, (low, high) in enumerate(spans):
            own = [c for c in changes if len(c) == 2 or c[2] == k]
            sequence, cigar = self._read(low, high, own, gap)
            paired = mates is not None
            first = (k == 0) == (strand == "+")
            bits = flag
            if paired:
                bits |= 0x1 | 0x2 | (0x40 if first else 0x80) | (0x10 if k else 0x20)
            elif strand == "-":
                bits |= 0x10
            self._add(name, bits, low, mapq, cigar, sequence, kind, quals, md)

    def _read(self, low, high, changes, gap):
        bases = list(self.reference[low:high])
        for position, base, *_ in changes:
            if low <= position < high:
                bases[position - low] = base
        if gap is None or not low <= gap[0] < high:
            return "".join(bases), [(0, high - low)]
        anchor, deleted, inserted = gap
        at = anchor + 1 - low
        sequence = "".join(bases[:at]) + inserted + "".join(bases[at + deleted :])
        middle = (2, deleted) if deleted else (1, len(inserted))
        return sequence, [(0, at), middle, (0, high - low - at - deleted)]

    def _add(self, name, flag, low, mapq, cigar, sequence, kind, quals, md):
        header = self.header
        read = pysam.AlignedSegment(header)
        read.query_name, read.flag = name, flag
        read.reference_id, read.reference_start = header.get_tid(self.chrom), low
        read.mapping_quality, read.cigartuples = mapq, cigar
        read.query_sequence = sequence
        read.query_qualities = pysam.qualitystring_to_array("I" * len(sequence))
        if quals is not None:
            read.query_qualities = quals(len(sequence))
        for tag, value in TAGS[kind].items():
            read.set_tag(tag, value)
        if md:
            read.set_tag("MD", self._md(low, cigar, sequence))
        self.reads.append(read)

    def _md(self, low, cigar, sequence):
        """Return the MD tag, written from its definition."""
        out, same, at, here = "", 0, 0, low
        for op, n in cigar:
            if op == 0:
                for i in range(n):
                    if sequence[at + i] == self.reference[here + i]:
                        same += 1
                    else:
                        out, same = f"{out}{same}{self.reference[here + i]}", 0
                at, here = at + n, here + n
            elif op == 1:
                at += n
            else:
                out, same = f"{out}{same}^{self.reference[here : here + n]}", 0
                here += n
        return f"{out}{same}"

    @property
    def header(self):
        """Return the header of the BAM."""
        if not hasattr(self, "_header"):
            named = {self.chrom: len(self.reference), **self.contigs}
            self._header = pysam.AlignmentHeader.from_references(list(named), list(named.values()))
        return self._header

    def cover(self, start, end, depth, length=100, seed=3, **how):
        """Cover a stretch with molecules at even steps, strands in turn."""
        many = max(1, round(depth * (end - start + length) / length))
        places = np.linspace(start - length + 1, end - 1, many).astype(int)
        for k, place in enumerate(np.clip(places, 0, len(self.reference) - length)):
            self.molecule(int(place), length, strand="+-"[k % 2], **how)

    def write(self, path):
        """Write the BAM with its index; return its path."""
        order = sorted(self.reads, key=lambda r: (r.reference_start, r.query_name, r.flag))
        with pysam.AlignmentFile(str(path), "wb", header=self.header) as out:
            for read in order:
                out.write(read)
        pysam.index(str(path))
        return str(path)


def write_fasta(path, sequences):
    """Write a FASTA file; return its path."""
    with open(path, "w", encoding="utf-8") as out:
        for name, bases in sequences.items():
            out.write(f">{name}\n{bases}\n")
    return str(path)
