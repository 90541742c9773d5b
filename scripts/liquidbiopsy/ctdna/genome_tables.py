"""Columns of the tables of whole genomes at low coverage and of fragments."""

from __future__ import annotations

import pyarrow as pa

from liquidbiopsy.core.tables import Table, column, flag, real, text, whole

big = pa.int64()
READS, BASES, FRAGMENTS_UNIT = "{reads}", "{bases}", "{fragments}"

LIBRARY = (
    column("specimen_id", text, "Specimen", nullable=False),
    column("library_id", text, "Library as ctdna.tsv names it", nullable=False),
)
PLACE = (
    column("chrom", text, "Contig, without `chr`", nullable=False),
    column("start", whole, "First base, from 0", BASES, nullable=False),
    column("end", whole, "One past its last base", BASES, nullable=False),
)

BINS = Table(
    name="bins",
    row="one bin of the genome in one library",
    columns=(
        *LIBRARY,
        *PLACE,
        column("count", big, "Reads that begin in it; blank where only ratios were given", READS),
        column("gc", real, "Share of G and C, 0 to 1"),
        column("mappability", real, "Share of its places to which reads map uniquely, 0 to 1"),
        column("corrected", real, "Count, corrected for GC and mappability, over the median of the "
               "autosomes"),
        column("log2", real, "Logarithm of `corrected`, less the panel of normals"),
        column("noise", real, "Standard deviation of `log2` that is expected of a bin"),
        column("used", flag, "Whether the bin tells anything", nullable=False),
        column("copies", whole, "Copies in the tumour's cells by the chosen solution", "{copies}"),
    ),
    order=("specimen_id", "library_id"),
)  # fmt: skip

SEGMENTS = Table(
    name="segments",
    row="neighbouring bins of one number of copies",
    columns=(
        *LIBRARY,
        *PLACE,
        column("bins", whole, "Bins used", "{bins}", nullable=False),
        column("log2", real, "Median log2 of its bins"),
        column("copies", whole, "Copies in the tumour's cells, to the next whole number",
               "{copies}"),
        column("copies_low", real, "Lower limit of the 95 % interval of the copies", "{copies}"),
        column("copies_high", real, "Upper limit", "{copies}"),
        column("subclonal", flag, "Whether part of the tumour's cells alone have it"),
    ),
    order=("specimen_id", "library_id"),
)  # fmt: skip

GENOMES = Table(
    name="genomes",
    row="one whole-genome library and what its copies say",
    columns=(
        *LIBRARY,
        column("status", text, "`measured` (tumour DNA is detected), `not_detected`, `inadequate` "
               "or `failed`", nullable=False),
        column("reason", text, "Why it is inadequate or failed; else a remark"),
        column("tumour_fraction", real, "Share of the DNA that is of tumour cells, 0 to 1; of one "
               "that is not detected, the best estimate all the same"),
        column("low", real, "Lower limit of its 95 % interval (profile likelihood)"),
        column("high", real, "Upper limit"),
        column("lod", real, "Tumour fraction that would be detected with 95 % probability"),
        column("ploidy", real, "Mean copies in the tumour's cells", "{copies}"),
        column("ploidy_low", real, "Lower limit of its 95 % interval", "{copies}"),
        column("ploidy_high", real, "Upper limit", "{copies}"),
        column("log_ratio", real, "Natural logarithm of the likelihood with a tumour over that "
               "without"),
        column("sex", text, "`female` or `male`, by the reads on X and Y; blank where unknown"),
        column("normals", whole, "Normals in the panel that it was held against", "{libraries}",
               nullable=False),
    ),
    order=("specimen_id", "library_id"),
)  # fmt: skip

SOLUTIONS = Table(
    name="solutions",
    row="one solution for tumour fraction and ploidy",
    columns=(
        *LIBRARY,
        column("rank", whole, "1 is the solution that was chosen", nullable=False),
        column("tumour_fraction", real, "Share of the DNA that is of tumour cells, 0 to 1"),
        column("ploidy", real, "Mean copies in the tumour's cells", "{copies}"),
        column("usual_copies", real, "Copies of most bins that it started from", "{copies}"),
        column("log_likelihood", real, "Natural logarithm of the likelihood"),
        column("score", real, "The same with the priors; the chosen one has the highest"),
        column("subclonal_share", real, "Share of the bins that are subclonal"),
    ),
    order=("specimen_id", "library_id", "rank"),
)  # fmt: skip

GENES = Table(
    name="genes",
    row="copies of one gene in one library",
    columns=(
        *LIBRARY,
        column("gene", text, "Symbol", nullable=False),
        *PLACE,
        column("bins", whole, "Bins used that it lies in", "{bins}", nullable=False),
        column("log2", real, "Mean log2 of them"),
        column("copies", real, "Copies in the tumour's cells", "{copies}"),
        column("copies_low", real, "Lower limit of the 95 % interval", "{copies}"),
        column("copies_high", real, "Upper limit", "{copies}"),
        column("call", text, "`amplified`, `gained`, `neutral`, `lost` or `deleted`, by the "
               "thresholds of resources/genes"),
    ),
    order=("specimen_id", "library_id", "gene"),
)  # fmt: skip

