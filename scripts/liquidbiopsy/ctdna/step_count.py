"""Step `count` of one specimen: its variants and mutations in, observations and quality out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.tables import FAILED, OBSERVATIONS, QUALITY
from liquidbiopsy.ctdna.count import Rows, observe
from liquidbiopsy.ctdna.tables import FAMILIES


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
        Paths of `variants`, `coverage`, `mrd` and `on_target` (quality by panel), and lists of
        those of each library's `libraries`, `families` and `quality`.
    specimen : dict
        Its row of specimens.tsv.
    code : str
        Digest of the code.
    outputs : dict
        Paths of `observations`, `quality` and `families`.
    """
    variants, coverage, mrd = (
        read_table(inputs[name]).to_pylist() for name in ("variants", "coverage", "mrd")
    )
    libraries = _united(inputs["libraries"]).to_pylist()
    single = ("variants", "coverage", "mrd", "on_target")
    files = {f"{name}.parquet": inputs[name] for name in single}
    for name in ("libraries", "families", "quality"):
        files |= {f"{name}/{k}": path for k, path in enumerate(inputs[name])}
    made = Provenance(code, {"specimen": dict(specimen)}, checksums(files))
    rows = [o.row(specimen) for o in observe(libraries, variants, mrd, coverage)]
    write_table(table_of(rows, OBSERVATIONS), outputs["observations"], OBSERVATIONS, made)
    own = [row for library in libraries for row in _quality(library, coverage)]
    measured = _united([*inputs["quality"], inputs["on_target"]]).cast(QUALITY.schema)
    quality = pa.concat_tables([table_of(own, QUALITY), measured])
    write_table(quality, outputs["quality"], QUALITY, made)
    write_table(_united(inputs["families"]), outputs["families"], FAMILIES, made)


def _united(paths: Sequence[str]) -> pa.Table:
    """The tables of all libraries in one."""
    return pa.concat_tables([read_table(path).replace_schema_metadata(None) for path in paths])


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
    rows.append({**item, "metric": "pairs", "value": _real(pairs), "unit": "{reads}"})
    if pairs and mapped is not None:
        rows.append({**item, "metric": "mapped_share", "value": mapped / pairs, "unit": "1"})
    mine = [row for row in coverage if row["library_id"] == library["library_id"]]
    bases = sum(row["end"] - row["start"] for row in mine)
    if bases:
        for metric, column in (("depth", "mean"), ("duplex_depth", "duplex_mean")):
            total = sum((row[column] or 0.0) * (row["end"] - row["start"]) for row in mine)
            rows.append({**item, "metric": metric, "value": total / bases, "unit": "{molecules}"})
    return rows


def _real(value: int | None) -> float | None:
    return None if value is None else float(value)
