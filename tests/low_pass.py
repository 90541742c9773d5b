"""Random alignments of every kind, and counting them told plainly, read by read, over pysam."""

from collections import Counter

import numpy as np
import pysam

CONTIGS = {"chr1": 40_000, "chr2": 25_000, "chrX": 9_500, "chrUn": 5_000}
SETTINGS = {
    "min_mapq": 20, "duplicates": "auto",
    "fragments": {
        "min_mapq": 30, "max_length": 400, "short": [100, 150], "long": [151, 220],
        "window_bp": 2_000, "wide_window_bp": 10_000, "max_unknown": 0.0, "period_bp": 10.4,
        "period_range": [80, 150],
    },
}  # fmt: skip
TAKEN = set("M=XDN")


def settings(**changes):
    """The settings with some changed; those of fragments too."""
    own = {k: changes.pop(k, v) for k, v in SETTINGS["fragments"].items() if k != "min_mapq"}
    own["min_mapq"] = changes.pop("fragment_mapq", 30)
    return {**SETTINGS, **changes, "fragments": own}


def write(path, reads, contigs=None, sort=True):
    """Write reads by place; an index is not made."""
    contigs = contigs or CONTIGS
    head = {"HD": {"VN": "1.6"}, "SQ": [{"SN": n, "LN": s} for n, s in contigs.items()]}
    if sort:
        last = len(contigs)
        reads = sorted(reads, key=lambda r: (last if r["tid"] < 0 else r["tid"], r["pos"]))
    with pysam.AlignmentFile(str(path), "wb", header=head) as out:
        for read in reads:
            one = pysam.AlignedSegment(out.header)
            one.query_name, one.flag = read["name"], read["flag"]
            one.reference_id, one.reference_start = read["tid"], read["pos"]
            one.mapping_quality, one.cigarstring = read["mapq"], read["cigar"]
            one.query_sequence = read["seq"]
            one.query_qualities = pysam.qualitystring_to_array("I" * len(read["seq"]))
            one.next_reference_id, one.next_reference_start = read["mate"]
            one.template_length = read["tlen"]
            if read.get("mc"):
                one.set_tag("MC", read["mc"])
            out.write(one)
    return str(path)


def template(rng, name, tid, start, size, *, first_left=True, mapq=(60, 60), mc=True, clip=True):
    """Both reads of a fragment, each perhaps clipped at either end or with a gap."""
    found = []
    for left in (True, False):
        length = min(size, int(rng.integers(30, 76)))
        kind = int(rng.integers(0, 8)) if clip else 7
        cut = 4 if kind < 4 else 0
        ops = {0: f"4S{length - 4}M", 1: f"{length - 4}M4S", 2: f"4H{length - 4}M",
               3: f"{length - 4}M4S", 4: f"10M2D{length - 10}M", 5: f"10M2I{length - 12}M",
               }.get(kind, f"{length}M")  # fmt: skip
        reach = length - cut + {4: 2, 5: -2}.get(kind, 0)
        seq = "".join(rng.choice(list("ACGTN"), length, p=[0.3, 0.2, 0.2, 0.28, 0.02]))
        seq = seq[4:] if "H" in ops else seq
        head = cut if kind in (0, 2) else 0
        pos = start + head if left else start + size - reach - (cut if kind in (1, 3) else 0)
        flag = 3 | (32 if left else 16) | (64 if left == first_left else 128)
        found.append({"name": name, "flag": flag, "tid": tid, "pos": max(pos, 0), "cigar": ops,
                      "seq": seq, "mapq": mapq[0 if left == first_left else 1],
                      "reach": reach})  # fmt: skip
    one, other = found
    low = min(one["pos"], other["pos"])
    high = max(one["pos"] + one["reach"], other["pos"] + other["reach"])
    for a, b, sign in ((one, other, 1), (other, one, -1)):
        a["mate"], a["tlen"] = (tid, b["pos"]), sign * (high - low)
        a["mc"] = b["cigar"] if mc else None
    return found


def random_reads(seed, n=1500, *, flagged=True, mc=True, crowded=600):
    """Templates of which many share their ends, and reads of every other kind."""
    rng = np.random.default_rng(seed)
    reads = []
    for k in range(n):
        tid = int(rng.choice(4, p=[0.5, 0.3, 0.15, 0.05]))
        length = list(CONTIGS.values())[tid]
        size = int(rng.choice([60, 120, 140, 166, 167, 200, 320, 450]))
        start = int(rng.integers(0, crowded)) * (length - 900) // crowded
        mapq = tuple(int(q) for q in rng.choice([0, 19, 20, 29, 30, 60], 2))
        pair = template(rng, f"t{k}", tid, start, size, first_left=bool(rng.integers(2)),
                        mapq=mapq, mc=mc, clip=bool(rng.integers(2)))  # fmt: skip
        kind = int(rng.integers(0, 30))
        for read in pair:
            if kind == 0 and flagged:
                read["flag"] |= 1024
            elif kind == 1:
                read["flag"] |= 512
            elif kind == 2:
                read["flag"] &= ~2  # not proper
            elif kind == 3:
                read["flag"] |= int(rng.choice([256, 2048]))
            elif kind == 4:  # single
                read.update(flag=read["flag"] & 16, mate=(-1, -1), tlen=0, mc=None)
            elif kind == 5:  # mate elsewhere
                read.update(flag=read["flag"] & ~2, mate=(3 - tid, 500 * (k % 3)), tlen=0)
        if kind == 6:  # the second is not mapped
            pair[0].update(flag=pair[0]["flag"] & ~2 | 8, mc=None, tlen=0)
            pair[1].update(flag=pair[1]["flag"] & ~2 | 4, pos=pair[0]["pos"], cigar=None, tlen=0)
        reads += pair
    return [*reads, {**reads[0], "name": "u", "flag": 77, "tid": -1, "pos": -1, "cigar": None,
                     "mate": (-1, -1), "mc": None, "tlen": 0}]  # fmt: skip