FRAGMENTS = Table(
    name="fragments",
    row="how many fragments of one length there are",
    columns=(
        *LIBRARY,
        column("length", whole, "Length", BASES, nullable=False),
        column("count", big, "Fragments", FRAGMENTS_UNIT, nullable=False),
    ),
    order=("specimen_id", "library_id", "length"),
)  # fmt: skip

SIZES = Table(
    name="fragment_sizes",
    row="the fragments of one library, summed up",
    columns=(
        *LIBRARY,
        column("status", text, "`measured` or `failed`", nullable=False),
        column("reason", text, "Why it failed, or why lengths are not known; else a remark"),
        column("bins_reason", text, "Why its bins cannot be used, where its fragments can"),
        column("fragments", big, "Fragments whose length is known", FRAGMENTS_UNIT,
               nullable=False),
        column("mode", whole, "Most common length", BASES),
        column("short", big, "Short fragments", FRAGMENTS_UNIT),
        column("long", big, "Long ones", FRAGMENTS_UNIT),
        column("ratio", real, "Short over long"),
        column("ratio_low", real, "Lower limit of its 95 % interval (exact, of two counts)"),
        column("ratio_high", real, "Upper limit"),
    ),
    order=("specimen_id", "library_id"),
)  # fmt: skip

MOTIFS = Table(
    name="motifs",
    row="how many fragments begin or end with one motif",
    columns=(
        *LIBRARY,
        column("motif", text, "Four bases at the 5' end of a strand", nullable=False),
        column("count", big, "Ends", "{ends}", nullable=False),
        column("share", real, "Share of all ends"),
    ),
    order=("specimen_id", "library_id", "motif"),
)  # fmt: skip

WINDOWS = Table(
    name="windows",
    row="short and long fragments in one window of the genome",
    columns=(
        *LIBRARY,
        column("size", whole, "Bases of the windows of this kind", BASES, nullable=False),
        *PLACE,
        column("short", big, "Short fragments", FRAGMENTS_UNIT, nullable=False),
        column("long", big, "Long ones", FRAGMENTS_UNIT, nullable=False),
        column("ratio", real, "Short over long"),
        column("gc", real, "Share of G and C, 0 to 1, where there is a reference"),
        column("gap", flag, "Whether the window touches a gap of the reference; blank without one"),
        column("windows", whole, "Narrow windows that are summed up in it", nullable=False),
    ),
    order=("specimen_id", "library_id", "size"),
)  # fmt: skip

COUNTS = Table(
    name="counts",
    row="one bin of a library as it was counted",
    columns=(
        *PLACE,
        column("count", real, "Reads that begin in it", READS),
        column("gc", real, "Share of G and C, 0 to 1"),
        column("acgt", real, "Known bases over all, 0 to 1"),
        column("mappability", real, "0 to 1"),
    ),
)  # fmt: skip

GENOME_TABLES = (BINS, SEGMENTS, GENOMES, SOLUTIONS, GENES, FRAGMENTS, SIZES, MOTIFS, WINDOWS)

GENOME_ANALYTES = {
    "tumour_fraction": (
        "1",
        "Share of the DNA that is of tumour cells, by copy number over the whole genome at low "
        "coverage; `not_detected` where it is under what can be told, with its `lod`",
    ),
    "ploidy": ("{copies}", "Mean copies in the tumour's cells, where tumour DNA is detected"),
    "gene_copies": (
        "{copies}",
        "Copies of a gene in the tumour's cells, where tumour DNA is detected; `target` is the "
        "gene. `count` is the bins that it lies in",
    ),
    "fragment_mode": (BASES, "Most common length of fragments; `count` is the fragments"),
    "fragment_short_long_ratio": (
        "1",
        "Short over long fragments, by default 100-150 over 151-220 bases; `count` is the short "
        "ones, `denominator` the long ones",
    ),
}
"""Analyte -> unit, and what it is."""

GENOME_METRICS = {
    "reads_counted": ("a library", READS, "Reads that are counted in bins"),
    "reads_duplicate": ("a library", READS, "Left out: copies of another fragment"),
    "reads_low_mapq": ("a library", READS, "Left out: their mapping quality is under min_mapq"),
    "reads_per_bin": ("a library", READS, "Median reads of a bin of the autosomes"),
    "bins_used": ("a library", "1", "Share of the bins that tell something"),
    "log2_mad": (
        "a library", "1", "Median difference of neighbouring bins' log2, as standard deviation"
    ),
    "gc_bias": (
        "a library", "1", "Standard deviation of the median log2 of ten classes of GC, before "
        "correction"
    ),
    "gc_bias_left": ("a library", "1", "The same, after correction"),
    "fragments": ("a library", FRAGMENTS_UNIT, "Fragments whose length is known"),
    "motif_diversity": ("a library", "1", "Diversity of end motifs, 0 to 1"),
    "periodicity": ("a library", "1", "Strength of the 10-base rhythm of lengths"),
}  # fmt: skip
"""Metric of the quality table -> item that it is of, unit, and what it is."""
