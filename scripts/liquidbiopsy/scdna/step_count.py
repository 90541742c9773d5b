"""Step `count` of one specimen: what is known of its cells in, observations and tables out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from liquidbiopsy.core.observations import Observation
from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.tables import OBSERVATIONS, QUALITY, Table
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
    code: str,
    outputs: Mapping[str, str],
) -> None:
    """Write what a specimen's cells say, and how good they are.

    Parameters
    ----------
    inputs : dict
        Paths of `cells` (table `profiled`), `genes`, `quality`, `hotspots`, `dropout` and
        `alleles_quality` of the specimen, and of `cloned`, `clones`, `clone_segments` and
        `clones_in_plasma` of the patient.
    specimen : dict
        Its row of specimens.tsv.
    code : str
        Digest of the code.
    outputs : dict
        Paths of `observations`, `quality`, `cells` and the tables of the patient.
    """
    name = specimen["specimen_id"]
    cells = read_table(inputs["cells"]).to_pylist()
    for table in ("dropout", "cloned"):
        more = {row["cell_id"]: row for row in _own(inputs[table], name).to_pylist()}
        cells = [{**row, **more.get(row["cell_id"], {})} for row in cells]
    own = {table: _own(inputs[table], name) for table in OF_PATIENT}
    rows = [said.row(specimen) for said in _said(cells, inputs, own["clones"])]
    made = Provenance(code, {"specimen": dict(specimen)}, checksums(dict(inputs)))
    write_table(table_of(rows, OBSERVATIONS), outputs["observations"], OBSERVATIONS, made)
    write_table(table_of(cells, CELLS), outputs["cells"], CELLS, made)
    for table, kind in OF_PATIENT.items():
        write_table(own[table], outputs[table], kind, made)
    parts = [read_table(inputs[key]) for key in ("quality", "alleles_quality")]
    quality = pa.concat_tables([part.replace_schema_metadata(None) for part in parts])
    write_table(quality, outputs["quality"], QUALITY, made)


def _said(
    cells: list[dict[str, Any]], inputs: Mapping[str, str], clones: pa.Table
) -> list[Observation]:
    genes, hotspots = (read_table(inputs[name]).to_pylist() for name in ("genes", "hotspots"))
    return list(observe(cells, genes, clones.to_pylist(), hotspots))


def _own(path: str, specimen: str) -> pa.Table:
    """A table's rows of one specimen."""
    table = read_table(path)
    return table.filter(pc.equal(table["specimen_id"], specimen))