def five_of(pos, reverse, ops):
    """5' end, clipped bases counted in."""
    if not reverse:
        clip = 0
        for letter, size in ops:
            if letter not in "SH":
                break
            clip += size
        return pos - clip
    reach = sum(size for letter, size in ops if letter in TAKEN)
    clip = 0
    for letter, size in reversed(ops):
        if letter not in "SH":
            break
        clip += size
    return pos + reach - 1 + clip


def operations(text):
    found, number = [], ""
    for letter in text or "":
        if letter.isdigit():
            number += letter
        else:
            found.append((letter, int(number)))
            number = ""
    return found


def plain_count(path, bins, chosen, excluded=(), on_target=None, ends=None, fasta=None):
    """What `count_reads` says, by a loop over pysam; `excluded`, `on_target`: (contig, start, end).

    `ends`: whether duplicates are told by ends; None: where none is flagged.
    """
    own = chosen["fragments"]
    with pysam.AlignmentFile(path, check_sq=False, reference_filename=fasta) as handle:
        reads = list(handle.fetch(until_eof=True))
        names = handle.references
    if ends is None:
        ends = not any(read.is_duplicate for read in reads)
    where = {}
    for k, chrom in enumerate(bins.chrom()):
        where.setdefault(chrom, []).append((int(bins.start[k]), int(bins.end[k]), k))
    fates, count = Counter(), np.zeros(len(bins), int)
    lengths, motifs, windows = Counter(), Counter(), Counter()
    others, seen = Counter(), set()
    for read in reads:
        if read.is_secondary or read.is_supplementary:
            fates["not_primary"] += 1
            continue
        if read.is_unmapped:
            fates["unmapped"] += 1
            continue
        chrom = names[read.reference_id].removeprefix("chr")
        inside = [k for a, b, k in where.get(chrom, ()) if a <= read.reference_start < b]
        if read.is_qcfail:
            fates["failed_qc"] += 1
        elif chrom in where and not inside:
            fates["outside"] += 1
        elif read.is_duplicate:
            fates["flagged_duplicates"] += 1
        elif chrom not in where:
            fates["elsewhere"] += 1
        elif read.mapping_quality < chosen["min_mapq"]:
            fates["low_mapq"] += 1
        else:
            fates["reads"] += 1
            _one(read, chrom, inside[0], own, ends, seen, count, lengths, motifs, windows, others,
                 excluded, on_target)  # fmt: skip
    return fates, count, lengths, motifs, windows, others


def _one(
    read, chrom, where, own, ends, seen, count, lengths, motifs, windows, others, excluded,
    on_target,
):  # fmt: skip
    ops = operations(read.cigarstring)
    five, other, again = None, None, False
    if ends:
        five = five_of(read.reference_start, read.is_reverse, ops)
        key = ("read", chrom, five, read.is_reverse, None)
        if read.is_paired and not read.mate_is_unmapped:
            other = read.next_reference_start
            if read.has_tag("MC"):
                other = five_of(other, read.mate_is_reverse, operations(read.get_tag("MC")))
            elif read.mate_is_reverse and read.template_length > 0:
                other = five + read.template_length - 1
            key = (*key[:4], (read.next_reference_id, other, read.mate_is_reverse))
        again = key in seen
        seen.add(key)
    if not again:
        count[where] += 1
    else:
        others["again"] += 1
    size = abs(read.template_length)
    if not (read.is_paired and read.is_proper_pair) or read.mate_is_unmapped or not size:
        return
    if read.next_reference_id != read.reference_id or read.mapping_quality < own["min_mapq"]:
        return
    low = read.reference_start if read.template_length > 0 else read.reference_end - size
    if on_target is not None and not any(
        c == chrom and a < low + size and low < b for c, a, b in on_target
    ):
        return
    if not again and size <= own["max_length"]:
        bases = read.query_sequence
        if read.is_reverse:
            bases = bases.translate(str.maketrans("ACGTN", "TGCAN"))[::-1]
        clipped = ops[-1 if read.is_reverse else 0][0] in "SH"
        if clipped or "N" in bases[:4]:
            others["ends_left_out"] += 1
        else:
            motifs[bases[:4]] += 1
    if not read.is_read1:
        return
    if ends:
        key = ("fragment", chrom, min(five, other), max(five, other))
        if key in seen:
            return
        seen.add(key)
    if size > own["max_length"]:
        others["too_long"] += 1
        return
    lengths[size] += 1
    kind = next((k for k in ("short", "long") if own[k][0] <= size <= own[k][1]), None)
    if kind is None or on_target is not None:
        return
    window = own["window_bp"]
    where = (2 * low + size) // 2 // window
    inside = [(a, b) for c, a, b in excluded if c == chrom and a <= low and low + size <= b]
    if any(a // window == (b - 1) // window == where for a, b in inside):
        others["excluded"] += 1
    else:
        windows[kind, chrom, where] += 1
