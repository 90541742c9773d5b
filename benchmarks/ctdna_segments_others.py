"""Segmentation by what one would install instead; run by a Python that has it, not by ours.

`python ctdna_segments_others.py PROFILES RESULT`: `PROFILES` is an npz file with `values` of shape
(p, n), and `weight`, `contig`, `start` and `end` of shape (n,); `RESULT` gets breakpoints and
seconds by method, as JSON. Methods that are not installed are left out.
"""

from __future__ import annotations

import json
import logging
import math
import sys
import warnings
from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np


def ruptures_methods() -> dict[str, Callable[..., list[int]]]:
    """PELT and binary segmentation of ruptures by contig, with BIC's penalty and a lower one."""
    import ruptures

    def of(search: Any, factor: float) -> Callable[..., list[int]]:
        def run(y: np.ndarray, weight: np.ndarray, contig: np.ndarray) -> list[int]:
            same = contig[1:] == contig[:-1]
            sigma = 1.4826 * np.median(np.abs(np.diff(y)[same])) / math.sqrt(2)
            found: list[int] = []
            for low, high in parts(contig):
                if high - low < 5:
                    continue
                fitted = search(model="l2", min_size=2, jump=1).fit(y[low:high])
                ends = fitted.predict(pen=factor * sigma**2 * math.log(y.size))
                found += [low + end for end in ends[:-1]]
            return found

        return run

    return {
        "ruptures PELT, penalty 2 log n": of(ruptures.Pelt, 2),
        "ruptures PELT, penalty log n": of(ruptures.Pelt, 1),
        "ruptures Binseg, penalty 2 log n": of(ruptures.Binseg, 2),
    }


def cnvkit_methods(start: np.ndarray, end: np.ndarray) -> dict[str, Callable[..., list[int]]]:
    """CNVkit's `haar` and `hmm`, by its own defaults."""
    import pandas as pd
    from cnvlib import segmentation
    from cnvlib.cnary import CopyNumArray

    def of(method: str) -> Callable[..., list[int]]:
        def run(y: np.ndarray, weight: np.ndarray, contig: np.ndarray) -> list[int]:
            names = [*map(str, range(1, 23)), "X", "Y"]
            chrom = np.array([f"chr{names[c]}" for c in contig])
            bins = CopyNumArray(
                pd.DataFrame({
                    "chromosome": chrom, "start": start, "end": end, "gene": "-",
                    "log2": y, "depth": 1.0, "weight": weight,
                }), {"sample_id": "x"},
            )  # fmt: skip
            segments = segmentation.do_segmentation(bins, method, processes=1).data
            order = zip(dict.fromkeys(chrom), parts(contig), strict=True)
            place = {name: part for name, part in order}
            # by a segment's last bin: newer versions give some segments the start of the contig
            found = set()
            for name, last in zip(segments.chromosome, segments.end, strict=True):
                low, high = place[name]
                found.add(low + int(np.searchsorted(end[low:high], last)) + 1)
            firsts = {low for low, _ in parts(contig)} | {y.size}
            return sorted(found - firsts)

        return run

    return {"CNVkit haar": of("haar"), "CNVkit hmm": of("hmm")}


def parts(contig: np.ndarray) -> list[tuple[int, int]]:
    """First and past-last bin of each contig."""
    starts = np.flatnonzero(np.diff(contig, prepend=-1))
    return list(zip(starts.tolist(), [*starts[1:].tolist(), contig.size], strict=True))


def main() -> None:
    """Segment and write."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    given = np.load(sys.argv[1])
    values, weight, contig = given["values"], given["weight"], given["contig"]
    methods: dict[str, Callable[..., list[int]]] = {}
    for some in (ruptures_methods, lambda: cnvkit_methods(given["start"], given["end"])):
        try:
            methods |= some()
        except ImportError as error:
            print(f"left out: {error}", file=sys.stderr)
    result: dict[str, Any] = {}
    for name, method in methods.items():
        method(values[0], weight, contig)  # loads what it loads at first use
        start = process_time()
        found = [method(y, weight, contig) for y in values]
        seconds = (process_time() - start) / len(values)
        result[name] = {"found": [[int(k) for k in each] for each in found], "seconds": seconds}
    with open(sys.argv[2], "w", encoding="utf-8") as handle:
        json.dump(result, handle)


if __name__ == "__main__":
    main()
