"""Two strands of a molecule into one read: agreement adds quality, disagreement is N.

As fgbio's CallDuplexConsensusReads with FilterConsensusReads --require-single-strand-agreement: a
base that was changed on one strand alone, by damage or in the first cycle, differs from the other
strand and is not called [1]_ [2]_.

References
----------
.. [1] Schmitt MW et al. Detection of ultra-rare mutations by next-generation sequencing. PNAS
       2012;109:14508-14513, doi:10.1073/pnas.1208715109.
.. [2] https://fulcrumgenomics.github.io/fgbio/tools/latest/CallDuplexConsensusReads.html
"""

from __future__ import annotations

import numba as nb
import numpy as np

from liquidbiopsy.ctdna.likelihood import HIGHEST, LOWEST
from liquidbiopsy.ctdna.strand import INDEX, NO_CALL, tally


@nb.njit(cache=True, nogil=True)
def both_strands(  # type: ignore[no-untyped-def]
    data, seq, qual, length, reads, kept, middle, stop, back, columns, min_q, base, quality, depth,
    errors, out_base, out_quality, out_errors,
):  # fmt: skip
    """Join the consensus of two strands, column by column.

    Parameters
    ----------
    reads, kept : array of int64
        Reads of strand A up to `middle`, of B from there to `stop`, and the bases that count.
    base, quality, depth, errors : arrays, shape (2, columns or more)
        Of strand A and B.
    out_base, out_quality, out_errors : arrays, shape (columns or more)
        Filled: errors are the reads of both strands that differ from the base, or from the
        likelier one where the strands disagree.
    """
    seen = np.zeros(4, np.int64)
    for c in range(columns):
        a, b = base[0, c], base[1, c]
        if a == b:
            out_errors[c] = errors[0, c] + errors[1, c]
            if a == NO_CALL:
                out_base[c], out_quality[c] = NO_CALL, LOWEST
            else:
                out_base[c] = a
                out_quality[c] = min(np.int64(quality[0, c]) + np.int64(quality[1, c]), HIGHEST)
            continue
        out_base[c], out_quality[c] = NO_CALL, LOWEST
        raw = a if b == NO_CALL or (a != NO_CALL and quality[0, c] >= quality[1, c]) else b
        tally(data, seq, qual, length, reads, kept, 0, stop, back, c, min_q, seen)
        out_errors[c] = depth[0, c] + depth[1, c] - seen[INDEX[raw]]
