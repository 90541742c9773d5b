"""Columns of the tables of single cells."""

from __future__ import annotations

from liquidbiopsy.core.tables import Table, column, flag, real, text, whole
from liquidbiopsy.scdna.allele_tables import ALLELES, CELL, HOTSPOTS

READS, BASES, COPIES, CELLS_UNIT, BINS_UNIT, EVENTS = (
    "{reads}", "{bases}", "{copies}", "{cells}", "{bins}", "{events}",
)  # fmt: skip
COUNT, RATIO = "count", "ratio"
"""What a cell came as: reads in bins, or ratios that somebody made of them."""

SPECIMEN = CELL[0]
CLONE = column("clone", text, "Clone of the patient; `normal` has the normal genome")
PLACE = (
    column("chrom", text, "Contig, without `chr`", nullable=False),
    column("start", whole, "First base, from 0", BASES, nullable=False),
    column("end", whole, "One past its last base", BASES, nullable=False),
)
SHARE = (
    column("share", real, "Share of the cells that are of it, 0 to 1: of a tumour's clone among "
           "those of all its clones, of `normal` among all that have a clone"),
    column("share_low", real, "Lower limit of the exact 95 % interval of the share"),
    column("share_high", real, "Upper limit"),
)  # fmt: skip

READ = (
    column("role", text, "`tumour_cell` or `normal_cell`", nullable=False),
    column("status", text, "`measured` or `failed`", nullable=False),
    column("reason", text, "Why it failed; of a measured one, a suspicion"),
)
COUNTED = Table(
    name="counted",
    row="one cell as it was read",
    columns=(
        *CELL,
        *READ,
        column("kind", text, "`count` (reads in bins) or `ratio`"),
        column("duplicates", real, "Duplicates among the mapped reads, 0 to 1"),
        column("breadth", real, "Share of the genome's bases that a read covers, 0 to 1"),
        column("simulated", flag, "Whether the file says that it is simulated", nullable=False),
        column("note", text, "What is to be said of its files"),
    ),
    order=("specimen_id", "cell_id"),
)

BINS = Table(
    name="bins",
    row="one bin of the genome; further columns, of the cells' names, hold their corrected ratio",
    columns=(
        *PLACE,
        column("gc", real, "Share of G and C, 0 to 1"),
        column("mappability", real, "Share of its places to which reads map uniquely, 0 to 1"),
        column("used", flag, "Whether the bin tells anything", nullable=False),
    ),
)
COUNTS = Table(
    name="counts",
    row="one bin of the genome; further columns, of the cells' names, hold reads or ratios",
    columns=(
        *PLACE,
        column("gc", real, "Share of G and C, 0 to 1"),
        column("acgt", real, "Share of known bases, 0 to 1"),
        column("mappability", real, "Share of its places to which reads map uniquely, 0 to 1"),
        column("mappable_bp", real, "Places to which reads map uniquely, of bins cut by them"),
    ),
)

PROFILED = Table(
    name="profiled",
    row="one cell and its profile, before the patient's cells are joined",
    columns=(
        *CELL,
        *READ,
        column("reads", real, "Reads in bins, without duplicates", READS),
        column("duplicates", real, "Duplicates among the mapped reads, 0 to 1"),
        column("breadth", real, "Share of the genome's bases that a read covers, 0 to 1"),
        column("mapd", real, "Median absolute difference of log2 between neighbouring bins"),
        column("gini", real, "Gini coefficient of corrected reads over bins, 0 to 1"),
        column("covered", real, "Share of the used autosomal bins that have a read, 0 to 1"),
        column("ploidy", real, "Mean copies over the autosomes", COPIES),
        column("second_ploidy", real, "That of the runner-up", COPIES),
        column("confidence", real, "Probability of the ploidy under the model, 0 to 1"),
        column("ploidy_margin", real, "Natural logarithm of how much better the levels alone fit "
               "it than any other; about 0 where they do not tell it from its double or its half"),
        column("noise", real, "Standard deviation of a bin's copies where there are two", COPIES),
        column("doublet", flag, "Whether it is suspected to be two cells"),
        column("doublet_score", real, "Logarithm, to the base of 10, of the odds of two cells over "
               "one"),
    ),
    order=("specimen_id", "cell_id"),
)  # fmt: skip

CLONED = Table(
    name="cloned",
    row="one cell among the patient's clones",
    columns=(
        *CELL,
        CLONE,
        column("clone_confidence", real, "Probability of the clone among all, times the chance "
               "that noise makes any of the cells differ from it as much, 0 to 1"),
        column("clone_difference", real, "Share of the bases in which it differs from its clone, "
               "or from the nearest, 0 to 1"),
        column("clone_built", flag, "Whether the clones were built from it"),
        column("tree_order", whole, "Place in the tree of the patient's cells, from 0"),
    ),
    order=("specimen_id", "cell_id"),
)  # fmt: skip

DROPOUT = (
    column("dropout", real, "Share of heterozygous sites of which one allele is missing, 0 to 1"),
    column("dropout_low", real, "Lower limit of its 95 % interval"),
    column("dropout_high", real, "Upper limit"),
    column("contamination", real, "Share of reads that are of another genome, 0 to 1"),
    column("contamination_low", real, "Lower limit of its 95 % interval"),
    column("contamination_high", real, "Upper limit"),
)
CELLS = Table(
    name="cells",
    row="one picked cell",
    columns=(*PROFILED.columns, *DROPOUT, *CLONED.columns[2:]),
    order=("specimen_id", "cell_id"),
)

