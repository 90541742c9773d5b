"""Step `copies` of one specimen: bins of its genomes in, tumour fraction and copies out."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from liquidbiopsy.copynumber.normals import Normals, read_normals
from liquidbiopsy.copynumber.own_contigs import build_of_bins
from liquidbiopsy.copynumber.ready import read_ready
from liquidbiopsy.copynumber.regions import build_note
from liquidbiopsy.core.atomic import write_text
from liquidbiopsy.core.errors import UserError
from liquidbiopsy.core.names import shown_names, without_place
from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.tables import FAILED, QUALITY, Table
from liquidbiopsy.ctdna.genome_counts import read_counts
from liquidbiopsy.ctdna.genome_rows import Found, genome_rows, seg_text
from liquidbiopsy.ctdna.genome_tables import BINS, GENES, GENOMES, SEGMENTS, SOLUTIONS

log = logging.getLogger(__name__)
TABLES: dict[str, Table] = {
    "genomes": GENOMES,
    "bins": BINS,
    "segments": SEGMENTS,
    "solutions": SOLUTIONS,
    "genes": GENES,
    "quality": QUALITY,
}


def copies_specimen(
    rows: Sequence[Mapping[str, Any]],
    counts: Sequence[str],
    sizes: Sequence[str],
    panel: str | None,
    asked: int,
    references: Mapping[str, Mapping[str, Any]],
    settings: Mapping[str, Any],
    code: str,
    outputs: Mapping[str, str],
) -> None:
    """Estimate tumour fraction, ploidy and copies of a specimen's whole genomes.

    Parameters
    ----------
    rows : list of dict
        Its whole-genome libraries, rows of ctdna.tsv.
    counts, sizes : list of str
        Paths of their tables `counts` and `fragment_sizes`.
    panel : str or None
        Panel of normals.
    asked : int
        Libraries that the settings name for that panel.
    references : dict
        Reference genomes by name, each with `build`.
    settings : dict
        The sections of `wgs` that are not about counting.
    code : str
        Digest of the code.
    outputs : dict
        Paths of `genomes`, `bins`, `segments`, `solutions`, `genes`, `seg` and `quality`. A library
        that cannot be read has a row `failed` in `genomes`.
    """
    work = _Copies(panel, asked, references, settings)
    found: list[Found] = [
        work.try_library(row, *paths) for row, *paths in zip(rows, counts, sizes, strict=True)
    ]
    ready = [str(row["bins"]) for row in rows if row["bins"]]
    files = {name: path for path, name in shown_names(ready).items()}
    files |= {f"{row['library_id']}/counts": p for row, p in zip(rows, counts, strict=True)}
    files |= {"normals": panel} if panel else {}
    made = Provenance(code, {"wgs": dict(settings)}, checksums(files))
    for name, table in TABLES.items():
        listed = [each for one in found for each in one.tables.get(name, [])]
        write_table(table_of(listed, table), outputs[name], table, made)
    write_text(outputs["seg"], seg_text(found))


class _Copies:
    """What is the same for all of a specimen's libraries."""

    def __init__(
        self,
        panel: str | None,
        asked: int,
        references: Mapping[str, Mapping[str, Any]],
        settings: Mapping[str, Any],
    ) -> None:
        self._panel, self._asked = panel, asked
        self._references, self._settings = references, settings

    def try_library(self, row: Mapping[str, Any], counts: str, sizes: str) -> Found:
        """Rows of a library; one that cannot be read leaves its reason."""
        (counted,) = read_table(sizes).to_pylist()
        try:
            wrong = counted["reason"] if counted["status"] == FAILED else counted["bins_reason"]
            if wrong:
                raise UserError(wrong)
            return self._library(row, counts)
        except UserError as error:
            reason = str(error)
            for path, name in shown_names([p for p in (row["bins"], self._panel) if p]).items():
                reason = without_place(reason, path, name)
            log.warning("%s: %s", row["library_id"], reason)
            failed = {"status": FAILED, "reason": reason, "normals": 0}
            return Found({"genomes": [{**_own(row), **failed}]})

    def _library(self, row: Mapping[str, Any], counts: str) -> Found:
        normals = None if row["bins"] else self._normals()
        build = self._references.get(row["reference"], {}).get("build")
        correction = self._settings["correction"]
        if row["bins"]:
            profile = read_ready(row["bins"], correction, build=build)
        else:
            profile = read_counts(counts).profile(build, normals, correction)
        build = build or build_of_bins(profile.bins)
        remarks = [build_note(build), "" if row["bins"] else self._missing(normals)]
        return genome_rows(_own(row), profile, build, normals, self._settings, _said(remarks))

    def _normals(self) -> Normals | None:
        if self._panel is None:
            return None
        if self._asked and not read_table(self._panel).num_rows:
            return None
        return read_normals(self._panel)

    def _missing(self, normals: Normals | None) -> str:
        """What to say where normals that the settings name are not in the panel."""
        there = normals.n if normals else 0
        if not self._asked or there == self._asked:
            return ""
        return f"{self._asked - there} of {self._asked} normals could not be read: see the log"


def _own(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in ("specimen_id", "library_id")}


def _said(words: Iterable[str]) -> str | None:
    return "; ".join(word for word in words if word) or None
