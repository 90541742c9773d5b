"""Step `normals`: bins of normal libraries in, the panel of normals out."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from liquidbiopsy.copynumber.normals import make_normals, write_normals
from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.tables import FAILED
from liquidbiopsy.ctdna.genome_counts import read_counts
from liquidbiopsy.ctdna.genome_tables import COUNTS

log = logging.getLogger(__name__)


def panel_of_normals(
    counts: Mapping[str, str],
    sizes: Mapping[str, str],
    build: str | None,
    settings: Mapping[str, Any],
    code: str,
    path: str,
) -> None:
    """Make a panel of the normals that could be counted; without any it has no bins.

    Parameters
    ----------
    counts, sizes : dict
        Paths of the tables `counts` and `fragment_sizes` of each normal, by name.
    build : str or None
        Build of the reference that they were aligned to.
    settings : dict
        What correction reads of the section `wgs`.
    code : str
        Digest of the code.
    path : str
        Where the panel goes.
    """
    profiles = {}
    for name, table in sizes.items():
        (row,) = read_table(table).to_pylist()
        if row["status"] == FAILED:
            log.warning("normal %s: %s", name, row["reason"])
        else:
            profiles[name] = read_counts(counts[name]).profile(build, None, settings)
    made = Provenance(code, {"wgs": dict(settings)}, checksums(counts))
    if profiles:
        write_normals(make_normals(profiles), path, made)
    else:
        write_table(table_of([], COUNTS), path, COUNTS, made)
