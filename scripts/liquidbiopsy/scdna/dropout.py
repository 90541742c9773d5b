"""Alleles that amplification lost, and DNA that is another's, by the patient's SNPs.

Of a heterozygous site that was read well enough both alleles should be seen; a site at which one is
missing has lost it. Of a homozygous site no other allele should be seen; what is seen beyond errors
of reading is foreign.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.scdna.allele_sites import (
    BASES,
    HETEROZYGOUS,
    OTHER,
    REFERENCE,
    SNP,
    Alleles,
    Regions,
)
from liquidbiopsy.scdna.genotypes import BALANCE, SPREAD, Values, log_beta_binomial

FREQUENCY = 0.3  # of the other allele among people, where the VCF does not say
FOREIGN = np.concatenate([[0.0], np.geomspace(1e-3, 0.8, 200)])
SHARES = np.linspace(0, 1, 101)
TINY = 1e-300
NAMES = ("dropout", "contamination")
DROP = 1.92  # of the logarithm of the likelihood, at the ends of a 95 % interval
FEWEST = 5  # homozygous sites with reads by which foreign DNA is told
CLEAR = 0.9  # share of pooled normal reads from which a genotype is homozygous
BALANCED = (0.2, 0.8)


@dataclass(frozen=True)
class Snps:
    """What a cell shows at SNPs of known genotype; arrays of shape (n,)."""

    own: npt.NDArray[np.int64]
    """Reads with the allele of the reference; at homozygous sites with the patient's own."""
    other: npt.NDArray[np.int64]
    frequency: Values
    """Of the other allele among people."""
    heterozygous: npt.NDArray[np.bool_]


def genotyped(cells: Mapping[str, Alleles], normal: Iterable[str]) -> dict[tuple[str, int], str]:
    """Genotype of each SNP: as the VCF has it, else by the reads of normal cells together."""
    known: dict[tuple[str, int], str] = {}
    pooled: dict[tuple[str, int], npt.NDArray[np.int64]] = {}
    own = set(normal)
    for name, alleles in cells.items():
        for site, counts in zip(alleles.sites, alleles.counts, strict=True):
            if site.kind != SNP:
                continue
            place = (site.chrom, site.pos)
            if site.genotype:
                known[place] = site.genotype
            elif name in own:
                both = counts[[BASES.index(site.ref), BASES.index(site.alt)]]
                pooled[place] = pooled.get(place, np.zeros(2, np.int64)) + both
    for place, (ref, alt) in pooled.items():
        share = alt / max(ref + alt, 1)
        if place in known or ref + alt < FEWEST:
            continue
        if BALANCED[0] <= share <= BALANCED[1]:
            known[place] = HETEROZYGOUS
        elif ref + alt >= 2 * FEWEST and max(share, 1 - share) >= CLEAR:
            known[place] = OTHER if share > 0.5 else REFERENCE
    return known


def snps_of(alleles: Alleles, known: Mapping[tuple[str, int], str], single: Regions = ()) -> Snps:
    """A cell's SNPs whose genotype is known; no heterozygous ones in regions of a single copy."""
    rows = []
    for site, counts in zip(alleles.sites, alleles.counts, strict=True):
        genotype = known.get((site.chrom, site.pos)) if site.kind == SNP else None
        alone = genotype == HETEROZYGOUS and any(
            chrom == site.chrom and start <= site.pos < end for chrom, start, end in single
        )
        if genotype is None or alone:
            continue
        turned = genotype == OTHER
        ref, alt = (int(counts[BASES.index(base)]) for base in (site.ref, site.alt))
        frequency = FREQUENCY if site.frequency is None else site.frequency
        both = (alt, ref, 1 - frequency) if turned else (ref, alt, frequency)
        rows.append((*both, genotype == HETEROZYGOUS))
    table = np.array(rows, np.float64).reshape(-1, 4)
    own, other = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    return Snps(own, other, table[:, 2], table[:, 3] > 0)


