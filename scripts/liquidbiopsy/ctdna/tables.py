"""Columns of the ctDNA assay's detail tables."""

from __future__ import annotations

import pyarrow as pa

from liquidbiopsy.core.tables import Table, column, flag, real, text, whole
from liquidbiopsy.ctdna.genome_tables import GENOME_ANALYTES, GENOME_METRICS, GENOME_TABLES

PLASMA, NORMAL = "plasma", "normal"
PANEL, WGS = "panel", "wgs"
RAW, READY = "raw", "ready"
"""Kinds of library: reads that are to be grouped by molecule, or each a molecule already."""

TUMOUR, GERMLINE, CHIP, UNKNOWN = "tumour", "germline", "chip", "unknown"
"""Origins of a variant."""
PASS = "PASS"
SIMULATED = "simulated"
"""What names of simulated reads begin with, and what is in those of simulated files."""
big = pa.int64()

LIBRARY = (
    column("specimen_id", text, "Specimen", nullable=False),
    column("library_id", text, "Library as ctdna.tsv names it", nullable=False),
)

LIBRARIES = Table(
    name="libraries",
    row="one sequencing library and how reading it went",
    columns=(
        *LIBRARY,
        column("role", text, "`plasma` or `normal`", nullable=False),
        column("library", text, "`panel` or `wgs`", nullable=False),
        column("status", text, "`measured` or `failed`", nullable=False),
        column("reason", text, "Why it failed"),
        column("mutations", flag, "Whether known mutations are given for it", nullable=False),
        column("kind", text, "`raw`: reads that are grouped by molecule; `ready`: reads that enter "
               "at the variant step as they are"),
        column("umi", text, "Where barcodes came from: `structure`, `rx`, `name` or `none`"),
        column("pairs", big, "Read pairs, or single reads, in the input", "{reads}"),
        column("mapped", big, "Those of which at least one read is mapped", "{reads}"),
        column("umi_corrected", big, "Barcodes put right by the whitelist", "{reads}"),
        column("simulated", flag, "Whether the reads say by their names that they are simulated"),
        column("umi_rejected", big, "Pairs left out, as their barcode fits none of the whitelist",
               "{reads}"),
    ),
    order=("specimen_id", "library_id"),
)  # fmt: skip

FAMILIES = Table(
    name="families",
    row="how many molecules were read so many times",
    columns=(
        *LIBRARY,
        column("size", whole, "Read pairs of one molecule, both strands together", "{reads}",
               nullable=False),
        column("molecules", big, "Molecules of that size", "{molecules}", nullable=False),
        column("duplex", big, "Those read from both strands", "{molecules}", nullable=False),
    ),
    order=("specimen_id", "library_id", "size"),
)  # fmt: skip

COVERAGE = Table(
    name="coverage",
    row="one region of a panel in one library",
    columns=(
        *LIBRARY,
        column("chrom", text, "Contig", nullable=False),
        column("start", whole, "First base, from 0", "{bases}", nullable=False),
        column("end", whole, "One past its last base", "{bases}", nullable=False),
        column("name", text, "Name in the panel"),
        column("mean", real, "Mean molecules over its bases", "{molecules}"),
        column("least", whole, "Fewest molecules over one of its bases", "{molecules}"),
        column("duplex_mean", real, "Mean duplex molecules over its bases", "{molecules}"),
        column("reason", text, "Why the library could not be called; the row has no region then"),
    ),
    order=("specimen_id", "library_id", "chrom", "start"),
)  # fmt: skip

BACKGROUND = Table(
    name="background",
    row="errors of one kind in one library",
    columns=(
        *LIBRARY,
        column("change", text, "Trinucleotide and the base read in place of its middle, by the "
               "strand that the molecule was read from: `ACA>T`; or insertion or deletion, its "
               "length and that of the repeat beside it: `del1:4-5`", nullable=False),
        column("molecules_class", text, "`single`, `pair`, `family` or `duplex`: read once, twice, "
               "more often, from both strands", nullable=False),
        column("near_end", flag, "Whether near the end of a molecule", nullable=False),
        column("errors", big, "Bases that differ, at sites without a variant", "{bases}",
               nullable=False),
        column("bases", big, "Bases looked at", "{bases}", nullable=False),
        column("rate", real, "Errors in a base, drawn towards the rate of the class"),
        column("dispersion", real, "Of the beta-binomial, 1 / (a + b + 1): 0 where all sites are "
               "alike"),
        column("source", text, "`normals` or `sample`", nullable=False),
    ),
    order=("specimen_id", "library_id", "change", "molecules_class", "near_end"),
)  # fmt: skip

