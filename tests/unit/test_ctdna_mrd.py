"""The tumour-informed test: molecules over mutations, error rates, likelihood, rows."""

from collections import Counter

import numpy as np
import pysam
import pytest
from scipy.stats import binom, poisson

from benchmarks import ctdna_mrd as bench
from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.provenance import Provenance
from liquidbiopsy.ctdna import mrd_sites
from liquidbiopsy.ctdna.mrd import Evidence, Null, interval, judge, weights_of
from liquidbiopsy.ctdna.mrd_background import from_sites, from_table
from liquidbiopsy.ctdna.mrd_fragments import SEVERAL, count_molecules, groups_of
from liquidbiopsy.ctdna.mrd_statistic import statistics
from liquidbiopsy.ctdna.mrd_targets import TaggedGenome, target_of
from liquidbiopsy.ctdna.mutations import Mutation
from liquidbiopsy.ctdna.step_mrd import mrd_specimen
from liquidbiopsy.ctdna.tables import BACKGROUND, LIBRARIES

CHROM = "chr1"
GENOME = "".join(np.random.default_rng(5).choice(list("ACGT"), 400)) + "GACACACACTTTTTTGC"
GENOME += "".join(np.random.default_rng(6).choice(list("ACGT"), 183))
SETTINGS = {
    **{"max_p": 0.01, "min_informative": 1000, "confidence": 0.95, "max_outlier_p": 0.05},
    **{"max_background_vaf": 0.05, "min_mapq": 20, "min_base_q": 20},
}


class Genome:
    """The contig that reads are made from."""

    contigs = {CHROM: len(GENOME)}

    def fetch(self, chrom, start, end):
        return GENOME[start:end]


def other(base):
    return {"A": "C", "C": "A", "G": "T", "T": "G"}[base]


def snv(pos, phase=None):
    """A mutation at a position, from 1."""
    ref = GENOME[pos - 1]
    return Mutation(CHROM, pos, ref, other(ref), phase)


def read(name, start, cigar="100M", changes=(), **tags):
    """An aligned read: `start` from 0, `changes` position from 1 -> base."""
    made = pysam.AlignedSegment()
    made.query_name, made.flag, made.reference_id, made.reference_start = name, 0, 0, start
    made.mapping_quality, made.cigarstring = tags.pop("mapq", 60), cigar
    bases, place = "", start
    changes, quality = dict(changes), tags.pop("quality", 30)
    weak, inserted = tags.pop("weak", ()), tags.pop("inserted", "")
    qualities = []
    for operation, length in made.cigartuples:
        if operation == 1:
            bases += inserted
            qualities += [quality] * length
        elif operation == 0:
            for p in range(place, place + length):
                bases += changes.get(p + 1, GENOME[p])
                qualities.append(2 if p + 1 in weak else quality)
            place += length
        else:
            place += length
    made.query_sequence, made.query_qualities = bases, qualities
    made.flag = tags.pop("flag", 0)
    for tag, value in tags.items():
        made.set_tag(tag, value)
    return made


def write(path, reads):
    header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": CHROM, "LN": len(GENOME)}]}
    with pysam.AlignmentFile(path, "wb", header=header) as target:
        for one in sorted(reads, key=lambda r: r.reference_start):
            target.write(one)
    pysam.index(str(path))
    return str(path)


def counted(tmp_path, reads, mutations):
    targets = [target_of(m, Genome()) for m in mutations]
    with pysam.AlignmentFile(write(tmp_path / "x.bam", reads)) as bam:
        return count_molecules(bam, targets, groups_of(targets), 20, 20)


def told(molecules):
    return [(c.group, c.cls, c.mutation, c.molecules, c.mutated) for c in molecules.counts]


