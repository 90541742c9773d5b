"""Unique molecular identifiers: out of read names, and put right by a whitelist."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from liquidbiopsy.core.errors import InputError

STRUCTURE, RX, NAME, NONE, AUTO = "structure", "rx", "name", "none", "auto"
"""Where barcodes come from: the read's own bases, a tag, the read's name, nowhere, what is there"""

BASES = "ACGTN"
_ONE = re.compile(r"r?[ACGTN]+", re.IGNORECASE)
_COMPLEMENT = str.maketrans("ACGTN", "TGCAN")

Tags = list[tuple[str, Any, Any]]
"""Tags of a read: name, value, type as SAM writes it (None: of an array)."""


def umi_of_name(name: str) -> str | None:
    """The barcode at the end of a read's name, or None where there is none.

    It is the last field after `_` or `:`; two barcodes are joined by `-`, and one that Illumina's
    software has written as `r` and the bases is turned round.

    Examples
    --------
    >>> umi_of_name("run:1:2:3:ACGT+TTGA"), umi_of_name("read.7_CCGCG"), umi_of_name("x:rAACC")
    ('ACGT-TTGA', 'CCGCG', 'GGTT')
    """
    _, mark, last = name.rpartition("_" if name.rfind("_") > name.rfind(":") else ":")
    return joined(last) if mark else None


def joined(text: str) -> str | None:
    """One or more barcodes in capitals, with `-` between them; None where it is none.

    Examples
    --------
    >>> joined("acgt+TTGA"), joined("1101")
    ('ACGT-TTGA', None)
    """
    parts = re.split(r"[-+]", text)
    if not all(_ONE.fullmatch(part) for part in parts):
        return None
    return "-".join(
        part[1:].upper().translate(_COMPLEMENT)[::-1] if part[0] == "r" else part.upper()
        for part in parts
    )


def read_whitelist(file: str) -> dict[str, str | None]:
    """Read a list of barcodes, one a line, with all that are one base off.

    Returns
    -------
    dict
        Barcode as it may be read -> the one on the list, None where two are as near. One that is
        not in it is on no account of the list.

    Raises
    ------
    InputError
        The file cannot be read, is empty, or a line is no barcode.
    """
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(file, f"cannot be read as text: {_why(error)}") from error
    listed: list[str] = []
    for number, line in enumerate(lines, 1):
        umi = line.strip().upper()
        if umi and not re.fullmatch("[ACGT]+", umi):
            remedy = "a whitelist has one barcode of A, C, G and T a line"
            raise InputError(file, f"line {number}: '{line.strip()}' is no barcode", remedy)
        if umi:
            listed.append(umi)
    if not listed:
        raise InputError(file, "has no barcodes", "a whitelist has one a line")
    near: dict[str, str | None] = {}
    for umi in dict.fromkeys(listed):
        for at in range(len(umi)):
            for base in BASES:
                other = umi[:at] + base + umi[at + 1 :]
                if other != umi:
                    near[other] = None if other in near else umi
    return near | {umi: umi for umi in listed}


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


@dataclass
class Umis:
    """Tags of barcodes; counts what the whitelist did."""

    source: str
    whitelist: Mapping[str, str | None] | None = None
    corrected: int = 0
    rejected: int = 0

    def tags(self, umi: str, qualities: str = "") -> Tags | None:
        """The tags RX, QX (where there are qualities) and OX (as read, where put right).

        Parameters
        ----------
        umi : str
            Barcodes joined by `-`.
        qualities : str
            Their qualities joined by a space, as fgbio writes them.

        Returns
        -------
        list or None
            None where the barcode fits none of the whitelist; it is counted.
        """
        found: Tags = [("QX", qualities, "Z")] if qualities else []
        if self.whitelist is None:
            return [("RX", umi, "Z"), *found]
        halves = [self.whitelist.get(half) for half in umi.split("-")]
        right = [half for half in halves if half is not None]
        if len(right) < len(halves):
            self.rejected += 1
            return None
        put = "-".join(right)
        if put != umi:
            self.corrected += 1
            found.append(("OX", umi, "Z"))
        return [("RX", put, "Z"), *found]
