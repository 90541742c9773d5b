"""One library as bins and fragments, whatever it comes as: reads, counts, or molecules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pysam

from liquidbiopsy.copynumber.as_bam import read_alignments
from liquidbiopsy.copynumber.bins import Bins, Values, grid, plain
from liquidbiopsy.copynumber.counting import Counted, count_reads
from liquidbiopsy.copynumber.excluded import excluded_regions
from liquidbiopsy.copynumber.own_contigs import build_of
from liquidbiopsy.copynumber.reference_gc import read_gc
from liquidbiopsy.copynumber.tracks import names_note, track_on
from liquidbiopsy.copynumber.wig import Wig, as_bins, read_wig
from liquidbiopsy.core.errors import InputError, UserError
from liquidbiopsy.ctdna.fragment_lengths import fragment_lengths
from liquidbiopsy.ctdna.fragment_quality import counted_quality
from liquidbiopsy.ctdna.fragment_windows import window_rows
from liquidbiopsy.ctdna.fragments import Features, features_of, length_rows, motif_rows
from liquidbiopsy.ctdna.genome_counts import Counts
from liquidbiopsy.ctdna.tables import SIMULATED, WGS
from liquidbiopsy.reads.panel import read_panel
from liquidbiopsy.reads.reference import open_reference

Row = dict[str, Any]
NOTHING: Row = {"fragments": 0}


@dataclass(frozen=True)
class Measured:
    """What was found: rows of the tables, without the library's name."""

    sizes: Row
    counts: Counts | None = None
    lengths: list[Row] = field(default_factory=list)
    motifs: list[Row] = field(default_factory=list)
    windows: list[Row] = field(default_factory=list)
    quality: dict[str, float | None] = field(default_factory=dict)
    """Metric -> value."""