def test_molecules_are_counted_once(tmp_path):
    m = snv(150)
    alt = {150: m.alt}
    reads = [
        read("both", 60, changes=alt), read("both", 120, changes=alt),
        read("differ", 60, changes=alt), read("differ", 120),
        read("one_unsure", 60, changes=alt), read("one_unsure", 120, weak=[150]),
        read("third", 60, changes={150: next(b for b in "ACGT" if b not in m.ref + m.alt)}),
        read("unknown", 60, changes={150: "N"}), read("wild", 60),
        read("weak", 60, changes=alt, weak=[150]), read("low", 60, changes=alt, mapq=19),
        read("duplicate", 60, changes=alt, flag=0x400),
        read("secondary", 60, changes=alt, flag=0x100), read("beside", 150),
        read("deleted", 60, "80M20D20M"),
    ]  # fmt: skip
    found = counted(tmp_path, reads, [m])
    assert told(found) == [(0, 0, 0, 4, 2)]  # both, one_unsure, third, wild
    assert found.left_out == Counter({0: 1})


def test_classes(tmp_path):
    m = snv(150)
    tags = [{}, {"cD": 1}, {"cD": 2}, {"cD": 7}, {"cD": 2, "aD": 1, "bD": 1}]
    tags.append({"cD": 3, "aD": 3, "bD": 0})
    found = counted(tmp_path, [read(f"r{k}", 60, **t) for k, t in enumerate(tags)], [m])
    assert told(found) == [(0, 0, 0, 2, 0), (0, 1, 0, 1, 0), (0, 2, 0, 2, 0), (0, 3, 0, 1, 0)]


def test_phased_mutations_count_together(tmp_path):
    a, b, c = snv(110, "p"), snv(150, "p"), snv(300)
    both, one = {110: a.alt, 150: b.alt}, {110: a.alt}
    reads = [
        read("all", 60, changes=both), read("error", 60, changes=one), read("none", 60),
        read("first", 20, changes=one), read("second", 120, changes={150: b.alt}),
        read("mates", 20, changes=one), read("mates", 120, changes={150: b.alt}),
        read("far", 250, changes={300: c.alt}),
    ]  # fmt: skip
    found = counted(tmp_path, reads, [a, b, c])
    assert told(found) == [
        (0, 0, SEVERAL, 3, 2), (0, 0, 0, 1, 1), (0, 0, 1, 1, 1), (1, 0, 2, 1, 1)
    ]  # fmt: skip
    assert found.left_out == Counter({0: 1, 1: 1})  # an error alone makes no molecule mutated


def test_indels_wherever_the_aligner_puts_them(tmp_path):
    at = GENOME.index("GACACACACT", 395)  # 0-based place of the G before the repeat
    deletion = Mutation(CHROM, at + 1, "GAC", "G")
    insertion = Mutation(CHROM, at + 1, "G", "GAC")
    target = target_of(deletion, Genome())
    assert (target.wild, target.mutated) == ("GACACACACT", "GACACACT")
    start = at - 40
    before, late = f"{at + 1 - start}M", f"{at + 7 - start}M"
    reads = [
        read("left", start, f"{before}2D50M"), read("right", start, f"{late}2D50M"),
        read("longer", start, f"{before}4D50M"), read("wild", start),
        read("ends_in_it", start, f"{at + 5 - start}M"),
        read("in", start, f"{before}2I50M", inserted="AC"),
        read("in_late", start, f"{late}2I50M", inserted="AC"),
        read("in_other", start, f"{before}2I50M", inserted="AG"),
    ]  # fmt: skip
    assert told(counted(tmp_path, reads, [deletion, insertion])) == [
        (0, 0, 0, 7, 2), (1, 0, 1, 7, 2)
    ]  # fmt: skip


def test_runs_of_bases_need_all_of_them(tmp_path):
    ref = GENOME[149:152]
    m = Mutation(CHROM, 150, ref, "".join(other(b) for b in ref))
    whole = {150 + k: base for k, base in enumerate(m.alt)}
    reads = [read("all", 60, changes=whole), read("part", 60, changes={150: m.alt[0]})]
    assert told(counted(tmp_path, [*reads, read("wild", 60)], [m])) == [(0, 0, 0, 3, 1)]


