"""Reads of amplicons from simulated single cells: alleles, those that dropped out, and errors.

Every copy of an amplicon in a cell is kept or lost for itself, and one that is kept is amplified by
chance: a site with two alleles then shows both, one of them, or neither, in shares far from a half.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from liquidbiopsy.simulate.genome import CODES
from liquidbiopsy.simulate.single_cells_panel import CHANGES, Panel
from liquidbiopsy.simulate.single_cells_parameters import Cell, CellParameters, genomes_of
from liquidbiopsy.simulate.whole_genome_builds import CONTIGS
from liquidbiopsy.simulate.whole_genome_segments import Segments

READS, EVENNESS = 63, 64  # streams of the seed
FEW = 0.05  # of the usual depth, in a cell that failed for want of reads
EARLY_SHARE = (0.25, 0.5)  # of a copy's reads, where its first copy was wrong

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Mutation:
    """A somatic change at a hotspot."""

    name: str
    """A key of `single_cells_panel.CHANGES`."""
    clones: tuple[int, ...]
    """Those that have it, by index: all of them where it is in the trunk."""
    side: int = 0
    """The parent's chromosome that it lies on."""
    early: bool = True
    """Whether all copies of that chromosome have it, or one alone."""

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated."""
        if self.name not in CHANGES:
            raise ValueError(f"{self.name!r} is no change, must be one of {', '.join(CHANGES)}")


@dataclass(frozen=True)
class AmpliconParameters:
    """A specimen's cells, read at amplicons."""

    specimen: CellParameters
    panel: Panel
    mutations: tuple[Mutation, ...] = ()
    depth: float = 60.0
    """Mean reads of an amplicon if all copies of a cell were kept."""
    depth_spread: float = 0.3
    """Standard deviation of its logarithm among amplicons, the same in all cells."""
    error: float = 0.002
    """Bases that are read wrongly."""
    early_error: float = 2e-6
    """Bases of a copy that are copied wrongly at first, so that many of its reads show it."""


@dataclass(frozen=True)
class CellReads:
    """Reads of a cell, by amplicon; arrays of shape (reads,) unless said otherwise."""

    amplicon: Whole
    codes: NDArray[np.uint8]
    """Bases as they were read, shape (reads, length of an amplicon)."""
    table: pd.DataFrame
    """One row a site: see `allele_tables`."""


@dataclass(frozen=True)
class _Copies:
    """Copies of amplicons in a cell's genomes, and what each site has on them."""

    amplicon: Whole
    foreign: NDArray[np.bool_]
    site: Whole
    """Of each pair of a site and a copy of its amplicon."""
    copy: Whole
    alt: NDArray[np.bool_]
    """Whether that copy has the other allele."""


def read_cell(p: AmpliconParameters, cell: Cell, number: int) -> CellReads:
    """Read a cell's amplicons; equal parameters give equal reads.

    Parameters
    ----------
    p : AmpliconParameters
        What to simulate.
    cell : Cell
        Which, and `number` its place in the specimen, from 0.
    """
    return _read(p, cell, number, _copies(p, cell, genomes_of(p.specimen, p.panel.build)))


def allele_tables(p: AmpliconParameters, cells: Sequence[Cell]) -> pd.DataFrame:
    """One row a cell and site: what was read, and what was there.

    Columns are cell_id, site, chrom, pos (from 1), ref, alt, ref_count, alt_count, other_count;
    and the truth: ref_copies and alt_copies in the cell, ref_kept and alt_kept of them.
    """
    found = genomes_of(p.specimen, p.panel.build)
    known: dict[tuple[tuple[int, ...], bool], _Copies] = {}
    tables = []
    for number, cell in enumerate(cells):
        alike = (cell.genomes, cell.contamination > 0)
        if alike not in known:
            known[alike] = _copies(p, cell, found)
        tables.append(_read(p, cell, number, known[alike]).table)
    return pd.concat(tables, ignore_index=True)


