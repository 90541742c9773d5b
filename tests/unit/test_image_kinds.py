"""One slide stored in many ways: the same events, and the same count, come out of each."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import tifffile
from laboratory import CHANNELS, SLIDE, write_pages
from repository import ROOT

from liquidbiopsy.core.gates import resolve_gates
from liquidbiopsy.core.parquet import read_table
from liquidbiopsy.core.settings import read_yaml, with_defaults
from liquidbiopsy.ctc import platforms
from liquidbiopsy.ctc.classify import COUNTED, classify
from liquidbiopsy.ctc.step_detect import detect_specimen
from liquidbiopsy.simulate import ctc_slide

UM = 0.64
SCHEMA = read_yaml(ROOT / "workflow" / "assays" / "ctc" / "config.schema.yaml")


@dataclass
class Found:
    """What the step `detect` wrote of one image."""

    image: dict[str, Any]
    objects: pa.Table

    @property
    def count(self) -> int:
        """Tumour cells by the gates that are the default."""
        assert self.image["status"] == "measured" and not self.image["frames_lost"], self.image
        cells = classify(self.objects, resolve_gates("portable", "ctc"), {}, [])
        return sum(call in COUNTED for call in cells["call"].to_pylist())

    def is_like(self, other: "Found") -> bool:
        """Whether all that was measured is the same to the last bit."""
        named = ["cell_id", "image"]
        return self.objects.drop_columns(named).equals(other.objects.drop_columns(named))


def detect(image: Path, layout: str = "stack", **changes: Any) -> Found:
    given = {"layout": layout, "channels": CHANNELS, "pixel_size_um": UM, **changes}
    settings = with_defaults({"platforms": {"p": given}}, SCHEMA)
    item = {"specimen_id": "S", "image": str(image), "platform": "p", "role": None}
    with tempfile.TemporaryDirectory() as folder:
        names = ("objects", "images", "frames", "crops")
        outputs = {name: f"{folder}/{name}.parquet" for name in names}
        detect_specimen([item], settings["platforms"], settings, "0" * 64, outputs, threads=1)
        (row,) = read_table(outputs["images"]).to_pylist()
        return Found(row, read_table(outputs["objects"]))


@pytest.fixture(scope="module")
def frame(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One frame of 8 bits, shape (channels, height, width), with 6 tumour cells on it."""
    folder = tmp_path_factory.mktemp("slide")
    made = {**SLIDE, "columns": 1, "rows": 1, "ctc": 6, "bit_depth": 8, "seed": 11}
    made |= {"frame_width_px": 700, "frame_height_px": 500}
    slide = ctc_slide(folder, layout="stack", **made)
    return tifffile.imread(slide.image).reshape(3, 500, 700)


@pytest.fixture(scope="module")
def plain(frame: Any, tmp_path_factory: pytest.TempPathFactory) -> Found:
    found = detect(write_pages(tmp_path_factory.mktemp("plain") / "a.tif", frame))
    assert found.count == 6
    return found


def ome(path: Path, data: Any, axes: str = "CYX", **more: Any) -> Path:
    metadata = {"axes": axes, "PhysicalSizeX": UM, "PhysicalSizeXUnit": "µm"}
    tifffile.imwrite(path, data, ome=True, photometric="minisblack", metadata=metadata, **more)
    return path


LOSSLESS = {
    "RGB": lambda p, f: tifffile.imwrite(p, np.moveaxis(f, 0, -1), photometric="rgb"),
    "planar": lambda p, f: tifffile.imwrite(p, f, photometric="rgb", planarconfig="separate"),
    "planar deflated": lambda p, f: tifffile.imwrite(
        p, f, photometric="rgb", planarconfig="separate", compression="zlib"
    ),
    "LZW": lambda p, f: tifffile.imwrite(p, f, photometric="minisblack", compression="lzw"),
    "deflate": lambda p, f: tifffile.imwrite(p, f, photometric="minisblack", compression="zlib"),
    "big endian": lambda p, f: tifffile.imwrite(p, f, photometric="minisblack", byteorder=">"),
    "tiles": lambda p, f: tifffile.imwrite(p, f, photometric="minisblack", tile=(64, 64)),
    "ImageJ": lambda p, f: tifffile.imwrite(p, f, imagej=True, metadata={"axes": "CYX"}),
    "OME": ome,
    "OME, channels last of all axes": lambda p, f: ome(p, f[:, None, None], "CTZYX"),
    "OME, compressed tiles": lambda p, f: ome(p, f, tile=(128, 128), compression="zlib"),
    "OME with a pyramid": lambda p, f: pyramid(p, f),
}


