"""Charts of single cells and of clones: what they draw, how large they are, and how quickly."""

import re
import time
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from single_cells import (
    ASSAYS,
    CONTIGS,
    SETTINGS,
    SPECIMENS,
    TABLES,
    clones_of,
    made_up,
    write_picked,
    write_united,
)

from liquidbiopsy.core.assay import read_assay
from liquidbiopsy.core.errors import UserError
from liquidbiopsy.core.pages import render
from liquidbiopsy.report.cells_picture import laid_out, most_common, picture, row_starts
from liquidbiopsy.report.charts import drawn_charts
from liquidbiopsy.report.clones_tree import Node, places, rooted
from liquidbiopsy.report.colours import CLONES, COPIES, clone_colours, in_order
from liquidbiopsy.report.drawn import Drawn
from liquidbiopsy.report.page import TEMPLATES
from liquidbiopsy.report.patient import write_report
from liquidbiopsy.report.vector import boxes, rectangles, svg

BY_DAY = sorted(SPECIMENS, key=lambda s: s["day"])
MARKUP = "<script>alert(1)</script>\"'&"


def drawn(folder: Path, cells: Any, segments: Any, clones: Any) -> list[Drawn]:
    """The charts of tables that are written and read again."""
    write_united(folder, cells=cells, segments=segments, clones=clones)
    return drawn_charts(folder, BY_DAY, ASSAYS)


def page(charts: list[Drawn]) -> str:
    """The section of the page."""
    return render(TEMPLATES, "charts.html.j2", charts=charts)


def areas(drawing: str) -> dict[str, int]:
    """Places of the grid that each colour covers in the heat map, whose path comes last."""
    last = re.findall(r"<g [^>]*>(.*?)</g>", drawing)[-1]
    return {
        colour: sum(int(w) * int(h) for w, h in re.findall(r"h(\d+)v(\d+)", path))
        for colour, path in re.findall(r'<path fill="([^"]+)" d="([^"]+)"/>', last)
    }


def test_boxes_cover_a_grid_once() -> None:
    grid = np.random.default_rng(5).integers(0, 4, (40, 30)).astype(np.uint8)
    again = np.full(grid.shape, 255, np.uint8)
    for x, y, width, height, value in zip(*boxes(grid), strict=True):
        assert (again[y : y + height, x : x + width] == 255).all()
        again[y : y + height, x : x + width] = value
    assert (again == grid).all()


def test_rows_alike_become_one_rectangle() -> None:
    grid = np.tile(np.array([0, 1, 1, 2], np.uint8), (50, 1))
    assert rectangles(grid, {1: "#abc"}) == '<path fill="#abc" d="M1 0h2v50h-2z"/>'


@pytest.mark.parametrize("normal, tumour, shown", [(0, 0, False), (0, 1, False), (1, 0, True)])
def test_y_is_left_out_where_normal_cells_have_none(normal: int, tumour: int, shown: bool) -> None:
    cells = pd.DataFrame({
        "specimen_id": "C1", "cell_id": ["t", "n"], "role": ["tumour_cell", "normal_cell"]
    })  # fmt: skip
    rows = [("C1", c, chrom, 0, 100, copies) for c, y in (("t", tumour), ("n", normal))
            for chrom, copies in (("X", 2), ("Y", y))]  # fmt: skip
    names = ["specimen_id", "cell_id", "chrom", "start", "end", "copies"]
    segments = pd.DataFrame(rows, columns=names)
    assert list(laid_out(segments, cells).contigs) == (["X", "Y"] if shown else ["X"])
    alone = laid_out(segments, cells[:1])  # no normal cell: by all there are
    assert ("Y" in alone.contigs) == (tumour > 0)


@pytest.mark.parametrize("length, columns", [(100, 10), (97, 10), (30, 300)])
def test_a_column_has_the_copies_of_its_middle(length: int, columns: int) -> None:
    cells = pd.DataFrame({"specimen_id": ["C1"], "cell_id": ["a"]})
    edges = [0, int(0.3 * length), int(0.7 * length), length]
    rows = [("C1", "a", "1", edges[k], edges[k + 1], copies) for k, copies in enumerate((1, 2, 9))]
    rows.append(("C1", "other", "1", 0, length, 5))
    names = ["specimen_id", "cell_id", "chrom", "start", "end", "copies"]
    grid = picture(laid_out(pd.DataFrame(rows, columns=names), cells), 1, columns)
    middles = (np.arange(columns) + 0.5) * length / columns
    expected = np.array([1, 2, 6])[np.searchsorted(edges[1:], middles, side="right")]
    assert grid[0].tolist() == expected.tolist()


