"""Counting molecules over arrays: the hot loops of the pileup."""

from __future__ import annotations

import numba as nb
import numpy as np

CONFLICT = 4  # mates that disagree
LONGEST_RUN = 6  # bases of substitutions that may be one variant
APART = 1  # unchanged bases, at most, between two of these
EVENT = 7  # numbers that tell a run


@nb.njit(cache=True, nogil=True)
def _runs_of(  # type: ignore[no-untyped-def]
    base, near, best, quality, reference, lowest, highest, strand, apart, runs, n_runs
):  # fmt: skip
    """Note the runs of one molecule: substitutions with so many unchanged bases between, at most.

    With more than none between only those that have such bases. Gives the number of all runs.
    """
    first, last, holes = -1, -1, 0
    run_near, run_best, run_mapq, spelled = 1, 3, 255, 0
    for p in range(lowest, highest + 2):  # one further, which ends the last run
        known = p <= highest and 0 <= base[p] < CONFLICT and reference[p] < 4
        differs = known and reference[p] != base[p]
        if first >= 0 and (not known or p - last > apart + differs):
            length = last - first + 1
            if 2 <= length <= LONGEST_RUN and (holes > 0) == (apart > 0):
                if n_runs < runs.shape[0]:
                    runs[n_runs, 0], runs[n_runs, 1], runs[n_runs, 2] = first, length, spelled
                    runs[n_runs, 3], runs[n_runs, 4] = run_best, strand
                    runs[n_runs, 5], runs[n_runs, 6] = run_near, run_mapq
                n_runs += 1
            first, holes, run_near, run_best, run_mapq, spelled = -1, 0, 1, 3, 255, 0
        if differs:
            if first < 0:
                first = last = p
            for between in range(last + 1, p):
                spelled, holes = spelled * 4 + reference[between], holes + 1
            spelled = spelled * 4 + base[p] if p - first < LONGEST_RUN else 0
            run_near, run_best = min(run_near, near[p]), min(run_best, best[p])
            run_mapq, last = min(run_mapq, quality[p]), p
    return n_runs


@nb.njit(cache=True, nogil=True)
def count_bases(  # type: ignore[no-untyped-def]
    molecule, start, span_start, span_end, group, strand, mapq, cigar_from, cigar, bases_from,
    bases, quals, low, reference, min_base_q, ends, room,
):  # fmt: skip
    """Count molecules by base over a window of the reference.

    Parameters
    ----------
    molecule … quals : arrays
        Of `Reads`.
    low : int
        First base of the window.
    reference : array of uint8, shape (n,)
        Codes of the window's bases.
    min_base_q, ends : int
        Lowest quality that counts; bases from an end that are near it.
    room : int
        Runs that there is room for; call again with what `needed` says.

    Returns
    -------
    counts : array of int32, shape (n, 4, 4, 2, 2)
        By base, class, strand and nearness to an end.
    mapq_sum : array of int64, shape (n, 4)
        Mapping qualities of those molecules, added up.
    runs : array of int64, shape (runs, 7)
        Substitutions next to each other on one molecule, and again with those a base apart: first
        base, length, bases as a number to the base of 4, class, strand, near, mapping quality.
    needed : int
        Runs that there were.
    """
    n = reference.size
    counts = np.zeros((n, 4, 4, 2, 2), np.int32)
    mapq_sum = np.zeros((n, 4), np.int64)
    runs, n_runs = np.zeros((room, EVENT), np.int64), 0
    base, near = np.full(n, -1, np.int8), np.zeros(n, np.int8)
    best, quality = np.zeros(n, np.int8), np.zeros(n, np.int16)
    reads = start.size
    r = 0
    while r < reads:
        first, lowest, highest = r, n, -1
        while r < reads and molecule[r] == molecule[first]:
            at, here = bases_from[r], start[r] - low
            for k in range(cigar_from[r], cigar_from[r + 1]):
                op, length = cigar[k, 0], cigar[k, 1]
                if op == 0 or op == 7 or op == 8:
                    for i in range(max(0, -here), min(length, n - here)):
                        b = bases[at + i]
                        if b > 3 or quals[at + i] < min_base_q:
                            continue
                        p = here + i
                        place = p + low
                        is_near = place - span_start[r] < ends or span_end[r] - 1 - place < ends
                        if base[p] < 0:
                            base[p], near[p] = b, is_near
                            best[p], quality[p] = group[r], mapq[r]
                            lowest, highest = min(lowest, p), max(highest, p)
                        else:
                            if base[p] != b:
                                base[p] = CONFLICT
                            near[p] = near[p] and is_near
                            best[p] = max(best[p], group[r])
                            quality[p] = max(quality[p], mapq[r])
                    at, here = at + length, here + length
                elif op == 1 or op == 4:
                    at += length
                elif op == 2 or op == 3:
                    here += length
            r += 1
        for p in range(lowest, highest + 1):
            if 0 <= base[p] < CONFLICT:
                counts[p, base[p], best[p], strand[first], near[p]] += 1
                mapq_sum[p, base[p]] += quality[p]
        for apart in (0, APART):
            n_runs = _runs_of(
                base, near, best, quality, reference, lowest, highest, strand[first], apart, runs,
                n_runs,
            )  # fmt: skip
        for p in range(lowest, highest + 1):
            base[p] = -1
    return counts, mapq_sum, runs[: min(n_runs, room)], n_runs


