"""Why two tables differ: settings, inputs, code or packages, followed up through the steps.

A table names the checksums of what it was made from. What is itself a file of the results is
followed to its own provenance, so that a changed slide is told once, as the slide, and not as every
table behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from liquidbiopsy.compare.made import VERSIONS, Folders, Made, made_of

SETTING, INPUT, CODE, PACKAGE, UNKNOWN = "setting", "input", "code", "package", "unknown"
MISSING = "missing"
KINDS = (MISSING, SETTING, INPUT, CODE, PACKAGE, UNKNOWN)
TABLE = ".parquet"


@dataclass(frozen=True, order=True)
class Cause:
    """One reason for a difference."""

    kind: str
    """One of `KINDS`."""
    what: str
    """The table whose settings or code differ, the input's name, the package with its versions."""

    def __str__(self) -> str:
        """Kind and name as they are shown."""
        return f"{self.kind}: {self.what}" if self.what else self.kind


@dataclass
class Tracer:
    """Finds the causes behind the tables of one specimen, or of one report, in two result sets."""

    a: Folders
    b: Folders
    _known: dict[str, tuple[Made, Made]] = field(default_factory=dict)

    def of(self, name: str) -> frozenset[Cause]:
        """Causes of a difference of the table `name`, a path within both result sets."""
        return frozenset(self._walk(name, set()))

    def own(self, name: str) -> frozenset[Cause]:
        """The causes that stand in the table itself: not those of the tables it is made from."""
        one, other = self._made(name)
        made = {c for key in changed_inputs(one, other) for c in self._raw(key, one, other)}
        return frozenset({*step_causes(PurePosixPath(name).stem, one, other), *made})

    def _walk(self, name: str, seen: set[str]) -> Iterator[Cause]:
        if name in seen or not all((side.root / name).is_file() for side in (self.a, self.b)):
            return
        seen.add(name)
        if not name.endswith(TABLE):
            for table in self._beside(name):
                yield from self._walk(table, seen)
            return
        yield from self.own(name)
        one, other = self._made(name)
        for key in changed_inputs(one, other):
            for file in self._files(key, one, other):
                yield from self._walk(file, seen)

    def _raw(self, key: str, one: Made, other: Made) -> Iterator[Cause]:
        """An input that is no file of the results."""
        if not self._files(key, one, other):
            yield input_cause(key, one, other)

    def _files(self, key: str, one: Made, other: Made) -> list[str]:
        """The files of the results that have an input's bytes, in either set."""
        sides = ((self.a, one), (self.b, other))
        found = [side.by_digest.get(made.inputs.get(key, "")) for side, made in sides]
        return sorted({file for file in found if file})

    def _beside(self, name: str) -> Iterator[str]:
        """Tables in the folder of a file without provenance (a BAM), less those made from it."""
        for path in sorted((self.a.root / name).parent.glob(f"*{TABLE}")):
            table = path.relative_to(self.a.root).as_posix()
            if (self.b.root / table).is_file():
                made = self._made(table)
                made_from = [f for key in made[0].inputs for f in self._files(key, *made)]
                if name not in made_from:
                    yield table

    def _made(self, name: str) -> tuple[Made, Made]:
        if name not in self._known:
            self._known[name] = (made_of(self.a.root / name), made_of(self.b.root / name))
        return self._known[name]


def changed_inputs(one: Made, other: Made) -> list[str]:
    """Names of the inputs whose checksums differ or that only one of them has."""
    names = sorted({*one.inputs, *other.inputs})
    return [n for n in names if one.inputs.get(n) != other.inputs.get(n)]


def input_cause(key: str, one: Made, other: Made) -> Cause:
    """That an input differs, or that one of them lacks it."""
    if key not in one.inputs or key not in other.inputs:
        return Cause(INPUT, f"{key} (only in {'B' if key in other.inputs else 'A'})")
    unreadable = "unreadable" in (one.inputs[key], other.inputs[key])
    return Cause(INPUT, key + (" (unreadable in one)" if unreadable else ""))


def step_causes(table: str, one: Made, other: Made) -> Iterator[Cause]:
    """Causes in the step that made `table`: its settings, its code, the packages it ran with."""
    if one.settings != other.settings:
        yield Cause(SETTING, f"of {table}")
    if one.code != other.code:
        yield Cause(CODE, f"of {table}")
    for name, was, now in zip(VERSIONS, one.versions, other.versions, strict=True):
        if was != now:
            yield Cause(CODE, f"{name.replace('_', ' ')} {was or 'none'} → {now or 'none'}")
    for name in sorted({*one.packages, *other.packages}):
        was, now = one.packages.get(name, "none"), other.packages.get(name, "none")
        if was != now:
            yield Cause(PACKAGE, f"{name} {was} → {now}")
