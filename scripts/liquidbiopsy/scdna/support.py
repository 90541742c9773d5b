"""How well contigs agree on each branch of a tree: the bootstrap.

Contigs are drawn anew, as many as there are and with replacement, and the tree is joined again
[1]_; events lie within contigs, so that what is drawn is independent. A branch's support is the
share of these trees in which the same clones stand together.

References
----------
.. [1] Felsenstein J. Confidence limits on phylogenies: an approach using the bootstrap. Evolution
       1985;39:783-791, doi:10.1111/j.1558-5646.1985.tb00420.x.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from liquidbiopsy.scdna.events import Events
from liquidbiopsy.scdna.tree import Tree, tree_of


def supported(tree: Tree, events: Events, replicates: int, seed: int) -> Tree:
    """The tree with the support of its inner branches.

    Parameters
    ----------
    tree : Tree
        Of the same events.
    events : Events
        By contig; doublings count in each replicate.
    replicates : int
        Trees that are joined; without any, nothing is known.
    seed : int
        Equal seeds draw the same contigs.

    Returns
    -------
    Tree
        Support stays unknown where there is one contig, which cannot be drawn otherwise.
    """
    contigs = len(events.counts) - 1
    clades = tree.clades()
    if contigs < 2 or replicates < 1 or not clades:
        return tree
    rng = np.random.default_rng(seed)
    times = dict.fromkeys(clades.values(), 0)
    for _ in range(replicates):
        drawn = np.bincount(rng.integers(contigs, size=contigs), minlength=contigs)
        counts = np.tensordot(drawn, events.counts[:-1], axes=1) + events.counts[-1]
        for clade in set(tree_of(events.names, counts).clades().values()):
            if clade in times:
                times[clade] += 1
    support = tree.support.copy()
    for node, clade in clades.items():
        support[node] = times[clade] / replicates
    return replace(tree, support=support)