def test_genome_from_md_tags(tmp_path):
    reads = [
        read("plain", 60),
        read("a", 100, changes={150: other(GENOME[149])}, MD=f"49{GENOME[149]}50"),
        read("stale", 62, MD="170A3"),
        *(read(f"deep{k}", 100, MD="100") for k in range(150)),
        read("deletion", 180, "20M2D80M", MD=f"20^{GENOME[200:202]}80"),
    ]
    with pysam.AlignmentFile(write(tmp_path / "x.bam", reads)) as bam:
        assert TaggedGenome(bam).fetch(CHROM, 90, 260) == "N" * 10 + GENOME[100:260]


def plain_sites(reads, low, high):
    """Bases by site, written without arrays."""
    seen = {}
    for r in reads:
        for q, p in r.get_aligned_pairs(matches_only=True):
            sure = r.query_qualities[q] >= 20 and r.query_sequence[q] != "N"
            if low <= p < high and sure:
                seen.setdefault((r.query_name, p), set()).add(r.query_sequence[q])
    counts = np.zeros((high - low, 4), int)
    for (_, p), bases in seen.items():
        if len(bases) == 1:
            counts[p - low, "ACGT".index(*bases)] += 1
    return counts


def test_sites_like_their_plain_twin(tmp_path):
    rng = np.random.default_rng(1)
    reads = []
    for k in range(200):
        for start in rng.integers(0, 300, rng.integers(1, 3)):
            where = rng.integers(start, start + 100, 3) + 1
            changes = {int(p): "ACGTN"[rng.integers(5)] for p in where}
            cigar = ["100M", "40M2D60M", "40M2I58M"][rng.integers(3)]
            weak = [int(start) + 7]
            reads.append(read(f"m{k}", int(start), cigar, changes, weak=weak, inserted="GG"))
    m = snv(200)
    with pysam.AlignmentFile(write(tmp_path / "x.bam", reads)) as bam:
        found = mrd_sites.count_sites(bam, [target_of(m, Genome())], 20, 20)
    low, high = 199 - mrd_sites.REACH, 200 + mrd_sites.REACH
    wanted = np.delete(plain_sites(reads, low, high), mrd_sites.REACH, axis=0)
    assert (found.bases[:, 0] == wanted).all() and not found.bases[:, 1:].any()
    assert found.indels[0] == sum("D" in r.cigarstring or "I" in r.cigarstring for r in reads)


def test_rates_from_the_sample_and_from_a_table():
    bases = np.zeros((300, 4, 4), np.int64)
    bases[:, 0, 1], bases[:, 0, 3] = 999, 1  # C read as T once in a thousand
    bases[0, 0] = [0, 500, 0, 500]  # a variant, no error
    sites = mrd_sites.Sites(bases, np.zeros(4, np.int64), np.full(4, 1000))
    known = from_sites(sites, 0.05)
    at = GENOME.index("ACA") + 2
    change = target_of(Mutation(CHROM, at, "C", "T"), Genome())
    found = known.rate_of(change, 0, Genome())
    assert found.rate == pytest.approx(1e-3, rel=0.03) and found.certainty == 302
    rare = known.rate_of(target_of(Mutation(CHROM, at, "C", "A"), Genome()), 0, Genome())
    assert rare.rate < 2e-5
    row = {"molecules_class": "family", "near_end": False, "errors": 20, "dispersion": 0.0}
    rows = [
        {**row, "change": "ACA>T", "bases": 100, "rate": 1e-3},
        {**row, "change": "TGT>A", "bases": 300, "rate": 2e-3},
        {**row, "change": "ACG>T", "bases": 300, "rate": 9e-3, "errors": 30, "dispersion": 9e-3},
    ]
    table = from_table(rows)
    for cls in (2, 3):  # a class that is not known takes the next one down
        assert table.rate_of(change, cls, Genome()).rate == pytest.approx(1.75e-3)
    assert table.rate_of(change, 0, Genome()).rate == pytest.approx(1.75e-3)
    assert table.rate_of(change, 2, Genome()).certainty == 43


