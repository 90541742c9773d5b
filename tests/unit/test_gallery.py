"""Pictures of cells, and the gallery that shows them."""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from liquidbiopsy.core.gallery import OTHERS, rows_to_show
from liquidbiopsy.core.provenance import Provenance
from liquidbiopsy.core.tables import THUMBNAILS
from liquidbiopsy.ctc.gallery import SHOWN, write_gallery
from liquidbiopsy.ctc.pictures import Crop, cell_pictures, channel_windows, scale_of
from liquidbiopsy.ctc.tables import CELLS, channel_columns, grade_columns

CHANNELS = ["nucleus", "cytokeratin", "leukocyte", "her2"]
SPECIMEN = {"specimen_id": "S1", "patient_id": "P1", "day": -3, "visit": "<b>", "volume_ml": 7.5}
PROVENANCE = Provenance("c" * 64)
EDGE = 63


def crop_row(cell: str, channel: str, signal: float, noise: float = 3.0) -> dict[str, Any]:
    """Make one crop: a disc of `signal` counts over noise."""
    rng = np.random.default_rng(abs(hash_of(cell + channel)))
    y, x = np.mgrid[:EDGE, :EDGE] - EDGE // 2
    pixels = rng.normal(0, noise, (EDGE, EDGE)) + signal * (x**2 + y**2 < 100)
    counts = pixels.clip(0, 65535).astype("<u2")
    row = {"specimen_id": "S1", "cell_id": cell, "channel": channel, "pixel_size_um": 0.64}
    return {**row, "height": EDGE, "width": EDGE, "pixels": counts.tobytes()}


def hash_of(words: str) -> int:
    """Give a number that is the same in every process."""
    return int.from_bytes(words.encode()[-7:], "big")


def cell_row(cell: str, call: str, confidence: float | None) -> dict[str, Any]:
    """Make one row of cells."""
    fields = CELLS.schema
    row: dict[str, Any] = {f.name: 1.0 if pa.types.is_floating(f.type) else 1 for f in fields}
    row |= {f.name: "x" for f in fields if pa.types.is_string(f.type)}
    row |= {"specimen_id": "S1", "cell_id": cell, "image": "demo/<s1>.tif", "edge": False}
    row |= {"call": call, "auto_call": call, "confidence": confidence}
    return row | {f"{c}_snr": 5.0 for c in CHANNELS} | {"her2_grade": 3 if call == "ctc" else None}


def tables(rows: list[dict[str, Any]], signals: dict[str, dict[str, float]]) -> Any:
    """Make `cells` and `crops` of the cells named in `signals`."""
    extra = [*channel_columns(CHANNELS), *grade_columns(["her2"])]
    schema = CELLS.with_columns(extra).schema
    crops = [crop_row(cell, c, s[c]) for cell, s in signals.items() for c in CHANNELS]
    kinds = {"height": pa.int32(), "width": pa.int32(), "pixel_size_um": pa.float64()}
    kinds |= {"pixels": pa.binary()}
    names = ["specimen_id", "cell_id", "channel", *kinds]
    schema_of_crops = pa.schema([(n, kinds.get(n, pa.string())) for n in names])
    return pa.Table.from_pylist(rows, schema), pa.Table.from_pylist(crops, schema_of_crops)


def signal(nucleus: float, cytokeratin: float, leukocyte: float, her2: float) -> dict[str, float]:
    """Give the signal of each channel."""
    return dict(zip(CHANNELS, (nucleus, cytokeratin, leukocyte, her2), strict=True))


@pytest.fixture
def specimen() -> Any:
    """Make two CTCs, a cluster without crop, an uncertain event and three leukocytes."""
    rows = [
        cell_row("S1-a", "leukocyte", 0.9),
        cell_row("S1-b", "ctc", 0.6),
        cell_row("S1-c", "ctc", 0.95),
        cell_row("S1-d", "ctc_cluster", 0.8),
        cell_row("S1-e", "uncertain", None),
        cell_row("S1-f", "leukocyte", 0.5),
        cell_row("S1-g", "leukocyte", 0.7),
    ]
    signals = {
        "S1-a": signal(400, 0, 300, 0),
        "S1-b": signal(500, 200, 0, 40),
        "S1-c": signal(500, 400, 0, 150),
        "S1-e": signal(300, 60, 20, 0),
        "S1-f": signal(400, 0, 350, 0),
        "S1-g": signal(400, 0, 250, 0),
    }
    return tables(rows, signals)


def written(folder: Path, cells: pa.Table, crops: pa.Table, **options: Any) -> tuple[str, pa.Table]:
    page, thumbnails = folder / "gallery.html", folder / "thumbnails.parquet"
    write_gallery(cells, crops, SPECIMEN, page, thumbnails, PROVENANCE, **options)
    return page.read_text(encoding="utf-8"), pq.ParquetFile(thumbnails).read()


def test_thumbnails_are_of_the_cells_that_matter(tmp_path: Path, specimen: Any) -> None:
    _, thumbnails = written(tmp_path, *specimen)
    assert thumbnails.schema.equals(THUMBNAILS.schema)
    rows = thumbnails.to_pylist()
    names = [(r["cell_id"], r["picture"]) for r in rows]
    assert names == [(c, p) for c in ("S1-b", "S1-c", "S1-e") for p in [*CHANNELS, "overlay"]]
    for row in rows:
        with Image.open(io.BytesIO(row["png"])) as image:
            assert image.width == EDGE
            assert row["pixel_size_um"] * image.width == pytest.approx(EDGE * 0.64)


