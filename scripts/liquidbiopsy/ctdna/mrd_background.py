"""Error rates that mutated molecules are held against: from the table of errors, or the sample.

A rate is known only as well as the errors it was counted from allow. Each is a gamma distribution,
whose shape says how many errors it stands on; rates of one `stratum` are off by the same factor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.ctdna.consensus_reads import CLASSES
from liquidbiopsy.ctdna.contexts import BASES, change_name, change_number, complement, indel_kind
from liquidbiopsy.ctdna.contexts import indel_name as name_of_indel
from liquidbiopsy.ctdna.mrd_sites import Sites
from liquidbiopsy.ctdna.mrd_targets import Target
from liquidbiopsy.ctdna.mutations import Genome

FLOOR = 1e-7  # no rate is taken to be lower
CORRELATED = 1e-2  # share of one base's errors that hit a base beside it too
SCARCE = 50  # errors of a class under which its kinds of change are not told apart
PRIOR = 3.0  # errors that the rate of the class counts for in that of a kind
JEFFREYS = 0.5
MIN_DEPTH = 20  # molecules at a site, for its errors to count
EVEN = 1e6
"""Gamma shape of the rates of sites where all are alike."""
UNEVEN = (0.3, EVEN)

Reals = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Errors:
    """What is known of errors of one kind in molecules of one class."""

    errors: float
    bases: float
    rate: float
    evenness: float = EVEN
    """Gamma shape of the rate over sites."""


@dataclass(frozen=True)
class Rate:
    """Error rate of one mutation in molecules of one class."""

    rate: float
    stratum: str
    certainty: float
    """Gamma shape of what is known of it: about the errors it was counted from."""
    evenness: float


@dataclass
class Background:
    """Error rates of one library."""

    source: str
    kinds: dict[tuple[int, str], Errors]
    """(class, kind) -> errors: kinds are `ACA>T`, `C>T` and `del1:4-5`, both strands in one."""
    classes: dict[int, Errors] = field(default_factory=dict)
    """Class -> errors of all its substitutions."""

    def rate_of(self, target: Target, cls: int, genome: Genome) -> Rate:
        """Rate at which molecules of a class look mutated there without being so."""
        if target.is_indel:
            return self._of_kind(cls, self._indel(target), "indel")
        rates = [self._of_kind(cls, kind, "") for kind in _changes(target, genome)]
        least = min(rates, key=lambda r: r.rate)
        if len(rates) == 1:
            return least
        rate = max(least.rate * CORRELATED, FLOOR)
        return Rate(rate, least.stratum, least.certainty, least.evenness)

    def _indel(self, target: Target) -> str:
        wild, mutated = len(target.wild), len(target.mutated)
        tract = max(wild - 2, 1)
        return name_of_indel(indel_kind(max(mutated - wild, 0), max(wild - mutated, 0), tract))

    def _of_kind(self, cls: int, kind: str, fallback: str) -> Rate:
        """Rate of a kind, or of the next wider one that is known."""
        near = self._nearest(cls)
        whole = self.classes[near]
        wider = _plain(f"{kind[1]}{kind[3:]}") if len(kind) == 5 else fallback
        for name in (kind, wider):
            known = self.kinds.get((near, name))
            if known and known.bases:
                break
        else:
            known = whole
            name = ""
        if whole.errors < SCARCE and not fallback:
            stratum, certainty = CLASSES[near], whole.errors + JEFFREYS
        else:
            stratum = f"{CLASSES[near]} {name}"
            certainty = known.errors + min(PRIOR, whole.errors + JEFFREYS)
        return Rate(max(known.rate, FLOOR), stratum, certainty, known.evenness)

    def _nearest(self, cls: int) -> int:
        """The class itself, else the next one that is read less often, else any."""
        known = sorted(c for c, e in self.classes.items() if e.bases)
        lower = [c for c in known if c <= cls]
        return lower[-1] if lower else known[0]

    @property
    def known(self) -> bool:
        """Whether there is any base to know errors from."""
        return any(e.bases for e in self.classes.values())


def _changes(target: Target, genome: Genome) -> list[str]:
    """Kinds of the changed bases, with their neighbours where these are known."""
    low, high = max(target.start - 1, 0), min(target.end + 1, genome.contigs[target.mutation.chrom])
    around = genome.fetch(target.mutation.chrom, low, high).rjust(len(target.wild) + 2, "N")
    found = []
    for at, (ref, alt) in enumerate(zip(target.wild, target.mutated, strict=True)):
        if ref != alt:
            context = around[at] + ref + around[at + 2 : at + 3]
            full = len(context) == 3 and all(base in BASES for base in context)
            found.append(_folded(f"{context}>{alt}") if full else _plain(f"{ref}>{alt}"))
    return found


def _folded(change: str) -> str:
    """The name of a change that has C or T in its middle: of both strands one."""
    if change[1] in "CT":
        return change
    return change_name(int(complement(change_number(change))))


def _plain(change: str) -> str:
    """`G>A` as `C>T`."""
    if change[0] in "CT":
        return change
    flip = dict(zip(BASES, BASES[::-1], strict=True))
    return f"{flip[change[0]]}>{flip[change[2]]}"


def from_table(rows: Sequence[Mapping[str, Any]]) -> Background:
    """Rates from a library's rows of the table of errors.

    Both strands and the places near and far from ends are taken together, each by its bases.
    """
    sums: dict[tuple[int, str], Reals] = {}
    wholes: dict[int, Reals] = {}
    for row in rows:
        cls, change = CLASSES.index(row["molecules_class"]), row["change"]
        rate, rho, bases = row["rate"] or 0.0, row["dispersion"] or 0.0, row["bases"]
        variance = rho * rate / (1 - rho) if rho < 1 else rate  # of the rate over sites
        part = np.array([row["errors"], bases, bases * rate, bases * variance])
        substitution = ":" not in change
        names = (_folded(change), _plain(f"{change[1]}{change[3:]}")) if substitution else (change,)
        for name in names:
            sums[cls, name] = sums.get((cls, name), np.zeros(4)) + part
        if substitution:
            wholes[cls] = wholes.get(cls, np.zeros(4)) + part
    kinds = {key: _errors(*found) for key, found in sums.items()}
    return Background("table", kinds, {cls: _errors(*found) for cls, found in wholes.items()})


def _errors(errors: float, bases: float, weighted: float, variance: float) -> Errors:
    if not bases:
        return Errors(errors, bases, 0.0)
    rate = float(weighted / bases)
    evenness = rate**2 / (variance / bases) if variance else EVEN
    return Errors(float(errors), float(bases), rate, float(np.clip(evenness, *UNEVEN)))


def from_sites(sites: Sites, max_vaf: float) -> Background:
    """Rates from the sample's own bases around its mutations.

    Parameters
    ----------
    sites : Sites
        Molecules by base; the commonest of a site is its true one.
    max_vaf : float
        A site where another base has more than this share is a variant, and left out.
    """
    every = sites.bases.sum(axis=1)
    depth = every.sum(axis=1)
    true = every.argmax(axis=1)
    others = every.copy()
    others[np.arange(len(true)), true] = 0
    used = (depth >= MIN_DEPTH) & (others.max(axis=1, initial=0) <= max_vaf * depth)
    bases, true = sites.bases[used], true[used]
    evenness = _evenness(others[used].sum(axis=1), bases, true)
    kinds: dict[tuple[int, str], Errors] = {}
    classes: dict[int, Errors] = {}
    for cls in range(len(CLASSES)):
        found: dict[str, list[float]] = {}
        for r, ref in enumerate(BASES):
            there = bases[true == r, cls].sum(axis=0)
            for a, alt in enumerate(BASES):
                if a != r:
                    sums = found.setdefault(_plain(f"{ref}>{alt}"), [0.0, 0.0])
                    sums[0] += there[a]
                    sums[1] += there.sum()
        errors, total = (sum(s[k] for s in found.values()) for k in (0, 1))
        rate = (errors + JEFFREYS) / max(total, 1.0)
        classes[cls] = Errors(errors, total, rate, evenness)
        if errors >= SCARCE:
            for name, (x, n) in found.items():
                drawn = (x + PRIOR) / (n + PRIOR / rate)
                kinds[cls, name] = Errors(x, n, drawn, evenness)
        gaps, aligned = float(sites.indels[cls]), float(sites.aligned[cls])
        kinds[cls, "indel"] = Errors(gaps, aligned, (gaps + JEFFREYS) / max(aligned, 1.0))
    return Background("sample", kinds, classes)


def _evenness(errors: npt.NDArray[np.int64], bases: npt.NDArray[np.int64], true: Any) -> float:
    """Gamma shape of the rates of sites, by the variance of their errors; 2 where too few."""
    if errors.sum() < 10:
        return 2.0
    depth = bases.sum(axis=2)  # (sites, classes)
    right = np.take_along_axis(bases, true[:, None, None], axis=2)[:, :, 0]
    rates = (depth - right).sum(axis=0) / np.maximum(depth.sum(axis=0), 1)
    expected = depth @ rates
    excess = ((errors - expected) ** 2 - expected).sum()
    return float(np.clip((expected**2).sum() / max(excess, 1e-9), *UNEVEN))
