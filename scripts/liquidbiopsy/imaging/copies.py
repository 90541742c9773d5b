"""The same picture under two names: a slip in a sheet or at the scanner that would count twice."""

from __future__ import annotations

from collections.abc import Sequence

from liquidbiopsy.core.errors import InputError

UNREADABLE = "unreadable"


def copies(roles: Sequence[str], checksums: Sequence[Sequence[str]]) -> dict[int, int]:
    """Images whose bytes are those of an earlier one: the place of each, and of the first.

    Parameters
    ----------
    roles : list of str
        Of each image; a sample and its control are no copies of each other.
    checksums : list of lists
        Of the files of each image; what cannot be read is like nothing else.
    """
    first: dict[tuple[str, ...], int] = {}
    found = {}
    for place, (role, sums) in enumerate(zip(roles, checksums, strict=True)):
        key = (role, *sums)
        if sums and UNREADABLE not in sums and first.setdefault(key, place) != place:
            found[place] = first[key]
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