VARIANTS = Table(
    name="variants",
    row="one variant of a library, or one hotspot without any that passes",
    columns=(
        *LIBRARY,
        column("chrom", text, "Contig", nullable=False),
        column("pos", whole, "Position, from 1", "{bases}", nullable=False),
        column("ref", text, "Reference allele", nullable=False),
        column("alt", text, "Other allele", nullable=False),
        column("filter", text, "`PASS`, or the reasons against it, joined by `;`; `not_detected` "
               "of a hotspot without a variant that passes", nullable=False),
        column("vaf", real, "Share of the molecules that have it, 0 to 1"),
        column("vaf_low", real, "Lower limit of its 95 % interval (Clopper-Pearson)"),
        column("vaf_high", real, "Upper limit"),
        column("lod", real, "Share of the molecules from which it would have been called with 95 % "
               "probability, from the molecules seen there"),
        column("alt_molecules", whole, "Molecules that have it", "{molecules}"),
        column("molecules", whole, "Molecules that were read there", "{molecules}"),
        column("alt_duplex", whole, "Duplex molecules that have it", "{molecules}"),
        column("duplex", whole, "Duplex molecules that were read there", "{molecules}"),
        column("alt_families", whole, "Molecules that have it and were read more than once",
               "{molecules}"),
        column("alt_forward", whole, "Molecules that have it, of fragments read forward",
               "{molecules}"),
        column("alt_reverse", whole, "Molecules that have it, of fragments read in reverse",
               "{molecules}"),
        column("error_rate", real, "Mean error rate that it was held against"),
        column("p_value", real, "Probability of as much evidence by error alone"),
        column("p_limit", real, "Largest `p_value` there within the budget of false calls"),
        column("q_value", real, "The same, as a false discovery rate over all that was tested"),
        column("normal_vaf", real, "Share of the matched normal's molecules that have it"),
        column("normal_molecules", whole, "Molecules of the matched normal there", "{molecules}"),
        column("origin", text, "`tumour`, `germline`, `chip` or `unknown`", nullable=False),
        column("gene", text, "Gene of the hotspot, or the panel's name of the region"),
        column("change", text, "What it does to the protein at a hotspot: `p.H1047R`"),
        column("hotspot", text, "Hotspot that it lies in"),
        column("known", flag, "Whether it is among the patient's known mutations",
               nullable=False),
    ),
    order=("specimen_id", "library_id", "chrom", "pos", "ref", "alt"),
)  # fmt: skip

MRD = Table(
    name="mrd",
    row="one known mutation of the patient in one library; the row without position sums them up",
    columns=(
        *LIBRARY,
        column("chrom", text, "Contig; blank in the row that sums up"),
        column("pos", whole, "Position, from 1", "{bases}"),
        column("ref", text, "Reference allele"),
        column("alt", text, "Mutated allele"),
        column("phase", text, "Mutations of one name lie on one molecule, and count together"),
        column("molecules", big, "Informative molecules: those that show whether they are mutated; "
               "in the sum those over several mutations in phase are counted once",
               "{molecules}"),
        column("alt_molecules", big, "Those that are mutated", "{molecules}"),
        column("duplex", big, "Informative molecules that were read from both strands",
               "{molecules}"),
        column("alt_duplex", big, "Mutated ones that were read from both strands", "{molecules}"),
        column("left_out", big, "Molecules that tell nothing, as mates disagree, or have one "
               "mutation of a phase and not another that they cover; in the sum once for each "
               "mutation", "{molecules}"),
        column("error_rate", real, "Share of molecules that look mutated by error alone; in the "
               "sum the mean over all"),
        column("weight", real, "Share with which it counts, 0 to 1: less where it stands out from "
               "the other mutations"),
        column("status", text, "`measured` (detected), `not_detected`, `inadequate` or `failed`; "
               "of a mutation `used`, `outlier`, `in_normal`, `filtered` or `not_covered`"),
        column("reason", text, "Why it is inadequate, or not used; else a remark"),
        column("p_value", real, "Probability of as much by error alone"),
        column("tumour_fraction", real, "Share of the molecules over mutations that the tumour has "
               "mutated, 0 to 1: the mean VAF, not doubled for diploid cells"),
        column("low", real, "Lower limit of its 95 % interval (profile likelihood)"),
        column("high", real, "Upper limit"),
        column("lod95", real, "Tumour fraction that would be detected with 95 % probability"),
        column("background", text, "Where error rates are from: `table` (background.parquet) or "
               "`sample` (its bases around the mutations)"),
    ),
    order=("specimen_id", "library_id", "chrom", "pos", "ref", "alt"),
)  # fmt: skip

