"""What `ctdna_accuracy` found, as tables in Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from liquidbiopsy.core.intervals import clopper_pearson, exact_poisson

CLASSES = {
    "single": "consensus, read once", "pair": "read twice",
    "family": "read three times or more", "duplex": "duplex",
}  # fmt: skip
ORIGINS = {"germline_het": "germline", "chip": "chip"}
REASONS = {
    "error": "no variant within 15 bp", "near": "within 15 bp of a variant",
    "hop": "another person's, hopped", "germline": "the patient's germline", "chip": "CHIP",
}  # fmt: skip
MANY = 10  # molecules

Rows = Sequence[Mapping[str, Any]]


def told(result: Mapping[str, Any]) -> str:
    """All tables of what is there so far."""
    libraries = result["libraries"]
    truth = [row for library in libraries for row in library["truth"]]
    tumour = [row for row in truth if row["kind"] == "tumour"]
    parts = [
        _made_from(result), sensitivity(tumour, result["goals"]["points"]), missed(tumour),
        false_calls(libraries, result["goals"]["false_per_mb"]), labels(truth),
        tests(libraries), errors(libraries, result["goals"]["duplex"]), vafs(result["vaf"]),
    ]  # fmt: skip
    if "normals" in result:
        parts.append("With the leukocytes of the other patients as a panel of normals")
        again = [r for x in result["normals"] for r in x["truth"] if r["kind"] == "tumour"]
        parts += [sensitivity(again, result["goals"]["points"]), missed(again)]
        parts.append(false_calls(result["normals"], result["goals"]["false_per_mb"]))
    if "grouping" in result:
        parts.append(groups(result["grouping"]))
    parts.append(times(result))
    return "\n\n".join(parts) + "\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def share(count: int, total: int) -> str:
    """A share in % with its exact interval."""
    if not total:
        return "-"
    low, high = clopper_pearson(count, total)
    return f"{100 * count / total:.1f} ({100 * low:.1f}-{100 * high:.1f})"


def rate(count: int, total: int, unit: float = 1.0, form: str = ".1e") -> str:
    """A rate with its exact interval."""
    if not total:
        return "-"
    low, high = (limit / total * unit for limit in exact_poisson(count))
    return f"{count / total * unit:{form}} ({low:{form}}-{high:{form}})"


def _made_from(result: Mapping[str, Any]) -> str:
    plan, libraries = result["plan"], result["libraries"]
    depth = np.mean([x["depth"] for x in libraries])
    duplex = np.mean([x["duplex_depth"] for x in libraries])
    return (
        f"{len(libraries)} plasma of {plan['ng']:g} ng at {plan['raw_depth']:,.0f}x raw on "
        f"{plan['regions']} regions of {plan['region_bp']} bp of {result['reference']}: "
        f"{sum(x['pairs'] for x in libraries):,} read pairs, {depth:,.0f} molecules deep "
        f"({duplex:,.0f} duplex); leukocytes of as much at {plan['normal_depth']:g} of that raw "
        f"depth, {sum(x['normal_pairs'] for x in libraries):,} pairs. Seed {plan['seed']}. "
        "Fragments have blunt ends (overhang_bp 0)."
    )


def sensitivity(tumour: Rows, goal: float) -> str:
    """Sensitivity at each VAF, and of each kind of variant, beside what the molecules allow."""
    levels, names = sorted({r["vaf"] for r in tumour}), sorted({r["type"] for r in tumour})
    slices = [(f"{vaf:.2%}", [r for r in tumour if r["vaf"] == vaf]) for vaf in levels]
    slices += [(f"{n}, all VAF", [r for r in tumour if r["type"] == n]) for n in names]
    lines = []
    for name, rows in slices:
        n, found = len(rows), sum(r["found"] for r in rows)
        two = [r for r in rows if r["mutant_molecules"] >= 2]
        one = sum(r["mutant_molecules"] >= 1 for r in rows)
        apart = 100 * (found - len(two)) / n
        lines.append(
            [
                name, n, found, share(found, n), f"{100 * len(two) / n:.1f}",
                f"{100 * one / n:.1f}", f"{apart:+.1f}", "yes" if apart >= -goal else "no",
                share(sum(r["found"] for r in two), len(two)),
                f"{np.median([r['mutant_molecules'] for r in rows]):g}",
            ]
        )  # fmt: skip
    heads = [
        "VAF", "variants", "called", "sensitivity, %", "ceiling: 2 mutant molecules or more, %",
        "1 or more, %", "points from the ceiling", f"within {goal:g}", "of those with 2 or more, %",
        "mutant molecules, median",
    ]  # fmt: skip
    return "Sensitivity (exact 95 % intervals)\n\n" + table(heads, lines)


def missed(tumour: Rows) -> str:
    """Why variants with two or more mutant molecules were not called."""
    why = Counter(
        (min(r["mutant_molecules"], MANY), r["filter"] or _not_shown(r))
        for r in tumour
        if r["mutant_molecules"] >= 2 and not r["found"]
    )
    lines = [[f"{n}+" if n == MANY else n, name, why[n, name]] for n, name in sorted(why)]
    heads = ["mutant molecules sequenced", "filter", "variants not called"]
    return "Not called, with two mutant molecules or more\n\n" + table(heads, lines)


def _not_shown(row: Mapping[str, Any]) -> str:
    lost = row["depth"] < row["molecules"] / 2
    return "most molecules there are mapped ambiguously" if lost else "not shown"


def false_calls(libraries: Rows, goal: float) -> str:
    """PASS calls, origin tumour or unknown, of what the tumour does not have."""
    false = [row for library in libraries for row in library["false"]]
    bases = sum(library["bases"] for library in libraries)
    why = Counter(row["why"] for row in false)
    lines = [["all", len(false), f"{bases:,}", rate(len(false), bases, 1e6, ".0f")]]
    lines += [[words, why[name], "", ""] for name, words in REASONS.items()]
    floor = exact_poisson(0)[1] / goal
    after = (
        f"To show fewer than {goal:g} in a megabase (upper limit) takes {floor:.1f} Mb without one."
    )
    heads = ["false PASS calls", "n", "bases looked at", "per Mb (95 % interval)"]
    return table(heads, lines) + "\n\n" + after


def labels(truth: Rows) -> str:
    """Origins of the variants that are not the tumour's."""
    lines = []
    for kind, origin in ORIGINS.items():
        rows = [r for r in truth if r["kind"] == kind]
        right = sum(r["origin"] == origin for r in rows)
        shown, passed = sum(r["origin"] is not None for r in rows), sum(r["found"] for r in rows)
        lines.append([origin, len(rows), shown, right, share(right, len(rows)), passed])
    heads = ["not the tumour's", "variants", "shown", "origin right", "of all, %", "PASS"]
    return table(heads, lines)


