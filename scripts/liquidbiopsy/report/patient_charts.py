"""Charts of all specimens of a patient at once: cells over the genome, and clones over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from liquidbiopsy.core.tables import FAILED, MEASURED
from liquidbiopsy.core.words import number, signed_day
from liquidbiopsy.report.cells_chart import cells_svgs, role_colours
from liquidbiopsy.report.clones_chart import Bar, Share, bars_svgs
from liquidbiopsy.report.clones_tree import Node, places, rooted, tree_svgs
from liquidbiopsy.report.colours import (
    NO_CLONE,
    NORMAL,
    ROLES,
    copies_legend,
    in_order,
    shades,
)
from liquidbiopsy.report.drawn import Drawn, Legend

CELL_COLUMNS = (
    "cell_id", "role", "status", "reason", "clone", "ploidy", "doublet", "tree_order",
)  # fmt: skip
CELL_SEGMENT_COLUMNS = ("cell_id", "chrom", "start", "end", "copies")
CLONE_COLUMNS = (
    "clone", "parent", "cells", "of", "share", "share_low", "share_high", "material", "ploidy",
    "events", "doubled", "support",
)  # fmt: skip
EACH_CELL = 60
"""Cells of which the table has a row each; of more it has one a specimen and clone."""
MOST_NAMES = 24  # in a line of the legend

CELL_HEADS = (">Row", "Cell", "Specimen", ">Day", "Role", "Clone", ">Ploidy", "Remark")
GROUP_HEADS = (
    "Specimen", ">Day", "Role", "Clone", ">Cells", ">Ploidy, median", ">Perhaps two cells"
)  # fmt: skip
CLONE_HEADS = (
    "Specimen", ">Day", "Clone", "From", ">Cells", ">Share, %", ">95 % interval, %", ">Ploidy",
    ">Events", "Doubled", ">Support, %",
)  # fmt: skip

Specimens = Sequence[Mapping[str, Any]]


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
    days = {s["specimen_id"]: s["day"] for s in specimens}
    cells = cells[cells["specimen_id"].isin(list(order))]
    cells = cells.drop_duplicates(["specimen_id", "cell_id"])
    if cells.empty:
        return []
    clone = cells["clone"].astype(object)
    cells = cells.assign(
        clone=clone.where(clone.notna(), NO_CLONE),
        place=cells["specimen_id"].map(order).astype(int),
        day=cells["specimen_id"].map(days),
        tree=pd.to_numeric(cells["tree_order"]).fillna(float("inf")),
        doublet=cells["doublet"].fillna(False).astype(bool),
        ploidy=pd.to_numeric(cells["ploidy"]),
    ).sort_values(["tree", "place", "cell_id"], kind="stable")
    known = pd.MultiIndex.from_frame(segments[["specimen_id", "cell_id"]].drop_duplicates())
    named = pd.MultiIndex.from_frame(cells[["specimen_id", "cell_id"]])
    failed = (cells["status"] == FAILED).to_numpy()
    shown = (cells["status"] == MEASURED).to_numpy() & named.isin(known)
    drawn, lost = cells[shown], int(failed.sum())
    others = len(cells) - len(drawn) - lost
    strips = [colours, role_colours(), dict(zip(order, shades(len(order)), strict=True))]
    said = _drawn_words(drawn, len(cells))
    made = cells_svgs(drawn, segments, strips, (title, said), key) if len(drawn) else None
    notes = [_count(lost, "failed", "and is not drawn", "and are not drawn", len(cells))]
    notes += [_count(others, "without segments", "is not drawn", "are not drawn", len(cells))]
    if made is None:
        first = f"No cell of {len(cells)} could be drawn" if len(cells) > 1 else "The one cell could not be drawn"
        why = sorted({str(r) for r in cells["reason"].dropna()})
        notes = [first + (f": {'; '.join(why[:5])}." if why else ".")]
        svgs, legend = {}, ()
    else:
        svgs, legend = made.svgs, _legend(drawn, specimens, strips)
        notes = [_rows_words(made.each, made.pure), _columns_words(made.column), *notes]
        late = int((drawn["tree"] == float("inf")).sum())
        notes.append(_count(late, "without a place in the tree", "stands last", "stand last", len(drawn)))
        twins = int(drawn["doublet"].sum())
        notes.append(_count(twins, "", "may be two cells in one", "may each be two cells in one", len(drawn)))
    heads, rows = _cell_rows(cells, shown) if len(cells) <= EACH_CELL else _group_rows(cells)
    return [Drawn(key, title, svgs, heads, rows, [n for n in notes if n], legend)]


def _drawn_words(drawn: pd.DataFrame, of: int) -> str:
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


def _columns_words(column: float) -> str:
    return (
        f"Each column is {column / 1e6:.1f} million bases; gains and losses that are shorter are "
        "drawn as wide."
    )


def _count(many: int, what: str, one: str, several: str, of: int) -> str:
    """`3 of 10 cells failed and are not drawn.`; blank for none."""
    words = f"{number(float(many))} of {number(float(of))} cells {what}".rstrip()
    return f"{words} {one if many == 1 else several}." if many else ""


def _legend(drawn: pd.DataFrame, specimens: Specimens, strips: Sequence[Mapping[str, str]]) -> Legend:
    clones, roles, shade = strips
    own = [n for n in clones if n in set(drawn["clone"])]
    present = set(drawn["specimen_id"])
    of_specimens = [
        (shade[s["specimen_id"]], f"{s['specimen_id']}, day {signed_day(s['day'])}")
        for s in specimens
        if s["specimen_id"] in present
    ]
    none = [("#ffffff", NO_CLONE)] if NO_CLONE in set(drawn["clone"]) else []
    return (
        ("Copies", copies_legend()),
        ("Clone", [*_few([(clones[n], n) for n in own]), *none]),
        ("Role", [(roles[r], word) for r, (_, word) in ROLES.items() if r in set(drawn["role"])]),
        ("Specimen", _few(of_specimens)),
    )


def _few(entries: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Entries of a line of the legend, and how many more there are."""
    more = len(entries) - MOST_NAMES
    return [*entries[:MOST_NAMES], *([("", f"and {more} more")] if more > 0 else [])]


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
            _role(c.role), status, number(float(c.ploidy)), "; ".join(r for r in remark if r),
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
            number(float(len(own))), number(float(own["ploidy"].median())),
            number(float(own["doublet"].sum())),
        ]  # fmt: skip
    rank = {name: k for k, name in enumerate(in_order(named.astype(str)))}
    by = sorted(found, key=lambda k: (k[0], k[1] == "normal_cell", k[1], rank[k[2]]))
    return GROUP_HEADS, [found[k] for k in by]