def evidence(mutated, molecules=1000, errors=1e-4, certainty=1e9, evenness=1e9):
    k = np.asarray(mutated)
    n = len(k)
    return Evidence(
        np.arange(n), np.full(n, molecules), k, np.full(n, errors), np.zeros(n, int),
        np.array([certainty]), np.full(n, evenness),
    )  # fmt: skip


def test_statistic_like_its_plain_twin():
    rng = np.random.default_rng(3)
    n, e = rng.integers(100, 3000, 12), rng.choice([1e-5, 1e-4, 1e-3], 12)
    k = rng.binomial(n, 1e-3 + e, (20, 12))
    found = statistics(k, n.astype(float), e, np.arange(12), n * e, 12, 1e-300)
    grid = np.concatenate([[0.0], np.geomspace(1e-7, 0.1, 4000)])
    share = grid[:, None] + (1 - grid[:, None]) * e
    for one, value in zip(k, found, strict=True):
        likelihood = binom.logpmf(one, n, share).sum(axis=1)
        assert value == pytest.approx(2 * (likelihood.max() - likelihood[0]), abs=1e-3)


@pytest.mark.parametrize(("mutated", "errors"), [(2, 1e-4), (4, 1e-4), (14, 1e-4), (40, 1e-4)])
def test_p_is_that_of_counts_where_rates_are_known(mutated, errors):
    k = np.bincount(np.arange(mutated) % 10, minlength=10)
    found = evidence(k, errors=errors)
    p = Null(found, 0.05).p_value(found.mutated, mutated / 1e4)
    assert p == pytest.approx(poisson.sf(mutated - 1, 1.0), rel=0.1, abs=1e-4 * (mutated < 5))


def test_uncertain_rates_give_greater_p():
    k = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0])
    sure, unsure = (evidence(k, certainty=c) for c in (1e9, 0.5))
    found = [Null(e, 0.05).p_value(e.mutated, 5e-4) for e in (sure, unsure)]
    assert found[0] < 0.005 < 0.02 < found[1]


def test_interval_of_known_cases():
    fraction, low, high = interval(evidence([0] * 10, errors=1e-7), np.ones(10), 0.95)
    assert (fraction, low) == (0, 0) and high == pytest.approx(1.92e-4, rel=0.01)
    some = evidence([3] * 10, errors=1e-7)
    fraction, low, high = interval(some, np.ones(10), 0.95)
    assert fraction == pytest.approx(3e-3, rel=1e-3)
    for end in (low, high):
        gap = binom.logpmf(30, 10_000, 3e-3) - binom.logpmf(30, 10_000, end)
        assert 2 * gap == pytest.approx(3.84, rel=0.01)


def test_a_locus_that_stands_out_counts_for_less():
    alone = evidence([14] + [0] * 9)
    assert weights_of(alone, 0.05)[0] < 1e-6
    assert judge(alone, SETTINGS).status == "not_detected"
    spread = evidence([2, 1, 2, 1, 1, 2, 1, 2, 1, 1])
    assert (weights_of(spread, 0.05) == 1).all()
    found = judge(spread, SETTINGS)
    assert found.status == "measured" and found.low < 14e-4 - 1e-4 < found.high
    germline = evidence([500, 2, 1, 2, 1, 1, 2, 1, 2, 1])
    assert weights_of(germline, 0.05)[0] < 1e-6
    assert judge(germline, SETTINGS).fraction == pytest.approx(13 / 9000 - 1e-4, rel=0.02)
    one = evidence([5], molecules=5000, errors=1e-6)  # nothing to hold it against
    assert judge(one, SETTINGS).status == "measured"


