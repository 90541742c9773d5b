"""Clones of a patient: their tree, their shares by specimen and day, words and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from liquidbiopsy.core.words import number, signed_day
from liquidbiopsy.report.clones_chart import Bar, Share, bars_svgs
from liquidbiopsy.report.clones_tree import Node, places, rooted, tree_svgs
from liquidbiopsy.report.colours import NORMAL
from liquidbiopsy.report.drawn import Drawn, Specimens, few

CLONE_COLUMNS = (
    "clone", "parent", "cells", "of", "share", "share_low", "share_high", "material", "ploidy",
    "events", "doubled", "support",
)  # fmt: skip
CLONE_HEADS = (
    "Specimen", ">Day", "Clone", "From", ">Cells", ">Share, %", ">95 % interval, %", ">Ploidy",
    ">Events", "Doubled", ">Support, %",
)  # fmt: skip


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
    clones = clones.dropna(subset=["clone"])
    by_specimen = {name: own for name, own in clones.groupby("specimen_id", sort=False)}
    mine = [s for s in specimens if s["specimen_id"] in by_specimen]
    if not mine:
        return []
    clones = pd.concat([by_specimen[s["specimen_id"]] for s in mine])
    nodes = rooted(_node(str(name), own) for name, own in clones.groupby("clone", sort=False))
    bars = [_bar(s, by_specimen[s["specimen_id"]], list(nodes)) for s in mine]
    trees = tree_svgs(nodes, colours, f"{title}: tree", f"{key}-tree")
    shares = bars_svgs(bars, colours, f"{title}: shares", f"{key}-bars")
    doubled = any(node.doubled for node in nodes.values())
    ring = ", and a ring says that the genome was doubled" if doubled else ""
    notes = [
        f"The tree begins at the normal genome; a clone's circle grows with its cells{ring}.",
        "Below it, for each specimen by day, the shares of the tumour's clones among its cells.",
    ]
    if not places(nodes)[1]:
        notes.insert(1, "The events are not known, so that the branches are all of one length.")
    rows = [r for s in mine for r in _clone_rows(s, by_specimen[s["specimen_id"]], list(nodes))]
    legend = (("Clone", few([(colours[n], n) for n in colours if n in nodes])),)
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
            found.append(
                Share(row.clone, int(row.cells), of, 0.0 if pd.isna(share) else float(share))
            )
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
        interval = (
            "–" if any(map(pd.isna, limits)) else f"{_percent(limits[0])} to {_percent(limits[1])}"
        )
        rows.append([
            specimen["specimen_id"], signed_day(specimen["day"]), row.clone,
            "–" if pd.isna(row.parent) else row.parent,
            f"{number(_real(row.cells))} of {number(_real(row.of))}", _percent(row.share), interval,
            "–" if pd.isna(row.ploidy) else f"{row.ploidy:.2f}", number(_real(row.events)),
            "–" if pd.isna(row.doubled) else ("yes" if row.doubled else "no"),
            "–" if pd.isna(row.support) else f"{100 * row.support:.0f}",
        ])  # fmt: skip
    return rows


def _real(value: Any) -> float:
    return float("nan") if pd.isna(value) else float(value)


def _percent(value: Any) -> str:
    return "–" if pd.isna(value) else f"{100 * float(value):.1f}"
