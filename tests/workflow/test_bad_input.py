"""One run with a bad specimen of every kind among good ones: each has its row, and all finish."""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from laboratory import PLATFORMS, Laboratory, write_pages

DAMAGED = {  # specimen: status, gist of the reason
    "A_truncated": ("failed", "is truncated"),
    "A_pages": ("failed", "has 11 pages where the platform has 3 channels"),
    "A_single": ("failed", "has 1 page where the platform has 3 channels"),
    "A_empty": ("failed", "is empty (0 bytes)"),
    "A_text": ("failed", "cannot be read as an image"),
    "A_gone": ("failed", "does not exist"),
    "A_nothing": ("failed", "holds no file that is a TIFF"),
    "A_nosize": ("failed", "does not say its pixel size (set pixel_size_um"),
    "A_zstack": ("failed", "is a stack of 4 focal planes (project it"),
    "A_forbidden": ("failed", "Permission denied"),
    "B_black": ("inadequate", "4 of 4 frames lost"),
    "B_saturated": ("inadequate", " saturated (the first: 0)"),
    "B_nan": ("inadequate", "4 of 4 frames lost"),
    "B_missing": ("inadequate", "1 of 4 frames lost, more than 20 %"),
    "B_half": ("inadequate", "is empty (0 bytes)"),
}
CTCS = 4
GOOD = ("A_good", "B_conflict", "B_tolerant")
AS_ROOT = os.geteuid() == 0  # who may read every file


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    folder = tmp_path_factory.mktemp("bad_input")
    made = Laboratory(folder / "lab")
    made.settings["assays"]["ctc"]["platforms"] = {
        **PLATFORMS,
        "nosize": {**PLATFORMS["stack"], "pixel_size_um": None},
        "conflict": {**PLATFORMS["stack"], "pixel_size_um": 0.32},
    }
    del made.settings["assays"]["ctc"]["platforms"]["nosize"]["pixel_size_um"]
    stack = made.slide("stack", layout="stack", seed=1, ctc=CTCS)
    frames = made.slide("frames", layout="frames", seed=2)
    pages = tifffile.imread(made.folder / stack.image).reshape(-1, 320, 400)
    made.add("A_good", stack.image, "stack")
    made.add("B_conflict", stack.image, "conflict")
    bad_stacks(made, pages)
    bad_frames(made, made.folder / frames.image)
    made.said = made.finish_at_once()  # type: ignore[attr-defined]
    return made


