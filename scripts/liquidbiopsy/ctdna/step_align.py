"""Step `align` of one library: its reads in, aligned and with their barcodes out."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from liquidbiopsy.core.atomic import atomic_path
from liquidbiopsy.core.errors import UserError
from liquidbiopsy.core.names import shown_names, without_place
from liquidbiopsy.core.parquet import table_of, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.tables import FAILED, MEASURED
from liquidbiopsy.ctdna.library import Library
from liquidbiopsy.ctdna.tables import LIBRARIES
from liquidbiopsy.reads.align import contigs_of
from liquidbiopsy.reads.alignments import header_of, write_empty

log = logging.getLogger(__name__)
FILES = ("fq1", "fq2", "bam", "wig", "bins")


def align_library(
    library: Mapping[str, Any],
    panel: Mapping[str, Any],
    reference: Mapping[str, Any] | None,
    index: str | None,
    settings: Mapping[str, Any],
    code: str,
    outputs: Mapping[str, str],
    threads: int,
) -> None:
    """Align a library's reads, or take them as they lie, and sort them for the next step.

    A `raw` library is sorted by template, with RX, QX, MC and MQ, and has primary alignments alone:
    secondary and supplementary ones are left out, so that a molecule is seen once. A `ready` one,
    consensus reads or reads that came aligned without barcodes, is sorted by place; one that came
    aligned keeps all its alignments and flags.

    Parameters
    ----------
    library : dict
        Its row of ctdna.tsv.
    panel : dict
        `read_structure` (two texts or None), `umi` and `whitelist` (a file or None).
    reference : dict or None
        `fasta` of its genome.
    index : str or None
        Prefix of the genome's BWA index.
    settings : dict
        The section `align`.
    code : str
        Digest of the code.
    outputs : dict
        Paths of `reads` (BAM) and `library` (its row of the `libraries` table). Of a library that
        cannot be read the row has status `failed` and the reason, and the BAM file no reads.
    threads : int
        Of BWA and samtools.
    """
    own = {key: library[key] for key in ("specimen_id", "library_id", "role", "library")}
    row: dict[str, Any] = {**own, "status": MEASURED, "mutations": bool(library.get("mutations"))}
    named = {key: library.get(key) for key in FILES} | {"whitelist": panel["whitelist"]}
    paths = [str(path) for path in named.values() if path]
    names = shown_names(paths)
    with atomic_path(outputs["reads"]) as place:
        work = Library(library, panel, reference, index, settings["program"], place, threads)
        try:
            row |= work.read()
            log.info(
                "%s: %d pairs, %d mapped", row["library_id"], row["pairs"], row["mapped"]
            )  # fmt: skip
        except UserError as error:
            elsewhere = [reference["fasta"]] if reference else []
            elsewhere += [index] if index else []
            reason = str(error)
            for path in [*paths, *elsewhere]:
                reason = without_place(reason, path, names.get(path, Path(path).name))
            row |= {"status": FAILED, "reason": reason}
            log.warning("%s: %s", row["library_id"], reason)
            write_empty(place, header_of(_contigs(index), own["specimen_id"], own["library_id"]))
    inputs = {names[path]: path for path in paths}
    if index:
        inputs["reference"] = f"{index}.pac"
    asked = {key: panel[key] for key in ("read_structure", "umi")}
    made = Provenance(
        code, {"panel": asked, "program": settings["program"]}, checksums(inputs)
    )  # fmt: skip
    write_table(table_of([row], LIBRARIES), outputs["library"], LIBRARIES, made)


def _contigs(index: str | None) -> dict[str, int]:
    """Contigs of an index; none where it is not of use."""
    try:
        return contigs_of(index) if index else {}
    except UserError:
        return {}