def _read(p: AmpliconParameters, cell: Cell, number: int, copies: _Copies) -> CellReads:
    rng = np.random.default_rng((p.specimen.seed, READS, number))
    n, length = len(copies.amplicon), p.panel.bases.shape[1]
    kept = (rng.random(n) >= cell.dropout) | copies.foreign
    # Log-normal: what is kept is seen, if it is read deep enough.
    spread = np.log1p(cell.noise**2 * p.specimen.kind.amplicon_spread)
    yields = np.exp(np.sqrt(spread) * rng.standard_normal(n) - spread / 2)
    part = np.where(copies.foreign, cell.contamination, 1 - cell.contamination)
    part = part / np.where(copies.foreign, 2, 2 * len(cell.genomes))
    depth = p.depth * (FEW if cell.failed == "few_reads" else 1.0)
    mean = depth * _evenness(p)[copies.amplicon] * part * kept * yields
    source = np.repeat(np.arange(n), rng.poisson(mean))
    amplicon = copies.amplicon[source]
    codes = p.panel.bases[amplicon]
    for site, copy in zip(copies.site[copies.alt], copies.copy[copies.alt], strict=True):
        low, high = np.searchsorted(source, [copy, copy + 1])
        codes[low:high, p.panel.offset[site]] = CODES[ord(p.panel.sites[site].alt)]
    for _ in range(rng.poisson(n * length * p.early_error)):
        own = np.flatnonzero(source == rng.integers(n))
        own = own[rng.random(len(own)) < rng.uniform(*EARLY_SHARE)]
        codes[own, rng.integers(length)] ^= rng.integers(1, 4, dtype=np.uint8)
    wrong = rng.integers(0, max(codes.size, 1), rng.poisson(codes.size * p.error))
    if codes.size:
        codes.ravel()[wrong] ^= rng.integers(1, 4, len(wrong), np.uint8)
    return CellReads(amplicon, codes, _table(p, cell, copies, kept, amplicon, codes))


def _evenness(p: AmpliconParameters) -> NDArray[np.float64]:
    """How well each amplicon is read, about 1."""
    rng = np.random.default_rng((p.specimen.run, EVENNESS))
    return np.exp(p.depth_spread * rng.standard_normal(len(p.panel.start)))


def _copies(p: AmpliconParameters, cell: Cell, genomes: Segments) -> _Copies:
    """All copies of all amplicons, in the amplicons' order."""
    panel, changed = p.panel, {mutation.name: mutation for mutation in p.mutations}
    sites_of = [np.flatnonzero(panel.amplicon == k) for k in range(len(panel.start))]
    amplicons: list[int] = []
    foreign: list[bool] = []
    pairs: list[tuple[int, int, bool]] = []
    for k, (contig, start) in enumerate(zip(panel.contig, panel.start, strict=True)):
        here = (genomes.contig == contig) & (genomes.start <= start) & (genomes.end > start)
        segment = int(np.flatnonzero(here)[0])
        own = [
            (g % len(genomes.copies), side, ordinal)
            for g in cell.genomes
            for side in (0, 1)
            for ordinal in range(int(genomes.copies[g, side, segment]))
        ]
        others = [(-1, side, 0) for side in (0, 1) if cell.contamination]
        for genome, side, ordinal in own + others:
            for s in sites_of[k]:
                site = panel.sites[s]
                alt = bool((site.germline if genome >= 0 else site.foreign)[side])
                found = changed.get(site.name)
                if found is not None and genome in found.clones and side == found.side:
                    alt = alt or found.early or ordinal == 0
                pairs.append((int(s), len(amplicons), alt))
            amplicons.append(k)
            foreign.append(genome < 0)
    site_copy = np.array([pair[:2] for pair in pairs], np.int64).reshape(-1, 2)
    alts = np.array([pair[2] for pair in pairs], bool)
    return _Copies(
        np.array(amplicons, np.int64), np.array(foreign, bool), site_copy[:, 0], site_copy[:, 1],
        alts,
    )  # fmt: skip


def _table(
    p: AmpliconParameters,
    cell: Cell,
    copies: _Copies,
    kept: NDArray[np.bool_],
    amplicon: Whole,
    codes: NDArray[np.uint8],
) -> pd.DataFrame:
    panel, n = p.panel, len(p.panel.sites)
    counts = np.zeros((n, 3), np.int64)
    for s, site in enumerate(panel.sites):
        low, high = np.searchsorted(amplicon, [panel.amplicon[s], panel.amplicon[s] + 1])
        seen = codes[low:high, panel.offset[s]]
        ref, alt = (int((seen == CODES[ord(base)]).sum()) for base in (site.ref, site.alt))
        counts[s] = ref, alt, len(seen) - ref - alt
    own = ~copies.foreign[copies.copy]
    there = {
        f"{name}_{what}": np.bincount(copies.site[own & which & part], minlength=n)
        for what, part in (("copies", own), ("kept", kept[copies.copy]))
        for name, which in (("ref", ~copies.alt), ("alt", copies.alt))
    }
    place = {
        "cell_id": cell.cell_id, "site": [site.name for site in panel.sites],
        "chrom": np.asarray(CONTIGS)[panel.contig[panel.amplicon]],
        "pos": [site.pos for site in panel.sites], "ref": [site.ref for site in panel.sites],
        "alt": [site.alt for site in panel.sites],
    }  # fmt: skip
    read = dict(zip(("ref_count", "alt_count", "other_count"), counts.T, strict=True))
    return pd.DataFrame(place | read | there)
