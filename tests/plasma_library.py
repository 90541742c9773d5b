"""A simulated plasma library as tests read it: its reads as a table, and laid on the genome."""

import gzip
from pathlib import Path

import pandas as pd

from liquidbiopsy.simulate.plasma import write_plasma
from liquidbiopsy.simulate.plasma_parameters import PlasmaParameters

COMPLEMENT = str.maketrans("ACGTN", "TGCAN")
#: A library in which nothing goes wrong.
CLEAN = {
    "deamination": 0.0, "oxidation": 0.0, "pcr_error": 0.0, "umi_error": 0.0, "stutter": 0.0,
    "error_excess": 0.0, "no_calls": 0.0, "sequencing_stutter": 0.0, "names_tell": True,
}  # fmt: skip


def back(bases: str) -> str:
    return bases.translate(COMPLEMENT)[::-1]


def records(path: Path) -> list[tuple[str, str, str]]:
    """Name, bases and qualities of every read."""
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert set(lines[2::4]) == {"+"}
    return list(zip(lines[::4], lines[1::4], lines[3::4], strict=True))


def library(tmp_path, genome, panel, variants=(), **changes):
    """Write a library, and read it as a table: molecule, strand, one, two, q1, q2."""
    made = {**CLEAN, "seed": 5, "input_ng": 1.0, "read_pairs": 2500, **changes}
    written = write_plasma(tmp_path, PlasmaParameters(panel, variants, **made), genome)
    rows = []
    for one, two in zip(records(written.fq1), records(written.fq2), strict=True):
        assert one[0] == two[0]
        _, serial, molecule, strand = one[0].split(":")
        assert int(serial) == len(rows) + 1
        rows.append((int(molecule), strand, one[1], two[1], one[2], two[2]))
    columns = ["molecule", "strand", "one", "two", "q1", "q2"]
    return written, pd.DataFrame(rows, columns=columns)


def on_reference(written, reads, genome, prefix=13):
    """Differences from the reference: molecule, strand, mate, cycle, reference base, base read.

    Reads are laid where the truth says, and turned so that bases are of the upper strand.
    """
    truth = written.molecules.set_index("molecule")
    length = written.parameters.read_length - prefix
    rows = []
    for row in reads.itertuples():
        place = truth.loc[row.molecule]
        text = genome.text(place["chrom"], place["start"], place["end"])
        for mate, read in ((1, row.one), (2, row.two)):
            turned = (row.strand == "T") != (mate == 1)
            expected = (back(text) if turned else text)[:length]
            seen = read[prefix : prefix + len(expected)]
            if seen == expected:
                continue
            for k, (a, b) in enumerate(zip(expected, seen, strict=True)):
                if a != b:
                    pair = (back(a), back(b)) if turned else (a, b)
                    rows.append((row.molecule, row.strand, mate, k, *pair))
    return pd.DataFrame(rows, columns=["molecule", "strand", "mate", "cycle", "ref", "alt"])