def test_what_is_narrower_than_a_column_is_seen_and_what_is_missing_is_not_two() -> None:
    cells = pd.DataFrame({"specimen_id": ["C1"], "cell_id": ["a"]})
    rows = [("1", 0, 400, 2.0), ("1", 400, 410, 8.0), ("1", 410, 600, 2.0), ("2", 0, 400, np.nan)]
    table = pd.DataFrame(rows, columns=["chrom", "start", "end", "copies"])
    grid = picture(laid_out(table.assign(specimen_id="C1", cell_id="a"), cells), 1, 10)
    assert grid[0].tolist() == [2, 2, 2, 2, 6, 2, 7, 7, 7, 7]


def test_contigs_stand_in_their_order() -> None:
    assert in_order(["X", "10", "2", "MT", "Y", "1"]) == ["1", "2", "10", "X", "Y", "MT"]


def test_cells_of_a_row_are_of_one_clone() -> None:
    clones = np.repeat([0, 1, 2], [1000, 1, 500])
    starts, each, pure = row_starts(clones, 100)
    assert each == 16 and pure and {0, 1000, 1001} <= set(starts.tolist())
    assert np.diff([*starts, 1501]).max() == 16
    mixed = np.tile([0, 1], 700)
    starts, each, pure = row_starts(mixed, 100)
    assert starts.size == 100 and each == 14 and not pure


def test_a_row_shows_the_most_common_copies() -> None:
    grid = np.array([[1, 3, 7], [1, 2, 7], [4, 5, 2], [6, 6, 6]], np.uint8)
    assert most_common(grid, np.array([0, 3])).tolist() == [[1, 2, 7], [6, 6, 6]]


def test_a_chart_of_each_kind(tmp_path: Path) -> None:
    heat, tree = drawn(tmp_path, *made_up(40, lost=4))
    assert (heat.title, tree.title) == ("Copies of single cells", "Clones over time")
    assert "4 of 40 cells failed and are not drawn." in heat.notes
    assert heat.notes[0].startswith("Each row is a cell")
    assert len(heat.rows) == 40 and heat.rows[-1][5:] == ["failed", "–", "too few reads"]
    assert "blood" not in page([heat, tree]) and " Z" not in heat.svgs["broad"]
    for chart in (heat, tree):
        assert set(chart.svgs) == {"broad", "narrow"}
        for drawing in chart.svgs.values():
            assert drawing.count('role="img"') == drawing.count("<title") == drawing.count("<desc")
            assert (
                "<script" not in drawing
                and "http" not in drawing
                and not re.search(r"\bnan\b", drawing)
            )
        assert {len(row) for row in chart.rows} == {len(chart.heads)}
    ids = re.findall(r'\bid="([^"]+)"', page([heat, tree]))
    assert len(ids) == len(set(ids))


def test_a_whole_report_has_them(tmp_path: Path) -> None:
    files, sheets = write_picked(tmp_path)
    write_report(files, tmp_path / "P1", sheets, ASSAYS, TABLES, SETTINGS, "d" * 64)
    text = (tmp_path / "P1/report.html").read_text(encoding="utf-8")
    assert text.count("<svg") == 6 and "3 of 60 cells failed and are not drawn." in text
    assert "Each row is a cell" in text and "Clones over time" in text


def test_colours_say_the_copies(tmp_path: Path) -> None:
    cells, _, clones = made_up(1, clones=1, noise=0)
    rows = [
        (*cells.loc[0, ["specimen_id", "cell_id"]], chrom, 0, 700, copies)
        for chrom, copies in (("1", 1), ("2", 4), ("3", 2), ("X", 11))
    ]
    names = ["specimen_id", "cell_id", "chrom", "start", "end", "copies"]
    heat = drawn(tmp_path, cells, pd.DataFrame(rows, columns=names), clones)[0]
    assert areas(heat.svgs["broad"]) == dict.fromkeys((COPIES[1], COPIES[4], COPIES[6]), 175)
    assert ">cell00000<" in heat.svgs["broad"] and ">cell00000<" not in heat.svgs["narrow"]


