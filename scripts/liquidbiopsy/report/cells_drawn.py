"""Single cells of all specimens of a patient over the genome: the heat map, words and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from liquidbiopsy.core.tables import FAILED, MEASURED
from liquidbiopsy.core.words import number, signed_day
from liquidbiopsy.report.cells_chart import HeatMap, cells_svgs, role_colours
from liquidbiopsy.report.colours import BLANK, NO_CLONE, ROLES, copies_legend, in_order, shades
from liquidbiopsy.report.drawn import Drawn, Legend, Specimens, few

CELL_COLUMNS = (
    "cell_id", "role", "status", "reason", "clone", "ploidy", "doublet", "tree_order",
)  # fmt: skip
CELL_SEGMENT_COLUMNS = ("cell_id", "chrom", "start", "end", "copies")
MOST_REASONS = 5
EACH_CELL = 60
"""Cells of which the table has a row each; of more it has one a specimen and clone."""

CELL_HEADS = (">Row", "Cell", "Specimen", ">Day", "Role", "Clone", ">Ploidy", "Remark")
GROUP_HEADS = (
    "Specimen", ">Day", "Role", "Clone", ">Cells", ">Ploidy, median", ">Perhaps two cells"
)  # fmt: skip


def cells_drawn(
    cells: pd.DataFrame,
    segments: pd.DataFrame,
    specimens: Specimens,
    colours: Mapping[str, str],
    title: str,
    key: str,
) -> list[Drawn]:
    """The heat map of a patient's cells; none where there is no cell.

    Parameters
    ----------
    cells, segments : DataFrame
        Of one assay: specimen_id, and `CELL_COLUMNS` and `CELL_SEGMENT_COLUMNS`.
    specimens : sequence of mapping
        Those of the assay, by day.
    colours : mapping
        Clone -> colour.
    title, key : str
        Title of the chart, and its identifier on the page.
    """
    order = {s["specimen_id"]: k for k, s in enumerate(specimens)}
    cells = _ordered(cells, {s["specimen_id"]: (k, s["day"]) for k, s in enumerate(specimens)})
    if cells.empty:
        return []
    known = pd.MultiIndex.from_frame(segments[["specimen_id", "cell_id"]].drop_duplicates())
    named = pd.MultiIndex.from_frame(cells[["specimen_id", "cell_id"]])
    shown = (cells["status"] == MEASURED).to_numpy() & named.isin(known)
    drawn = cells[shown]
    strips = [colours, role_colours(), dict(zip(order, shades(len(order)), strict=True))]
    about = (title, _said(drawn, len(cells)))
    made = cells_svgs(drawn, segments, strips, about, key) if len(drawn) else None
    svgs = made.svgs if made else {}
    legend = _legend(drawn, specimens, strips) if made else ()
    notes = _notes(made, cells, drawn) if made else [_nothing(cells)]
    heads, rows = _cell_rows(cells, shown) if len(cells) <= EACH_CELL else _group_rows(cells)
    return [Drawn(key, title, svgs, heads, rows, notes, legend)]


def _ordered(cells: pd.DataFrame, places: Mapping[str, tuple[int, int]]) -> pd.DataFrame:
    """Cells of known specimens as they are drawn, those without a place in the tree last.

    `places` are the rank and the day of each specimen.
    """
    cells = cells[cells["specimen_id"].isin(list(places))]
    cells = cells.drop_duplicates(["specimen_id", "cell_id"])
    clone = cells["clone"].astype(object)
    found = cells.assign(
        clone=clone.where(clone.notna(), NO_CLONE),
        role=cells["role"].astype(object).fillna("not given"),
        status=cells["status"].astype(object).fillna("no status"),
        place=[places[name][0] for name in cells["specimen_id"]],
        day=[places[name][1] for name in cells["specimen_id"]],
        tree=pd.to_numeric(cells["tree_order"]).fillna(float("inf")),
        doublet=cells["doublet"].eq(True).fillna(False).astype(bool),
        ploidy=pd.to_numeric(cells["ploidy"]),
    )
    return found.sort_values(["tree", "place", "cell_id"], kind="stable")


def _nothing(cells: pd.DataFrame) -> str:
    """The sentence in place of a drawing."""
    many = len(cells)
    first = (
        f"None of the {many} cells could be drawn" if many > 1 else "The cell could not be drawn"
    )
    why = sorted({str(reason) for reason in cells["reason"].dropna()})
    more = f"; and {len(why) - MOST_REASONS} more reasons" if len(why) > MOST_REASONS else ""
    return f"{first}: {'; '.join(why[:MOST_REASONS])}{more}." if why else f"{first}."


def _notes(made: HeatMap, cells: pd.DataFrame, drawn: pd.DataFrame) -> list[str]:
    """What is to be said of the rows and columns, and of the cells that are not drawn."""
    lost = int((cells["status"] == FAILED).sum())
    late = int((drawn["tree"] == float("inf")).sum())
    rest = len(cells) - len(drawn) - lost
    counted = [
        (lost, "failed", "and is not drawn", "and are not drawn", len(cells)),
        (rest, "without segments or a status", "is not drawn", "are not drawn", len(cells)),
        (late, "without a place in the tree", "stands last", "stand last", len(drawn)),
        (int(drawn["doublet"].sum()), "drawn", "may be two cells", "may each be two cells",
         len(drawn)),
    ]  # fmt: skip
    told = [_rows_words(made.each, made.pure), _columns_words(made.columns)]
    return told + [_count(*one) for one in counted if one[0]]


def _said(drawn: pd.DataFrame, of: int) -> str:
    own = drawn.groupby("clone", sort=False).size()
    told = ", ".join(f"{name} {own[name]}" for name in in_order(own.index))
    return f"Heat map of the copies of {len(drawn)} of {of} cells. Cells by clone: {told}."


def _rows_words(each: int, pure: bool) -> str:
    if each == 1:
        return "Each row is a cell, in the order of the tree of the patient's cells."
    of = " of one clone" if pure else ""
    return (
        f"Each row is up to {each} cells{of} that are next to each other in the tree of the "
        "patient's cells, and shows the most common copies."
    )


def _columns_words(columns: tuple[float, float]) -> str:
    broad, narrow = (f"{column / 1e6:.1f}" for column in columns)
    wide = f"{broad} million bases; {narrow} on a narrow page"
    return (
        f"Gains and losses shorter than a column of the picture ({wide}) are drawn as wide as one."
    )


def _count(many: int, what: str, one: str, several: str, of: int) -> str:
    """A sentence: `3 of 10 cells failed and are not drawn`."""
    words = f"{number(float(many))} of {number(float(of))} cells {what}".rstrip()
    return f"{words} {one if many == 1 else several}."


def _legend(
    drawn: pd.DataFrame, specimens: Specimens, strips: Sequence[Mapping[str, str]]
) -> Legend:
    clones, roles, shade = strips
    own = [n for n in clones if n in set(drawn["clone"])]
    present = set(drawn["specimen_id"])
    of_specimens = [
        (shade[s["specimen_id"]], f"{s['specimen_id']}, day {signed_day(s['day'])}")
        for s in specimens
        if s["specimen_id"] in present
    ]
    none = [(BLANK, NO_CLONE)] if NO_CLONE in set(drawn["clone"]) else []
    return (
        ("Copies", copies_legend()),
        ("Clone", [*few([(clones[n], n) for n in own]), *none]),
        ("Role", [(roles[r], word) for r, (_, word) in ROLES.items() if r in set(drawn["role"])]),
        ("Specimen", few(of_specimens)),
    )


def _role(role: Any) -> str:
    return ROLES[role][1] if role in ROLES else str(role)


def _cell_rows(cells: pd.DataFrame, shown: Any) -> tuple[Sequence[str], list[list[str]]]:
    rows, at = [], 0
    for own, c in zip(shown, cells.itertuples(), strict=True):
        at += bool(own)
        remark = ["perhaps two cells"] if c.doublet else []
        remark += ["" if pd.isna(c.reason) else str(c.reason)]
        status = str(c.clone) if own else str(c.status)
        rows.append([
            str(at) if own else "–", str(c.cell_id), str(c.specimen_id), signed_day(int(c.day)),
            _role(c.role), status, _ploidy(c.ploidy), "; ".join(r for r in remark if r),
        ])  # fmt: skip
    return CELL_HEADS, rows


def _group_rows(cells: pd.DataFrame) -> tuple[Sequence[str], list[list[str]]]:
    named = cells["clone"].where(cells["status"] == MEASURED, cells["status"])
    found = {}
    groups = cells.assign(named=named).groupby(["place", "role", "named"], sort=True)
    for (place, role, name), own in groups:
        first = own.iloc[0]
        found[(place, role, name)] = [
            str(first["specimen_id"]), signed_day(int(first["day"])), _role(role), str(name),
            number(float(len(own))), _ploidy(own["ploidy"].median()),
            number(float(own["doublet"].sum())),
        ]  # fmt: skip
    rank = {name: k for k, name in enumerate(in_order(named.astype(str)))}
    by = sorted(found, key=lambda k: (k[0], k[1] == "normal_cell", k[1], rank[k[2]]))
    return GROUP_HEADS, [found[k] for k in by]


def _ploidy(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:.2f}"
