"""An insertion or deletion with substitutions beside it, on the same molecules: one allele.

An aligner shows `AGG>T` as a deletion of two bases and a substitution next to it, or in any other
way that spells the same bases. What lies within a few bases of where the gap may be shifted to is
spelled out with it, trimmed of what reference and molecule share, and is one allele where those
molecules that have any part of it mostly have all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numba as nb
import numpy as np

from liquidbiopsy.ctdna.contexts import NONE, Codes, spelled
from liquidbiopsy.ctdna.pileup_kernel import LONGEST_RUN
from liquidbiopsy.ctdna.pileup_reads import Ints, Reads

NEAR = 2  # unchanged bases, at most, between parts of one allele
LEAST = 2  # molecules that have it; of a known mutation one is enough
MOSTLY = 0.5  # share of the molecules of each part that have all of them

Key = tuple[str, int, str, str]


@dataclass
class Joined:
    """A deletion or insertion with its substitutions."""

    key: Key
    """Contig, first base that differs, from 0, and the bases of reference and molecule."""
    first: int
    """The stretch that a read must cover to tell whether it has it, both ends within."""
    last: int
    plain: int
    """Number of its gap alone."""
    gaps: list[int] = field(default_factory=list)
    """Places of the gaps of reads that have it."""
    sound: list[bool] = field(default_factory=list)
    """Whether the substitutions of each are of good quality."""
    bases: list[int] = field(default_factory=list)
    """Places, in the bases of all reads, of their substitutions."""
    parts: set[tuple[int, int]] = field(default_factory=set)
    """Place and base of the substitutions."""
    numbers: set[int] = field(default_factory=set)
    """Numbers of its gap alone, which is elsewhere where a substitution breaks a repeat."""


def joined_alleles(
    reads: Reads,
    codes: Codes,
    chrom: str,
    low: int,
    numbers: Ints,
    stretches: Ints,
    settings: Mapping[str, Any],
    known: frozenset[Key],
) -> list[Joined]:
    """Insertions and deletions of which molecules mostly have substitutions beside them.

    Parameters
    ----------
    reads : Reads
    codes : array of uint8
        Reference from `low` on.
    chrom, low
        Where that is.
    numbers : array of int64, shape (gaps,)
        Allele of each gap of the reads, -1 of those that do not count.
    stretches : array of int64, shape (alleles, 2)
        Leftmost anchor of each, and the first base beyond its repeat.
    settings : dict
        `min_base_q`.
    known : frozenset
        Alleles that are joined wherever a molecule has all of one.
    """
    counted = np.flatnonzero(numbers >= 0)
    owner = np.array([gap.read for gap in reads.gaps], np.int64)
    anchor = np.array([gap.anchor for gap in reads.gaps], np.int64)
    beside = _beside(
        reads.start, reads.end, reads.cigar_from, reads.cigar, reads.bases_from, reads.bases,
        codes, low, owner[counted], anchor[counted], stretches[numbers[counted]],
    )  # fmt: skip
    candidates: dict[Key, Joined] = {}
    for g, line in zip(counted[beside[:, 0] > 0].tolist(), beside[beside[:, 0] > 0], strict=True):
        _add(candidates, chrom, g, int(numbers[g]), line.tolist(), reads, codes, low, settings)
    gap_from = np.searchsorted(owner, np.arange(reads.n + 1))
    return [
        candidates[key]
        for key in sorted(candidates)
        if _is_one(candidates[key], reads, numbers, gap_from, settings, key in known)
    ]


def _add(
    candidates: dict[Key, Joined],
    chrom: str,
    gap: int,
    number: int,
    line: list[int],
    reads: Reads,
    codes: Codes,
    low: int,
    settings: Mapping[str, Any],
) -> None:
    """Note a read's gap and its substitutions under what they spell together."""
    count, a, b, at, stop = line[:5]
    own, ground = reads.bases[at:stop], codes[a - low : b - low]
    if (own == NONE).any() or (ground == NONE).any():
        return
    pos, ref, alt = trimmed(a, spelled(ground), spelled(own))
    if min(len(ref), len(alt)) == 1 and ref[0] == alt[0]:
        return  # what was aligned as two is a gap alone
    key = (chrom, pos, ref, alt)
    found = candidates.setdefault(key, Joined(key, a, b - 1, number))
    found.first, found.last = min(found.first, a), max(found.last, b - 1)
    places = line[5 + LONGEST_RUN : 5 + LONGEST_RUN + count]
    found.gaps.append(gap)
    found.sound.append(bool((reads.quals[places] >= settings["min_base_q"]).all()))
    found.bases += places
    found.parts |= set(zip(line[5 : 5 + count], reads.bases[places].tolist(), strict=True))
    found.numbers.add(number)


def _is_one(
    found: Joined,
    reads: Reads,
    numbers: Ints,
    gap_from: Ints,
    settings: Mapping[str, Any],
    known: bool,
) -> bool:
    """Whether molecules with a part of it mostly have all of it."""
    own = np.zeros(numbers.size, bool)
    own[found.gaps] = True
    parts = np.array(sorted(found.parts), np.int64)
    having, of_part = _shares(
        reads.molecule, reads.start, reads.end, reads.cigar_from, reads.cigar, reads.bases_from,
        reads.bases, reads.quals, settings["min_base_q"], gap_from, own,
        np.isin(numbers, sorted(found.numbers)), found.first, found.last, parts,
    )  # fmt: skip
    if known:
        return bool(having)
    return bool(having >= LEAST and having >= MOSTLY * of_part.max())