def test_page_shows_every_event_that_matters(tmp_path: Path, specimen: Any) -> None:
    page, _ = written(tmp_path, *specimen)
    order = re.findall(r"<code>(S1-.)</code>", page)
    assert order[:4] == ["S1-c", "S1-b", "S1-d", "S1-e"], "by call, the surest first"
    assert order[4:] == ["S1-f", "S1-g", "S1-a"], "the others, the least sure first"
    assert "No picture kept" in page
    assert page.count("<img") == 6 * 5
    assert page.count('alt="Cell') == page.count("<img")
    assert "HER2 grade 3+" in page and "Day" not in page.split("<main")[0]


def test_page_keeps_to_its_policy_and_escapes(tmp_path: Path, specimen: Any) -> None:
    page, _ = written(tmp_path, *specimen)
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in page
    assert "<script" not in page and "http" not in re.sub("http-equiv", "", page)
    assert "demo/&lt;s1&gt;.tif" in page and "day −3, &lt;b&gt;" in page


def test_only_simulated_images_are_called_so(tmp_path: Path, specimen: Any) -> None:
    assert "imulated" not in re.sub(r"\.simulated", "", written(tmp_path, *specimen)[0])
    assert "Simulated data" in written(tmp_path, *specimen, simulated=True)[0]


def test_large_crops_are_reduced() -> None:
    large = Crop("nucleus", np.zeros((200, 100), np.uint16), 0.32)
    picture = cell_pictures([large], channel_windows({"a": [large]}, {}))[0][1]
    with Image.open(io.BytesIO(picture)) as image:
        assert image.size == (48, 96)
    assert scale_of(large) == pytest.approx(0.32 * 200 / 96)


def test_same_bytes_again(tmp_path: Path, specimen: Any) -> None:
    written(tmp_path, *specimen)
    first = [(tmp_path / n).read_bytes() for n in ("gallery.html", "thumbnails.parquet")]
    written(tmp_path, *specimen)
    assert first == [(tmp_path / n).read_bytes() for n in ("gallery.html", "thumbnails.parquet")]


def test_specimen_without_events(tmp_path: Path) -> None:
    page, thumbnails = written(tmp_path, *tables([], {}))
    assert thumbnails.num_rows == 0
    assert page.count("<p>None.</p>") == 3


def test_few_of_many_others_are_shown() -> None:
    rows = [cell_row(f"S1-{i:04d}", "leukocyte", 0.5 + i / 4000) for i in range(1000)]
    cells, _ = tables(rows, {})
    shown = rows_to_show(cells, {r["cell_id"] for r in rows}, SHOWN)
    assert [r["cell_id"] for r in shown] == [f"S1-{i:04d}" for i in range(OTHERS)]


def crop(channel: str, level: float, noise: float = 3.0, size: int = EDGE) -> Crop:
    """Make a crop by itself."""
    row = crop_row("S1-z", channel, level, noise)
    pixels = np.frombuffer(row["pixels"], "<u2").reshape(EDGE, EDGE)[:size, :size]
    return Crop(channel, pixels, 0.64)


def test_window_does_not_stretch_noise() -> None:
    windows = channel_windows({"a": [crop("leukocyte", 0)]}, {"a": "ctc"})
    grey = cell_pictures([crop("leukocyte", 0)], windows)[0][1]
    with Image.open(io.BytesIO(grey)) as image:
        assert np.percentile(np.asarray(image), 99) < 128


def test_window_is_set_by_the_call_that_has_signal() -> None:
    crops = {f"l{i}": [crop("cytokeratin", 0)] for i in range(50)}
    crops |= {f"c{i}": [crop("cytokeratin", 300)] for i in range(3)}
    crops["d1"] = [crop("cytokeratin", 60000)]
    calls = {name: {"l": "leukocyte", "c": "ctc", "d": "artefact"}[name[0]] for name in crops}
    window = channel_windows(crops, calls)["cytokeratin"]
    assert 250 < window.high < 350, "neither the leukocytes nor the debris"


def test_one_bright_cell_does_not_dim_the_others() -> None:
    crops = {f"c{i}": [crop("cytokeratin", 100)] for i in range(5)}
    crops["k1"] = [crop("cytokeratin", 1600)]
    calls = {name: "ctc_cluster" if name == "k1" else "ctc" for name in crops}
    assert channel_windows(crops, calls)["cytokeratin"].high == pytest.approx(635, rel=0.1)


def test_overlay_has_the_channels_colours() -> None:
    crops = [crop("nucleus", 0), crop("cytokeratin", 300), crop("leukocyte", 0)]
    pictures = dict(cell_pictures(crops, channel_windows({"a": crops}, {"a": "ctc"})))
    with Image.open(io.BytesIO(pictures["overlay"])) as image:
        red, green, blue = np.asarray(image)[image.height // 2, image.width // 2].astype(int)
    assert green > 200 and red < 100 and blue < 120


@pytest.mark.parametrize(("size", "expected"), [(20, 60), (48, 48), (63, 63)])
def test_size_of_pictures(size: int, expected: int) -> None:
    small = crop("nucleus", 100, size=size)
    windows = channel_windows({"a": [small]}, {})
    with Image.open(io.BytesIO(cell_pictures([small], windows)[0][1])) as image:
        assert image.size == (expected, expected)
    assert scale_of(small) == pytest.approx(0.64 * size / expected)
