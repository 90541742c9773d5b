"""Kinds of errors: a base in its two neighbours read as another, an indel beside a repeat.

A substitution is named by the strand that its molecule was read from: of a fragment read in reverse
the complement is taken, so that cytosines deaminated on either strand are one kind (`ACA>T`), and
guanines oxidised on one strand are not mixed with the cytosines opposite (`ACA>A` is not `TGT>T`).
A duplex molecule has been read from both strands: its changes and their complements are one kind.
Where no strand is known, as in single reads of unknown origin, the read's own direction is taken.
"""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint8]
Kinds = npt.NDArray[np.int64]

BASES = "ACGT"
NONE = 4  # code of a base that is not known
CHANGES = 256  # trinucleotide * 4 + base read; of those with the base itself none is used

CODE_OF = np.full(256, NONE, np.uint8)
for _code, _base in enumerate(BASES):
    CODE_OF[ord(_base)] = CODE_OF[ord(_base.lower())] = _code

TRACTS = (4, 6, 8, 10)
"""Lengths in bases from which on a repeat is a longer one to indels."""
TRACT_NAMES = ("1-3", "4-5", "6-7", "8-9", "10+")
INDELS = ("ins1", "ins2+", "del1", "del2+")
INDEL_KINDS = len(INDELS) * len(TRACT_NAMES)
MAX_UNIT = 3  # bases in the unit of a repeat that is looked for
MAX_TRACT = 60  # bases; a longer repeat is not measured further


def coded(sequence: str) -> Codes:
    """Bases as numbers: A 0, C 1, G 2, T 3, all else 4."""
    return CODE_OF[np.frombuffer(sequence.encode("ascii"), np.uint8)]


def spelled(codes: npt.ArrayLike) -> str:
    """Numbers as bases; 4 is N.

    Examples
    --------
    >>> spelled(coded("GATTNACA"))
    'GATTNACA'
    """
    return "".join((BASES + "N")[c] for c in np.asarray(codes).tolist())


def trinucleotides(reference: Codes) -> npt.NDArray[np.int16]:
    """Each base of a stretch with its neighbours as a number of 0 to 63.

    Parameters
    ----------
    reference : array of uint8, shape (n,)
        Codes of the bases.

    Returns
    -------
    array of int16, shape (n,)
        -1 where one of the three is not known; so are the first and the last.
    """
    found = np.full(reference.size, -1, np.int16)
    if reference.size < 3:
        return found
    left, middle, right = reference[:-2], reference[1:-1], reference[2:]
    known = (left < NONE) & (middle < NONE) & (right < NONE)
    number = left.astype(np.int16) * 16 + middle.astype(np.int16) * 4 + right.astype(np.int16)
    found[1:-1] = np.where(known, number, -1)
    return found


def change_of(trinucleotide: npt.ArrayLike, base: npt.ArrayLike) -> Kinds:
    """Number of a change, 0 to 255, by the reference strand; -1 where there is no context."""
    tri, read = np.asarray(trinucleotide, np.int64), np.asarray(base, np.int64)
    return np.where(tri < 0, -1, tri * 4 + read)


def complement(change: npt.ArrayLike) -> Kinds:
    """The same change by the other strand; -1 stays -1.

    Examples
    --------
    >>> change_name(int(complement(change_number("ACA>T"))))
    'TGT>A'
    """
    given = np.asarray(change, np.int64)
    left, middle, right, read = given >> 6, (given >> 4) & 3, (given >> 2) & 3, given & 3
    other = ((3 - right) << 6) | ((3 - middle) << 4) | ((3 - left) << 2) | (3 - read)
    return np.where(given < 0, -1, other)


def change_name(change: int) -> str:
    """A change as tables name it: `ACA>T`."""
    return (
        f"{BASES[change >> 6]}{BASES[change >> 4 & 3]}{BASES[change >> 2 & 3]}>{BASES[change & 3]}"
    )


def change_number(name: str) -> int:
    """Number of a change that a table names."""
    a, b, c, d = (BASES.index(name[k]) for k in (0, 1, 2, 4))
    return a * 64 + b * 16 + c * 4 + d


def real_changes() -> Kinds:
    """The 192 changes of a base to another one."""
    every = np.arange(CHANGES)
    return every[(every >> 4 & 3) != (every & 3)]


def indel_kind(inserted: int, deleted: int, tract: int) -> int:
    """Number of an indel's kind, 0 to 19, from its lengths and that of the repeat beside it.

    Parameters
    ----------
    inserted, deleted : int
        Bases inserted and deleted; where there are both, the more of them tells.
    tract : int
        Length of the repeat that begins behind its anchor, in bases.
    """
    which = (0 if inserted > deleted else 2) + int(max(inserted, deleted) > 1)
    return which * len(TRACT_NAMES) + int(np.searchsorted(TRACTS, tract, side="right"))


def indel_name(kind: int) -> str:
    """An indel's kind as tables name it: `del1:4-5`."""
    return f"{INDELS[kind // len(TRACT_NAMES)]}:{TRACT_NAMES[kind % len(TRACT_NAMES)]}"


def indel_number(name: str) -> int:
    """Number of an indel's kind that a table names."""
    which, tract = name.split(":")
    return INDELS.index(which) * len(TRACT_NAMES) + TRACT_NAMES.index(tract)


def tracts(reference: Codes) -> npt.NDArray[np.int16]:
    """Length of the repeat that begins behind each base, in bases, at most 60.

    A repeat of units of one to three bases; of two and three bases it counts from three units on.
    Within a repeat it is 1: an indel of the repeat is anchored before its first base.
    """
    return _tracts(reference)


@nb.njit(cache=True, nogil=True)
def _tracts(reference):  # type: ignore[no-untyped-def]
    n = reference.size
    found = np.ones(n, np.int16)
    for p in range(n - 1):
        for unit in range(1, MAX_UNIT + 1):
            if p + unit < n and p >= 0 and reference[p] == reference[p + unit]:
                continue  # the repeat reaches further back
            end = p + 1 + unit
            if end > n or reference[p + 1] == NONE:
                continue
            while end < n and end - p - 1 < MAX_TRACT and reference[end] == reference[end - unit]:
                end += 1
            length = end - p - 1
            if (unit == 1 or length >= 3 * unit) and length > found[p]:
                found[p] = length
    return found