def tests(libraries: Rows) -> str:
    """P-values of substitutions where there is no variant, beside those of chance."""
    number = sum(library["tests"] for library in libraries)
    lines = []
    for level in libraries[0]["at_or_under"]:
        seen = sum(library["at_or_under"][level] for library in libraries)
        lines.append([level, seen, f"{float(level) * number:.2g}"])
    heads = ["p at or under", "substitutions at places without a variant", f"of {number:,}"]
    heads[-1] += " by chance, at most"
    return table(heads, lines)


def errors(libraries: Rows, goal: float) -> str:
    """Error rates of raw and consensus bases by class."""

    def summed(floor: str, name: str, what: str) -> int:
        of = [x["raw"][floor] if name == "raw" else x[floor][name] for x in libraries]
        return sum(x.get(what, 0) for x in of)

    lines = []
    for name, words in {"raw": "raw reads (a sample)", **CLASSES}.items():
        line: list[Any] = [words]
        for floor in ("all", "called"):
            wrong, bases = summed(floor, name, "errors"), summed(floor, name, "bases")
            line += [f"{bases:,}", wrong, rate(wrong, bases)]
        more = [summed("called", name, what) for what in ("damage_like", "near_end")]
        lines.append([*line, *(["", ""] if name == "raw" else more)])
    heads = [
        "substitutions at places without a variant", "bases", "wrong", "rate (95 % interval)",
        "bases of quality 20 or more, which are called from", "wrong", "rate (95 % interval)",
        "of these C>T, G>A, G>T or C>A", "of these within 3 bases of a read's end",
    ]  # fmt: skip
    return table(heads, lines) + f"\n\nGoal: duplex {goal:.0e} or less."


def vafs(found: Mapping[str, Any]) -> str:
    """Called VAF on asked and true."""
    lines = []
    for name, fit in found["lines"].items():
        if fit:
            low, high = fit["interval"]
            slope = f"{fit['slope']:.3f} ({low:.3f}-{high:.3f})"
            lines.append([name, fit["n"], slope, f"{fit['intercept']:+.1e}", f"{fit['r2']:.3f}"])
    heads = ["called VAF", "variants", "slope (95 % interval)", "intercept", "R²"]
    ratios = [
        [f"{float(vaf):.2%}", r["n"], f"{r['asked']:.2f}", f"{r['true']:.2f}"]
        for vaf, r in found["ratios"].items()
    ]
    second = table(["VAF", "called", "mean called / asked", "mean called / true share"], ratios)
    return table(heads, lines) + "\n\n" + second


def groups(found: Mapping[str, Any]) -> str:
    """Grouping against the truth."""
    heads = [
        "read pairs", "grouped", "molecules", "adjusted Rand index", "molecules split",
        "groups", "groups merged from several",
    ]  # fmt: skip
    line = [
        f"{found['pairs']:,}", f"{found['grouped']:,}", f"{found['molecules']:,}",
        f"{found['ari']:.5f}", f"{found['split']} ({found['split'] / found['molecules']:.3%})",
        f"{found['groups']:,}", f"{found['merged']} ({found['merged'] / found['groups']:.3%})",
    ]  # fmt: skip
    return "Grouping\n\n" + table(heads, [line])


def times(result: Mapping[str, Any]) -> str:
    """Wall times of the stages."""
    every: Counter[str] = Counter()
    for library in result["libraries"]:
        every.update(library["seconds"])
    every.update(result.get("seconds", {}))
    return "Seconds: " + ", ".join(f"{name} {seconds:.0f}" for name, seconds in every.items())
