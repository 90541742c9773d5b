"""Step `reads` of one specimen: its cells' files in, bins and alleles of all of them out."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from liquidbiopsy.core.errors import UserError
from liquidbiopsy.core.names import shown_names, without_places
from liquidbiopsy.core.parquet import table_of, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.tables import FAILED, MEASURED
from liquidbiopsy.scdna.allele_sites import Site, sites_of
from liquidbiopsy.scdna.allele_tables import ALLELES, allele_rows
from liquidbiopsy.scdna.cell_bins import tracked
from liquidbiopsy.scdna.cell_counts import counts_table
from liquidbiopsy.scdna.cell_files import Read
from liquidbiopsy.scdna.cell_tables import gather
from liquidbiopsy.scdna.read_cells import Given, Reader
from liquidbiopsy.scdna.tables import COUNT, COUNTED, COUNTS, RATIO

log = logging.getLogger(__name__)
FILES = ("fq1", "fq2", "bam", "wig", "bins", "amplicons")
SIMULATED = "simulated"


def read_specimen(
    rows: Sequence[Mapping[str, Any]],
    references: Mapping[str, Mapping[str, Any]],
    hotspots: Sequence[Mapping[str, Any]],
    settings: Mapping[str, Any],
    code: str,
    outputs: Mapping[str, str],
    threads: int,
) -> None:
    """Count the reads of a specimen's cells in bins, and their alleles at known sites.

    Parameters
    ----------
    rows : list of dict
        Its rows of scdna.tsv.
    references : dict
        By name: `fasta`, `build`, and where there are such `index` (prefix of the BWA index),
        `bins` (table of bins of variable width) and `gc` (table of G and C in bins).
    hotspots : list of dict
        As `read_hotspots` gives them.
    settings : dict
        `counts`, `align` and `alleles`.
    code : str
        Digest of the code.
    outputs : dict
        Paths of `counts` (without rows where no cell could be read), `cells` and `alleles`.
    threads : int
        Of BWA and samtools.
    """
    names = _names(rows, references, settings)
    snps = next((row["snps"] for row in rows if row["snps"]), None)
    given: dict[str | None, Given] = {None: Given(None, None, None, None)}
    given |= {
        name: Given(own["fasta"], own.get("build"), own.get("index"), own.get("bins"))
        for name, own in references.items()
    }

    @cache
    def sites(reference: str | None) -> tuple[Site, ...]:
        return sites_of(hotspots, snps, given[reference].build)

    cells = [row["cell_id"] for row in rows]
    with TemporaryDirectory(dir=Path(outputs["counts"]).parent, prefix=".reads-") as folder:
        reader = Reader(given, settings, sites, Path(folder), threads)
        read = reader.read(rows)
    made = Provenance(code, dict(settings), checksums({v: k for k, v in names.items()}))
    notes: tuple[str, ...] = ()
    failed: dict[str, str] = {}
    try:
        loaded = {name: one if isinstance(one, str) else one.loaded for name, one in read.items()}
        gathered = gather(cells, loaded)
        failed = gathered.failed
        tracks, notes = tracked(gathered.bins, rows, references, settings["counts"])
        own = [name for name in cells if name not in failed]
        _write_counts(counts_table(gathered, cells, own, tracks), own, outputs["counts"], made)
    except UserError as error:
        log.warning("%s", error)
        failed = {name: str(one) for name, one in read.items() if isinstance(one, str)}
        failed = {name: failed.get(name, str(error)) for name in cells}
        _write_counts(counts_table(None, [], [], None), [], outputs["counts"], made)
    told = [_row(row, read[row["cell_id"]], failed, notes, names) for row in rows]
    write_table(table_of(told, COUNTED), outputs["cells"], COUNTED, made)
    specimen = rows[0]["specimen_id"]
    found = {n: one.alleles for n, one in read.items() if isinstance(one, Read) and one.alleles}
    write_table(allele_rows(specimen, found), outputs["alleles"], ALLELES, made)


def _row(
    row: Mapping[str, Any],
    read: Read | str,
    failed: Mapping[str, str],
    notes: Sequence[str],
    names: Mapping[str, str],
) -> dict[str, Any]:
    """What is known of a cell before its profile."""
    told: dict[str, Any] = {key: row[key] for key in ("specimen_id", "cell_id", "role")}
    reason = failed.get(row["cell_id"])
    told |= {"status": FAILED if reason else MEASURED, "reason": without_places(reason, names)}
    told["simulated"] = any(SIMULATED in Path(row[name] or "").name for name in FILES)
    if isinstance(read, Read):
        note = "; ".join(filter(None, (read.note, *notes)))
        told |= {
            "kind": RATIO if read.loaded.count is None else COUNT,
            "duplicates": read.duplicates,
            "breadth": read.breadth,
            "note": without_places(note, names) or None,
        }
    return told


def _write_counts(table: pa.Table, cells: Sequence[str], path: str, made: Provenance) -> None:
    columns = [pa.field(name, pa.float64(), metadata={"unit": "1"}) for name in cells]
    write_table(table, path, COUNTS.with_columns(columns), made)


def _names(
    rows: Sequence[Mapping[str, Any]],
    references: Mapping[str, Mapping[str, Any]],
    settings: Mapping[str, Any],
) -> dict[str, str]:
    """Files that are read, each once, as tables name them."""
    paths = [row[name] for row in rows for name in (*FILES, "snps") if row[name]]
    paths += [own["fasta"] for own in references.values()]
    tracks = settings["counts"]
    paths += [tracks[name] for name in ("gc", "mappability") if tracks[name]]
    return shown_names(list(dict.fromkeys(paths)))