def trimmed(pos: int, ref: str, alt: str) -> tuple[int, str, str]:
    """An allele without the bases that both share behind it, then before it; one is always left.

    Examples
    --------
    >>> trimmed(10, "CAGGT", "CTT")
    (11, 'AGG', 'T')
    """
    while min(len(ref), len(alt)) > 1 and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while min(len(ref), len(alt)) > 1 and ref[0] == alt[0]:
        pos, ref, alt = pos + 1, ref[1:], alt[1:]
    return pos, ref, alt


@nb.njit(cache=True, nogil=True)
def _place_of(r, place, start, cigar_from, cigar, bases_from):  # type: ignore[no-untyped-def]
    """Place of the base that a read has at a base of the reference, or -1."""
    at, here = bases_from[r], start[r]
    for k in range(cigar_from[r], cigar_from[r + 1]):
        op, length = cigar[k, 0], cigar[k, 1]
        if op == 0 or op == 7 or op == 8:
            if here <= place < here + length:
                return at + place - here
            at, here = at + length, here + length
        elif op == 1 or op == 4:
            at += length
        elif op == 2 or op == 3:
            here += length
    return -1


@nb.njit(cache=True, nogil=True)
def _beside(  # type: ignore[no-untyped-def]
    start, end, cigar_from, cigar, bases_from, bases, codes, low, owner, anchor, stretches
):  # fmt: skip
    """What each gap has beside it, in the read that it is of.

    Returns
    -------
    array of int64, shape (gaps, 17)
        Substitutions, 0 where there is none or it cannot be told; first base of the stretch that
        spells them, one past its last; the places of these in the read; then, up to six each, the
        bases of the reference that are substituted, and the places in the read.
    """
    found = np.zeros((owner.size, 5 + 2 * LONGEST_RUN), np.int64)
    for g in range(owner.size):
        r, left, right = owner[g], stretches[g, 0], stretches[g, 1]
        n, lowest, highest = 0, left, right
        for step in (-1, 1):  # from the gap's repeat to the left; then within it, and to the right
            edge, p = (left + 1, left) if step < 0 else (right - 1, left + 1)
            while n <= LONGEST_RUN and start[r] <= p < end[r] and step * (p - edge) - 1 <= NEAR:
                at = _place_of(r, p, start, cigar_from, cigar, bases_from)
                known = at >= 0 and 0 <= p - low < codes.size and bases[at] < 4
                if known and codes[p - low] < 4 and bases[at] != codes[p - low]:
                    if n < LONGEST_RUN:
                        found[g, 5 + n], found[g, 5 + LONGEST_RUN + n] = p, at
                    n += 1
                    edge = min(edge, p) if step < 0 else max(edge, p)
                    lowest, highest = min(lowest, p), max(highest, p)
                p += step
        first = _place_of(r, lowest, start, cigar_from, cigar, bases_from)
        last = _place_of(r, highest, start, cigar_from, cigar, bases_from)
        alone, here = True, start[r]
        for k in range(cigar_from[r], cigar_from[r + 1]):
            op, length = cigar[k, 0], cigar[k, 1]
            if (op == 1 or op == 2) and here - 1 != anchor[g]:
                reach = length if op == 2 else 0
                if here + reach >= lowest - NEAR and here - 1 <= highest + NEAR:
                    alone = False
            if op == 0 or op == 2 or op == 3 or op == 7 or op == 8:
                here += length
        if 0 < n <= LONGEST_RUN and first >= 0 and last >= 0 and alone:
            found[g, 0], found[g, 1], found[g, 2] = n, lowest, highest + 1
            found[g, 3], found[g, 4] = first, last + 1
    return found


@nb.njit(cache=True, nogil=True)
def _shares(  # type: ignore[no-untyped-def]
    molecule, start, end, cigar_from, cigar, bases_from, bases, quals, min_base_q, gap_from, own,
    plain, first, last, parts,
):  # fmt: skip
    """Of molecules over a stretch: those that have all of an allele, and those that have each part.

    Parts are its gap, and its substitutions (rows of place and base).
    """
    having, of_part = 0, np.zeros(1 + parts.shape[0], np.int64)
    reads, r = start.size, 0
    has_part = np.zeros(1 + parts.shape[0], np.bool_)
    while r < reads:
        begin, has = r, False
        has_part[:] = False
        while r < reads and molecule[r] == molecule[begin]:
            if start[r] <= first and end[r] > last:
                here = False
                for g in range(gap_from[r], gap_from[r + 1]):
                    here = here or own[g]
                    has_part[0] = has_part[0] or plain[g]
                has = has or here
                for k in range(parts.shape[0]):
                    at = _place_of(r, parts[k, 0], start, cigar_from, cigar, bases_from)
                    if at >= 0 and bases[at] == parts[k, 1] and quals[at] >= min_base_q:
                        has_part[1 + k] = True
            r += 1
        having += has
        for k in range(has_part.size):
            of_part[k] += has or has_part[k]
    return having, of_part
