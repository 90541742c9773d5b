"""Step `mrd` of one specimen: molecules of its libraries in, the test for known mutations out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from liquidbiopsy.core.errors import InputError
from liquidbiopsy.core.names import shown_names, without_place
from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.provenance import Provenance, checksums
from liquidbiopsy.core.tables import FAILED
from liquidbiopsy.ctdna.consensus_reads import open_bam
from liquidbiopsy.ctdna.libraries import failure_of, source_of
from liquidbiopsy.ctdna.mrd_library import (
    FILTERED,
    IN_NORMAL,
    Counted,
    count_library,
    in_normal,
    rows_of,
)
from liquidbiopsy.ctdna.mrd_targets import TaggedGenome
from liquidbiopsy.ctdna.mutations import Genome, Mutation, read_mutations
from liquidbiopsy.ctdna.tables import MRD, NORMAL
from liquidbiopsy.reads.reference import open_reference

Rows = list[dict[str, Any]]


def mrd_specimen(
    libraries: Sequence[Mapping[str, Any]],
    references: Mapping[str, Mapping[str, Any]],
    background: str,
    settings: Mapping[str, Any],
    code: str,
    outputs: Mapping[str, str],
) -> None:
    """Test the plasma libraries of a specimen for the known mutations of its patient.

    Parameters
    ----------
    libraries : list of dict
        Each with `row` (of ctdna.tsv), `consensus` (path of the BAM) and `library` (path of the
        table of how reading it went). Those without `mutations`, and normals, give no rows.
    references : dict
        Reference genomes by name, each with `fasta`.
    background : str
        Path of the table of errors.
    settings : dict
        `max_p`, `min_informative`, `confidence`, `max_outlier_p`, `max_background_vaf`, `min_mapq`
        and `min_base_q`.
    code : str
        Digest of the code.
    outputs : dict
        Path of `mrd`.
    """
    errors = read_table(background).to_pylist()
    normals = [item for item in libraries if item["row"]["role"] == NORMAL and not failure_of(item)]
    rows: Rows = []
    for item in libraries:
        row = item["row"]
        if row["role"] != NORMAL and row["mutations"]:
            own = {name: row[name] for name in ("specimen_id", "library_id")}
            found = _of_library(item, normals, references, errors, settings)
            rows += [{**own, **line} for line in found]
    mutations = [item["row"]["mutations"] for item in libraries if item["row"]["mutations"]]
    names = shown_names(sorted(set(mutations)))
    files = {"background.parquet": background} | {name: path for path, name in names.items()}
    files |= {f"reference {name}": reference["fasta"] for name, reference in references.items()}
    for item in libraries:
        files[f"{item['row']['library_id']}/consensus.bam"] = item["consensus"]
    made = Provenance(code, dict(settings), checksums(files))
    write_table(table_of(rows, MRD), outputs["mrd"], MRD, made)


def _of_library(
    item: Mapping[str, Any],
    normals: Sequence[Mapping[str, Any]],
    references: Mapping[str, Mapping[str, Any]],
    errors: Sequence[Mapping[str, Any]],
    settings: Mapping[str, Any],
) -> Rows:
    """Rows of one library; where it cannot be tested, one that says why."""
    failure = failure_of(item)
    if failure:
        return [{"status": FAILED, "reason": failure}]
    try:
        mutations = _mutations(item, references)
        aside = {m: (FILTERED, m.filter) for m in mutations if m.filter}
        for normal in normals:
            wanted = [m for m in mutations if m not in aside]
            there = in_normal(_counted(normal, references, wanted, errors, settings))
            why = f"the matched normal {normal['row']['library_id']} has it too"
            aside |= {m: (IN_NORMAL, why) for m in wanted if m in there}
        wanted = [m for m in mutations if m not in aside]
        counted = _counted(item, references, wanted, errors, settings)
        return rows_of(mutations, aside, counted, settings)
    except InputError as error:
        return [{"status": FAILED, "reason": _shown(str(error), [item, *normals], references)}]


def _mutations(
    item: Mapping[str, Any], references: Mapping[str, Mapping[str, Any]]
) -> list[Mutation]:
    with ExitStack() as stack:
        bam = stack.enter_context(open_bam(item["consensus"]))
        tagged = TaggedGenome(bam)
        genome = _genome(item, references, tagged, stack)
        return read_mutations(item["row"]["mutations"], genome, tagged.contigs)


def _counted(
    item: Mapping[str, Any],
    references: Mapping[str, Mapping[str, Any]],
    mutations: Sequence[Mutation],
    errors: Sequence[Mapping[str, Any]],
    settings: Mapping[str, Any],
) -> Counted:
    with ExitStack() as stack:
        bam = stack.enter_context(open_bam(item["consensus"]))
        genome = _genome(item, references, TaggedGenome(bam), stack)
        own = [row for row in errors if row["library_id"] == item["row"]["library_id"]]
        return count_library(bam, genome, mutations, own, settings)


def _genome(
    item: Mapping[str, Any],
    references: Mapping[str, Mapping[str, Any]],
    tagged: TaggedGenome,
    stack: ExitStack,
) -> Genome:
    """The library's reference genome; without one what the MD tags of its reads tell."""
    name = item["row"]["reference"]
    if not name:
        return tagged
    return stack.enter_context(open_reference(references[name]["fasta"]))


def _shown(
    words: str, items: Iterable[Mapping[str, Any]], references: Mapping[str, Mapping[str, Any]]
) -> str:
    """A reason that names files as the sheet does, without a path of a machine."""
    shown = {item["consensus"]: source_of(item["row"]) for item in items}
    given = [item["row"]["mutations"] for item in items if item["row"]["mutations"]]
    given += [r["fasta"] for r in references.values()]
    shown |= shown_names(sorted(set(given)))
    longest = sorted(shown, key=len, reverse=True)
    for path in longest:
        words = words.replace(path, shown[path])
    for path in longest:  # what is left of the folders that they lie in
        words = without_place(words, path, shown[path])
        words = words.replace(str(Path(path).resolve()), shown[path])
    return words