TABLES = (VARIANTS, LIBRARIES, FAMILIES, COVERAGE, BACKGROUND, MRD, *GENOME_TABLES)
"""All tables of this assay beside the shared ones, in the order of the documentation."""

ANALYTES = {
    "variant_allele_fraction": (
        "1",
        "Share of the molecules that have a variant of the tumour, or of origin unknown; `target` "
        "is gene and change at a hotspot, else `chrom:pos:ref>alt`. `count` is the molecules that "
        "have it, `denominator` all there; `reason` why its origin is unknown. `not_detected`: a "
        "hotspot without one, with its `lod` and what was seen there but errors may do, or, "
        "without `target`, that there is none on the panel. `inadequate`: a hotspot with too few "
        "molecules, or with a variant that was filtered as an artefact",
    ),
    "mrd_tumour_fraction": (
        "1",
        "Share of the molecules over the tumour's known mutations that are mutated, beyond errors; "
        "`measured` is detected. `count` is the mutated molecules, `denominator` the informative "
        "ones; only where known mutations are given",
    ),
    **GENOME_ANALYTES,
}
"""Analyte -> unit, and what it is."""

READS, MOLECULES = "{reads}", "{molecules}"
MOLECULE_METRICS = {
    "reads": ("a library", READS, "Primary reads, before grouping"),
    "grouped_share": ("a library", "1", "Share of them that belong to a molecule"),
    "reads_unmapped": ("a library", READS, "Left out: neither they nor their mates are mapped"),
    "reads_mate_unmapped": ("a library", READS, "Left out: of a pair with one unmapped mate"),
    "reads_low_mapq": (
        "a library", READS, "Left out: their mapping quality, or their mate's, is under min_mapq"
    ),
    "reads_no_umi": ("a library", READS, "Left out: they carry no UMI"),
    "reads_umi_with_n": ("a library", READS, "Left out: their UMI has an N"),
    "reads_mate_missing": ("a library", READS, "Left out: of a pair whose mate is not in the file"),
    "reads_failed_qc": ("a library", READS, "Left out: flagged by the sequencer"),
    "reads_unlike": (
        "a library", READS, "Grouped, but not counted: their insertions and deletions are not the "
        "most common ones of their molecule"
    ),
    "molecules": ("a library", MOLECULES, "Molecules found"),
    "family_size_mean": ("a library", READS, "Read pairs, or single reads, of a molecule, mean"),
    "duplex_share": ("a library", "1", "Share of the molecules that were read from both strands"),
    "singleton_share": ("a library", "1", "Share of the molecules that were read once"),
    "molecules_few_reads": ("a library", MOLECULES, "Left out: fewer reads than min_reads"),
    "molecules_few_strand_reads": (
        "a library", MOLECULES, "Left out: a strand has fewer reads than min_strand_reads"
    ),
    "molecules_no_bases": ("a library", MOLECULES, "Left out: no base is good enough, or aligned"),
    "molecules_read_errors": (
        "a library", MOLECULES, "Left out: their reads differ in more than max_read_error"
    ),
    "molecules_no_calls": ("a library", MOLECULES, "Left out: more than max_no_calls of N"),
    "consensus_reads": ("a library", READS, "Consensus reads written"),
    "mates_differ": (
        "a library", "{bases}", "Positions where the consensus of two mates differed: N in both"
    ),
    "mates_clipped": ("a library", MOLECULES, "Molecules whose mates overlapped, and were clipped"),
}  # fmt: skip
"""Metrics of libraries whose reads are grouped, in the form of `METRICS`."""

METRICS = {
    "readable": ("a library", "1", "Whether the library could be read, 1 or 0"),
    "simulated": ("a library", "1", "1 where the reads say by their names that they are simulated"),
    "pairs": ("a library", READS, "Read pairs, or single reads, in the input"),
    "mapped_share": ("a library", "1", "Share of them of which at least one read is mapped"),
    "depth": ("a library", MOLECULES, "Mean molecules over the bases of its regions"),
    "duplex_depth": ("a library", MOLECULES, "Mean duplex molecules over the same"),
    "on_target_share": ("a library", "1", "Share of its molecules that overlap its panel"),
    "on_target_base_share": ("a library", "1", "Share of their aligned bases that lie there"),
    "ends_against_chance": (
        "a library", "1", "Distinct pairs of ends over as many as chance would leave, of reads "
        "that came aligned without barcodes or flagged duplicates; under the limit copies count as "
        "molecules"
    ),
    **MOLECULE_METRICS,
    **GENOME_METRICS,
}  # fmt: skip
"""Metric of the quality table -> item that it is of, unit, and what it is."""
