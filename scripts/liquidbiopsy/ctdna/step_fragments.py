"""Step `fragments` of one library: its reads, or its counts, in; bins and fragments out."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from liquidbiopsy.core.errors import UserError
from liquidbiopsy.core.names import shown_names, without_places
from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.tables import FAILED, MEASURED, QUALITY, Table
from liquidbiopsy.ctdna.genome_counts import write_counts
from liquidbiopsy.ctdna.genome_library import GenomeLibrary, Measured, says_simulated
from liquidbiopsy.ctdna.genome_quality import quality_rows
from liquidbiopsy.ctdna.genome_tables import FRAGMENTS, MOTIFS, SIZES, WINDOWS
from liquidbiopsy.ctdna.tables import LIBRARIES

log = logging.getLogger(__name__)
TABLES: dict[str, Table] = {
    "library": LIBRARIES,
    "sizes": SIZES,
    "fragments": FRAGMENTS,
    "motifs": MOTIFS,
    "windows": WINDOWS,
}


def fragments_library(
    row: Mapping[str, Any],
    made: str | None,
    library: str | None,
    bed: str | None,
    gc: Sequence[str],
    reference: Mapping[str, Any] | None,
    settings: Mapping[str, Any],
    code: str,
    outputs: Mapping[str, str],
) -> None:
    """Count a library's reads in bins of the genome, and measure its fragments.

    Of a panel's library the fragments alone are measured, of its molecules.

    Parameters
    ----------
    row : dict
        Its row of ctdna.tsv.
    made : str or None
        BAM file that an earlier step made of its reads; without one the row names what is read.
    library : str or None
        Its row of the table `libraries`, as Parquet, where an earlier step read it.
    bed : str or None
        Regions of its panel, of a panel's library.
    gc : list of str
        Tables of G and C of its reference, in bins and in windows, where it has one.
    reference : dict or None
        `fasta` and `build` of its reference.
    settings : dict
        What counting reads of the section `wgs`.
    code : str
        Digest of the code.
    outputs : dict
        Paths of `library` (its row of `libraries`), `counts`, `sizes`, `fragments`, `motifs`,
        `windows` and `quality`. Of a library that cannot be read the first and `sizes` have the
        reason, and the others are empty.
    """
    own = {key: row[key] for key in ("specimen_id", "library_id")}
    told = read_table(library).to_pylist()[0] if library else _as_given(row)
    given = [row[name] for name in ("bam", "wig", "bins") if row[name]]
    tracks = [settings[name] for name in ("gc", "mappability") if settings[name]]
    fasta = [reference["fasta"]] if reference else []
    panel = [bed] if bed else []
    names = shown_names([*given, *tracks, *fasta, *panel])
    try:
        if told["status"] == FAILED:
            raise UserError(told["reason"] or "it could not be read")
        found = GenomeLibrary(row, made, bed, gc, reference, settings).measure()
    except UserError as error:
        log.warning("%s: %s", row["library_id"], error)
        found = Measured(sizes={"status": FAILED, "reason": str(error), "fragments": 0})
        told |= {"status": FAILED}
    for name in ("reason", "bins_reason"):
        found.sizes[name] = without_places(found.sizes.get(name), names)
    files = {name: path for path, name in names.items()}
    files |= {"reads": made} if made else {}
    provenance = Provenance(code, {"wgs": dict(settings)}, checksums(files))
    write_counts(found.counts, outputs["counts"], provenance)
    if told["status"] == FAILED:
        told |= {"reason": found.sizes["reason"]}
    rows = {
        "library": [told],
        "sizes": [{"status": MEASURED, **found.sizes}],
        "fragments": found.lengths,
        "motifs": found.motifs,
        "windows": found.windows,
    }
    for name, table in TABLES.items():
        filled = table_of([{**own, **each} for each in rows[name]], table)
        write_table(filled, outputs[name], table, provenance)
    quality = table_of(quality_rows(own, found.quality), QUALITY)
    write_table(quality, outputs["quality"], QUALITY, provenance)


def _as_given(row: Mapping[str, Any]) -> dict[str, Any]:
    """A genome's row of the table `libraries` where no earlier step read it."""
    own = {key: row[key] for key in ("specimen_id", "library_id", "role", "library")}
    simulated = any(says_simulated(row[name]) for name in ("bam", "wig", "bins") if row[name])
    return {**own, "status": MEASURED, "mutations": bool(row["mutations"]), "simulated": simulated}
