"""Amplicons of simulated single cells: genotypes, drop-out, errors, and the files they make."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pysam
import pytest
import yaml
from repository import ROOT

from liquidbiopsy.simulate.karyotypes import clone_of
from liquidbiopsy.simulate.single_cells import CellParameters, plan_cells
from liquidbiopsy.simulate.single_cells_alleles import (
    AmpliconParameters,
    Mutation,
    allele_tables,
    read_cell,
)
from liquidbiopsy.simulate.single_cells_amplicons import write_amplicons
from liquidbiopsy.simulate.single_cells_panel import CHANGES, CODONS, make_panel
from liquidbiopsy.simulate.single_cells_parameters import LEUKOCYTE, Cell
from liquidbiopsy.simulate.whole_genome_builds import CONTIGS, chromosomes

HOTSPOTS = yaml.safe_load((ROOT / "resources/hotspots/breast_grch38.yaml").read_text("utf-8"))
ACIDS = dict(
    zip(
        [a + b + c for a in "TCAG" for b in "TCAG" for c in "TCAG"],
        "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        strict=True,
    )
)
#: Neither errors nor uneven amplification.
PLAIN = {"error": 0.0, "early_error": 0.0, "depth_spread": 0.0}


def cells(count: int, genomes=(LEUKOCYTE,), **changes) -> list[Cell]:
    """Cells that are alike but for chance."""
    one = Cell("c", "tumour_cell", genomes, 0.05, 1.0, 0.2, 0.1)
    return [replace(one, cell_id=f"c{k}", **changes) for k in range(count)]


def parameters(names=(), mutations=(), snps=40, **changes) -> AmpliconParameters:
    """A tumour of one clone, read at hotspots and SNPs."""
    clones = (clone_of(names, 3),)
    specimen = CellParameters(clones, cells=4, normal=0, doublets=0, failed=0)
    return AmpliconParameters(specimen, make_panel(3, snps=snps), tuple(mutations), **changes)


# --- the panel ---


def test_codons_and_changes_are_those_of_the_genes():
    listed = {
        f"{gene['gene']} {codon['residue']}": (gene["chrom"], codon["start"], gene["strand"])
        for gene in HOTSPOTS["genes"]
        for codon in gene["codons"]
    }
    assert len(CODONS) >= 15 and len(CHANGES) >= 15
    turned = str.maketrans("ACGT", "TGCA")
    for name, (codon, offset, alt) in CHANGES.items():
        contig, start, bases = CODONS[codon]
        chrom, place, strand = listed[codon]
        assert (f"chr{contig}", start) == (chrom, place)
        changed = bases[:offset] + alt + bases[offset + 1 :]
        both = [
            ACIDS[text if strand == "+" else text.translate(turned)[::-1]]
            for text in (bases, changed)
        ]
        residue = codon.split()[1]
        assert both[0] == residue[0] and name == f"{codon}{both[1]}" and bases[offset] != alt


def test_a_panel_has_its_sites_on_amplicons_apart():
    panel = make_panel(3, snps=50)
    other, same = make_panel(4, snps=50), make_panel(3, snps=50)
    assert same.sites == panel.sites != other.sites and (same.bases == panel.bases).all()
    order = [(CONTIGS.index(s.contig), s.pos) for s in panel.sites]
    assert order == sorted(order) and len({s.name for s in panel.sites}) == len(order)
    assert (panel.offset >= 20).all() and (panel.offset < panel.bases.shape[1] - 20).all()
    for s, site in enumerate(panel.sites):
        row = panel.bases[panel.amplicon[s]]
        assert "ACGT"[row[panel.offset[s]]] == site.ref != site.alt
    pik3ca = [k for k, s in zip(panel.amplicon, panel.sites, strict=True) if "PIK3CA E54" in s.name]
    assert len(pik3ca) == 2 and len(set(pik3ca)) == 1
    where = [(one.p_end, one.q_start) for one in chromosomes("GRCh38")]
    for contig, start in zip(panel.contig, panel.start, strict=True):
        assert not where[contig][0] - 100 < start < where[contig][1]
    gaps = np.diff(panel.start)[np.diff(panel.contig) == 0]
    assert gaps.min() > panel.bases.shape[1]
    snps = [s for s in make_panel(1, snps=400).sites if s.frequency]
    assert len(snps) == 400
    assert np.mean([s.heterozygous for s in snps]) == pytest.approx(0.44, abs=0.08)
    assert not [s for s in make_panel(1, snps=5, build="GRCh37").sites if not s.frequency]
    with pytest.raises(ValueError, match="from 60 to 300"):
        make_panel(length=20)


# --- alleles ---


def test_copies_drop_out_one_by_one():
    p = parameters(**PLAIN, depth=200)
    table = allele_tables(p, cells(150, dropout=0.3))
    het = table[table["site"].isin([s.name for s in p.panel.sites if s.heterozygous])]
    assert (het["ref_copies"] == 1).all() and (het["alt_copies"] == 1).all()
    assert len(het) > 1500
    kept = het[["ref_kept", "alt_kept"]].to_numpy()
    assert kept.mean() == pytest.approx(0.7, abs=0.02)
    assert kept.all(axis=1).mean() == pytest.approx(0.49, abs=0.04)
    seen = het[["ref_count", "alt_count"]].to_numpy()
    assert (seen[kept == 0] == 0).all() and (seen[kept == 1] == 0).mean() < 0.01
    both = seen[kept.all(axis=1)]
    share = both[:, 1] / both.sum(axis=1)
    assert share.mean() == pytest.approx(0.5, abs=0.03) and share.std() > 0.2
    # Of a locus that is lost altogether nothing is read.
    assert (table["other_count"] == 0).all()
    gone = (table["ref_kept"] == 0) & (table["alt_kept"] == 0)
    assert (table.loc[gone, ["ref_count", "alt_count"]].sum(axis=1) == 0).all()
    assert gone.mean() == pytest.approx(0.09, abs=0.02)
    half = allele_tables(p, cells(40, dropout=0.0, failed="few_reads"))
    assert half["ref_count"].sum() + half["alt_count"].sum() < 0.07 * 200 * len(half)


def test_genotypes_follow_clone_copies_and_time():
    clones = (clone_of(["17p-"], 3), clone_of(["17p-", "1q+"], 3))
    side = 0 if clones[0].events[0].change[0] else 1
    mutations = (
        Mutation("PIK3CA H1047R", (0, 1)),
        Mutation("ESR1 D538G", (1,)),
        Mutation("TP53 R175H", (0, 1), side=1 - side),
        Mutation("TP53 R273H", (0, 1), side=side),
    )
    specimen = CellParameters(clones, cells=4)
    p = AmpliconParameters(specimen, make_panel(3, snps=5), mutations)
    kinds = {"first": (0,), "second": (1,), "wbc": (LEUKOCYTE,), "both": (0, 1), "mixed": (0, -1)}
    made = [replace(cells(1, own)[0], cell_id=name) for name, own in kinds.items()]
    table = allele_tables(p, made).set_index(["cell_id", "site"])[["ref_copies", "alt_copies"]]

    def of(name, site):
        return tuple(table.loc[(name, site)].tolist())

    assert of("first", "PIK3CA H1047R") == of("second", "PIK3CA H1047R") == (1, 1)
    assert of("wbc", "PIK3CA H1047R") == (2, 0) and of("both", "PIK3CA H1047R") == (2, 2)
    assert of("mixed", "PIK3CA H1047R") == (3, 1)
    assert of("first", "ESR1 D538G") == (2, 0) and of("second", "ESR1 D538G") == (1, 1)
    # What lies on the arm that is lost is gone, on the other it is all there is.
    assert of("first", "TP53 R175H") == (0, 1) and of("first", "TP53 R273H") == (1, 0)
    gained = clone_of(["17q12 (ERBB2)"], 3)
    on = 0 if gained.events[0].change[0] else 1
    for early, expected in ((True, lambda n: (1, n - 1)), (False, lambda n: (n - 1, 1))):
        late = Mutation("ERBB2 L755S", (0,), side=on, early=early)
        q = replace(p, specimen=CellParameters((gained,), cells=1), mutations=(late,))
        row = read_cell(q, cells(1, (0,))[0], 0).table.set_index("site").loc["ERBB2 L755S"]
        total = int(row["ref_copies"] + row["alt_copies"])
        assert total > 6 and (row["ref_copies"], row["alt_copies"]) == expected(total)
    with pytest.raises(ValueError, match="is no change"):
        Mutation("PIK3CA H1047Q", (0,))


def test_errors_and_another_persons_alleles_are_read():
    plain = parameters(snps=60, **PLAIN, depth=300)
    clean = allele_tables(plain, cells(10, dropout=0.0))
    hom = clean["alt_copies"] == 0
    assert (clean.loc[hom, "alt_count"] == 0).all()
    noisy = allele_tables(replace(plain, error=0.01), cells(10, dropout=0.0))
    reads = noisy[["ref_count", "alt_count", "other_count"]].sum(axis=1)[hom].sum()
    assert noisy.loc[hom, "other_count"].sum() / reads == pytest.approx(0.0067, rel=0.3)
    early = allele_tables(replace(plain, early_error=0.01), cells(10, dropout=0.0))
    wrong = (early["alt_count"] + early["other_count"])[hom]
    high = wrong > 0.08 * early[["ref_count", "alt_count", "other_count"]].sum(axis=1)[hom]
    assert 0.005 < high.mean() < 0.04
    foreign = allele_tables(plain, cells(40, dropout=0.0, contamination=0.2))
    theirs = {s.name: sum(s.foreign) for s in plain.panel.sites}
    dose = foreign["site"].map(theirs)[foreign["alt_copies"] == 0]
    mean = foreign["alt_count"][foreign["alt_copies"] == 0].groupby(dose).mean()
    assert mean[0] == 0 and mean[1] == pytest.approx(30, rel=0.3)
    assert mean[2] == pytest.approx(60, rel=0.3)


# --- files ---


def test_the_bams_hold_what_the_table_says(tmp_path):
    p = parameters(["17p-"], [Mutation("PIK3CA H1047R", (0,))], snps=12, depth=20)
    p = replace(p, specimen=replace(p.specimen, cells=3))
    made = plan_cells(p.specimen)
    written = write_amplicons(tmp_path, p, made)
    assert written.alleles.equals(allele_tables(p, made))
    for name, path in written.bams.items():
        own = written.alleles[written.alleles["cell_id"] == name]
        with pysam.AlignmentFile(path) as bam:
            assert bam.header.get("HD")["SO"] == "coordinate" and "SIMULATED" in str(bam.header)
            for row in own.to_dict("records"):
                chrom, at = f"chr{row['chrom']}", row["pos"] - 1
                counts = bam.count_coverage(chrom, at, at + 1, quality_threshold=0)
                seen = dict(zip("ACGT", (x[0] for x in counts), strict=True))
                assert seen[row["ref"]] == row["ref_count"] and seen[row["alt"]] == row["alt_count"]
            reads = list(bam.fetch())
        assert reads and {r.is_reverse for r in reads} == {True, False}
        for read in reads[::7]:
            # MD gives the reference back: pysam builds it from the read and the tag.
            k = np.flatnonzero(p.panel.start == read.reference_start)[0]
            known = "".join("ACGT"[code] for code in p.panel.bases[k])
            assert read.get_reference_sequence().upper() == known
            assert read.get_tag("NM") == sum(
                a != b for a, b in zip(known, read.query_sequence, strict=True)
            )
    with pysam.VariantFile(str(written.vcf)) as vcf:
        found = {
            rec.id: (rec.chrom, rec.pos, rec.ref, rec.alts[0], rec.samples[0]["GT"]) for rec in vcf
        }
    snps = [s for s in p.panel.sites if s.frequency]
    assert found == {
        s.name: (f"chr{s.contig}", s.pos, s.ref, s.alt, tuple(sorted(s.germline))) for s in snps
    }
    files = sorted(tmp_path.glob("*.tsv")) + sorted(tmp_path.glob("*.bed"))
    assert len(files) == 3
    assert all("SIMULATED" in file.read_text("utf-8").splitlines()[0] for file in files)
    counts = pd.read_csv(tmp_path / "cells.alleles.simulated.tsv", sep="\t", comment="#")
    assert not {"ref_copies", "alt_kept"} & set(counts.columns)
    again = write_amplicons(tmp_path / "again", p, made)
    for name, path in written.bams.items():
        assert path.read_bytes() == again.bams[name].read_bytes()
