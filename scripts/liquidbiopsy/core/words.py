"""How names and numbers are written for people."""

from __future__ import annotations

import math

NARROW_SPACE = "\u202f"
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

SPELLINGS = {
    "ci": "CI", "cnv": "CNV", "ctc": "CTC", "ctcs": "CTCs", "ctdna": "ctDNA", "dcis": "DCIS",
    "detect": "DETECT", "dtc": "DTC", "er": "ER", "her2": "HER2", "hr": "HR", "ki67": "Ki-67",
    "lod": "LOD", "mapd": "MAPD",
    "mnc": "MNC", "mrd": "MRD", "os": "OS", "pdl1": "PD-L1", "pfs": "PFS", "pr": "PR",
    "scdna": "scDNA", "snr": "SNR", "tdev": "tdEV", "um": "µm", "um2": "µm²", "vaf": "VAF",
}  # fmt: skip


def number(value: float | None) -> str:
    """A number to the figures that matter; whole numbers whole.

    Examples
    --------
    >>> number(5.0), number(11.668), number(0.0253), number(None)
    ('5', '11.7', '0.025', '–')
    >>> number(0.00001234)
    '1.2 × 10⁻⁵'
    """
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value < 0:
        return "−" + number(-value)
    if value == round(value) or value >= 100:
        whole = f"{value:,.0f}"
        return whole.replace(",", NARROW_SPACE) if value >= 10_000 else whole.replace(",", "")
    if value >= 1:
        return f"{value:.1f}"
    if value >= 0.001:
        return f"{value:.2g}"
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits} × 10{str(int(exponent)).translate(SUPERSCRIPTS)}"


def signed_day(day: int) -> str:
    """A day counted from the index date, with a true minus sign."""
    return str(day).replace("-", "−")


def signed(value: float) -> str:
    """A number to one decimal with a true minus sign.

    Examples
    --------
    >>> signed(-1.26), signed(-0.01)
    ('−1.3', '0.0')
    """
    return f"{round(value, 1) + 0.0:.1f}".replace("-", "−")


def plain(name: str) -> str:
    """A name of a column, an analyte or a metric in plain words.

    Examples
    --------
    >>> plain("ctc_her2_positive_count"), plain("bare_nucleus")
    ('CTC HER2 positive count', 'Bare nucleus')
    """
    words = [SPELLINGS.get(w, w) for w in name.replace("_", " ").split()]
    if words and words[0].islower() and words[0] not in SPELLINGS.values():
        words[0] = words[0].capitalize()
    return " ".join(words)
