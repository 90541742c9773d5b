"""Step `count` of one specimen: what is known of its cells in, observations and tables out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.tables import OBSERVATIONS, QUALITY, Table
from liquidbiopsy.scdna.allele_tables import HOTSPOTS, read_alleles
from liquidbiopsy.scdna.lost_alleles import lost_alleles
from liquidbiopsy.scdna.mutations import mutation_rows
from liquidbiopsy.scdna.observe import observe
from liquidbiopsy.scdna.tables import CELLS, CLONE_SEGMENTS, CLONES, PLASMA

OF_PATIENT: dict[str, Table] = {
    "clones": CLONES,
    "clone_segments": CLONE_SEGMENTS,
    "clones_in_plasma": PLASMA,
}
"""Tables of the patient of which a specimen has its own rows."""


def count_specimen(
    inputs: Mapping[str, str],
    specimen: Mapping[str, Any],
    hotspots: Sequence[Mapping[str, Any]],
    settings: Mapping[str, Any],
    build: str | None,
    code: str,
    outputs: Mapping[str, str],
) -> None:
    """Write what a specimen's cells say, and how good they are.

    Parameters
    ----------
    inputs : dict
        Paths of `cells` (table `profiled`), `segments`, `genes`, `quality` and `alleles` of the
        specimen, and of `cloned`, `clones`, `clone_segments` and `clones_in_plasma` of the patient.
    specimen : dict
        Its row of specimens.tsv.
    hotspots : list of dict
        As `read_hotspots` gives them.
    settings : dict
        `alleles`.
    build : str or None
        Build of the genome, where the cells' reference says it.
    code : str
        Digest of the code.
    outputs : dict
        Paths of `observations`, `quality`, `cells`, `hotspots` and the tables of the patient.
    """
    name = specimen["specimen_id"]
    cells = read_table(inputs["cells"]).to_pylist()
    alleles = read_alleles(read_table(inputs["alleles"]))
    single = _single(read_table(inputs["segments"]).to_pylist())
    lost = lost_alleles(cells, alleles, settings["alleles"], single)
    cloned = {row["cell_id"]: row for row in _own(inputs["cloned"], name).to_pylist()}
    cells = [{**row, **lost.rows[row["cell_id"]], **cloned[row["cell_id"]]} for row in cells]
    mutations = mutation_rows(alleles, lost.normal, lost.share, hotspots, settings["alleles"])
    mutations = [{**row, "specimen_id": name} for row in mutations]
    own = {table: _own(inputs[table], name) for table in OF_PATIENT}
    genes = read_table(inputs["genes"]).to_pylist()
    said = observe(cells, genes, own["clones"].to_pylist(), mutations, build)
    chosen = {"specimen": dict(specimen), "build": build, **settings}
    made = Provenance(code, chosen, checksums(dict(inputs)))
    rows = [each.row(specimen) for each in said]
    write_table(table_of(rows, OBSERVATIONS), outputs["observations"], OBSERVATIONS, made)
    write_table(table_of(cells, CELLS), outputs["cells"], CELLS, made)
    write_table(table_of(mutations, HOTSPOTS), outputs["hotspots"], HOTSPOTS, made)
    for table, kind in OF_PATIENT.items():
        write_table(own[table], outputs[table], kind, made)
    parts = [read_table(inputs["quality"]), table_of(_quality(cells), QUALITY)]
    quality = pa.concat_tables([part.replace_schema_metadata(None) for part in parts])
    write_table(quality, outputs["quality"], QUALITY, made)


def _single(segments: Sequence[Mapping[str, Any]]) -> dict[str, list[tuple[str, int, int]]]:
    """Regions of each cell that have fewer than two copies."""
    found: dict[str, list[tuple[str, int, int]]] = {}
    for row in segments:
        if row["copies"] < 2:
            place = (row["chrom"], row["start"], row["end"])
            found.setdefault(row["cell_id"], []).append(place)
    return found


def _quality(cells: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of `quality` of what is known of cells' alleles."""
    return [
        {"specimen_id": cell["specimen_id"], "item": cell["cell_id"], "metric": metric,
         "value": cell[metric], "unit": "1"}
        for cell in cells
        for metric in ("dropout", "contamination")
        if cell[metric] is not None
    ]  # fmt: skip


def _own(path: str, specimen: str) -> pa.Table:
    """A table's rows of one specimen."""
    table = read_table(path)
    return table.filter(pc.equal(table["specimen_id"], specimen))
