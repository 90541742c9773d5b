"""Copy states of a tumour in plasma: how often each is seen, and the log2 it gives.

A share f of the DNA is of tumour cells, in which a bin has c copies; the rest has two. Against a
genome of two copies a bin then weighs 1 + f (c - 2) / 2, and its log2 is the log of that and an
offset, one for the sample, which holds its ploidy and where its median came to lie [1]_.

Before anything is seen, a change by half a genome's usual copies (one of two, two of four) is
likelier than one by twice that, and large changes are short: amplifications are focal, arms are
gained or lost by one [2]_. A tumour has two, three or four usual copies; as many as have doubled
their genome have four [3]_.

References
----------
.. [1] Adalsteinsson VA et al. Scalable whole-exome sequencing of cell-free DNA reveals high
       concordance with metastatic tumors. Nat Commun 2017;8:1324 (ichorCNA).
.. [2] Beroukhim R et al. The landscape of somatic copy-number alteration across human cancers.
       Nature 2010;463:899-905.
.. [3] Zack TI et al. Pan-cancer patterns of somatic copy number alteration. Nat Genet
       2013;45:1134-1140 (37 % of genomes were doubled).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

LEAST = 0.02  # level, over that of two copies, under which none is told from another
AMPLIFIED = 1.25  # ratio between the states over the integer ones
HIGHEST = 40.0  # copies, about, of the highest of these
RAREST = 16.0  # rate, at most, of leaving a state
NONE = 0.3  # how much rarer than one copy lost too many none left is: genomes need their genes


@dataclass(frozen=True)
class States:
    """Copy states of a genome; arrays of shape (states,)."""

    usual: float
    """Copies of most bins, before anything is seen."""
    copies: Values
    """Copies in the cells that carry the state."""
    shared: npt.NDArray[np.bool_]
    """Whether only some of the tumour's cells carry it, the others having `usual`."""
    jump: Values
    """Probability of coming to the state where another was left."""
    rate: Values
    """How much faster than usual it is left."""

    def carried(self, share: float) -> Values:
        """Mean copies of a tumour cell in each state; `share` of the cells carry the shared."""
        return np.where(self.shared, share * self.copies + (1 - share) * self.usual, self.copies)


def states_of(usual: float, subclones: bool, settings: Mapping[str, Any]) -> States:
    """Copy states of a genome.

    Parameters
    ----------
    usual : float
        Copies of most bins: 2, 3 or 4; 1 to 2 on the X of a man.
    subclones : bool
        Whether one copy more and one fewer in some of the cells are states too.
    settings : dict
        `max_copies`, `step_odds`, `focal_factor`, `subclone_odds`.

    Returns
    -------
    States
        Of 0 to `max_copies` copies, of some higher ones, a quarter apart, and of subclones.
    """
    most = settings["max_copies"]
    higher: list[float] = []
    while (next_ := (higher[-1] if higher else most) * AMPLIFIED) <= HIGHEST:
        higher.append(next_)
    clonal = [*range(most + 1), *np.round(higher)]
    shared = [usual - 1, usual + 1] if subclones and usual >= 1 else []
    copies = np.array([*clonal, *shared], np.float64)
    is_shared = np.arange(copies.size) >= len(clonal)
    steps = np.abs(copies - usual) * 2 / max(usual, 1.0)
    jump = settings["step_odds"] ** steps
    jump[is_shared] *= settings["subclone_odds"]
    jump[0] *= NONE
    rate = np.minimum(settings["focal_factor"] ** np.maximum(steps - 1, 0.0), RAREST)
    return States(float(usual), copies, is_shared, jump / jump.sum(), rate)


def level(fraction: float, copies: Values, normal: float = 2.0) -> Values:
    """DNA of bins over that of two copies.

    Parameters
    ----------
    fraction : float
        Share of tumour DNA, 0 to 1.
    copies : array of float64
        Mean copies of a tumour cell.
    normal : float
        Copies of a normal cell: 2, or 1 on the X and Y of a man.

    Examples
    --------
    >>> level(0.5, np.array([2.0, 4.0])).tolist()
    [1.0, 1.5]
    """
    return np.maximum(((1 - fraction) * normal + fraction * copies) / 2, LEAST)


def copies_at(log2: Values, fraction: float, offset: float, normal: float = 2.0) -> Values:
    """Copies of a tumour cell that give a log2: `level` turned round; 0 and more."""
    found = (2 * 2.0 ** (log2 - offset) - (1 - fraction) * normal) / max(fraction, 1e-6)
    return np.maximum(found, 0.0)
