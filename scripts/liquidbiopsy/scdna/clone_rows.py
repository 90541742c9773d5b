"""Rows of what is known of clones: of cells, of clones, of their segments, and by specimen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from liquidbiopsy.copynumber.bins import AUTOSOMES, Mask
from liquidbiopsy.core.intervals import clopper_pearson
from liquidbiopsy.scdna.clones import Clones
from liquidbiopsy.scdna.events import NORMAL
from liquidbiopsy.scdna.shared_segments import Shared
from liquidbiopsy.scdna.trees import CloneTree

Row = dict[str, Any]
Cells = Sequence[Mapping[str, Any]]


def cell_rows(cells: Cells, clones: Clones) -> list[Row]:
    """A row a cell, in their order.

    Columns are specimen_id, cell_id, clone (None where it has none), clone_confidence (0 to 1),
    clone_difference (share of the bases in which it differs from the clone, or from the nearest
    one; None where nothing is known of it) and clone_built (whether clones were built from it).
    """
    return [
        {
            "specimen_id": cell["specimen_id"],
            "cell_id": cell["cell_id"],
            "clone": clone,
            "clone_confidence": _known(clones.confidence[k]),
            "clone_difference": _known(clones.share[k]),
            "clone_built": bool(clones.built[k]),
        }
        for k, (cell, clone) in enumerate(zip(cells, clones.of_cells(), strict=True))
    ]


def clone_rows(
    clones: Clones, tree: CloneTree, shared: Shared, counted: Mask, *, whole: bool = True
) -> list[Row]:
    """A row a clone, those of most cells first.

    Parameters
    ----------
    clones, tree, shared
        Of the same cells and segments.
    counted : array of bool, shape (m,)
        Cells that count: none that failed, nor such as may be two.
    whole : bool
        Whether copies are known, and not ratios alone.

    Returns
    -------
    list of dict
        clone, parent (a clone, or `normal`; None of `normal`), cells, of, share, share_low,
        share_high (see `fraction`), ploidy (mean copies over the autosomes; None where not known),
        events (fewest from the normal genome), doubled (whether the genome was doubled on the way)
        and support (of the clone standing with its nearest relatives; None where not known).
    """
    autosomal = np.array([name in AUTOSOMES for name in shared.contigs], np.bool_)[shared.contig]
    rows = []
    for g, name in enumerate(clones.names):
        at, place = tree.tree.names.index(name), tree.events.names.index(name)
        own = autosomal & np.isfinite(clones.profile[g])
        mean = whole and own.any()
        ploidy = np.average(clones.profile[g, own], weights=shared.length[own]) if mean else np.nan
        rows.append(
            {
                "clone": name,
                "parent": None if name == NORMAL else tree.parent[name],
                **fraction(clones, g, counted),
                "ploidy": _known(ploidy),
                "events": int(tree.events.counts[:, 0, place].sum()),
                "doubled": bool(tree.events.twice[place]),
                "support": _known(tree.tree.support[max(int(tree.tree.parent[at]), 0)]),
            }
        )
    return rows


def specimen_rows(cells: Cells, clones: Clones, counted: Mask) -> list[Row]:
    """A row a specimen and clone of the patient, also where a specimen has no cell of it.

    `cells` have specimen_id, day and material. Columns are these, clone, and those of `fraction`.
    Specimens without a cell of a clone have no rows. Rows are sorted by day and specimen.
    """
    specimens: dict[str, list[int]] = {}
    for k, cell in enumerate(cells):
        specimens.setdefault(cell["specimen_id"], []).append(k)
    rows = []
    for name in sorted(specimens, key=lambda one: (cells[specimens[one][0]]["day"], one)):
        own = np.zeros(len(cells), np.bool_)
        own[specimens[name]] = True
        about = {key: cells[specimens[name][0]][key] for key in ("specimen_id", "day", "material")}
        for g, clone in enumerate(clones.names):
            found = fraction(clones, g, counted & own)
            if found["of"]:
                rows.append({**about, "clone": clone, **found})
    return rows


def fraction(clones: Clones, clone: int, counted: Mask) -> Row:
    """Cells of a clone, the cells that these are of, and the share with its exact 95 % interval.

    A tumour clone's are of the cells of all tumour clones, those of `normal` of all that have a
    clone. share, share_low and share_high are None where there are none.
    """
    among = counted & (clones.clone >= 0)
    if NORMAL in clones.names and clones.names[clone] != NORMAL:
        among &= clones.clone != clones.names.index(NORMAL)
    count, of = int((among & (clones.clone == clone)).sum()), int(among.sum())
    low, high = clopper_pearson(count, of) if of else (None, None)
    share = count / of if of else None
    return {"cells": count, "of": of, "share": share, "share_low": low, "share_high": high}


def segment_rows(clones: Clones, shared: Shared, value: str = "copies") -> list[Row]:
    """A row a clone and segment of its own: clone, chrom, start, end, and copies (or ratio)."""
    rows: list[Row] = []
    for name, profile in zip(clones.names, clones.profile, strict=True):
        for s, copies in enumerate(profile):
            if not np.isfinite(copies):
                continue
            chrom = shared.contigs[shared.contig[s]]
            last = rows[-1] if rows else None
            end = int(shared.end[s])
            joins = last and (last["clone"], last["chrom"], last[value]) == (name, chrom, copies)
            if last and joins and last["end"] == shared.start[s]:
                last["end"] = end
            else:
                start = int(shared.start[s])
                row = {"clone": name, "chrom": chrom, "start": start, "end": end}
                rows.append({**row, value: float(copies)})
    return rows


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