def test_colours_of_a_clone_are_the_same_everywhere(tmp_path: Path) -> None:
    charts = drawn(tmp_path, *made_up(60, clones=14))
    first, second = (dict(c.legend)["Clone"] for c in charts)
    assert set(first) == set(second) and len(first) == 15
    colours = clone_colours(clones_of(14))
    assert colours["A"] == CLONES[0] == colours["K"] and len({*CLONES}) == 10
    for chart in charts:
        assert all(colours[word] == colour for colour, word in dict(chart.legend)["Clone"])
    assert f'fill="{colours["C"]}"' in charts[1].svgs["narrow"]


def test_no_cell_could_be_measured(tmp_path: Path) -> None:
    cells, segments, clones = made_up(6)
    cells = cells.assign(
        status="failed", reason="no reads", clone=None, ploidy=np.nan, tree_order=np.nan
    )
    found = drawn(tmp_path, cells, segments.iloc[:0], clones.iloc[:0])
    assert [(c.svgs, c.notes) for c in found] == [
        ({}, ["None of the 6 cells could be drawn: no reads."])
    ]
    assert "<svg" not in page(found) and "None of the 6 cells" in page(found)


def test_a_patient_without_cells(tmp_path: Path) -> None:
    empty = pd.DataFrame({"specimen_id": pd.Series(dtype=str)})
    write_united(tmp_path, cells=empty, segments=empty, clones=empty)
    assert drawn_charts(tmp_path, BY_DAY, ASSAYS) == []


def test_what_is_null_is_no_error(tmp_path: Path) -> None:
    cells, segments, clones = made_up(80, lost=2)
    cells[["role", "clone", "reason", "ploidy", "doublet", "tree_order"]] = None
    cells.loc[5, "status"] = None
    clones[["parent", "cells", "of", "share", "ploidy", "events", "doubled", "support"]] = None
    clones.loc[0, "clone"] = None
    heat, tree = drawn(tmp_path, cells, segments, clones)
    assert "1 of 80 cells without segments or a status is not drawn." in heat.notes
    assert "77 of 77 cells without a place in the tree stand last." in heat.notes
    assert "no status" in {row[3] for row in heat.rows} and heat.rows[0][2] == "not given"
    assert any("The events are not known" in note for note in tree.notes)


def test_a_table_without_a_column_is_named(tmp_path: Path) -> None:
    cells, segments, clones = made_up(3)
    with pytest.raises(UserError, match="table segments has no column copies"):
        drawn(tmp_path, cells, segments.drop(columns="copies"), clones)


def test_markup_stays_text(tmp_path: Path) -> None:
    cells, segments, clones = made_up(20)
    for table in (cells, segments):
        table["cell_id"] = MARKUP + table["cell_id"].str[-2:]
    for table in (cells, clones):
        table["clone"] = table["clone"].replace("A", MARKUP)
    clones["parent"] = clones["parent"].replace("A", MARKUP)
    text = page(drawn(tmp_path, cells, segments, clones))
    assert "<script" not in text and "alert(1)" in text
    assert unescape(text).count(MARKUP + "05") >= 1


def test_cells_without_a_place_in_the_tree_stand_last(tmp_path: Path) -> None:
    cells, segments, clones = made_up(10)
    cells["tree_order"] = [None, *range(8, -1, -1)]
    heat = drawn(tmp_path, cells, segments, clones)[0]
    assert [row[1][-1] for row in heat.rows] == list("9876543210")
    assert "1 of 10 cells without a place in the tree stands last." in heat.notes


@pytest.mark.parametrize("many, seconds", [(3000, 8.0)])
def test_many_cells(tmp_path: Path, many: int, seconds: float) -> None:
    tables = made_up(many, clones=12, noise=1)
    write_united(tmp_path, **dict(zip(("cells", "segments", "clones"), tables, strict=True)))
    begin = time.perf_counter()
    charts = drawn_charts(tmp_path, BY_DAY, ASSAYS)
    text = page(charts)
    assert time.perf_counter() - begin < seconds
    assert len(text) < 2_000_000
    assert charts[0].notes[0].startswith("Each row is up to 8 cells of one clone")
    assert sum(int(row[4]) for row in charts[0].rows) == many
    again = drawn_charts(tmp_path, BY_DAY, ASSAYS)
    assert [c.svgs for c in again] == [c.svgs for c in charts]


