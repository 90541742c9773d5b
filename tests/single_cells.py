"""Made-up tables of single cells and clones as a report unites them, for the tests of charts."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from liquidbiopsy.core.observations import failed
from liquidbiopsy.core.parquet import table_of
from liquidbiopsy.core.tables import OBSERVATIONS

MB = 1_000_000
CONTIGS = {
    **dict(
        zip(
            map(str, range(1, 23)),
            (248, 242, 198, 190, 181, 170, 159, 145, 138, 133, 135, 133, 114, 107, 101, 90, 83, 80,
             58, 64, 46, 50),
            strict=True,
        )
    ),
    "X": 156,
}  # fmt: skip
CHARTS = [
    {"kind": "cells", "table": "cells", "segments": "segments", "title": "Copies of single cells"},
    {"kind": "clones", "table": "clones", "title": "Clones over time"},
]
TABLES = ["cells", "segments", "clones"]
PICKED = {"title": "Picked cells", "tables": TABLES, "calls": [], "pictures": False, "timeline": []}
ASSAYS: dict[str, Any] = {"picked": {**PICKED, "charts": CHARTS}}
SETTINGS = {"facility": "", "thumbnails": 2}
SPECIMENS = [
    {"specimen_id": name, "assay": "picked", "day": day, "visit": visit}
    for name, day, visit in (("C1", 0, "baseline"), ("C2", 42, None), ("C3", -7, "biopsy"))
]


def clones_of(many: int, seed: int = 1) -> dict[str, dict[str, Any]]:
    """Clones with their changes (contig, first and last share, copies), parents and events."""
    rng = np.random.default_rng(seed)
    found: dict[str, dict[str, Any]] = {
        "normal": {"parent": None, "changes": [], "doubled": False, "events": 0}
    }
    for k in range(many):
        name = chr(ord("A") + k % 26) * (1 + k // 26)
        parent = "normal" if k == 0 else list(found)[int(rng.integers(1, len(found)))]
        changes = list(found[parent]["changes"])
        new = 14 if k == 0 else int(rng.integers(2, 8))
        for _ in range(new):
            chrom = list(CONTIGS)[int(rng.integers(len(CONTIGS)))]
            first = float(rng.choice([0.0, 0.35, 0.6]))
            last = float(rng.choice([x for x in (0.3, 0.5, 0.9, 1.0) if x > first]))
            changes.append((chrom, first, last, int(rng.choice([0, 1, 1, 3, 3, 4, 5, 8]))))
        events = found[parent]["events"] + new
        doubled = found[parent]["doubled"] or k == 2
        found[name] = {"parent": parent, "changes": changes, "doubled": doubled, "events": events}
    return found


def segments_of(changes: list[Any]) -> list[tuple[str, int, int, int]]:
    """Segments of a genome with two copies and some changes, in genome order."""
    rows = []
    for chrom, length in CONTIGS.items():
        copies = np.full(length, 2)
        for other, first, last, value in changes:
            if other == chrom:
                copies[int(first * length) : int(last * length)] = value
        turns = np.flatnonzero(np.diff(copies)) + 1
        edges = [0, *turns.tolist(), length]
        for start, end in zip(edges, edges[1:], strict=False):
            rows.append((chrom, start * MB, end * MB, int(copies[start])))
    return rows


def made_up(cells: int, clones: int = 5, lost: int = 0, noise: int = 2, seed: int = 3) -> Any:
    """Tables `cells`, `segments` and `clones` of a patient."""
    rng = np.random.default_rng(seed)
    known = clones_of(clones)
    names = list(known)
    of = sorted(int(k) for k in rng.integers(0, len(names), cells))
    rows, segments = [], []
    for k in range(cells):
        name = names[of[k]]
        where = SPECIMENS[int(rng.integers(3))]["specimen_id"]
        none = k < lost
        rows.append({
            "specimen_id": where, "cell_id": f"cell{k:05d}",
            "role": "normal_cell" if name == "normal" and k % 2 else "tumour_cell",
            "status": "failed" if none else "measured",
            "reason": "too few reads" if none else None,
            "clone": None if none else name, "ploidy": None if none else 2.0 + of[k] / 10,
            "doublet": False if none else bool(k % 17 == 3), "tree_order": None if none else k,
        })  # fmt: skip
        if not none:
            own = list(known[name]["changes"])
            for _ in range(noise):
                chrom = list(CONTIGS)[int(rng.integers(len(CONTIGS)))]
                first = float(rng.random() * 0.8)
                own.append((chrom, first, first + 0.15, int(rng.choice([1, 3]))))
            segments += [(where, f"cell{k:05d}", *one) for one in segments_of(own)]
    table = pd.DataFrame(rows)
    columns = ["specimen_id", "cell_id", "chrom", "start", "end", "copies"]
    return table, pd.DataFrame(segments, columns=columns), clone_table(table, known)


def clone_table(cells: pd.DataFrame, known: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """A row a specimen and clone, as the assay counts them."""
    rows = []
    for where, own in cells.dropna(subset=["clone"]).groupby("specimen_id"):
        tumour = int((own["clone"] != "normal").sum())
        for name, clone in known.items():
            count = int((own["clone"] == name).sum())
            of = len(own) if name == "normal" else tumour
            share = count / of if of else None
            rows.append({
                "specimen_id": where, "material": where, "clone": name, "parent": clone["parent"],
                "cells": count, "of": of, "share": share,
                "share_low": share and max(0.0, share - 0.1),
                "share_high": share and min(1.0, share + 0.1),
                "ploidy": 2.0 + clone["events"] / 30, "events": clone["events"],
                "doubled": clone["doubled"],
                "support": None if name == "normal" else 0.93,
            })  # fmt: skip
    return pd.DataFrame(rows)


def write_picked(results: Path) -> tuple[list[str], dict[str, Any]]:
    """Write what the assay would of each specimen, and give the files and the sheets."""
    tables = dict(zip(("cells", "segments", "clones"), made_up(60, lost=3), strict=True))
    files, patient = [], {"patient_id": "P1", "setting": "metastatic"}
    for row in SPECIMENS:
        folder = results / "picked" / row["specimen_id"]
        folder.mkdir(parents=True)
        whole = {"patient_id": "P1", "volume_ml": None, "note": None, **row}
        said = table_of([failed("cells_passed", "made up").row(whole)], OBSERVATIONS)
        pq.write_table(said, folder / "observations.parquet")
        for name, frame in tables.items():
            own = frame[frame["specimen_id"] == row["specimen_id"]]
            pq.write_table(pa.Table.from_pandas(own, preserve_index=False),
                           folder / f"{name}.parquet")  # fmt: skip
        files += [str(p) for p in sorted(folder.iterdir())]
    rows = [{"patient_id": "P1", "volume_ml": None, "note": None, **s} for s in SPECIMENS]
    return files, {"patient": patient, "specimens": rows, "events": []}


def write_united(folder: Path, **tables: pd.DataFrame) -> None:
    """Write tables as a report unites them, beside rows of an assay that has such tables, too."""
    other = {"assay": "blood", "specimen_id": "C1", "clone": "Z", "chrom": "9", "cells": 3}
    for name, frame in tables.items():
        own = pa.Table.from_pandas(frame.assign(assay="picked"), preserve_index=False)
        fields = [f for f in own.schema if not pa.types.is_null(f.type)]
        more = pa.Table.from_pylist([{f.name: other.get(f.name) for f in fields}])
        united = pa.concat_tables([more, own.select([f.name for f in fields])],
                                  promote_options="permissive")  # fmt: skip
        for missing in set(frame) - {f.name for f in fields}:
            united = united.append_column(missing, pa.nulls(united.num_rows, pa.string()))
        pq.write_table(united, folder / f"{name}.parquet")
