"""The same picture under two names is counted once, and its second row says why."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laboratory import CHANNELS, write_pages
from repository import ROOT

from liquidbiopsy.core.parquet import read_table
from liquidbiopsy.core.settings import read_yaml, with_defaults
from liquidbiopsy.ctc.step_detect import detect_specimen
from liquidbiopsy.imaging.copies import copies

SCHEMA = read_yaml(ROOT / "workflow/assays/ctc/config.schema.yaml")
PAGES = np.random.default_rng(3).normal(500, 20, (3, 80, 90)).astype(np.uint16)


@pytest.mark.parametrize(
    ("checksums", "found"),
    [
        ([["a"], ["b"], ["a"], ["a"]], {2: 0, 3: 0}),
        ([["a", "b"], ["a"], ["b", "a"], ["a", "b"]], {3: 0}),
        ([["unreadable"], ["unreadable"], [], []], {}),
    ],
)
def test_copies_are_told_by_all_their_files(checksums, found):
    assert copies([""] * len(checksums), checksums) == found


def images(folder: Path, *names: str, layout: str = "stack") -> list[dict[str, Any]]:
    """Rows of the images table of a specimen with these images."""
    platform = {"layout": layout, "channels": CHANNELS, "pixel_size_um": 0.64}
    settings = with_defaults({"platforms": {"p": platform}}, SCHEMA)
    items = [
        {"specimen_id": "S", "image": str(folder / name), "platform": "p", "role": None}
        for name in names
    ]
    outputs = {n: f"{folder}/{n}.parquet" for n in ("objects", "images", "frames", "crops")}
    detect_specimen(items, settings["platforms"], settings, "0" * 64, outputs, threads=1)
    return read_table(outputs["images"]).to_pylist()


def test_a_copied_image_is_read_once(tmp_path: Path) -> None:
    write_pages(tmp_path / "a.tif", PAGES)
    shutil.copy(tmp_path / "a.tif", tmp_path / "b.tif")
    (tmp_path / "link.tif").symlink_to("a.tif")
    write_pages(tmp_path / "c.tif", PAGES + 1)
    rows = images(tmp_path, "a.tif", "b.tif", "c.tif", "link.tif")
    assert [row["status"] for row in rows] == ["measured", "failed", "measured", "failed"]
    assert "b.tif: is the same picture as a.tif, byte for byte" in rows[1]["reason"]
    assert str(tmp_path) not in rows[1]["reason"] and "as a.tif" in rows[3]["reason"]


def test_a_copied_folder_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    write_pages(tmp_path / "one" / "f1.tif", PAGES)
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    rows = images(tmp_path, "one", "two", layout="frames")
    assert [row["status"] for row in rows] == ["measured", "failed"]
