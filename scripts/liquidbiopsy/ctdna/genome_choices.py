"""What the settings and the sheet choose for whole genomes and fragments."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from liquidbiopsy.core.paths import existing
from liquidbiopsy.ctdna.choices import Choice
from liquidbiopsy.ctdna.tables import NORMAL, WGS

Library = Mapping[str, Any]
COUNTING = ("bin_size", "min_mapq", "duplicates", "gc", "mappability", "fragments")
"""Settings of `wgs` that counting reads; the others do not count anew."""
PANEL_FILE = "<results>/_normals/panel.parquet"


@dataclass(frozen=True)
class GenomeChoice:
    """What a run's settings choose for whole genomes, as plain values for the rules."""

    choice: Choice

    @property
    def settings(self) -> Mapping[str, Any]:
        """The section `wgs`."""
        section: Mapping[str, Any] = self.choice.settings["wgs"]
        return section

    @property
    def counting(self) -> dict[str, Any]:
        """What counting reads of the settings."""
        return {name: self.settings[name] for name in COUNTING}

    @property
    def correcting(self) -> dict[str, Any]:
        """What the correction of counts reads of the settings."""
        found: dict[str, Any] = dict(self.settings["correction"])
        return found

    @property
    def build_of_normals(self) -> str | None:
        """Build of the reference of the panel of normals, where it is named."""
        reference = self.choice.references.get(self.settings["normals_reference"], {})
        return reference.get("build")

    @property
    def copying(self) -> dict[str, Any]:
        """What the steps after counting read of the settings."""
        others = {*COUNTING, "normals", "panel_of_normals", "normals_reference"}
        return {name: value for name, value in self.settings.items() if name not in others}

    def made_reads(self, specimen: str, library: Library) -> list[str]:
        """The BAM file of an earlier step that a library is counted from, where there is one."""
        folder = f"<results>/{specimen}/libraries/{library['library_id']}"
        if library["library"] != WGS:
            return [f"{folder}/consensus.bam"]
        return [f"{folder}/reads.bam"] if library["fq1"] else []

    def bed_of(self, library: Library) -> str | None:
        """Regions of a library's panel; None of a whole genome."""
        bed: str | None = self.choice.panel_of(library)["bed"]
        return None if library["library"] == WGS else bed

    def files_of(self, library: Library) -> list[str]:
        """Files that exist of those that a library is counted from, beside what a step makes."""
        reference = self.choice.reference_of(library) or {}
        if library["library"] != WGS:
            return existing([self.bed_of(library)])
        tracks = [self.settings[name] for name in ("gc", "mappability")]
        return existing([library["bam"], library["wig"], reference.get("fasta"), *tracks])

    def ready_of(self, libraries: Mapping[str, Library]) -> list[str]:
        """Ready tables of bins of a specimen that can be read."""
        return existing([row["bins"] for row in whole_genomes(libraries)])

    def gc_of(self, library: Library) -> list[str]:
        """G and C of the reference, in bins and in windows, of a genome that is not ready."""
        reference = self.choice.reference_of(library) or {}
        if library["library"] != WGS or library["bins"]:
            return []
        if not existing([reference.get("fasta")]):
            return []
        folder = f"{self.choice.results}/run/gc"
        return [f"{folder}/{library['reference']}.{size}.parquet" for size in self.sizes]

    @property
    def sizes(self) -> tuple[int, int]:
        """Bases of the bins and of the narrow windows that G and C are counted in."""
        return self.settings["bin_size"], self.settings["fragments"]["window_bp"]

    @cached_property
    def normals(self) -> dict[str, dict[str, Any]]:
        """Libraries of the panel of normals by name, as rows of ctdna.tsv."""
        files = names_of(self.settings["normals"])
        return {name: self._normal(name, file) for name, file in files.items()}

    @property
    def panel(self) -> list[str]:
        """The panel of normals: made in this run, given ready, or none."""
        return [PANEL_FILE] if self.normals else existing([self.settings["panel_of_normals"]])

    def _normal(self, name: str, file: str) -> dict[str, Any]:
        blank = dict.fromkeys(("fq1", "fq2", "bam", "wig", "bins", "panel", "mutations"))
        kind = "wig" if re.search(r"\.wig(\.gz)?$", file, re.IGNORECASE) else "bam"
        own = {"specimen_id": "normals", "library_id": name, "role": NORMAL, "library": WGS}
        return {**blank, **own, "reference": self.settings["normals_reference"], kind: file}


def names_of(files: Sequence[str]) -> dict[str, str]:
    """Files by names made of their own, each once: letters, digits, `_` and `-`.

    Examples
    --------
    >>> names_of(["a/HD1.wig", "b/HD1.wig", "7.bam"])
    {'HD1': 'a/HD1.wig', 'HD1_2': 'b/HD1.wig', 'n7': '7.bam'}
    """
    found: dict[str, str] = {}
    for file in files:
        stem = re.sub(r"[^A-Za-z0-9_-]", "_", Path(file).name.split(".")[0])[:56] or "n"
        stem = stem if stem[0].isalpha() else f"n{stem}"
        name, k = stem, 1
        while name in found:
            name, k = f"{stem}_{k + 1}", k + 1
        found[name] = file
    return found


def read_by(specimen: str, library: Library) -> list[str]:
    """The table of how reading a library went, where an earlier step read it."""
    if library["library"] == WGS and not library["fq1"]:
        return []
    name = "aligned" if library["library"] == WGS else "library"
    return [f"<results>/{specimen}/libraries/{library['library_id']}/{name}.parquet"]


def whole_genomes(libraries: Mapping[str, Library]) -> list[dict[str, Any]]:
    """Rows of a specimen's whole-genome libraries."""
    return [dict(row) for row in libraries.values() if row["library"] == WGS]


def of_whole_genomes(libraries: Mapping[str, Library], specimen: str, file: str) -> list[str]:
    """A file of each whole-genome library of a specimen, as the rules name it."""
    names = [row["library_id"] for row in whole_genomes(libraries)]
    return [f"<results>/{specimen}/libraries/{name}/{file}" for name in names]
