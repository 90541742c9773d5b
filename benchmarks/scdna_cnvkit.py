"""Segments and copies of single cells by CNVkit; run by a Python that has it, not by ours.

`python scdna_cnvkit.py CELLS RESULT`: `CELLS` is an npz file with `log2` (m, n), the bins' log2 of
ratios to the genome's mean; `shift` (m,), what brings each cell's log2 to 0 at two copies, by the
truth; and `chrom`, `start` and `end` (n,). `RESULT` gets, by method, copies of each cell in bins,
first bins after breakpoints, and seconds a cell, as JSON.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from time import process_time
from typing import Any

import numpy as np

METHODS = ("haar", "hmm", "hmm-tumor")


def called(given: Any, cell: int, method: str) -> tuple[list[int], list[int]]:
    """First bins after breakpoints, and copies in bins."""
    import pandas as pd
    from cnvlib import call, segmentation
    from cnvlib.cnary import CopyNumArray

    chrom, start, end = given["chrom"], given["start"], given["end"]
    bins = CopyNumArray(
        pd.DataFrame({
            "chromosome": chrom, "start": start, "end": end, "gene": "-",
            "log2": given["log2"][cell], "depth": 1.0, "weight": 1.0,
        }), {"sample_id": "x"},
    )  # fmt: skip
    segments = segmentation.do_segmentation(bins, method, processes=1)
    segments["log2"] = segments["log2"] + float(given["shift"][cell])
    whole = call.do_call(segments, method="clonal", ploidy=2, is_sample_female=True).data
    copies = np.full(chrom.size, -1)
    found = set()
    for name, own in whole.groupby("chromosome", sort=False):
        at = np.flatnonzero(chrom == name)
        # by a segment's last bin: newer versions give some segments the start of the contig, and
        # now and then one that has no bin
        low, own = 0, own.sort_values("end", kind="stable")
        for last, number in zip(own["end"], own["cn"], strict=True):
            high = int(np.searchsorted(end[at], last, side="right"))
            if high <= low:
                continue
            copies[at[low:high]] = int(number)
            if low:
                found.add(int(at[low]))
            low = high
        if 0 < low < at.size:  # bins after the last segment, which CNVkit left out
            copies[at[low:]] = copies[at[low - 1]]
    return sorted(found), copies.tolist()


def main() -> None:
    """Segment, call and write."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    given = dict(np.load(sys.argv[1]))
    result: dict[str, Any] = {}
    for method in METHODS:
        called(given, 0, method)  # loads what it loads at first use
        start = process_time()
        both = [called(given, k, method) for k in range(len(given["log2"]))]
        seconds = (process_time() - start) / len(both)
        result[f"CNVkit {method}"] = {
            "found": [one for one, _ in both], "copies": [one for _, one in both],
            "seconds": seconds,
        }  # fmt: skip
    with open(sys.argv[2], "w", encoding="utf-8") as handle:
        json.dump(result, handle)


if __name__ == "__main__":
    main()