def test_noise_does_not_make_a_large_page(tmp_path: Path) -> None:
    cells, _, clones = made_up(900, noise=0)
    rng = np.random.default_rng(1)
    frames = []
    for chrom, length in CONTIGS.items():
        starts = np.arange(0, length - 12, 12)
        frame = pd.DataFrame({"chrom": chrom, "start": starts * 10**6})
        frames.append(frame.assign(end=(starts + 12) * 10**6))
    genome = cells[["specimen_id", "cell_id"]].merge(pd.concat(frames), how="cross")
    genome["copies"] = rng.integers(0, 8, len(genome))
    heat = drawn(tmp_path, cells, genome, clones)[0]
    assert sum(map(len, heat.svgs.values())) < 1_600_000


def test_branches_are_as_long_as_their_events() -> None:
    nodes = rooted([
        Node("B", "A", 4, events=15), Node("A", "normal", 9, events=10), Node("C", "A", events=7)
    ])  # fmt: skip
    assert list(nodes) == ["normal", "A", "B", "C"]
    assert places(nodes) == ({"normal": 0, "A": 10, "B": 15, "C": 10}, True)


def test_a_tree_that_is_none_is_drawn_all_the_same() -> None:
    nodes = rooted([Node("A", "B"), Node("B", "A"), Node("C", "Q"), Node("D", "D")])
    assert list(nodes) == ["normal", "A", "B", "C", "D"]
    assert [n.parent for n in nodes.values()] == [None, "normal", "A", "normal", "normal"]
    assert places(nodes) == ({"normal": 0, "A": 1, "B": 2, "C": 1, "D": 1}, False)


def test_shares_are_told_with_their_cells(tmp_path: Path) -> None:
    rows = [
        ("C2", "normal", None, 2, 12, 1 / 6, 0.02, 0.48),
        ("C2", "A", "normal", 7, 10, 0.7, 0.348, 0.933),
        ("C2", "B", "A", 3, 10, 0.3, 0.067, 0.652),
        ("C3", "A", "normal", 0, 0, None, None, None),
    ]
    names = ["specimen_id", "clone", "parent", "cells", "of", "share", "share_low", "share_high"]
    clones = pd.DataFrame(rows, columns=names).assign(
        material=None, ploidy=2.5, events=[0, 10, 12, 10], doubled=False, support=None
    )
    cells, segments, _ = made_up(5)
    tree = drawn(tmp_path, cells, segments, clones)[1]
    drawing = tree.svgs["broad"]
    assert ">A: 7 of 10<" in drawing and ">B: 3 of 10<" in drawing
    assert "Day −7, biopsy, C3: no cell of a tumour" in drawing
    assert drawing.index("Day −7") < drawing.index("Day 42")
    assert tree.rows[2][:7] == ["C2", "42", "A", "normal", "7 of 10", "70.0", "34.8 to 93.3"]


def test_what_a_drawing_is_called_is_escaped() -> None:
    assert "<b>" not in svg("k", (10, 10), "<b>", "<b>", [])


@pytest.mark.parametrize(
    "chart, message",
    [
        ("{kind: cell, table: cells}", "did you mean 'cells'"),
        ("{kind: cells, table: cells, title: T}", "a chart of kind cells has table, segments"),
        ("{kind: clones, table: clone, title: T}", "'clone' is not among the assay's tables"),
    ],
    ids=["kind", "key", "table"],
)
def test_a_wrong_declaration_is_told(tmp_path: Path, chart: str, message: str) -> None:
    folder = tmp_path / "picked"
    folder.mkdir()
    (folder / "assay.smk").touch()
    (folder / "assay.yaml").write_text(f"title: T\ntables: [cells, clones]\ncharts: [{chart}]\n")
    (folder / "config.schema.yaml").write_text("type: object\n")
    (folder / "sheet.schema.yaml").write_text("properties: {specimen_id: {type: string}}\n")
    with pytest.raises(UserError, match=re.escape(message)):
        read_assay("picked", tmp_path)