@dataclass(frozen=True)
class GenomeLibrary:
    """What is known of a library before it is read; see `fragments_library`."""

    row: Mapping[str, Any]
    made: str | None
    bed: str | None
    gc: Sequence[str]
    """Tables of G and C in bins and in windows, where there is a reference."""
    reference: Mapping[str, Any] | None
    settings: Mapping[str, Any]

    def measure(self) -> Measured:
        """Read the library.

        Raises
        ------
        UserError
            Something is wrong with its files; the message says what.
        """
        if self.row["library"] != WGS:
            return self._of_panel()
        if self.row["wig"]:
            return self._of_wig(self.row["wig"])
        if self.row["bins"]:
            return Measured({**NOTHING, "reason": "a ready table of bins has no fragments"})
        file = self.made or self.row["bam"]
        if not file:
            raise UserError("the sheet names neither FASTQ, BAM, WIG nor a table of bins")
        return self._of_reads(file)

    def _of_panel(self) -> Measured:
        if not self.made or not self.bed:
            return Measured({**NOTHING, "reason": "without a panel there is no target"})
        regions = read_panel(self.bed)
        counted = fragment_lengths(self.made, self._name, regions, self._fasta, self.settings)
        return self._measured(counted, None)

    def _of_wig(self, file: str) -> Measured:
        wig = read_wig(file)
        size = self.settings["bin_size"]
        if wig.step != size:
            problem = f"has bins of {wig.step} bases, and the settings ask for {size}"
            raise InputError(file, problem, "set assays.ctdna.wgs.bin_size, or count anew")
        bins, count = as_bins(wig)
        counts, notes = self._tracked(bins, count, {file: wig.names})
        return Measured({**NOTHING, "reason": _said(["counts have no fragments", *notes])}, counts)

    def _of_reads(self, file: str) -> Measured:
        contigs = self._contigs(file)
        bins = grid(contigs, self.settings["bin_size"])
        if not len(bins):
            raise InputError(self._name, "knows none of the chromosomes 1 to 22, X and Y")
        build = self.reference["build"] if self.reference and "build" in self.reference else None
        build = build or build_of({plain(name): length for name, length in contigs.items()})
        excluded = excluded_regions(build, self.settings["fragments"]["exclude"])
        counted = count_reads(file, self._name, bins, self._fasta, self.settings, excluded)
        try:
            named = {self._name: counted.contig_names}
            counts, notes = self._tracked(bins, counted.count, named)
        except UserError as error:  # its fragments need no track
            found = self._measured(counted, None)
            return replace(found, sizes={**found.sizes, "bins_reason": str(error)})
        return self._measured(counted, counts, notes)

    def _contigs(self, file: str) -> dict[str, int]:
        """Contigs of the reference, else those that the file itself declares."""
        if self._fasta is not None:
            with open_reference(self._fasta) as reference:
                return reference.contigs
        with read_alignments(file, self._name, None) as (_, contigs):
            return contigs

    def _measured(
        self, counted: Counted, counts: Counts | None, notes: tuple[str, ...] = ()
    ) -> Measured:
        told = [counted.reason, *counted.notes, *notes]
        if counted.fragments is None:
            quality = counted_quality(counted, counts, None)
            return Measured({**NOTHING, "reason": _said(told)}, counts, quality=quality)
        features = features_of(counted.fragments, self.settings)
        gc, known = self._windows(counted.fragments.windows)
        return Measured(
            sizes=_sizes(features) | {"reason": _said(told)},
            counts=counts,
            lengths=length_rows(counted.fragments),
            motifs=motif_rows(counted.fragments),
            windows=window_rows(counted.fragments, gc, known, self.settings),
            quality=counted_quality(counted, counts, features),
        )

    def _tracked(
        self, bins: Bins, count: Values, named: Mapping[str, tuple[str, ...]]
    ) -> tuple[Counts, tuple[str, ...]]:
        """Counts with GC and mappability, and what to say of how contigs are named."""
        names = dict(named)
        tracks: dict[str, Values | None] = {"gc": None, "mappability": None}
        for name in tracks:
            if self.settings[name]:
                wig: Wig = read_wig(self.settings[name])
                tracks[name] = track_on(bins, wig)
                names[self.settings[name]] = wig.names
        gc, acgt = tracks["gc"], None
        if gc is None:
            gc, acgt = self._of_reference(0, bins)
        note = names_note(names)
        return Counts(bins, count, gc, acgt, tracks["mappability"]), (note,) if note else ()

    def _windows(self, windows: Bins) -> tuple[Values | None, Values | None]:
        """GC and known bases of windows, where there is a reference."""
        return self._of_reference(1, windows) if len(windows) else (None, None)

    def _of_reference(self, which: int, bins: Bins) -> tuple[Values | None, Values | None]:
        """GC and known bases of bins (0) or windows (1); nothing without a reference."""
        return read_gc(self.gc[which], bins) if self.gc else (None, None)

    @property
    def _fasta(self) -> str | None:
        return self.reference["fasta"] if self.reference else None

    @property
    def _name(self) -> str:
        """The user's own file, for messages."""
        return str(self.row["bam"] or self.row["fq1"] or self.row["library_id"])


def _sizes(features: Features) -> Row:
    return {
        "fragments": features.fragments,
        "mode": features.mode.length,
        "short": features.ratio.short,
        "long": features.ratio.long,
        "ratio": features.ratio.value,
        "ratio_low": features.ratio.low,
        "ratio_high": features.ratio.high,
    }


def _said(words: list[str]) -> str | None:
    return "; ".join(word for word in words if word) or None


def says_simulated(file: str) -> bool:
    """Whether a file, by its name or by that of its first read, says that it is simulated."""
    if SIMULATED in Path(file).name:
        return True
    try:
        with pysam.AlignmentFile(file, "rb", check_sq=False) as handle:
            first = next(handle.fetch(until_eof=True), None)
    except (OSError, ValueError):
        return False  # no BAM file, or one that is refused where it is read
    return first is not None and str(first.query_name).startswith(SIMULATED)