SEGMENTS = Table(
    name="segments",
    row="neighbouring bins of one number of copies in one cell",
    columns=(
        *CELL,
        *PLACE,
        column("bins", whole, "Bins used", BINS_UNIT, nullable=False),
        column("ratio", real, "Mean ratio of its bins; 1 at the cell's median"),
        column("copies", whole, "Copies, a whole number", COPIES, nullable=False),
    ),
)

GENES = Table(
    name="genes",
    row="copies of one gene in one cell",
    columns=(
        *CELL,
        column("gene", text, "Symbol", nullable=False),
        *PLACE,
        column("bins", whole, "Bins used that it lies in", BINS_UNIT, nullable=False),
        column("copies", real, "Copies", COPIES),
        column("copies_low", real, "Lower limit of the 95 % interval", COPIES),
        column("copies_high", real, "Upper limit", COPIES),
        column("call", text, "`amplified`, `gained`, `neutral`, `lost` or `deleted`, by the "
               "thresholds of resources/genes"),
    ),
    order=("specimen_id", "cell_id", "gene"),
)  # fmt: skip

CLONES = Table(
    name="clones",
    row="one clone of the patient in one specimen",
    columns=(
        SPECIMEN,
        column("material", text, "Visit, or specimen, that the cells are of"),
        column("clone", text, CLONE.metadata[b"description"].decode(), nullable=False),
        column("parent", text, "Clone that it comes from, or `normal`"),
        column("cells", whole, "Cells of it in this specimen", CELLS_UNIT, nullable=False),
        column("of", whole, "Cells that these are counted among", CELLS_UNIT, nullable=False),
        *SHARE,
        column("patient_cells", whole, "Cells of it in all the patient's specimens", CELLS_UNIT),
        column("ploidy", real, "Mean copies over the autosomes", COPIES),
        column("events", whole, "Fewest changes from the normal genome", EVENTS),
        column("doubled", flag, "Whether the genome was doubled on the way"),
        column("support", real, "Share of resampled trees in which it stands with its nearest "
               "relatives, 0 to 1"),
    ),
    order=("specimen_id", "clone"),
)  # fmt: skip

CLONE_SEGMENTS = Table(
    name="clone_segments",
    row="neighbouring bases of one number of copies in one clone of a specimen",
    columns=(
        SPECIMEN,
        column("clone", text, "Clone of the patient", nullable=False),
        *PLACE,
        column("copies", real, "Copies that most of its cells have", COPIES, nullable=False),
    ),
)

PLASMA = Table(
    name="clones_in_plasma",
    row="one clone held against the copy number of one plasma library of the patient",
    columns=(
        SPECIMEN,
        column("plasma_specimen_id", text, "Specimen of the plasma", nullable=False),
        column("library_id", text, "Library of the plasma", nullable=False),
        column("clone", text, "Clone of the patient", nullable=False),
        column("bins", whole, "Bins that both know", BINS_UNIT, nullable=False),
        column("pearson", real, "Correlation of log2 (Pearson), -1 to 1"),
        column("spearman", real, "The same of ranks (Spearman)"),
        column("slope", real, "Slope of the plasma's log2 over the clone's"),
        column("p_value", real, "Probability of such a correlation by chance, by turns of the "
               "genome"),
        column("reason", text, "Why there is none"),
    ),
    order=("specimen_id", "plasma_specimen_id", "library_id", "clone"),
)  # fmt: skip

ANALYTES = {
    "cells_passed": ("{cells}", "Picked tumour cells whose profile can be used, of those picked"),
    "cell_gene_copies": (
        "{copies}",
        "Median copies of the gene that `target` names, in the tumour "
        "cells that passed; `count` of them, of `denominator`, have it amplified",
    ),
    "clone_fraction": (
        "1",
        "Share of the clone that `target` names among the tumour's cells; of "
        "`normal`, among all picked tumour cells that have a clone",
    ),
    "cell_mutation_fraction": (
        "1",
        "Share of tumour cells with the mutation that `target` names, "
        "of those in which it would have been seen",
    ),
}
METRICS = {
    "readable": ("the cell", "1", "Whether its file could be read"),
    "simulated": ("the cell", "1", "1 where its file says that it is simulated"),
    "reads": ("the cell", "{reads}", "Reads in bins, without duplicates"),
    "duplicates": ("the cell", "1", "Duplicates among the mapped reads"),
    "breadth": ("the cell", "1", "Share of the genome's bases that a read covers"),
    "mapd": ("the cell", "1", "Median absolute difference of log2 between neighbouring bins"),
    "gini": ("the cell", "1", "Gini coefficient of corrected reads over bins"),
    "covered": ("the cell", "1", "Share of the used autosomal bins that have a read"),
    "dropout": ("the cell", "1", "Share of heterozygous sites of which one allele is missing"),
    "contamination": ("the cell", "1", "Share of reads that are of another genome"),
}

TABLES = (CELLS, SEGMENTS, GENES, CLONES, CLONE_SEGMENTS, PLASMA, HOTSPOTS, BINS)
"""Tables that stay; those of a step's own (`counted`, `counts`, `profiled` …) are for the next."""
OWN = (COUNTED, COUNTS, PROFILED, CLONED, ALLELES)
