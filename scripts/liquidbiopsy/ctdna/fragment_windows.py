"""Short and long fragments along the genome, in windows of 100 kb and 5 Mb.

A fragment belongs to the window of its midpoint. Narrow windows that touch a gap of the assembly,
or that an excluded region reaches into, are marked; wide windows are the sum of the others, as
DELFI has it [1]_.

References
----------
.. [1] Cristiano S et al. Genome-wide cell-free DNA fragmentation in patients with cancer. Nature
       2019;570:385-389.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from liquidbiopsy.copynumber.bins import Bins, Mask, Values
from liquidbiopsy.copynumber.counting import Fragments


def window_rows(
    fragments: Fragments,
    gc: Values | None,
    known: Values | None,
    settings: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Rows of the narrow windows, then of the wide ones.

    Parameters
    ----------
    fragments : Fragments
    gc, known : (windows,) array of float, optional
        Share of G and C, and of known bases, in each narrow window; None without a reference.
    settings : mapping
        `fragments`: `window_bp`, `wide_window_bp` (a multiple of it), and `max_unknown`, the share
        of unknown bases, at most, of a window that touches no gap.

    Returns
    -------
    list of dict
        chrom (plain), start, end, size (nominal, in bases), short, long, ratio (None without a long
        fragment), gc (None where it is not known), gap (None where it is not known) and windows:
        how many narrow ones are in it. A wide window has `gap` where a narrow one is left out.
    """
    own = settings["fragments"]
    windows = fragments.windows
    # beyond the end of the reference nothing is known: not even the share
    gap = None if known is None else fragments.reached | ~(1 - known <= own["max_unknown"])
    rows = _rows(
        windows, own["window_bp"], fragments.short, fragments.long, gc, gap,
        np.ones(len(windows), np.int64),
    )  # fmt: skip
    return rows + _wide(fragments, gc, known, gap, own["window_bp"], own["wide_window_bp"])


def _wide(
    fragments: Fragments,
    gc: Values | None,
    known: Values | None,
    gap: Mask | None,
    narrow: int,
    wide: int,
) -> list[dict[str, Any]]:
    windows = fragments.windows
    n = len(windows)
    if not n:
        return []
    starts = (windows.start // wide) * wide
    key = windows.contig.astype(np.int64) << 40 | starts
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    last = np.append(first[1:], n) - 1
    size = windows.end - windows.start
    used = (size == narrow) & ~(fragments.reached if gap is None else gap)

    def total(values: Values) -> Values:
        return np.bincount(which, values * used, len(first)).astype(np.float64)

    ones = np.ones(n)
    merged = Bins(windows.contigs, windows.contig[first], windows.start[first], windows.end[last])
    number = total(ones).astype(np.int64)
    share = None
    if gc is not None and known is not None:
        bases = np.nan_to_num(known) * size
        there = np.maximum(total(bases), 1)
        share = np.where(total(bases) > 0, total(np.nan_to_num(gc) * bases) / there, np.nan)
    cut = None if gap is None else np.bincount(which, ~used, len(first)) > 0
    return _rows(merged, wide, total(fragments.short), total(fragments.long), share, cut, number)


def _rows(
    windows: Bins,
    size: int,
    short: Values,
    long: Values,
    gc: Values | None,
    gap: Mask | None,
    number: Any,
) -> list[dict[str, Any]]:
    return [
        {
            "chrom": chrom,
            "start": int(windows.start[k]),
            "end": int(windows.end[k]),
            "size": size,
            "short": int(short[k]),
            "long": int(long[k]),
            "ratio": float(short[k] / long[k]) if long[k] else None,
            "gc": None if gc is None or np.isnan(gc[k]) else float(gc[k]),
            "gap": None if gap is None else bool(gap[k]),
            "windows": int(number[k]),
        }
        for k, chrom in enumerate(windows.chrom())
    ]
