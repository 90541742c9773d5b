"""Reads with UMIs in BAM files for tests, and fgbio's formulas told plainly."""

import math

import pysam

SETTINGS = {
    "umi": {"strategy": "auto", "max_edits": 1},
    "align": {"min_mapq": 1, "program": "pybwa"},
    "consensus": {
        "pre_umi_q": 45, "post_umi_q": 40, "min_base_q": 10, "min_reads": 1, "min_strand_reads": 0,
        "max_read_error": 1.0, "max_base_error": 1.0, "min_consensus_q": 2, "max_no_calls": 1.0,
        "realign": False, "duplex": "auto",
    },
}  # fmt: skip
"""The assay's defaults, but that no filter is on."""
CONTIGS = {"chr1": 100_000, "chr2": 50_000}


def settings(**sections):
    """The settings with some of a section's changed: settings(umi={"strategy": "identity"})."""
    return {name: {**values, **sections.get(name, {})} for name, values in SETTINGS.items()}


def header(contigs=None):
    contigs = contigs or CONTIGS
    return pysam.AlignmentHeader.from_dict(
        {"HD": {"VN": "1.6", "SO": "unsorted"},
         "SQ": [{"SN": n, "LN": length} for n, length in contigs.items()]}
    )  # fmt: skip


def read(name, flag, pos, seq, qual=37, cigar=None, tid=0, rx=None, mapq=60, tags=()):
    """One aligned read; `qual` is a number for all bases or a list."""
    found = pysam.AlignedSegment(header())
    found.query_name, found.flag = name, flag
    found.reference_id, found.reference_start = tid, pos
    found.mapping_quality, found.cigarstring = mapq, cigar or f"{len(seq)}M"
    found.query_sequence = seq
    found.query_qualities = [qual] * len(seq) if isinstance(qual, int) else list(qual)
    if rx is not None:
        found.set_tag("RX", rx)
    for tag, value in tags:
        found.set_tag(tag, value)
    return found


def pair(name, left, right, rx, strand="A", **common):
    """A pair that faces inwards; `left` and `right` are (position, bases[, qualities[, CIGAR]]).

    On strand A the left end is the first read.
    """
    first, second = (0x40, 0x80) if strand == "A" else (0x80, 0x40)
    one = read(name, 0x1 | 0x2 | 0x20 | first, *left, rx=rx, **common)
    other = read(name, 0x1 | 0x2 | 0x10 | second, *right, rx=rx, **common)
    for a, b in ((one, other), (other, one)):
        a.next_reference_id, a.next_reference_start = b.reference_id, b.reference_start
        a.set_tag("MC", b.cigarstring)
    low, high = one.reference_start, other.reference_end
    one.template_length, other.template_length = high - low, low - high
    return [one, other] if strand == "A" else [other, one]


def write(path, reads, contigs=None, order=True):
    """A BAM file, sorted by template coordinate."""
    plain = str(path) + ".plain"
    with pysam.AlignmentFile(plain, "wb", header=header(contigs)) as out:
        for one in reads:
            out.write(one)
    if order:
        pysam.sort("--template-coordinate", "--no-PG", "-o", str(path), plain)
    else:
        pysam.AlignmentFile(plain).close()
        pysam.view("-b", "--no-PG", "-o", str(path), plain, catch_stdout=False)
    return str(path)


# fgbio's formulas (ConsensusCaller, NumericTypes), by logarithms as it has them


def two_trials(one, two):
    """Log of the error rate of two steps."""
    high, low = max(one, two), min(one, two)
    if high - low >= 6:
        return high
    return math.log(math.exp(high) + math.exp(low) - 4 / 3 * math.exp(high + low))


def ln(q):
    return -q * math.log(10) / 10


def phred(p):
    return max(2, min(93, math.floor(-10 * p / math.log(10) + 0.001)))


def fgbio_base(observed, pre=45, post=40):
    """Base and quality from (base, quality) pairs; N where two bases are equally likely."""
    likelihood = dict.fromkeys("ACGT", 0.0)
    for base, q in observed:
        error = two_trials(ln(post), ln(q))
        for b in likelihood:
            if b == base:
                likelihood[b] += math.log1p(-math.exp(error))
            else:
                likelihood[b] += error - math.log(3)
    top = max(likelihood.values())
    best = [b for b, value in likelihood.items() if value > top - 1e-9]
    if len(best) > 1:
        return "N", 2
    others = [math.exp(value - top) for b, value in likelihood.items() if b != best[0]]
    wrong = sum(others) / (1 + sum(others))
    return best[0], phred(two_trials(ln(pre), math.log(wrong)) if wrong else ln(pre))


def fgbio_single(q, pre=45, post=40):
    """Quality of the consensus of one read."""
    return phred(two_trials(ln(q), ln(min(pre, post))))