def bad_stacks(lab: Laboratory, pages: Any) -> None:
    """Files that are damaged, or are not what the platform says."""
    folder = lab.folder / "images" / "bad"
    image = lambda name: f"images/bad/{name}.tif"  # noqa: E731
    plain = write_pages(folder / "plain.tif", pages)
    whole = plain.read_bytes()
    (folder / "truncated.tif").write_bytes(whole[: len(whole) * 2 // 3])
    write_pages(folder / "pages.tif", pages[:11])
    write_pages(folder / "single.tif", pages[:1])
    (folder / "empty.tif").write_bytes(b"")
    (folder / "text.tif").write_text("specimen\timage\n")
    focal = {"ome": True, "metadata": {"axes": "ZYX"}, "photometric": "minisblack"}
    tifffile.imwrite(folder / "zstack.tif", pages[:4], **focal)
    for name in ("truncated", "pages", "single", "empty", "text", "gone"):
        lab.add(f"A_{name}", image(name), "stack")
    (folder / "nothing").mkdir()
    (folder / "nothing" / "notes.txt").write_text("x")
    lab.add("A_nothing", "images/bad/nothing", "folder")
    lab.add("A_nosize", image("plain"), "nosize")
    lab.add("A_zstack", image("zstack"), "stack")
    if not AS_ROOT:
        shutil.copy(plain, folder / "forbidden.tif")
        (folder / "forbidden.tif").chmod(0)
        lab.add("A_forbidden", image("forbidden"), "stack")
    spoilt = pages.astype(np.float32)
    spoilt[:, 100:110, 100:110] = np.nan
    write_pages(folder / "black.tif", np.zeros_like(pages))
    bright = pages > np.quantile(pages, 0.8)
    write_pages(folder / "saturated.tif", np.where(bright, 4095, pages).astype(np.uint16))
    write_pages(folder / "nan.tif", spoilt)
    for name in ("black", "saturated", "nan"):
        lab.add(f"B_{name}", image(name), "stack")
    lab.add("B_half", image("plain"), "stack")
    lab.rows["ctc"].append(
        {"specimen_id": "B_half", "image": image("empty"), "platform": "stack", "role": "sample"}
    )


def bad_frames(lab: Laboratory, frames: Path) -> None:
    """Folders of frames in which one is not there, or cannot be used."""
    for name in ("missing", "tolerant"):
        shutil.copytree(frames, lab.folder / "images" / name)
        lab.add(f"B_{name}", f"images/{name}", "folder")
    (lab.folder / "images" / "missing" / "Frame_002.tif").unlink()
    extra = lab.folder / "images" / "tolerant"
    for number in range(5, 10):  # one lost frame among nine is within what is allowed
        shutil.copy(frames / "Frame_001.tif", extra / f"Frame_{number:03d}.tif")
    (extra / "Frame_009.tif").write_bytes(b"")


@pytest.mark.parametrize("name", DAMAGED)
def test_a_bad_specimen_says_so_in_its_row(lab: Laboratory, name: str) -> None:
    if name == "A_forbidden" and AS_ROOT:
        pytest.skip("this user may read every file")
    status, gist = DAMAGED[name]
    row = lab.count(name)
    assert (row["status"], gist in row["reason"]) == (status, True), row["reason"]
    assert (row["value"] is None) == (status == "failed")
    assert row["patient_id"] == name[0] and str(lab.folder) not in row["reason"]
    others = {r["status"] for r in lab.read("ctc", name, "observations.parquet").to_pylist()}
    assert "measured" not in others


@pytest.mark.parametrize("name", GOOD)
def test_good_specimens_among_them_are_measured(lab: Laboratory, name: str) -> None:
    row = lab.count(name)
    assert row["status"] == "measured" and row["reason"] is None
    if name != "B_tolerant":
        assert row["value"] == CTCS
    else:
        assert row["value"] > 0


def quality(lab: Laboratory, name: str) -> dict[tuple[str, str], dict[str, Any]]:
    rows = lab.read("ctc", name, "quality.parquet").to_pylist()
    return {(row["item"], row["metric"]): row for row in rows}


def test_a_conflict_of_pixel_sizes_is_reported_and_the_file_wins(lab: Laboratory) -> None:
    image = lab.rows["ctc"][0]["image"]
    row = quality(lab, "B_conflict")[image, "pixel_size"]
    assert (row["value"], row["limit"], row["passed"]) == (pytest.approx(0.64), 0.32, False)
    assert quality(lab, "A_good")[image, "pixel_size"]["passed"] is True
    areas = [lab.read("ctc", n, "cells.parquet")["area_um2"] for n in ("A_good", "B_conflict")]
    assert areas[0].equals(areas[1])


def test_lost_frames_are_in_the_quality_table(lab: Laboratory) -> None:
    found = quality(lab, "B_missing")
    assert found["1", "present"]["passed"] is False and ("0", "present") not in found
    assert found["images/missing", "frames_lost"]["value"] == 1.0
    assert found["0", "focus"]["passed"] is True
    assert quality(lab, "B_black")["0", "signal"]["passed"] is False
    assert quality(lab, "B_saturated")["0", "saturation"]["passed"] is False
    assert quality(lab, "B_tolerant")["8", "present"]["passed"] is False


def test_the_list_of_what_was_left_out_names_them_all(lab: Laboratory) -> None:
    lines = (lab.folder / "results/run/excluded.tsv").read_text().splitlines()
    names = {line.split("\t")[0] for line in lines[1:]}
    assert names == set(DAMAGED) - ({"A_forbidden"} if AS_ROOT else set())


def test_the_run_goes_to_its_end_and_writes_all_reports(lab: Laboratory) -> None:
    assert "(100%) done" in lab.said  # type: ignore[attr-defined]
    assert "Traceback" not in lab.said  # type: ignore[attr-defined]
    for patient in "AB":
        assert (lab.folder / "results/reports" / patient / "report.html").stat().st_size > 1000
    logs = "".join(p.read_text() for p in (lab.folder / "results/logs").rglob("*.log"))
    assert "Traceback" not in logs and "is truncated" in logs