def clones_drawn(
    clones: pd.DataFrame,
    specimens: Specimens,
    colours: Mapping[str, str],
    title: str,
    key: str,
) -> list[Drawn]:
    """The tree of a patient's clones, and their shares by specimen; none where there is no clone.

    Parameters
    ----------
    clones : DataFrame
        Of one assay: specimen_id and `CLONE_COLUMNS`.
    specimens, colours, title, key
        As of `cells_drawn`.
    """
    by_specimen = {name: own for name, own in clones.groupby("specimen_id", sort=False)}
    mine = [s for s in specimens if s["specimen_id"] in by_specimen]
    if not mine:
        return []
    clones = pd.concat([by_specimen[s["specimen_id"]] for s in mine])
    nodes = rooted(_node(str(name), own) for name, own in clones.groupby("clone", sort=False))
    bars = [_bar(s, by_specimen[s["specimen_id"]], list(nodes)) for s in mine]
    trees = tree_svgs(nodes, colours, f"{title}: tree", f"{key}-tree")
    shares = bars_svgs(bars, colours, f"{title}: shares", f"{key}-bars")
    notes = [
        "The tree begins at the normal genome; a clone's circle grows with its cells"
        + (", and a ring says that the genome was doubled." if any(n.doubled for n in nodes.values())
           else "."),
        "Below it, for each specimen by day, the shares of the tumour's clones among its cells.",
    ]  # fmt: skip
    if not places(nodes)[1]:
        notes.insert(1, "The events are not known, so that the branches are all of one length.")
    rows = [r for s in mine for r in _clone_rows(s, by_specimen[s["specimen_id"]], list(nodes))]
    legend = (("Clone", _few([(colours[n], n) for n in colours if n in nodes])),)
    svgs = {name: trees[name] + shares[name] for name in trees}
    return [Drawn(key, title, svgs, CLONE_HEADS, rows, notes, legend)]


def _node(name: str, own: pd.DataFrame) -> Node:
    """A clone as all specimens' rows tell of it."""

    def told(column: str) -> Any:
        return next((v for v in own[column] if not pd.isna(v)), None)

    events, ploidy, support = told("events"), told("ploidy"), told("support")
    return Node(
        name=name,
        parent=told("parent"),
        cells=int(pd.to_numeric(own["cells"]).fillna(0).sum()),
        ploidy=None if ploidy is None else float(ploidy),
        events=None if events is None else int(events),
        doubled=bool(told("doubled")),
        support=None if support is None else float(support),
    )


def _bar(specimen: Mapping[str, Any], own: pd.DataFrame, order: Sequence[str]) -> Bar:
    found = []
    for row in own.itertuples():
        if row.clone != NORMAL and not pd.isna(row.cells):
            of = 0 if pd.isna(row.of) else int(row.of)
            share = row.cells / of if of and pd.isna(row.share) else row.share
            found.append(Share(row.clone, int(row.cells), of, 0.0 if pd.isna(share) else float(share)))
    found.sort(key=lambda s: order.index(s.clone))
    name = specimen["specimen_id"]
    about = f"{specimen['visit']}, {name}" if specimen["visit"] else name
    return Bar(specimen["day"], about, found)


def _clone_rows(
    specimen: Mapping[str, Any], own: pd.DataFrame, order: Sequence[str]
) -> list[list[str]]:
    rows = []
    for row in sorted(own.itertuples(), key=lambda r: order.index(r.clone)):
        limits = (row.share_low, row.share_high)
        interval = "–" if any(map(pd.isna, limits)) else f"{_percent(limits[0])} to {_percent(limits[1])}"
        rows.append([
            specimen["specimen_id"], signed_day(specimen["day"]), row.clone,
            "–" if pd.isna(row.parent) else row.parent,
            f"{number(_real(row.cells))} of {number(_real(row.of))}", _percent(row.share), interval,
            number(_real(row.ploidy)), number(_real(row.events)),
            "–" if pd.isna(row.doubled) else ("yes" if row.doubled else "no"),
            "–" if pd.isna(row.support) else f"{100 * row.support:.0f}",
        ])  # fmt: skip
    return rows


def _real(value: Any) -> float:
    return float("nan") if pd.isna(value) else float(value)


def _percent(value: Any) -> str:
    return "–" if pd.isna(value) else f"{100 * float(value):.1f}"
