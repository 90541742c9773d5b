"""Alleles of single cells: mutations, drop-out and foreign DNA, beside the simulator's truth."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from repository import ROOT

from liquidbiopsy.core.errors import InputError, UserError
from liquidbiopsy.core.settings import read_yaml, with_defaults
from liquidbiopsy.reads.hotspots import read_hotspots
from liquidbiopsy.scdna.allele_counts import count_alleles
from liquidbiopsy.scdna.allele_sites import Alleles, Site, sites_of
from liquidbiopsy.scdna.allele_tables import allele_rows, read_alleles
from liquidbiopsy.scdna.dropout import Snps, lost_of
from liquidbiopsy.scdna.genotypes import called, seen_by_chance
from liquidbiopsy.scdna.lost_alleles import lost_alleles
from liquidbiopsy.scdna.mutations import mutation_rows
from liquidbiopsy.simulate.karyotypes import draw_clones
from liquidbiopsy.simulate.single_cells import draw_cell
from liquidbiopsy.simulate.single_cells_alleles import AmpliconParameters, Mutation, allele_tables
from liquidbiopsy.simulate.single_cells_amplicons import write_amplicons
from liquidbiopsy.simulate.single_cells_panel import Panel, make_panel
from liquidbiopsy.simulate.single_cells_parameters import LEUKOCYTE, ROLES, CellParameters

SCHEMA = read_yaml(ROOT / "workflow/assays/scdna/config.schema.yaml")
SETTINGS = with_defaults({}, SCHEMA)["alleles"]
HOTSPOTS = read_hotspots("breast_grch38")
MUTATIONS = (Mutation("PIK3CA H1047R", (0, 1)), Mutation("ESR1 D538G", (1,)))
KINDS = ("dop_pcr", "mda", "malbac", "ampli1")


class Specimen:
    """Cells of two clones and leukocytes with amplicons, and what the assay makes of them."""

    def __init__(self, folder: Path, wga: str, seed: int) -> None:
        clones = draw_clones("luminal", seed, "GRCh38", 2)
        kinds = [(0,)] * 8 + [(1,)] * 6 + [(LEUKOCYTE,)] * 4
        p = CellParameters(clones, (0.5, 0.5), cells=len(kinds), wga=wga, depth=0.05, seed=seed,
                           specimen_id="S")  # fmt: skip
        rng = np.random.default_rng(seed)
        self.cells = [
            draw_cell(p, f"c{k:02d}", ROLES[kind == (LEUKOCYTE,)], kind, "", rng)
            for k, kind in enumerate(kinds)
        ]
        panel = make_panel(seed, snps=80)
        made = write_amplicons(
            folder, AmpliconParameters(p, panel, MUTATIONS, depth=60), self.cells
        )
        self.truth = made.alleles
        sites = sites_of(HOTSPOTS, str(made.vcf), "GRCh38")
        self.alleles = {
            name: count_alleles([(str(path), path.name)], sites, None, SETTINGS)
            for name, path in made.bams.items()
        }
        rows = [{"cell_id": c.cell_id, "role": c.role} for c in self.cells]
        self.lost = lost_alleles(rows, self.alleles, SETTINGS)
        self.rows = mutation_rows(
            self.alleles, self.lost.normal, self.lost.share, HOTSPOTS, SETTINGS
        )


@pytest.fixture(scope="module", params=KINDS)
def specimen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Specimen:
    return Specimen(tmp_path_factory.mktemp(request.param), request.param, seed=31)


def kept(specimen: Specimen, site: str) -> dict[str, tuple[int, int]]:
    """By cell: alleles of the reference and of the mutation that amplification left."""
    own = specimen.truth[specimen.truth["site"] == site]
    return {r.cell_id: (r.ref_kept, r.alt_kept) for r in own.itertuples()}


@pytest.mark.parametrize("name", ["PIK3CA H1047R", "ESR1 D538G"])
def test_a_mutation_that_was_amplified_is_found(specimen: Specimen, name: str) -> None:
    gene, change = name.split()
    rows = {r["cell_id"]: r for r in specimen.rows if r["change"] == f"{gene} p.{change}"}
    truth = kept(specimen, name)
    assert rows.keys() == truth.keys()
    there = [c for c, (_, alt) in truth.items() if alt and rows[c]["reads"] >= 12]
    found = [c for c in there if rows[c]["status"] == "measured"]
    assert len(there) >= 2 and len(found) >= 0.75 * len(there)
    for cell, (_, alt) in truth.items():
        assert alt or rows[cell]["status"] != "measured", cell
    assert {r["origin"] for r in rows.values()} == {"tumour"}


def test_nothing_else_is_found(specimen: Specimen) -> None:
    names = {"PIK3CA p.H1047R", "ESR1 p.D538G"}
    assert {r["change"] for r in specimen.rows if r["status"] == "measured"} == names
    none = [r for r in specimen.rows if r["status"] == "not_detected"]
    assert none and all(0 < r["detectable"] <= 1 for r in none)
    few = [r for r in specimen.rows if r["status"] == "inadequate" and r.get("reads") is not None]
    known = [r for r in few if "reference" not in r["reason"]]  # bases around codons are made up
    assert known and all(r["reads"] < SETTINGS["min_reads"] for r in known)


def test_dropout_is_that_of_the_alleles_that_were_kept(specimen: Specimen) -> None:
    own = specimen.truth[specimen.truth["site"].str.startswith("snp")]
    normal = {c.cell_id for c in specimen.cells if c.role == ROLES[1]}
    own = own[own["cell_id"].isin(normal) & (own["ref_copies"] > 0) & (own["alt_copies"] > 0)]
    read = own[(own["ref_kept"] > 0) | (own["alt_kept"] > 0)]
    lost = ((read["ref_kept"] == 0) | (read["alt_kept"] == 0)).mean()
    shares = [specimen.lost.rows[name]["dropout"] for name in sorted(normal)]
    assert np.mean([s for s in shares if s is not None]) == pytest.approx(lost, abs=0.12)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.2])
def test_foreign_dna_is_measured(share: float) -> None:
    clones = draw_clones("luminal", 7, "GRCh38", 2)
    found, lost, cells = [], [], 0
    for seed in (1, 2, 3, 4):  # another person each
        p = CellParameters(clones, (0.5, 0.5), cells=4, wga="malbac", depth=0.05, seed=seed,
                           specimen_id="S", contamination=share)  # fmt: skip
        rng = np.random.default_rng(seed)
        own = [draw_cell(p, f"c{k}", ROLES[True], (LEUKOCYTE,), "", rng) for k in range(4)]
        panel = make_panel(seed, snps=80)
        made = allele_tables(AmpliconParameters(p, panel, (), depth=60), own)
        for cell in own:
            told = lost_of(_snps(panel, made[made["cell_id"] == cell.cell_id]), 0.2, SETTINGS)
            found.append(told["contamination"])
            lost.append(told["dropout"])
            cells += told["contamination_low"] - 0.01 <= share <= told["contamination_high"] + 0.01
    assert np.mean(found) == pytest.approx(share, abs=0.005 + 0.15 * share)
    assert np.mean(lost) == pytest.approx(0.33, abs=0.08)  # foreign DNA does not hide it
    assert cells >= 11


def _snps(panel: Panel, table: pd.DataFrame) -> Snps:
    """A cell's SNPs with the patient's true genotypes."""
    rows = []
    for site, row in zip(panel.sites, table.itertuples(), strict=True):
        if site.frequency:
            turned = sum(site.germline) == 2
            counts = (row.alt_count, row.ref_count) if turned else (row.ref_count, row.alt_count)
            frequency = 1 - site.frequency if turned else site.frequency
            rows.append((*counts, frequency, site.heterozygous))
    own, other, frequency, heterozygous = map(np.array, zip(*rows, strict=True))
    return Snps(own, other, frequency, heterozygous)


def test_alleles_come_back_from_their_table(specimen: Specimen) -> None:
    back = read_alleles(allele_rows("S", specimen.alleles))
    rows = mutation_rows(back, specimen.lost.normal, specimen.lost.share, HOTSPOTS, SETTINGS)
    assert rows == specimen.rows


def test_a_mutation_of_one_cell_weighs_less_than_one_of_two() -> None:
    dropout = np.full(3, 0.2)
    reads = np.array([40, 40, 40])
    alone = called(np.array([3, 0, 0]), reads, dropout, SETTINGS)
    shared = called(np.array([3, 20, 0]), reads, dropout, SETTINGS)
    assert shared.posterior[0] > alone.posterior[0]
    assert shared.posterior[2] > alone.posterior[2]  # it may have lost the allele
    early = {**SETTINGS, "early_error": 0.05}
    assert called(np.array([20, 0, 0]), reads, dropout, early).posterior[0] < 0.95


def test_a_hotspot_of_several_codons_says_that_it_was_not_looked_at(specimen: Specimen) -> None:
    rows = [r for r in specimen.rows if r["change"] == "ERBB2 772-780"]
    assert [r["cell_id"] for r in rows] == sorted(specimen.alleles)
    assert {r["status"] for r in rows} == {"inadequate"}
    assert all("insertions and deletions" in r["reason"] for r in rows)


def test_what_could_have_been_seen_grows_with_reads_and_falls_with_dropout() -> None:
    key = (0.002, 1e-4, 0.95)
    chance = [seen_by_chance(n, 0.2, False, key) for n in (2, 8, 20, 200)]
    assert chance[0] == 0 and chance == sorted(chance) and 0.8 < chance[-1] <= 0.9
    assert seen_by_chance(50, 0.6, False, key) < seen_by_chance(50, 0.1, False, key)


def alleles(counts: dict[tuple[str, int], str], ref: dict[tuple[str, int], str]) -> Alleles:
    """A cell with reads of bases at hotspot sites."""
    sites = sites_of(HOTSPOTS, None, "GRCh38")
    table = np.zeros((len(sites), 4), np.int64)
    for k, site in enumerate(sites):
        for base in counts.get((site.chrom, site.pos), ""):
            table[k, "ACGT".index(base)] += 1
    return Alleles(sites, table, tuple(ref.get((s.chrom, s.pos), "") for s in sites))


H1047 = {("3", 179234295 + k): base for k, base in enumerate("CAT")}


def test_what_normal_cells_have_is_germline_and_another_build_is_said() -> None:
    mutated = {place: base * 40 for place, base in H1047.items()}
    mutated["3", 179234296] = "A" * 20 + "G" * 20
    cells = {name: alleles(mutated, H1047) for name in ("a", "b", "n")}
    dropout = dict.fromkeys(cells, 0.2)
    rows = mutation_rows(cells, ["n"], dropout, HOTSPOTS, SETTINGS)
    assert {r["origin"] for r in rows if r["status"] == "measured"} == {"germline"}
    other = {place: "A" for place in H1047}
    rows = mutation_rows({"a": alleles(mutated, other)}, [], {"a": 0.2}, HOTSPOTS, SETTINGS)
    (row,) = [r for r in rows if r["change"] == "PIK3CA H1047"]
    assert row["status"] == "inadequate" and "another build" in row["reason"]
    rows = mutation_rows({"a": alleles({}, H1047)}, [], {"a": 0.2}, HOTSPOTS, SETTINGS)
    assert {r["status"] for r in rows} == {"inadequate"}


def test_a_vcf_of_no_use_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "snps.vcf"
    path.write_text("##fileformat=VCFv4.3\n#CHROM\tPOS\nchr1 100 . A G\n")
    with pytest.raises(InputError, match="line 3"):
        sites_of(HOTSPOTS, str(path), None)
    with pytest.raises(UserError, match="gone"):
        sites_of(HOTSPOTS, str(tmp_path / "gone.vcf"), None)
    path.write_text("chr1\t100\t.\tA\tG\t.\t.\tAF=0.4\tGT:DP\t1|0:9\nchr2\t5\t.\tAT\tG\t.\t.\t.\n")
    found = [s for s in sites_of([], str(path), None)]
    assert found == [Site("1", 99, "snp", "A", "G", "0/1", 0.4)]