def pyramid(path: Path, data: Any) -> None:
    with tifffile.TiffWriter(path, ome=True) as tif:
        how = {"photometric": "minisblack", "tile": (128, 128)}
        tif.write(data, subifds=1, metadata={"axes": "CYX", "PhysicalSizeX": UM}, **how)
        tif.write(data[:, ::2, ::2], subfiletype=1, **how)


@pytest.mark.parametrize("how", LOSSLESS)
def test_without_loss_every_number_is_the_same(plain, frame, tmp_path: Path, how: str) -> None:
    LOSSLESS[how](tmp_path / "a.tif", frame)
    found = detect(tmp_path / "a.tif")
    assert found.count == 6 and found.is_like(plain)


@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_the_type_of_the_numbers_does_not_matter_to_the_count(frame, tmp_path, kind) -> None:
    assert detect(write_pages(tmp_path / "a.tif", frame.astype(kind))).count == 6


def test_jpeg_keeps_the_count(frame, tmp_path: Path) -> None:
    for name, how in {"a": {"compression": "jpeg"}, "b": {"tile": (64, 64)}}.items():
        file = tmp_path / f"{name}.tif"
        compressed = {"compression": "jpeg", "compressionargs": {"level": 95}, **how}
        tifffile.imwrite(file, frame, photometric="minisblack", **compressed)
        assert detect(file).count == 6


def test_one_file_a_channel(plain, frame, tmp_path: Path) -> None:
    for name, page in zip(CHANNELS, frame, strict=True):
        write_pages(tmp_path / f"{name}.tif", [page])
    assert detect(tmp_path / "{channel}.tif", "channels").is_like(plain)


def test_a_folder_of_one_frame_and_blocks(plain, frame, tmp_path: Path) -> None:
    write_pages(tmp_path / "frames" / "Frame_001.tif", frame)
    assert detect(tmp_path / "frames", "frames").is_like(plain)
    for number, page in enumerate(frame, start=1):
        write_pages(tmp_path / "blocks" / f"Tile{number:06d}.tif", [page])
    assert detect(tmp_path / "blocks", "blocks").is_like(plain)


def test_several_series_are_several_frames(plain, frame, tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif", ome=True) as tif:
        for data in (frame, frame[:, ::-1]):
            how = {"axes": "CYX", "PhysicalSizeX": UM}
            tif.write(data, photometric="minisblack", metadata=how)
    found = detect(tmp_path / "a.tif")
    assert found.image["frames"] == 2 and found.count == 12


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A plane of more than 6 Mpx with tumour cells, some of them where tiles meet."""
    folder = tmp_path_factory.mktemp("large")
    made = {**SLIDE, "columns": 1, "rows": 1, "ctc": 30, "seed": 5, "leukocytes_per_frame": 150}
    made |= {"frame_width_px": 2900, "frame_height_px": 2200}
    slide = ctc_slide(folder, layout="stack", **made)
    assert (slide.truth["kind"] == "ctc").sum() == 30
    return tifffile.imread(slide.image).reshape(3, 2200, 2900)


STORED: dict[str, dict[str, Any]] = {
    "tiles": {"tile": (256, 256)},
    "compressed tiles": {"tile": (512, 512), "compression": "zlib"},
    "strips": {},
    "compressed strips": {"compression": "zlib", "rowsperstrip": 64},
}


@pytest.mark.parametrize("how", STORED)
def test_a_large_plane_by_tiles_has_the_count_of_the_whole(large, tmp_path, monkeypatch, how):
    file = ome(tmp_path / "large.ome.tif", large, **STORED[how])
    found = detect(file)
    assert found.image["frames"] == 4  # its tiles, each judged for itself
    assert set(found.objects["frame"].to_pylist()) == {0}
    assert found.count == 30
    if how == "tiles":
        monkeypatch.setattr(platforms, "LARGEST_FRAME_PX", 10**9)
        whole = detect(file)
        assert whole.count == 30
        nuclei = [sum(f.objects["nuclei"].to_pylist()) for f in (whole, found)]
        assert abs(nuclei[0] - nuclei[1]) <= 0.01 * nuclei[0], nuclei


def test_the_black_around_a_stitched_scan_is_not_lost(frame, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(platforms, "LARGEST_FRAME_PX", 100_000)
    monkeypatch.setattr(platforms, "TILE_PX", 512)
    margin = ((0, 0), (0, 0), (0, 1700))
    wide = detect(ome(tmp_path / "wide.ome.tif", np.pad(frame, margin)))
    assert wide.image["frames_lost"] == 0 and wide.image["frames"] == 3
    assert wide.count >= 5  # of 6: one lies in a tile that is hardly more than its edge
    black = detect(ome(tmp_path / "black.ome.tif", np.pad(0 * frame, margin)))
    assert black.image["frames_lost"] == black.image["frames"] > 3
    assert "no picture" in black.image["reason"]
