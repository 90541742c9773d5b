"""What a change of settings, sheets, images or code does anew after a run, and no more."""

import copy
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from laboratory import Laboratory, copy_of_repository
from repository import other_version

from liquidbiopsy.compare.differences import compare

ONE, TWO = {"P1_a"}, {"P2_b"}
ALL = ONE | TWO
PATIENTS, COHORT = {"P1", "P2"}, {""}
GATES = [{"call": "ctc", "when": "cytokeratin.snr > 6"}]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    folder = tmp_path_factory.mktemp("reruns")
    lab = Laboratory(folder / "lab", copy_of_repository(folder / "workflow"))
    lab.add("P1_a", lab.slide("a", layout="frames", columns=1, seed=1).image, "folder")
    lab.add("P2_b", lab.slide("b", layout="stack", columns=1, seed=2).image, "stack", day=14)
    lab.rows["events"].append({"patient_id": "P1", "day": 3, "kind": "other", "label": "scan"})
    lab.finish_at_once()
    return lab


@pytest.fixture
def lab(finished: Laboratory) -> Any:
    """The finished run; what a test changes is put back."""
    kept = copy.deepcopy((finished.settings, finished.rows))
    yield finished
    finished.settings, finished.rows = kept


def test_nothing_changed(lab: Laboratory) -> None:
    assert lab.planned() == {}
    assert "Nothing to be done" in lab.finish("--dry-run")


def settings_of(lab: Laboratory, *names: str) -> dict[str, Any]:
    found = lab.settings
    for name in names:
        found = found.setdefault(name, {})
    return found


def review(lab: Laboratory) -> None:
    cell = lab.read("ctc", "P1_a", "cells.parquet")["cell_id"][0].as_py()
    row = {"specimen_id": "P1_a", "cell_id": cell, "call": "artefact", "reviewer": "AB"}
    lab.rows["reviews"].append(row)


def new_specimen(lab: Laboratory) -> None:
    lab.add("P1_c", lab.rows["ctc"][0]["image"], "folder", day=21)


FROM_CALLS = {"classify": ALL, "count": ALL, "gallery": ALL, "report": PATIENTS, "cohort": COHORT}
FROM_IMAGES = {"detect": ALL, **FROM_CALLS}
OF_ONE = {"report": {"P1"}, "cohort": COHORT}
OF_THIRD = dict.fromkeys(["detect", "classify", "count", "gallery"], {"P1_c"})
OF_PAGES = {"report": PATIENTS, "cohort": COHORT}
CHANGES: dict[str, tuple[Callable[[Laboratory], Any], dict[str, set[str]]]] = {
    "gates": (lambda lab: settings_of(lab, "assays", "ctc").update(gates=GATES), FROM_CALLS),
    "threshold": (
        lambda lab: settings_of(lab, "assays", "ctc", "detection").update(threshold=5),
        FROM_IMAGES,
    ),
    "default said aloud": (
        lambda lab: settings_of(lab, "assays", "ctc").update(gates="portable"),
        {},
    ),
    "lost frames": (
        lambda lab: settings_of(lab, "assays", "ctc", "quality").update(max_lost_frames=0.5),
        {"count": ALL, **OF_PAGES},
    ),
    "control range": (
        lambda lab: settings_of(lab, "assays", "ctc", "controls").update(low={"min": 1, "max": 2}),
        {"count": ALL, **OF_PAGES},
    ),
    "unused platform": (
        lambda lab: settings_of(lab, "assays", "ctc", "platforms", "channels").update(columns=7),
        {},
    ),
    "platform of one": (
        lambda lab: settings_of(lab, "assays", "ctc", "platforms", "folder").update(columns=1),
        {"detect": ONE, "classify": ONE, "count": ONE, "gallery": ONE, **OF_ONE},
    ),
    "facility": (lambda lab: settings_of(lab, "report").update(facility="Another"), OF_PAGES),
    "fewer rules": (lambda lab: lab.settings.update(rules=["ctc_status"]), OF_PAGES),
    "volume": (
        lambda lab: lab.rows["specimens"][0].update(volume_ml=8),
        {"count": ONE, "gallery": ONE, **OF_ONE},  # the gallery's heading names it
    ),
    "new specimen": (new_specimen, {**OF_THIRD, **OF_ONE}),
    "event": (lambda lab: lab.rows["events"][0].update(day=5), OF_ONE),
    "review": (review, {"classify": ONE, "count": ONE, "gallery": ONE, **OF_ONE}),
    "order of the sheets": (
        lambda lab: [rows.reverse() for rows in lab.rows.values()],
        {"cohort": COHORT},
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_does_anew_what_hangs_on_it(lab: Laboratory, change: str) -> None:
    make, expected = CHANGES[change]
    make(lab)
    assert lab.planned() == expected


MODULES: dict[str, dict[str, set[str]]] = {
    "ctc/count.py": {"count": ALL, **OF_PAGES},
    "ctc/gallery.py": {"gallery": ALL, **OF_PAGES},
    "ctc/templates/gallery.html.j2": {"gallery": ALL, **OF_PAGES},
    "report/page.py": OF_PAGES,
    "cohort/pages.py": {"cohort": COHORT},
    "imaging/segment.py": FROM_IMAGES,
    "simulate/scene.py": {},
}


@pytest.mark.parametrize(("module", "expected"), MODULES.items(), ids=MODULES)
def test_edited_code_does_anew_the_steps_that_use_it(lab, module: str, expected) -> None:
    file = lab.root / "scripts" / "liquidbiopsy" / module
    text = file.read_bytes()
    ending = b"\n{# edited #}\n" if module.endswith(".j2") else b"\n# edited\n"
    file.write_bytes(text + ending)
    try:
        assert lab.planned() == expected
    finally:
        file.write_bytes(text)


FILES: dict[str, dict[str, set[str]]] = {  # what a change of a file's bytes does anew
    "ctc_status.yaml": OF_PAGES,
    "Frame_002.tif": {"detect": ONE, "classify": ONE, "count": ONE, "gallery": ONE, **OF_ONE},
}


def test_an_edited_rule_does_decisions_and_reports_anew(lab: Laboratory) -> None:
    file = lab.root / "resources" / "rules" / "ctc_status.yaml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("at_least: 5}", "at_least: 6}"), encoding="utf-8")
    try:
        assert lab.planned() == FILES[file.name]
    finally:
        file.write_text(text, encoding="utf-8")
    assert lab.planned() == {}


