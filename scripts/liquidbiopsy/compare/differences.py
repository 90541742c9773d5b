"""All differences between two result sets: patients, specimens, statements, tables, reports."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from liquidbiopsy.compare.causes import (
    TABLE,
    UNKNOWN,
    Cause,
    Tracer,
    changed_inputs,
    input_cause,
    step_causes,
)
from liquidbiopsy.compare.made import Folders, made_of, rows_of
from liquidbiopsy.compare.places import (
    COHORT,
    OBSERVATIONS,
    REPORT,
    REPORTS,
    SAME,
    Difference,
    Pair,
    subject_of,
)
from liquidbiopsy.compare.values import statement_changes, table_change

DECISIONS = "decisions"
NOTHING = Cause(UNKNOWN, "settings, inputs, code and packages are the same")


@dataclass(frozen=True)
class Comparison:
    """Two result sets side by side."""

    differences: tuple[Difference, ...]
    patients: int
    """In either set."""
    specimens: int
    tables: int
    """Tables that both sets have."""


def compare(a: Path, b: Path) -> Comparison:
    """Compare two result folders.

    Raises
    ------
    InputError
        A folder holds no results, or a table in it cannot be read.
    """
    pair = Pair(a, b)
    pair.check()
    patients, specimens = pair.patients(), pair.specimens()
    found: list[Difference] = []
    known, tables = {REPORT}, 0
    for place in specimens:
        shared, alone = pair.tables(place)
        known |= {PurePosixPath(name).stem for name in (*shared, *alone)}
        tables += len(shared)
        found += _of_specimen(pair, place, shared, alone)
    told = {d.patient for d in found if d.of_values}
    for place in [*(f"{REPORTS}/{patient}" for patient in patients), COHORT]:
        patient = "" if place == COHORT else PurePosixPath(place).name
        explained = known if (patient in told or place == COHORT and told) else set()
        tables += len(pair.tables(place)[0])
        found += _of_report(pair, place, patient, explained)
    found.sort(key=lambda d: (d.patient == "", d.patient, d.assay, d.specimen))
    return Comparison(tuple(found), len(patients), len(specimens), tables)


def _of_specimen(
    pair: Pair, place: str, shared: list[str], alone: list[str]
) -> Iterator[Difference]:
    """A specimen's statements and tables that differ, with the causes that lead to each."""
    assay, specimen = place.split("/")
    key = (pair.patient_of(place), assay, specimen)
    observations = f"{place}/{OBSERVATIONS}{TABLE}"
    if observations not in shared:
        yield pair.lacking(observations, key)
        return
    yield from (pair.lacking(name, key, subject_of(name, place)) for name in alone)
    changed = pair.changed(shared)
    if not changed:
        return
    tracer = _tracer(pair, place)
    found: list[Difference] = []
    if observations in changed:
        sides = (rows_of(root / observations) for root in (pair.a, pair.b))
        for row, was, now in statement_changes(*sides):
            subject = " ".join(str(row[k]) for k in ("analyte", "target") if row.get(k))
            causes = _of_statement(tracer, observations, place, row.get("source_table"))
            found.append(Difference(*key, subject, was, now, causes))
    for name in changed:
        words = table_change(rows_of(pair.a / name), rows_of(pair.b / name))
        if words and name != observations:
            causes = _listed(tracer.of(name))
            found.append(Difference(*key, subject_of(name, place), *words, causes))
    if not found:
        causes = _listed({cause for name in changed for cause in tracer.of(name)})
        found.append(Difference(*key, "", SAME, SAME, causes))
    yield from found


def _of_statement(
    tracer: Tracer, observations: str, place: str, source: str | None
) -> tuple[Cause, ...]:
    """Causes behind one statement: those of the table that it names, where that tells any."""
    behind = tracer.of(f"{place}/{source}{TABLE}") if source else frozenset()
    return _listed(tracer.own(observations) | behind if behind else tracer.of(observations))


def _of_report(
    pair: Pair, place: str, patient: str, explained: Collection[str]
) -> Iterator[Difference]:
    """A patient's report, or the cohort: what its own step changed.

    Its tables are those of the specimens joined: a difference in one of `explained` is told there.
    """
    key = (patient, REPORT if patient else COHORT, "")
    if not pair.shared(place):
        if (pair.a / place).exists() or (pair.b / place).exists():
            yield pair.lacking(place, key)
        return
    shared, alone = pair.tables(place)
    yield from (pair.lacking(name, key, subject_of(name, place)) for name in alone)
    changed = pair.changed(shared)
    sides = {name: (made_of(pair.a / name), made_of(pair.b / name)) for name in changed}
    own = {cause for made in sides.values() for cause in step_causes(key[1], *made)}
    found = []
    for name in changed:
        words = table_change(rows_of(pair.a / name), rows_of(pair.b / name))
        if words and PurePosixPath(name).stem not in explained:
            causes = _listed(_of_joined(pair, name, key[1]))
            found.append(Difference(*key, subject_of(name, place), *words, causes))
    if own and not found:
        found.append(Difference(*key, "", SAME, SAME, _listed(own)))
    yield from found


def _of_joined(pair: Pair, name: str, step: str) -> set[Cause]:
    """Causes behind a table of a report or of the cohort, followed through what it is made from.

    A report names tables of specimens by their place in the results, the cohort those of reports
    by the patient; what is neither, as a decision rule, is an input.
    """
    one, other = made_of(pair.a / name), made_of(pair.b / name)
    found = set(step_causes(step, one, other))
    for key in changed_inputs(one, other):
        of_patient = [
            f"{REPORTS}/{key}/{stem}{TABLE}" for stem in (PurePosixPath(name).stem, DECISIONS)
        ]
        file = next((f for f in (key, *of_patient) if pair.shared(f)), "")
        if file in of_patient:
            found |= _of_joined(pair, file, REPORT)
        elif file:
            found |= _tracer(pair, str(PurePosixPath(file).parent)).of(file)
        else:
            found.add(input_cause(key, one, other))
    return found


def _tracer(pair: Pair, place: str) -> Tracer:
    """Looks for what a table is made from in its specimen's folder and in what specimens share."""

    def side(root: Path) -> Folders:
        common = [p.relative_to(root).as_posix() for p in root.glob(f"{place.split('/')[0]}/_*")]
        return Folders(root, (place, *sorted(common), "run"))

    return Tracer(side(pair.a), side(pair.b))


def _listed(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """Causes in order; where there are none, that this is so."""
    return tuple(sorted(causes)) or (NOTHING,)
