"""The same picture under two names: a slip in a sheet or at the scanner that would count twice."""

from __future__ import annotations

from collections.abc import Sequence

from liquidbiopsy.core.errors import InputError

UNREADABLE = "unreadable"


def copies(checksums: Sequence[Sequence[str]]) -> dict[int, int]:
    """Images whose bytes are those of an earlier one: the place of each, and of the first.

    Parameters
    ----------
    checksums : list of lists
        Of the files of each image, and what else has to be alike; what cannot be read is like
        nothing else.
    """
    first: dict[tuple[str, ...], int] = {}
    found = {}
    for place, sums in enumerate(map(tuple, checksums)):
        if sums and UNREADABLE not in sums and first.setdefault(sums, place) != place:
            found[place] = first[sums]
    return found


def refuse_copy(file: str, other: str) -> None:
    """Raise where `other` names an image that `file` is a copy of.

    Raises
    ------
    InputError
        It does.
    """
    if other:
        remedy = "name each image once in the sheet"
        raise InputError(file, f"is the same picture as {other}, byte for byte", remedy)
