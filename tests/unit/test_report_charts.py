"""Charts of genomes and fragments: what they draw, how large they are, what they leave out."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from liquidbiopsy.report.charts import drawn_charts
from liquidbiopsy.report.genome_chart import genome_svgs
from liquidbiopsy.report.lengths_chart import lengths_svgs

ASSAYS: dict[str, Any] = {
    "blood": {
        "charts": [
            {"kind": "genome", "table": "bins", "segments": "segments", "title": "Copies"},
            {"kind": "lengths", "table": "fragments", "title": "Lengths"},
        ]
    }
}
SPECIMENS = [
    {"specimen_id": name, "assay": "blood", "day": day, "visit": None}
    for name, day in (("S1", 0), ("S2", 21))
]


def genome(size: int = 100_000) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Bins and segments of three contigs; contig 8 has four copies, 17 one."""
    frames, segments = [], []
    for chrom, length, copies, log2 in (
        ("1", 200, 2, 0.0),
        ("8", 140, 4, 0.6),
        ("17", 80, 1, -0.5),
    ):
        starts = np.arange(0, length * 1_000_000, size)
        noise = np.random.default_rng(len(chrom)).normal(log2, 0.1, starts.size)
        frames.append(
            pd.DataFrame({
                "chrom": chrom, "start": starts, "end": starts + size, "log2": noise,
                "used": True, "copies": copies,
            })
        )  # fmt: skip
        segments.append([chrom, 0, length * 1_000_000, log2, copies])
    columns = ["chrom", "start", "end", "log2", "copies"]
    return pd.concat(frames, ignore_index=True), pd.DataFrame(segments, columns=columns)


def lengths() -> pd.DataFrame:
    """Fragments with a mode at 167 bases."""
    place = np.arange(60, 400)
    count = np.round(1000 * np.exp(-(((place - 167) / 20) ** 2))).astype(int) + 1
    return pd.DataFrame({"length": place, "count": count})


def kinds(svg: str) -> list[str]:
    """Kinds of the segments that are drawn, contig by contig from the left."""
    drawn = re.findall(r'aria-label="x: ([\d.]+);[^"]*kind: (\w+)"', svg)
    return [kind for _, kind in sorted((float(x), kind) for x, kind in drawn)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    bins, segments = genome(1_000_000)
    own = {"assay": "blood", "specimen_id": "S1", "library_id": "lib"}
    for name, frame in (("bins", bins), ("segments", segments), ("fragments", lengths())):
        table = pa.Table.from_pandas(frame.assign(**own), preserve_index=False)
        pq.write_table(table, tmp_path / f"{name}.parquet")
    return tmp_path


def test_a_genome_says_what_is_gained_and_lost() -> None:
    svgs = genome_svgs(*genome(), "k")
    assert set(svgs) == {"broad", "narrow"}
    for svg in svgs.values():
        assert kinds(svg) == ["usual", "gained", "lost"]
        assert svg.count(">8<") == 1 and "xmlns" not in svg


def test_many_bins_do_not_make_a_large_page() -> None:
    many = genome_svgs(*genome(10_000), "k")
    assert max(map(len, many.values())) < 200_000


def test_a_genome_whose_usual_state_is_not_two() -> None:
    bins, segments = genome(1_000_000)
    svg = genome_svgs(bins, segments.assign(copies=segments["copies"] * 2), "k")["broad"]
    assert kinds(svg) == ["usual", "gained", "lost"]


def test_values_beyond_the_chart_stand_at_its_border() -> None:
    bins, segments = genome(1_000_000)
    svg = genome_svgs(bins.assign(log2=9.0), segments.assign(log2=9.0), "k")["broad"]
    assert "NaN" not in svg and "Infinity" not in svg


def test_lengths_mark_the_mode() -> None:
    svg = lengths_svgs(lengths(), "k")["broad"]
    assert ">167<" in svg


def test_charts_of_a_patient(folder: Path) -> None:
    found = drawn_charts(folder, SPECIMENS, ASSAYS)
    assert [(c.title, c.specimen_id, c.library_id) for c in found] == [
        ("Copies", "S1", "lib"),
        ("Lengths", "S1", "lib"),
    ]
    assert found[0].rows[1] == ["8", "0.0", "140.0", "0.60", "4"]
    assert sum(float(row[3]) for row in found[1].rows) == pytest.approx(100, abs=0.5)


def test_a_library_without_used_bins_has_no_chart(folder: Path) -> None:
    path = folder / "bins.parquet"
    frame = pq.read_table(path).to_pandas().assign(used=False)
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
    assert [c.title for c in drawn_charts(folder, SPECIMENS, ASSAYS)] == ["Lengths"]
