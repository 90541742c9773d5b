"""What the settings and the sheet choose by name, looked up and checked before a run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from liquidbiopsy.core.errors import InputError, UserError
from liquidbiopsy.core.paths import existing, readable
from liquidbiopsy.core.run import Specimen
from liquidbiopsy.ctdna.tables import PANEL, PLASMA, WGS
from liquidbiopsy.reads.hotspots import read_hotspots
from liquidbiopsy.reads.panel import bases_of, read_panel
from liquidbiopsy.reads.structures import check_structures

BYTES_A_BASE = 150  # of memory, of a panel that is called
BYTES_A_NORMAL = 150  # and of each library in the panel of normals
BASES_A_MINUTE = 5_000_000  # of a panel, beside the time that molecules take

NO_PANEL: dict[str, Any] = {"bed": None, "read_structure": None, "umi": "auto", "whitelist": None}


@dataclass(frozen=True)
class Choice:
    """What a run's settings choose, as plain values for the rules' parameters."""

    settings: Mapping[str, Any]
    """The assay's settings."""
    references: Mapping[str, Mapping[str, Any]]
    """The run's reference genomes by name."""
    results: str
    """The run's folder of results."""

    def libraries_of(self, specimen: Specimen) -> dict[str, dict[str, Any]]:
        """Rows of a specimen's libraries by their names, blanks filled in."""
        return {
            row["library_id"]: {
                **row,
                "role": row["role"] or PLASMA,
                "library": _kind_of(row),
            }
            for row in specimen.items
        }

    def panel_of(self, library: Mapping[str, Any]) -> dict[str, Any]:
        """The panel of a library, as settings describe it; without a name, one without regions."""
        named = self.settings["panels"].get(library["panel"], {})
        return {**NO_PANEL, **named}

    def barcodes_of(self, library: Mapping[str, Any]) -> dict[str, Any]:
        """What of its panel says where a library's barcodes are."""
        return {name: value for name, value in self.panel_of(library).items() if name != "bed"}

    def reference_of(self, library: Mapping[str, Any]) -> dict[str, Any] | None:
        """Reference genome of a library; None where it names none."""
        return dict(self.references[library["reference"]]) if library["reference"] else None

    def index_of(self, library: Mapping[str, Any]) -> str | None:
        """Prefix of the BWA index of a library's reference; None where nothing is aligned to it."""
        reference = self.reference_of(library)
        if library["library"] == WGS and not library["fq1"]:
            return None
        if reference is None or not readable(reference["fasta"]):
            return None
        return reference.get("bwa") or f"{self._folder(library)}/genome"

    def index_folder(self, library: Mapping[str, Any]) -> list[str]:
        """Folder of that index where the run makes it."""
        index = self.index_of(library)
        made = index is not None and index.startswith(f"{self._folder(library)}/")
        return [self._folder(library)] if made else []

    def files_of(self, library: Mapping[str, Any]) -> list[str]:
        """Files that exist of those that a library is read from."""
        panel, reference = self.panel_of(library), self.reference_of(library) or {}
        named = [library["fq1"], library["fq2"], library["bam"], panel["whitelist"]]
        return existing([*named, reference.get("fasta")])

    def called_from(self, libraries: Sequence[Mapping[str, Any]]) -> list[str]:
        """Files that exist of those that variants are called from, beside the libraries."""
        named: list[str | None] = list(self.settings["variants"]["normals"])
        for library in libraries:
            reference = self.reference_of(library) or {}
            named += [library["mutations"], self.panel_of(library)["bed"], reference.get("fasta")]
        return existing(named)

    def panels_of(self, libraries: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """The panels that a specimen's libraries name."""
        return {row["panel"]: self.panel_of(row) for row in libraries.values() if row["panel"]}

    def references_of(
        self, libraries: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, dict[str, Any]]:
        """The reference genomes that a specimen's libraries name."""
        named = {row["reference"]: self.reference_of(row) for row in libraries.values()}
        return {name: reference for name, reference in named.items() if reference}

    def calling_mb(self, libraries: Mapping[str, Mapping[str, Any]]) -> int:
        """Memory in MB that calling a specimen's libraries takes by the size of their panels."""
        normals = len(self.settings["variants"]["normals"])
        return self._largest(libraries) * (BYTES_A_BASE + normals * BYTES_A_NORMAL) // 1_000_000

    def calling_minutes(self, libraries: Mapping[str, Mapping[str, Any]]) -> int:
        """Minutes that it takes, likewise."""
        piles = len(libraries) + len(self.settings["variants"]["normals"])
        return self._largest(libraries) * piles // BASES_A_MINUTE

    def _largest(self, libraries: Mapping[str, Mapping[str, Any]]) -> int:
        """Bases of the largest panel; 0 of one that is not called, as it is too large."""
        most = self.settings["variants"]["max_panel_mb"] * 1e6
        bases = [panel_bases(self.panel_of(row)["bed"]) for row in libraries.values()]
        return max((n for n in bases if n <= most), default=0)

    @property
    def bases(self) -> dict[str, Any]:
        """What makes a base of a molecule good enough, for variants and known mutations alike."""
        return {name: self.settings["variants"][name] for name in ("min_mapq", "min_base_q")}

    def _folder(self, library: Mapping[str, Any]) -> str:
        return f"{self.results}/references/{library['reference']}"


def of_libraries(libraries: Mapping[str, Mapping[str, Any]], specimen: str, file: str) -> list[str]:
    """A file of each library of a specimen, as the rules name it."""
    return [f"<results>/{specimen}/libraries/{name}/{file}" for name in libraries[specimen]]


def _kind_of(row: Mapping[str, Any]) -> str:
    """What a library is; counts and ready bins are read as a genome, whatever was sequenced."""
    return WGS if row["wig"] or row["bins"] else row["library"] or PANEL


def panels_among(libraries: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Libraries of panels, of all of a specimen."""
    return {name: dict(row) for name, row in libraries.items() if row["library"] == PANEL}


def panel_bases(bed: str | None) -> int:
    """Bases of a panel, looked up once while its file is the same; 0 where it cannot be read."""
    try:
        seen = os.stat(bed) if bed else None
    except OSError:
        return 0
    return _bases_of(bed, seen.st_mtime_ns, seen.st_size) if bed and seen else 0


@cache
def _bases_of(bed: str, changed: int, size: int) -> int:
    try:
        return bases_of(read_panel(bed))
    except InputError:
        return 0


def check(settings: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """What is wrong with the choices in the assay's settings; asked before the run begins."""
    found = []
    for name, panel in settings["panels"].items():
        where = f"assays.ctdna.panels.{name}.read_structure"
        found += [f"{where}: {words}" for words in check_structures(panel.get("read_structure"))]
    found += _check_genomes(settings["wgs"])
    try:
        read_hotspots(settings["hotspots"])
    except UserError as error:
        found.append(f"assays.ctdna.hotspots: {error}")
    return found


def _check_genomes(wgs: Mapping[str, Any]) -> list[str]:
    """What is wrong with the choices of the section `wgs`."""
    found = []
    if wgs["normals"] and wgs["panel_of_normals"]:
        found.append("assays.ctdna.wgs: give `normals` or `panel_of_normals`, not both")
    own = wgs["fragments"]
    for name in ("short", "long", "period_range"):
        low, high = own[name]
        if low > high:
            found.append(f"assays.ctdna.wgs.fragments.{name}: {low} to {high} is no range")
    if own["wide_window_bp"] % own["window_bp"]:
        found.append(
            f"assays.ctdna.wgs.fragments.wide_window_bp: {own['wide_window_bp']} is no multiple of "
            f"window_bp, {own['window_bp']}"
        )
    return found