@nb.njit(cache=True, nogil=True)
def count_stretches(  # type: ignore[no-untyped-def]
    molecule, start, end, span_start, span_end, group, strand, mapq, gap_from, gap_allele,
    gap_sound, first, last, ends,
):  # fmt: skip
    """Count, for each allele, the molecules that span it and those that have it.

    Parameters
    ----------
    molecule … mapq : arrays
        Of `Reads`.
    gap_from : array of int64, shape (reads + 1,)
        Where each read's gaps begin.
    gap_allele, gap_sound : array, shape (gaps,)
        Allele of each gap, and whether its bases are of good quality.
    first, last : array of int64, shape (alleles,)
        The stretch of the reference, both ends within it, that a read must cover to tell whether it
        has the allele: from its anchor to the first base beyond its repeat.
    ends : int
        Bases from an end that are near it.

    Returns
    -------
    spanning, having : array of int32, shape (alleles, 4, 2, 2)
        By class, strand and nearness to an end.
    mapq_sum : array of int64, shape (alleles, 2)
        Mapping qualities of those that span it and those that have it, added up.
    """
    alleles, reads = first.size, start.size
    spanning = np.zeros((alleles, 4, 2, 2), np.int32)
    having = np.zeros((alleles, 4, 2, 2), np.int32)
    mapq_sum = np.zeros((alleles, 2), np.int64)
    for a in range(alleles):
        r = 0
        while r < reads:
            begin, without, with_it, unclear, near, best, quality = r, 0, 0, 0, 1, 0, 0
            while r < reads and molecule[r] == molecule[begin]:
                if start[r] <= first[a] and end[r] > last[a]:
                    has, sound = False, True
                    for g in range(gap_from[r], gap_from[r + 1]):
                        if gap_allele[g] == a:
                            has, sound = True, gap_sound[g]
                    if not sound:
                        unclear += 1
                    elif has:
                        with_it += 1
                    else:
                        without += 1
                    away = first[a] - span_start[r] >= ends and span_end[r] - 1 - last[a] >= ends
                    near = near and not away
                    best, quality = max(best, group[r]), max(quality, mapq[r])
                r += 1
            if (with_it > 0) != (without > 0):
                spanning[a, best, strand[begin], near] += 1
                mapq_sum[a, 0] += quality
                if with_it > 0:
                    having[a, best, strand[begin], near] += 1
                    mapq_sum[a, 1] += quality
    return spanning, having, mapq_sum