def lost_of(snps: Snps, dropout: float, settings: Mapping[str, Any]) -> dict[str, float | None]:
    """Drop-out and foreign DNA of a cell together: maximum likelihood, with their intervals.

    They are looked for together, because foreign DNA hides that an allele was lost, and an allele
    that was lost leaves more reads to the foreign DNA. A site that was read a few times may show
    one allele by chance; so each is weighed as one of which both alleles are left, one or none. The
    other person has none, one or two of the other allele, as often as its frequency says.

    Parameters
    ----------
    snps : Snps
    dropout : float
        Share of sites of which an allele is lost, 0 to 1, for a cell whose own sites do not tell.
    settings : dict
        `error`: share of reads with a wrong base.

    Returns
    -------
    dict
        `dropout`, the share of heterozygous sites of which one allele is lost, and
        `contamination`, each with `_low` and `_high`; None where too few sites tell.
    """
    both = snps.own + snps.other
    usable = np.where(snps.heterozygous, both > 1, both > 0)
    two = bool((usable & snps.heterozygous).any())
    one = int((usable & ~snps.heterozygous).sum()) >= FEWEST
    shares = SHARES if two else np.array([dropout])
    foreign = FOREIGN if one else FOREIGN[:1]
    nats = np.zeros((foreign.size, shares.size))
    for heterozygous in (True, False) if two or one else ():
        at = usable & (snps.heterozygous == heterozygous)
        if at.any() and (heterozygous or one):
            nats += _weighed(snps, at, heterozygous, foreign, shares, settings["error"])
    unknown: tuple[float | None, ...] = (None, None, None)
    told = [
        _best(shares, nats.max(axis=0)) if two else unknown,
        _best(foreign, nats.max(axis=1)) if one else unknown,
    ]
    names = [f"{name}{end}" for name in NAMES for end in ("", "_low", "_high")]
    return dict(zip(names, (value for row in told for value in row), strict=True))


def _weighed(
    snps: Snps,
    at: npt.NDArray[np.bool_],
    heterozygous: bool,
    foreign: Values,
    shares: Values,
    error: float,
) -> Values:
    """Logarithm of the likelihood of some sites, shape (shares of foreign DNA, of drop-out)."""
    n, k = (snps.own + snps.other)[at], snps.other[at]
    seen = -np.expm1(-foreign * float(n.mean()))  # that a site none of whose alleles is left is
    p = np.round(np.clip(snps.frequency[at], 0.01, 0.99), 2)
    alike, many = np.unique(np.stack([n, k, p]), axis=1, return_counts=True)
    n, k, p = alike[0], alike[1], alike[2]
    dose = np.stack([(1 - p) ** 2, 2 * p * (1 - p), p**2])
    states = [(1, 1), (1, 0), (0, 1), (0, 0)] if heterozygous else [(2, 0), (1, 0), (0, 0)]
    likely = np.zeros((len(states), foreign.size, n.size))
    for state, (ours, others) in enumerate(states):
        for copies in range(3):
            beta = _amplified(foreign[:, None], copies, (ours, others), error)
            likely[state] += dose[copies] * np.exp(log_beta_binomial(k, n, *beta))
    gone = shares / (2 - shares)  # of one allele
    found = np.empty((foreign.size, shares.size))
    for j, g in enumerate(gone):
        one = g * (1 - g)
        chance = np.array([(1 - g) ** 2, *([one, one] if heterozygous else [2 * one])])
        none = g**2 * seen[:, None]
        total = np.tensordot(chance, likely[:-1], axes=1) + none * likely[-1]
        total /= chance.sum() + none + TINY
        found[:, j] = np.log(np.maximum(total, TINY)) @ many
    return found


def _amplified(
    foreign: Values, copies: int, own: tuple[int, int], error: float
) -> tuple[Values, Values]:
    """Beta distribution of the share of reads with the other allele, after amplification.

    Every copy is amplified by a factor of its own, Gamma(`BALANCE`), so that the two of a
    heterozygous site have shares of Beta(`BALANCE`, `BALANCE`). Of unequal ones the spread is that
    of the logarithm of their ratio.

    Parameters
    ----------
    foreign : array of float
        Share of the DNA that is foreign, 0 to 1.
    copies : int
        How many of the foreign two have the other allele.
    own : tuple of int
        How many of the cell's own have the one allele, and the other.
    error : float
        Share of reads with a wrong base.
    """
    ours, theirs = (1 - foreign) / 2, foreign / 2
    level, uneven = [], np.zeros_like(foreign)
    for mine, others in ((own[1], copies), (own[0], 2 - copies)):
        level.append(ours * mine + theirs * others)
        uneven = uneven + (ours**2 * mine + theirs**2 * others) / np.maximum(level[-1] ** 2, TINY)
    share = level[0] / np.maximum(level[0] + level[1], TINY)
    known = BALANCE / np.maximum(share * (1 - share) * uneven, TINY)
    known = np.minimum(known, SPREAD)  # where there is one allele alone: errors of reading
    share = share * (1 - 2 * error) + error
    return share * known, (1 - share) * known


def _best(grid: Values, nats: Values) -> tuple[float, ...]:
    """Where the likelihood is highest, and where its 95 % interval begins and ends."""
    best = int(nats.argmax())
    inside = np.flatnonzero(nats >= nats[best] - DROP)
    return tuple(float(grid[k]) for k in (best, int(inside[0]), int(inside[-1])))
