"""Step `clones` of one patient: profiles of all single cells in, clones and their trees out."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from liquidbiopsy.core.atomic import write_text
from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.scdna import clone_rows
from liquidbiopsy.scdna.cell_levels import levels_of
from liquidbiopsy.scdna.clones import Clones, clones_of
from liquidbiopsy.scdna.in_plasma import plasma_rows
from liquidbiopsy.scdna.roles import TUMOUR_CELL
from liquidbiopsy.scdna.shared_segments import Shared, normal_genome, shared_segments
from liquidbiopsy.scdna.tables import CLONE_SEGMENTS, CLONED, CLONES, PLASMA
from liquidbiopsy.scdna.trees import CloneTree, cell_order, cell_tree, clone_tree

log = logging.getLogger(__name__)
Rows = list[dict[str, Any]]
NO_TREE = ";\n"  # a Newick tree of nothing


@dataclass(frozen=True)
class Joined:
    """Cells of a patient and what joins them."""

    cells: Rows
    shared: Shared
    clones: Clones
    tree: CloneTree
    order: Sequence[int]
    newick: tuple[str, str]
    """Trees of the clones and of the cells."""
    counted: Any
    """Picked tumour cells that passed and are not suspected to be two, shape (m,)."""


def clones_patient(
    specimens: Sequence[Mapping[str, Any]],
    cells: Sequence[str],
    segments: Sequence[str],
    bins: Sequence[str],
    plasma: Sequence[str],
    settings: Mapping[str, Any],
    code: str,
    outputs: Mapping[str, str],
) -> None:
    """Join the single cells of a patient to clones, and the clones to a tree.

    Parameters
    ----------
    specimens : list of dict
        The patient's rows of specimens.tsv, of this assay.
    cells, segments, bins : list of str
        Paths of their tables `profiled`, `segments` and `bins`.
    plasma : list of str
        Paths of tables `bins` of the patient's plasma.
    settings : dict
        `clones` and `tree`.
    code : str
        Digest of the code.
    outputs : dict
        Paths of `cells` (table `cloned`), `clones`, `segments` (table `clone_segments`), `plasma`,
        and `tree` and `cell_tree` (Newick).
    """
    files = {f"{s['specimen_id']}/cells": path for s, path in zip(specimens, cells, strict=True)}
    files |= {f"{s['specimen_id']}/segments": p for s, p in zip(specimens, segments, strict=True)}
    files |= {f"{s['specimen_id']}/bins": p for s, p in zip(specimens, bins, strict=True)}
    files |= {f"plasma/{k}": path for k, path in enumerate(plasma)}
    made = Provenance(code, dict(settings), checksums(files))
    listed = _cells(specimens, cells)
    ratios = {s["specimen_id"]: p for s, p in zip(specimens, bins, strict=True)}
    found = _joined(listed, [read_table(path) for path in segments], ratios, settings)
    told: dict[str, Rows] = {"clones": [], "segments": [], "plasma": []}
    cloned: Rows = [{**cell, "clone_built": False} for cell in listed]
    if found is not None:
        log.info("%d cells in %d clones", len(listed), len(found.clones.names))
        cloned = clone_rows.cell_rows(listed, found.clones)
        for place, k in enumerate(found.order):
            cloned[k]["tree_order"] = place if found.cells[k]["ploidy"] is not None else None
        parts = clone_rows.segment_rows(found.clones, found.shared)
        held = plasma_rows(found.clones, found.shared, plasma)
        told = {"clones": _clones(found), "segments": _seen(found, parts)}
        told["plasma"] = _seen(found, held)
    tables = {"clones": CLONES, "segments": CLONE_SEGMENTS, "plasma": PLASMA}
    write_table(table_of(cloned, CLONED), outputs["cells"], CLONED, made)
    for name, table in tables.items():
        write_table(table_of(told[name], table), outputs[name], table, made)
    newick = found.newick if found else (NO_TREE, NO_TREE)
    for name, text in zip(("tree", "cell_tree"), newick, strict=True):
        write_text(outputs[name], text)


def _cells(specimens: Sequence[Mapping[str, Any]], paths: Sequence[str]) -> Rows:
    """All cells with what the sheet says of their specimen."""
    found: Rows = []
    for specimen, path in zip(specimens, paths, strict=True):
        about = {"day": specimen["day"], "material": specimen["visit"] or specimen["specimen_id"]}
        found += [{**row, **about} for row in read_table(path).to_pylist()]
    return found


def _joined(
    cells: Rows,
    segments: Sequence[pa.Table],
    bins: Mapping[str, str],
    settings: Mapping[str, Any],
) -> Joined | None:
    """What joins the cells; None where no tumour cell has a profile."""
    passed = np.array([row["ploidy"] is not None for row in cells])
    tumour = np.array([row["role"] == TUMOUR_CELL for row in cells])
    doublet = np.array([bool(row["doublet"]) for row in cells])
    counted = passed & tumour & ~doublet
    if not counted.any():
        return None
    place = {(row["specimen_id"], row["cell_id"]): k for k, row in enumerate(cells)}
    table = pa.concat_tables([each.replace_schema_metadata(None) for each in segments])
    keys = zip(table["specimen_id"].to_pylist(), table["cell_id"].to_pylist(), strict=True)
    shared = shared_segments(
        np.array([place[key] for key in keys], np.int64),
        table["chrom"].to_pylist(),
        table["start"].to_numpy(),
        table["end"].to_numpy(),
        table["copies"].to_numpy().astype(np.float64),
        len(cells),
        settings["clones"]["max_segments"],
    )
    controls = shared.values[passed & ~tumour]
    normal = normal_genome(shared, controls if len(controls) else None)
    sure = np.array([np.nan if c["confidence"] is None else c["confidence"] for c in cells])
    levels = levels_of(cells, shared, {name: read_table(path) for name, path in bins.items()})
    clones = clones_of(
        shared.values, shared.contig, shared.length, counted, sure, normal, settings["clones"],
        levels,
    )  # fmt: skip
    own, names = settings["tree"], [f"{c['specimen_id']}/{c['cell_id']}" for c in cells]
    of_clones = clone_tree(clones, shared.contig, normal, own)
    tree = cell_tree(shared.values, names, clones, of_clones, shared.contig, normal, own)
    order = cell_order(names, clones, of_clones, tree).tolist()
    newick = (of_clones.tree.newick(), tree.newick())
    return Joined(cells, shared, clones, of_clones, order, newick, counted)


def _clones(found: Joined) -> Rows:
    """Rows of the table `clones`: each clone in each specimen that has cells of clones."""
    whole = clone_rows.clone_rows(found.clones, found.tree, found.shared, found.counted)
    about = {
        row["clone"]: {k: row[k] for k in ("parent", "ploidy", "events", "doubled", "support")}
        | {"patient_cells": row["cells"]}
        for row in whole
    }
    rows = clone_rows.specimen_rows(found.cells, found.clones, found.counted)
    return [{**row, **about[row["clone"]]} for row in rows]


def _seen(found: Joined, rows: Rows) -> Rows:
    """Rows of clones in each specimen that has cells of them."""
    specimens = dict.fromkeys(cell["specimen_id"] for cell in found.cells)
    of_cells = found.clones.of_cells()
    seen = {(c["specimen_id"], name) for c, name in zip(found.cells, of_cells, strict=True)}
    return [
        {"specimen_id": name, **row}
        for name in specimens
        for row in rows
        if (name, row["clone"]) in seen
    ]
