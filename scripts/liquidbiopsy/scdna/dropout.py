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
from scipy.special import logsumexp

from liquidbiopsy.scdna.allele_sites import (
    BASES,
    HETEROZYGOUS,
    OTHER,
    REFERENCE,
    SNP,
    Alleles,
    Regions,
)
from liquidbiopsy.scdna.genotypes import BALANCE, log_beta_binomial, log_error

FREQUENCY = 0.3  # of the other allele among people, where the VCF does not say
FOREIGN = np.concatenate([[0.0], np.geomspace(1e-3, 0.8, 200)])
SHARES = np.linspace(0, 1, 201)
DROP = 1.92  # of the logarithm of the likelihood, at the ends of a 95 % interval
FEWEST = 5  # homozygous sites with reads by which foreign DNA is told
CLEAR = 0.9  # share of pooled normal reads from which a genotype is homozygous
BALANCED = (0.2, 0.8)
WORN = 12.0  # reads by which a share is known: those of one amplified molecule are no witnesses


@dataclass(frozen=True)
class Snps:
    """What a cell shows at SNPs of known genotype; arrays of shape (n,)."""

    own: npt.NDArray[np.int64]
    """Reads with the allele of the reference; at homozygous sites with the patient's own."""
    other: npt.NDArray[np.int64]
    frequency: npt.NDArray[np.float64]
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


def dropout_of(snps: Snps, settings: Mapping[str, Any]) -> dict[str, float | None]:
    """Share of heterozygous sites of which one allele is lost: maximum likelihood, its interval.

    A site that was read a few times may show one allele by chance; so each is weighed as one of
    which an allele is lost, and as one that amplification left in shares of its own.

    Parameters
    ----------
    snps : Snps
    settings : dict
        `error`: share of reads with a wrong base.
    """
    names = ("dropout", "dropout_low", "dropout_high")
    both = snps.own + snps.other
    at = snps.heterozygous & (both > 1)
    if not at.any():
        return dict.fromkeys(names)
    own, n = snps.own[at], both[at]
    wrong = [log_error(k, n, settings["error"]) for k in (own, n - own)]
    lost = np.logaddexp(*wrong) - np.log(2)
    kept = log_beta_binomial(own, n, BALANCE, BALANCE)
    with np.errstate(divide="ignore"):
        nats = np.logaddexp(np.log(SHARES)[:, None] + lost, np.log1p(-SHARES)[:, None] + kept)
    return dict(zip(names, _best(SHARES, nats.sum(axis=1)), strict=True))


def foreign_of(snps: Snps, dropout: float, settings: Mapping[str, Any]) -> dict[str, float | None]:
    """Share of a cell's DNA that is another person's: maximum likelihood, with its interval.

    At each homozygous site the other person has none, one or two of the other allele, as often as
    its frequency says, and amplification may have lost one or both of the cell's own.

    Parameters
    ----------
    snps : Snps
    dropout : float
        Share of sites of which the cell has lost one allele, 0 to 1.
    settings : dict
        `error`: share of reads with a wrong base.
    """
    names = ("contamination", "contamination_low", "contamination_high")
    both = snps.own + snps.other
    at = ~snps.heterozygous & (both > 0)
    if at.sum() < FEWEST:
        return dict.fromkeys(names)
    n, k = both[at], snps.other[at]
    p = np.clip(snps.frequency[at], 0.01, 0.99)
    gone = dropout / (2 - dropout)  # of one allele
    kept = np.array([gone**2, 2 * gone * (1 - gone), (1 - gone) ** 2])
    dose = np.stack([(1 - p) ** 2, 2 * p * (1 - p), p**2])
    error, total = settings["error"], []
    for alleles, chance in enumerate(kept):
        own = (1 - FOREIGN) * alleles / 2
        there = FOREIGN / np.maximum(FOREIGN + own, 1e-12)
        for copies in range(3):
            share = there * copies / 2 * (1 - 2 * error) + error
            seen = log_beta_binomial(k, n, share[:, None] * WORN, (1 - share[:, None]) * WORN)
            with np.errstate(divide="ignore"):
                total.append(seen + np.log(dose[copies]) + np.log(chance))
    nats = logsumexp(np.stack(total), axis=0).sum(axis=1)
    return dict(zip(names, _best(FOREIGN, nats), strict=True))


def _best(grid: npt.NDArray[np.float64], nats: npt.NDArray[np.float64]) -> tuple[float, ...]:
    """Where the likelihood is highest, and where its 95 % interval begins and ends."""
    best = int(nats.argmax())
    inside = np.flatnonzero(nats >= nats[best] - DROP)
    return tuple(float(grid[k]) for k in (best, int(inside[0]), int(inside[-1])))