def test_limits_and_verdicts():
    clean = judge(evidence([0] * 10, molecules=3000, errors=1e-7), SETTINGS)
    assert clean.status == "not_detected" and clean.p_value == 1.0
    # one mutated molecule is enough where errors are rarer than p: -ln(0.05) are needed
    assert clean.lod95 * clean.informative == pytest.approx(3.0, rel=0.1)
    few = judge(evidence([0, 0, 0], molecules=300), SETTINGS)
    assert few.status == "inadequate" and few.p_value == 1 and few.lod95 > 0
    # 53 of 876 mutated molecules are tumour DNA, however few there are
    many = judge(evidence([18, 18, 17], molecules=292), SETTINGS)
    assert many.informative == 876 and many.p_value < 1e-60
    assert many.status == "measured" and many.low < 53 / 876 < many.high
    two = judge(evidence([1, 1, 0], molecules=300), SETTINGS)
    assert two.status == "measured" and two.p_value < 0.01
    none = judge(evidence([0], molecules=0), SETTINGS)
    assert none.status == "inadequate" and none.lod95 is None


def library(tmp_path, name, reads, **row):
    row = {
        "specimen_id": "S1", "library_id": name, "role": "plasma", "library": "panel",
        "mutations": None, "reference": None, **row,
    }  # fmt: skip
    told = {k: row[k] for k in ("specimen_id", "library_id", "role", "library")}
    told |= {"status": row.pop("status", "measured"), "reason": row.pop("reason", None)}
    told["mutations"] = bool(row["mutations"])
    path = tmp_path / f"{name}.parquet"
    write_table(table_of([told], LIBRARIES), path, LIBRARIES, Provenance("code"))
    return {
        "row": row, "consensus": write(tmp_path / f"{name}.bam", reads), "library": str(path)
    }  # fmt: skip


def many(mutations, molecules, mutated, tag="r"):
    """Molecules over all the mutations, of which the first few have one."""
    reads = []
    for m, few in zip(mutations, mutated, strict=True):
        for k in range(molecules):
            changes = {m.pos: m.alt} if k < few else {}
            made = read(f"{tag}{m.pos}_{k}", m.pos - 10, "20M", changes)
            made.set_tag("MD", f"9{m.ref}10" if changes else "20")
            reads.append(made)
    return reads


@pytest.fixture
def specimen(tmp_path):
    mutations = [snv(p) for p in (30, 90, 150, 210, 270)]
    lines = [f"{m.chrom}\t{m.pos}\t{m.ref}\t{m.alt}\n" for m in mutations]
    (tmp_path / "m.tsv").write_text("CHROM\tPOS\tREF\tALT\n" + "".join(lines))
    (tmp_path / "off.tsv").write_text(
        f"CHROM\tPOS\tREF\tALT\n{CHROM}\t31\t{other(GENOME[30])}\t{GENOME[30]}\n"
    )
    known = str(tmp_path / "m.tsv")
    return [
        library(tmp_path, "L1", many(mutations, 400, [2, 3, 2, 200, 0]), mutations=known),
        library(tmp_path, "L2", many(mutations, 400, [0] * 5), mutations=known),
        library(tmp_path, "L3", many(mutations, 50, [0] * 5), mutations=str(tmp_path / "off.tsv")),
        library(tmp_path, "L4", [], mutations=known, status="failed", reason="cut off"),
        library(tmp_path, "L5", []),
        library(tmp_path, "N1", many(mutations, 300, [0, 0, 0, 150, 1]), role="normal"),
    ]  # fmt: skip


