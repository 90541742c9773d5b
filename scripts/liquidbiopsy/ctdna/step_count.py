"""Step `count` of one specimen: its variants and mutations in, observations and quality out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from liquidbiopsy.core.observations import Observation
from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.tables import FAILED, OBSERVATIONS, QUALITY, Table
from liquidbiopsy.ctdna.count import Rows, observe
from liquidbiopsy.ctdna.count_genome import of_fragments, of_genome
from liquidbiopsy.ctdna.genome_tables import FRAGMENTS, MOTIFS, SIZES, WINDOWS
from liquidbiopsy.ctdna.tables import FAMILIES, LIBRARIES, PLASMA, WGS

SAID = ("variants", "coverage", "mrd", "genomes", "genes")
UNITED: dict[str, Table] = {
    "families": FAMILIES,
    "fragment_sizes": SIZES,
    "fragments": FRAGMENTS,
    "motifs": MOTIFS,
    "windows": WINDOWS,
}
"""Tables of libraries that become one of the specimen."""
OF_LIBRARIES = ("libraries", "quality", "fragments_quality")


def count_specimen(
    inputs: Mapping[str, Any],
    specimen: Mapping[str, Any],
    code: str,
    outputs: Mapping[str, str],
) -> None:
    """Write what a specimen says, and how good it is.

    Parameters
    ----------
    inputs : dict
        Paths of `variants`, `coverage`, `mrd`, `genomes`, `genes`, `on_target` and
        `copies_quality` (quality of panels and of genomes), and lists of those of each library's
        `libraries`, `families`, `quality`, `fragment_sizes`, `fragments`, `motifs`, `windows` and
        `fragments_quality`.
    specimen : dict
        Its row of specimens.tsv.
    code : str
        Digest of the code.
    outputs : dict
        Paths of `observations`, `quality`, `families`, `fragment_sizes`, `fragments`, `motifs`
        and `windows`.
    """
    said = {name: read_table(inputs[name]).to_pylist() for name in SAID}
    said["libraries"] = _united(inputs["libraries"], LIBRARIES).to_pylist()
    said["fragment_sizes"] = _united(inputs["fragment_sizes"], SIZES).to_pylist()
    files = {f"{name}.parquet": inputs[name] for name in (*SAID, "on_target", "copies_quality")}
    for name in (*OF_LIBRARIES, *UNITED):
        files |= {f"{name}/{k}": path for k, path in enumerate(inputs[name])}
    made = Provenance(code, {"specimen": dict(specimen)}, checksums(files))
    rows = [o.row(specimen) for o in [*_of_panels(said), *_of_genomes(said)]]
    write_table(table_of(rows, OBSERVATIONS), outputs["observations"], OBSERVATIONS, made)
    own = [row for lib in said["libraries"] for row in _quality(lib, said["coverage"])]
    parts = [*inputs["quality"], *inputs["fragments_quality"]]
    parts += [inputs["on_target"], inputs["copies_quality"]]
    quality = pa.concat_tables([table_of(own, QUALITY), _united(parts, QUALITY)])
    write_table(quality, outputs["quality"], QUALITY, made)
    for name, table in UNITED.items():
        write_table(_united(inputs[name], table), outputs[name], table, made)


def _of_panels(said: Mapping[str, Rows]) -> list[Observation]:
    """What panels say; of a specimen without plasma, that it has none."""
    panels = [row for row in said["libraries"] if row["library"] != WGS]
    if not panels and any(row["role"] == PLASMA for row in said["libraries"]):
        return []
    return observe(panels, said["variants"], said["mrd"], said["coverage"])


def _of_genomes(said: Mapping[str, Rows]) -> list[Observation]:
    """What whole genomes of plasma say, and the fragments of all plasma libraries."""
    plasma = {row["library_id"] for row in said["libraries"] if row["role"] == PLASMA}
    found = []
    for genome in said["genomes"]:
        name = genome["library_id"]
        if name in plasma:
            found += of_genome(name, genome, _of_library(said["genes"], name))
    for sizes in said["fragment_sizes"]:
        if sizes["library_id"] in plasma:
            found += of_fragments(sizes["library_id"], sizes)
    return found


def _of_library(rows: Rows, library: str) -> Rows:
    return [row for row in rows if row["library_id"] == library]


def _united(paths: Sequence[str], table: Table) -> pa.Table:
    """The tables of all libraries in one, with its columns also where there is none."""
    found = [read_table(path).replace_schema_metadata(None).cast(table.schema) for path in paths]
    return pa.concat_tables([table_of([], table), *found])


def _quality(library: Mapping[str, Any], coverage: Rows) -> list[dict[str, Any]]:
    """How reading a library went, and how deep its panel is."""
    item = {"specimen_id": library["specimen_id"], "item": library["library_id"]}
    read = library["status"] != FAILED
    rows: list[dict[str, Any]] = [
        {**item, "metric": "readable", "value": float(read), "unit": "1", "passed": read}
    ]
    if not read:
        return rows
    if library["simulated"]:
        rows.append({**item, "metric": "simulated", "value": 1.0, "unit": "1"})
    pairs, mapped = library["pairs"], library["mapped"]
    if pairs is not None:
        rows.append({**item, "metric": "pairs", "value": float(pairs), "unit": "{reads}"})
    if pairs and mapped is not None:
        rows.append({**item, "metric": "mapped_share", "value": mapped / pairs, "unit": "1"})
    mine = [row for row in coverage if row["library_id"] == library["library_id"]]
    bases = sum(row["end"] - row["start"] for row in mine)
    if bases:
        for metric, column in (("depth", "mean"), ("duplex_depth", "duplex_mean")):
            total = sum((row[column] or 0.0) * (row["end"] - row["start"]) for row in mine)
            rows.append({**item, "metric": metric, "value": total / bases, "unit": "{molecules}"})
    return rows
