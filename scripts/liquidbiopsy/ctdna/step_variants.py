"""Step `variants` of one specimen: molecules of its libraries in, variants and errors out."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import pysam

from liquidbiopsy.core.atomic import write_text
from liquidbiopsy.core.errors import InputError
from liquidbiopsy.core.names import shown_names, without_place
from liquidbiopsy.core.parquet import table_of, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.tables import QUALITY
from liquidbiopsy.ctdna.background_rows import background_rows
from liquidbiopsy.ctdna.consensus_reads import open_bam
from liquidbiopsy.ctdna.covered import regions_of
from liquidbiopsy.ctdna.known import Key, known_keys
from liquidbiopsy.ctdna.libraries import failure_of, source_of
from liquidbiopsy.ctdna.library_variants import Called, Normals, call_library, normals_of
from liquidbiopsy.ctdna.mrd_targets import TaggedGenome
from liquidbiopsy.ctdna.mutations import Mutation, read_mutations
from liquidbiopsy.ctdna.on_target import on_target, quality_rows
from liquidbiopsy.ctdna.pileup import pile
from liquidbiopsy.ctdna.tables import BACKGROUND, COVERAGE, NORMAL, PANEL, VARIANTS
from liquidbiopsy.ctdna.variant_rows import coverage_rows, on_the_panel, variant_rows
from liquidbiopsy.ctdna.vcf import vcf_text
from liquidbiopsy.reads.hotspots import Codon, codons_of, read_hotspots
from liquidbiopsy.reads.panel import Region, check_panel, check_regions
from liquidbiopsy.reads.reference import Reference, open_reference

LOG = logging.getLogger(__name__)
Rows = list[dict[str, Any]]


def variants_specimen(
    libraries: Sequence[Mapping[str, Any]],
    panels: Mapping[str, Mapping[str, Any]],
    references: Mapping[str, Mapping[str, Any]],
    hotspots: str | Sequence[str],
    settings: Mapping[str, Any],
    code: str,
    outputs: Mapping[str, str],
) -> None:
    """Call the variants of a specimen's plasma libraries.

    A library that cannot be read is passed by: the table of coverage has a row with the reason.

    Parameters
    ----------
    libraries : list of dict
        Each with `row` (of ctdna.tsv), `consensus` (path of its BAM) and `library` (path of the
        table of how reading it went).
    panels : dict
        Panels by name, each with `bed`.
    references : dict
        Reference genomes by name, each with `fasta` and `build`.
    hotspots : str or list of str
        Names or paths of files of hotspots.
    settings : dict
        The section `variants`, with `normals`.
    code : str
        Digest of the code.
    outputs : dict
        Paths of `variants`, `vcf`, `background`, `coverage` and, where it is wanted, `quality`:
        how much of each library lies on its panel.
    """
    specimen = _Specimen(panels, references, read_hotspots(hotspots), settings)
    readable = [lib for lib in libraries if lib["row"]["library"] == PANEL and not failure_of(lib)]
    normals = [lib for lib in readable if lib["row"]["role"] == NORMAL]
    plasma = [lib for lib in readable if lib["row"]["role"] != NORMAL]
    for library in [*plasma, *normals]:
        specimen.try_library(library, normals if library["row"]["role"] != NORMAL else [])
    files = _files(libraries, panels, references, settings)
    slice_of = {**settings, "normals": len(settings["normals"])}
    made = Provenance(code, {"variants": slice_of, "hotspots": specimen.hotspots}, checksums(files))
    tables = [
        ("variants", VARIANTS, specimen.variants),
        ("background", BACKGROUND, specimen.background),
        ("coverage", COVERAGE, specimen.coverage),
        ("quality", QUALITY, specimen.quality),
    ]
    for name, table, rows in tables[: None if "quality" in outputs else -1]:
        write_table(table_of(rows, table), outputs[name], table, made)
    names = [lib["row"]["library_id"] for lib in plasma]
    write_text(outputs["vcf"], vcf_text(specimen.variants, names, specimen.contigs))


def _files(
    libraries: Sequence[Mapping[str, Any]],
    panels: Mapping[str, Mapping[str, Any]],
    references: Mapping[str, Mapping[str, Any]],
    settings: Mapping[str, Any],
) -> dict[str, str]:
    """Inputs by names without a path of a machine."""
    files = {f"{lib['row']['library_id']}/consensus.bam": lib["consensus"] for lib in libraries}
    files |= {f"panel {n}": p["bed"] for n, p in panels.items() if p["bed"]}
    files |= {f"reference {n}": r["fasta"] for n, r in references.items()}
    others = [*settings["normals"], *{lib["row"]["mutations"]: 0 for lib in libraries}]
    listed = sorted({path for path in others if path})
    return files | {name: path for path, name in shown_names(listed).items()}


class _Specimen:
    """The rows of a specimen, as its libraries are called one by one."""

    def __init__(
        self,
        panels: Mapping[str, Mapping[str, Any]],
        references: Mapping[str, Mapping[str, Any]],
        hotspots: list[dict[str, Any]],
        settings: Mapping[str, Any],
    ) -> None:
        self.panels, self.references = panels, references
        self.hotspots, self.settings = hotspots, settings
        self.variants: Rows = []
        self.background: Rows = []
        self.coverage: Rows = []
        self.quality: Rows = []
        self.contigs: dict[str, int] = {}
        self._panels_of_normals: dict[tuple[Any, ...], Normals] = {}
        self._told: set[str] = set()

    def try_library(self, library: Mapping[str, Any], normals: Sequence[Mapping[str, Any]]) -> None:
        """Call a library; one that cannot be read leaves its reason.

        `normals` are the matched ones; a normal itself is called without them, for its errors.
        """
        row = library["row"]
        try:
            with ExitStack() as stack:
                reference = self._reference(row, stack)
                self._library(library, normals, reference)
        except InputError as error:
            words = self._words(error, library)
            self._tell(f"{row['library_id']}: {words}")
            self.coverage.append(
                {
                    **{name: row[name] for name in ("specimen_id", "library_id")},
                    **{"chrom": "", "start": 0, "end": 0, "mean": 0.0, "reason": words},
                }
            )

    def _words(self, error: InputError, library: Mapping[str, Any]) -> str:
        """What is wrong with a library, its files named as the sheet and the settings name them."""
        row = library["row"]
        words = without_place(str(error), library["consensus"], source_of(row))
        others = [*self.settings["normals"], self._bed(row), self._fasta(row)]
        for path, name in shown_names([p for p in others if p]).items():
            words = without_place(words, path, name)
        return words

    def _reference(self, row: Mapping[str, Any], stack: ExitStack) -> Reference | None:
        fasta = self._fasta(row)
        return stack.enter_context(open_reference(fasta)) if fasta else None

    def _fasta(self, row: Mapping[str, Any]) -> str | None:
        return self.references[row["reference"]]["fasta"] if row["reference"] else None

    def _library(
        self,
        library: Mapping[str, Any],
        normals: Sequence[Mapping[str, Any]],
        reference: Reference | None,
    ) -> None:
        row, bam = library["row"], library["consensus"]
        with open_bam(bam) as handle:
            contigs = dict(zip(handle.references, handle.lengths, strict=True))
            mutations = self._mutations(row, handle, reference)
            genome = reference or TaggedGenome(handle)
            known = known_keys(mutations, genome)
        regions = self._regions(library, mutations, contigs, reference)
        codons = self._codons(row, contigs)
        own = pile(bam, regions, reference, self.settings, known)
        hotspots = on_the_panel(codons, own, self._tell)
        others = self._normals(row, regions, reference)
        found = call_library(own, [c for c, _ in hotspots], known, others, self.settings)
        self.background += background_rows(found.background, row)
        self.coverage += coverage_rows(own, row)
        for name, length in contigs.items():
            self.contigs.setdefault(name, length)
        if row["role"] == NORMAL:
            return
        normal = self._matched(row, normals, regions, reference, codons, others, known)
        self.variants += variant_rows(found, row, hotspots, known, normal, self.settings)

    def _regions(
        self,
        library: Mapping[str, Any],
        mutations: Sequence[Mutation],
        contigs: Mapping[str, int],
        reference: Reference | None,
    ) -> list[Region]:
        """Regions to call in; how much of the library lies on a panel goes to the quality table."""
        row, bam = library["row"], library["consensus"]
        bed = self._bed(row)
        regions = regions_of(bed, bam, mutations, self.settings)
        if bed and reference is not None:
            check_panel(regions, reference, bed)
        if bed:
            check_regions(regions, contigs, bed, source_of(row))
        found = on_target(bam, regions)
        if found.without_bases:
            few = f"{found.without_bases} of {found.reads} mapped reads have no bases"
            self._tell(f"{row['library_id']}: {few} (SEQ is *), and are left out")
        if bed:
            self.quality += quality_rows(found, row)
        return regions

    def _bed(self, row: Mapping[str, Any]) -> str | None:
        return self.panels[row["panel"]]["bed"] if row["panel"] else None

    def _mutations(
        self, row: Mapping[str, Any], handle: pysam.AlignmentFile, reference: Reference | None
    ) -> list[Mutation]:
        """Known mutations that their file does not filter, as germline for one.

        A file that is wrong is the failure of the step that tests for them.
        """
        if not row["mutations"]:
            return []
        contigs = dict(zip(handle.references, handle.lengths, strict=True))
        try:
            listed = read_mutations(row["mutations"], reference or TaggedGenome(handle), contigs)
        except InputError as error:
            self._tell(f"{row['library_id']}: known mutations are not marked: {error}")
            return []
        return [mutation for mutation in listed if not mutation.filter]

    def _codons(self, row: Mapping[str, Any], contigs: Mapping[str, int]) -> list[Codon]:
        """Hotspots of the files that are of the reference's build."""
        build = self.references[row["reference"]].get("build") if row["reference"] else None
        found = []
        for content in self.hotspots:
            if content["build"] == build:
                found += codons_of(content, contigs)
            else:
                self._tell(
                    f"hotspots of {content['build']} are not looked at in libraries of "
                    f"{build or 'a reference without a build'}"
                )
        return found

    def _normals(
        self, row: Mapping[str, Any], regions: list[Region], reference: Reference | None
    ) -> Normals | None:
        """The panel of normals over the regions of a library, counted once for all of the same."""
        if not self.settings["normals"]:
            return None
        key = (row["reference"], *regions)
        if key not in self._panels_of_normals:
            piles = [pile(n, regions, reference, self.settings) for n in self.settings["normals"]]
            self._panels_of_normals[key] = normals_of(piles)
        return self._panels_of_normals[key]

    def _matched(
        self,
        row: Mapping[str, Any],
        normals: Sequence[Mapping[str, Any]],
        regions: list[Region],
        reference: Reference | None,
        codons: Sequence[Codon],
        others: Normals | None,
        known: frozenset[Key],
    ) -> Called | None:
        """The first matched normal of the same reference, called over the same regions."""
        for library in normals:
            if library["row"]["reference"] == row["reference"]:
                try:
                    own = pile(library["consensus"], regions, reference, self.settings, known)
                except InputError as error:
                    self._tell(f"{library['row']['library_id']}: {self._words(error, library)}")
                    continue
                return call_library(own, codons, frozenset(), others, self.settings)
        return None

    def _tell(self, words: str) -> None:
        """Say something once in the log."""
        if words not in self._told:
            self._told.add(words)
            LOG.warning("%s", words)