def test_step(tmp_path, specimen):
    write_table(table_of([], BACKGROUND), tmp_path / "b", BACKGROUND, Provenance("code"))
    written = []
    for k in range(2):
        out = tmp_path / f"mrd{k}.parquet"
        mrd_specimen(specimen, {}, str(tmp_path / "b"), SETTINGS, "code", {"mrd": str(out)})
        written.append(out.read_bytes())
    assert written[0] == written[1]
    rows = read_table(out).to_pylist()
    sums = {row["library_id"]: row for row in rows if row["chrom"] is None}
    assert {k: row["status"] for k, row in sums.items()} == {
        "L1": "measured", "L2": "not_detected", "L3": "failed", "L4": "failed"
    }  # fmt: skip
    assert (sums["L1"]["molecules"], sums["L1"]["alt_molecules"]) == (1600, 7)
    assert sums["L1"]["reason"] == "1 of 5 mutations are in the normal, and were left out"
    assert sums["L1"]["p_value"] < 1e-6 and sums["L1"]["background"] == "sample"
    assert sums["L2"]["lod95"] > sums["L2"]["tumour_fraction"] == 0
    assert "REF and ALT are swapped" in sums["L3"]["reason"]
    assert "off.tsv: line 2" in sums["L3"]["reason"] and str(tmp_path) not in sums["L3"]["reason"]
    assert sums["L4"]["reason"] == "cut off"
    each = [row for row in rows if row["library_id"] == "L1" and row["chrom"]]
    assert [row["status"] for row in each] == ["used", "used", "used", "in_normal", "used"]
    assert each[3]["reason"] == "the matched normal N1 has it too"


@pytest.mark.parametrize("why", ["filtered", "in_normal"])
def test_a_list_of_which_no_mutation_is_left(tmp_path, why):
    mutations = [snv(p) for p in (30, 90)]
    flag = "germline" if why == "filtered" else "PASS"
    lines = [f"{m.chrom}\t{m.pos}\t.\t{m.ref}\t{m.alt}\t.\t{flag}\t.\n" for m in mutations]
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    (tmp_path / "all.vcf").write_text(head + "".join(lines))
    write_table(table_of([], BACKGROUND), tmp_path / "b", BACKGROUND, Provenance("code"))
    libraries = [
        library(tmp_path, "L1", many(mutations, 400, [9, 9]), mutations=str(tmp_path / "all.vcf")),
        library(tmp_path, "N1", many(mutations, 300, [150, 150]), role="normal"),
    ]
    out = tmp_path / "mrd.parquet"
    mrd_specimen(libraries, {}, str(tmp_path / "b"), SETTINGS, "code", {"mrd": str(out)})
    rows = read_table(out).to_pylist()
    (told,) = [row for row in rows if row["chrom"] is None]
    assert told["status"] == "inadequate" and "2 of 2 mutations are" in told["reason"]
    assert [row["status"] for row in rows if row["chrom"]] == [why, why]


def test_a_normal_of_another_genome_is_named_as_in_the_sheet(tmp_path, specimen):
    write_table(table_of([], BACKGROUND), tmp_path / "b", BACKGROUND, Provenance("code"))
    other = library(tmp_path, "N2", [], role="normal", bam="reads/N2.markdup.bam")
    header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "1", "LN": 600}]}
    with pysam.AlignmentFile(other["consensus"], "wb", header=header):
        pass
    pysam.index(other["consensus"])
    out = tmp_path / "mrd.parquet"
    mrd_specimen([specimen[0], other], {}, str(tmp_path / "b"), SETTINGS, "code", {"mrd": str(out)})
    (row,) = read_table(out).to_pylist()
    assert row["reason"].startswith("reads/N2.markdup.bam: has no contig 'chr1', where chr1:30")


def test_benchmark_in_short():
    panel = bench.Panel(10, 1000)
    null = np.array(bench.p_values(panel, 0.0, 30, seed=9))
    assert (null <= 0.01).sum() <= 2 and 0.5 < np.mean(null) <= 1
    lod, molecules = bench.limit(panel, seed=9)
    assert 3 < lod * molecules < 10
    assert (np.array(bench.p_values(panel, lod, 15, seed=9)) <= 0.01).mean() >= 0.8
    assert bench.coverage(panel, 10 * lod, 30, seed=9) >= 0.8
    text = bench.table([bench.measure(panel, 2, 2)])
    assert "| 10 x 1000 |" in text
