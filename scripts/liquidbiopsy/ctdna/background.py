"""How often a molecule differs by error: by kind of change, class of molecule, nearness to an end.

From the reads of other people where there are any (a panel of normals), else from the sample's own
sites without a variant. Rates of kinds are drawn to those of all changes of the same bases, and
these to the mean of their class; how far sites differ around them makes the beta-binomial of each
stratum. Of a panel of normals the counts at the very
site are added to that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from liquidbiopsy.ctdna.background_counts import (
    CLASS_COUNT,
    Counts,
    Found,
    expected_of,
    gaps_expected,
    gaps_of,
    substitutions_of,
)
from liquidbiopsy.ctdna.background_fit import Rates, Values, fitted_rates, fitted_shape
from liquidbiopsy.ctdna.consensus_reads import DUPLEX
from liquidbiopsy.ctdna.contexts import BASES, CHANGES, INDEL_KINDS, TRACT_NAMES, Kinds, complement
from liquidbiopsy.ctdna.pileup import Pile

BEFORE = (3e-4, 1e-4, 3e-5, 1e-6)
"""Rate of a substitution that is expected of each class before anything is seen."""
BEFORE_GAP = (1e-4, 3e-5, 1e-5, 1e-6)
FEW_BASES = 10_000  # of a class in the normals: with fewer the sample's own are looked at
NORMALS, SAMPLE = "normals", "sample"
_CHANGE, _INDEL = np.arange(CHANGES), np.arange(INDEL_KINDS)
GROUPS = ((_CHANGE >> 4 & 3) * len(BASES) + (_CHANGE & 3), _INDEL % len(TRACT_NAMES))
"""Kinds whose rates are drawn together: changes of the same bases, indels beside like repeats."""
ONE_OF_TWO = np.isin(_CHANGE >> 4 & 3, (BASES.index("C"), BASES.index("T")))
"""One of each change and its complement, which are one kind of duplex molecules."""


@dataclass(frozen=True)
class Background:
    """Error rates of a library; arrays of shape (kinds, 4 classes, 2 nearness to an end).

    Kinds are the 256 changes of `contexts`, by the strand that a molecule was read from, and behind
    them the 20 kinds of insertions and deletions.
    """

    kinds: tuple[Rates, Rates]
    """Rates of substitutions, and of gaps, by class and nearness to an end."""
    spread: Values
    """Shape (2, 4, 2), of substitutions and of gaps: squared coefficient of variation of the rates
    of sites of one kind."""
    source: npt.NDArray[np.str_]
    """Shape (2, 4, 2), of substitutions and of gaps: `normals` or `sample`."""

    @property
    def errors(self) -> Values:
        """Errors seen."""
        return np.concatenate([k.errors for k in self.kinds])

    @property
    def bases(self) -> Values:
        """Bases looked at."""
        return np.concatenate([k.bases for k in self.kinds])

    @property
    def shared(self) -> tuple[float, float]:
        """Squared coefficient of variation of the factor of a site, of substitutions and of gaps.

        All classes of molecules share as much of their unevenness as that of them has which is the
        most even.
        """
        return float(self.spread[0].min()), float(self.spread[1].min())

    @property
    def rate(self) -> Values:
        """Rates, each drawn towards those of its group and its class."""
        return np.concatenate([k.of(np.arange(k.group.size))[0] for k in self.kinds])

    def strata(
        self,
        changes: npt.ArrayLike,
        less: npt.ArrayLike = 0,
        fewer: npt.ArrayLike = 0,
        whole: bool = False,
    ) -> tuple[Values, Values]:
        """Rate and dispersion of substitutions, by stratum.

        Parameters
        ----------
        changes : array of int, shape (n,)
            By the strand of the reference.
        less, fewer : array of int, shape (n, 4, 2, 2)
            Errors and molecules of the site itself among those that were counted: a site is held
            against the errors of others.
        whole : bool
            Whether the factor that all classes share is in the dispersion too: what normals have
            at the very site can then say how large it is there.

        Returns
        -------
        rate, dispersion : array of float, shape (n, 4, 2, 2)
            By class, strand and nearness to an end. The second is the squared coefficient of
            variation of the site's rate, what is not known of the rate of its kind included, but
            for the factor that all classes share, unless `whole`.
        """
        own = np.stack([np.asarray(changes), complement(changes)], axis=1)
        return self._strata(own, 0, np.asarray(less), np.asarray(fewer), whole)

    def gap_strata(
        self,
        kinds: npt.ArrayLike,
        less: npt.ArrayLike = 0,
        fewer: npt.ArrayLike = 0,
        whole: bool = False,
    ) -> tuple[Values, Values]:
        """The same of insertions and deletions, by their kinds."""
        own = np.repeat(np.asarray(kinds)[:, None], 2, axis=1)
        return self._strata(own, 1, np.asarray(less), np.asarray(fewer), whole)

    def _strata(
        self, own: Kinds, gap: int, less: npt.NDArray[Any], fewer: npt.NDArray[Any], whole: bool
    ) -> tuple[Values, Values]:
        shape = (len(own), CLASS_COUNT, 2, 2)
        counted = self.source[gap][:, None, :] == SAMPLE  # normals do not hold the site itself
        less, fewer = (np.where(counted, np.broadcast_to(v, shape), 0.0) for v in (less, fewer))
        for array in (less, fewer):
            together = slice(DUPLEX, DUPLEX + 1) if gap == 0 else slice(None)
            array[:, together] = array[:, together].sum(axis=2, keepdims=True)
        by_strand = [self.kinds[gap].of(own[:, s], less[:, :, s], fewer[:, :, s]) for s in range(2)]
        rate, uncertainty = (np.stack(v, axis=2) for v in zip(*by_strand, strict=True))
        own = (1 + self.spread[gap]) / (1 if whole else 1 + self.shared[gap])
        return rate, own[:, None] * (1 + uncertainty) - 1


@dataclass(frozen=True)
class LeftOut:
    """What is no error, or may be none, and is left out where errors are counted."""

    sites: npt.NDArray[np.bool_]
    """Shape (sites,): hotspots and known mutations."""
    keys: frozenset[int]
    """Site * 4 + base of substitutions."""
    gaps: frozenset[tuple[str, int, str, str]]

    def more(self, keys: Iterable[int], gaps: Iterable[Any]) -> LeftOut:
        """With further variants left out."""
        return LeftOut(self.sites, self.keys | frozenset(keys), self.gaps | frozenset(gaps))


def estimate(
    own: Counts, normals: Counts | None = None, hidden: Values | None = None
) -> Background:
    """The background of a library.

    Parameters
    ----------
    own : Counts
        Of the library, what may be a variant left out.
    normals : Counts, optional
        Of other people's libraries.
    hidden : array of float, shape (4, 2), optional
        Variants of a single molecule that are expected among the substitutions of `own`.
    """
    unseen = np.zeros((CLASS_COUNT, 2)) if hidden is None else hidden
    spread = np.zeros((2, CLASS_COUNT, 2))
    source = np.full((2, CLASS_COUNT, 2), SAMPLE, dtype="U7")
    fits: tuple[list[Rates], list[Rates]] = ([], [])
    for group, near in np.ndindex(CLASS_COUNT, 2):
        for gap, kinds in enumerate((slice(0, CHANGES), slice(CHANGES, None))):
            seen = own
            if normals is not None and normals.bases[kinds, group, near].sum() >= FEW_BASES:
                seen, source[gap, group, near] = normals, NORMALS
            fit = fitted_rates(
                seen.errors[kinds, group, near], seen.bases[kinds, group, near], GROUPS[gap],
                ONE_OF_TWO if group == DUPLEX and not gap else np.ones(GROUPS[gap].size, bool),
                BEFORE_GAP[group] if gap else BEFORE[group],
                0.0 if gap or seen is not own else float(unseen[group, near]),
            )  # fmt: skip
            sites = gaps_expected if gap else expected_of
            rate, _ = fit.of(np.arange(GROUPS[gap].size))
            counts, expected = sites(seen, rate, group, near)
            spread[gap, group, near] = 1 / fitted_shape(counts, expected, variants=True)
            fits[gap].append(fit)
    return Background((_of_strata(fits[0]), _of_strata(fits[1])), spread, source)


def _of_strata(fits: list[Rates]) -> Rates:
    """Rates of each class and nearness to an end in one."""

    def stacked(name: str) -> Values:
        values = [np.asarray(getattr(fit, name)) for fit in fits]
        return np.stack(values, axis=-1).reshape(*values[0].shape, CLASS_COUNT, 2)

    names = ("errors", "bases", "copies", "before", "shape", "true")
    return Rates(fits[0].group, *map(stacked, names))


def counts_of(piles: list[Pile], left_out: LeftOut | list[LeftOut]) -> Counts:
    """Errors and bases of libraries over the same regions, added up.

    Parameters
    ----------
    piles : list of Pile
        One or more.
    left_out : LeftOut or list of LeftOut
        For all, or for each.
    """
    each = left_out if isinstance(left_out, list) else [left_out] * len(piles)
    errors = np.zeros((CHANGES + INDEL_KINDS, CLASS_COUNT, 2))
    bases = errors.copy()
    sub: list[Found] = []
    gap: list[Found] = []
    for pile, out in zip(piles, each, strict=True):
        for part, kinds, found in (
            (sub, slice(0, CHANGES), substitutions_of(pile, out)),
            (gap, slice(CHANGES, None), gaps_of(pile, out)),
        ):
            errors[kinds] += found.errors
            bases[kinds] += found.bases
            part.append(found)
    for array in (errors, bases):  # of duplex molecules a change and its complement are one
        both = complement(np.arange(CHANGES))
        array[:CHANGES, DUPLEX] += array[both, DUPLEX]
    return Counts(errors, bases, tuple(sub), tuple(gap))