PACKAGES = {"numba": FROM_IMAGES, "pyarrow": FROM_IMAGES, "pysam": {}}


@pytest.mark.parametrize(("package", "expected"), PACKAGES.items(), ids=PACKAGES)
def test_another_version_of_a_package_does_anew_the_steps_that_import_it(
    lab: Laboratory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, expected: Any
) -> None:
    other_version(tmp_path, package)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert lab.planned() == expected


def test_an_image_that_is_written_over(lab: Laboratory) -> None:
    frame = lab.folder / "images" / "a" / "images" / "Frame_002.tif"
    state = frame.stat()
    os.utime(frame, (time.time(), time.time()))
    assert lab.planned() == FILES[frame.name]
    os.utime(frame, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert lab.planned() == {}


def test_a_review_is_followed_to_the_cohort_and_undone(lab: Laboratory) -> None:
    before = lab.results(".parquet", ".html")
    results, kept = lab.folder / "results", lab.folder / "before"
    shutil.copytree(results, kept)
    cells = lab.read("ctc", "P1_a", "cells.parquet").to_pylist()
    tumour = next(row for row in cells if row["call"] == "ctc")
    row = {"specimen_id": "P1_a", "cell_id": tumour["cell_id"], "reviewer": "AB"}
    lab.rows["reviews"].append({**row, "call": "artefact"})
    lab.finish_at_once()
    changed = [row for row in lab.read("cohort", "cells.parquet").to_pylist() if row["reviewer"]]
    assert [(r["cell_id"], r["call"], r["auto_call"]) for r in changed] == [
        (tumour["cell_id"], "artefact", "ctc")
    ]
    assert lab.count("P1_a")["value"] == sum(r["call"] == "ctc" for r in cells) - 1
    found = {
        (d.patient, d.subject): {c.kind for c in d.causes}
        for d in compare(kept, results).differences
    }
    assert found[("P1", "ctc_count")] == {"setting"} and found[("P1", "table cells")] == {"setting"}
    assert {patient for patient, _ in found} == {"", "P1"}  # and the cohort
    lab.rows["reviews"].clear()
    lab.finish_at_once()
    assert lab.results(".parquet", ".html") == before
    assert compare(kept, results).differences == ()


def test_an_image_that_goes_and_comes_back(lab: Laboratory) -> None:
    image = lab.folder / lab.rows["ctc"][1]["image"]
    image.rename(image.with_suffix(".away"))
    assert lab.planned()["detect"] == TWO
    image.with_suffix(".away").rename(image)
    assert lab.planned() == {}
