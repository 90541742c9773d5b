"""Errors a user can cause: each names place and remedy, and is shown without a traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

SHOWN = 12  # names in a list of what is known


class UserError(Exception):
    """Something a user can put right; the message says where and how."""


class InputError(UserError):
    """A raw data file that cannot be used.

    Parameters
    ----------
    file : str
        The file as the sheet names it.
    problem : str
        What is wrong with it.
    remedy : str
        What to do about it.
    """

    def __init__(self, file: str, problem: str, remedy: str = "") -> None:
        self.file, self.problem, self.remedy = str(file), problem, remedy
        super().__init__(f"{self.file}: {problem}" + (f" ({remedy})" if remedy else ""))


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in a sheet or in the settings, with its place."""

    file: str
    line: int
    """Line in the file, the header being line 1; 0 where the whole file is meant."""
    column: str
    message: str

    def __str__(self) -> str:
        """Place and message as the listing shows them."""
        place = self.file
        if self.line == 1:
            place += ", header (line 1)"
        elif self.line:
            place += f", row {self.line - 1} (line {self.line})"
        if self.column:
            place += f", column {self.column}"
        return f"{place}: {self.message}"


class CheckError(UserError):
    """All the problems of a run's sheets and settings, in one listing."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems))
        n = len(self.problems)
        heading = f"{n} problem{'s' if n > 1 else ''} in the settings and sheets; nothing was run:"
        super().__init__("\n".join([heading, *(f"  {p}" for p in self.problems)]))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A clause that names what was probably meant, or what there is.

    Examples
    --------
    >>> did_you_mean("celltrack", ["celltracks", "hdsca"])
    "; did you mean 'celltracks'?"
    >>> did_you_mean("xyz", ["celltracks", "hdsca"])
    '; known: celltracks, hdsca'
    """
    names = sorted(str(k) for k in known)
    near = difflib.get_close_matches(str(name).lower(), [n.lower() for n in names], n=1, cutoff=0.6)
    if near:
        match = next(n for n in names if n.lower() == near[0])
        return f"; did you mean '{match}'?"
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"; known: {', '.join(names[:SHOWN])}{more}" if names else "; there is none"
