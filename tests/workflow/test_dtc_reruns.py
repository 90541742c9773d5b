"""What a change of the marrow slides' settings or files does anew after a run, and no more."""

import copy
import os
from collections.abc import Callable
from typing import Any

import pytest
from marrow_laboratory import MarrowLaboratory

ONE = {"P1_a"}
ALL = {"P1_a", "P2_b"}
OF_PAGES = {"report": {"P1", "P2"}, "cohort": {""}}
OF_ONE = {"report": {"P1"}, "cohort": {""}}
GATES = [{"call": "tumour_cell", "when": "nuclei >= 1"}]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> MarrowLaboratory:
    folder = tmp_path_factory.mktemp("reruns")
    lab = MarrowLaboratory(folder / "lab")
    for specimen, image, seed in (("P1_a", "a.svs", 1), ("P2_b", "b.svs", 2)):
        lab.marrow(image, seed=seed, width_px=600, height_px=600, nuclei=250)
        lab.add_slide(specimen, "S1", image)
    lab.finish_at_once()
    return lab


@pytest.fixture
def lab(finished: MarrowLaboratory) -> Any:
    """The finished run; what a test changes is put back."""
    kept = copy.deepcopy((finished.settings, finished.rows))
    yield finished
    finished.settings, finished.rows = kept


def of_assay(lab: MarrowLaboratory, *names: str) -> dict[str, Any]:
    found = lab.settings["assays"]["dtc"]
    for name in names:
        found = found.setdefault(name, {})
    return found


FROM_CALLS = {"classify": ALL, "count": ALL, "gallery": ALL, **OF_PAGES}
CHANGES: dict[str, tuple[Callable[[MarrowLaboratory], Any], dict[str, set[str]]]] = {
    "nothing": (lambda lab: None, {}),
    "gates": (lambda lab: of_assay(lab).update(gates=GATES), FROM_CALLS),
    "default said aloud": (lambda lab: of_assay(lab).update(gates="ishage"), {}),
    "min_mnc": (
        lambda lab: of_assay(lab, "quality").update(min_mnc=200),
        {"count": ALL, **OF_PAGES},
    ),
    "isotype": (
        lambda lab: of_assay(lab, "isotype").update(min_mnc=50),
        {"count": ALL, **OF_PAGES},
    ),
    "tile": (
        lambda lab: of_assay(lab, "detection").update(tile_um=256),
        {"detect": ALL, **FROM_CALLS},
    ),
    "stain of one chromogen": (
        lambda lab: of_assay(lab, "stains", "chromogens").update(aec={"vector": [0.3, 0.7, 0.6]}),
        {},  # no slide has it
    ),
    "pixel size": (
        lambda lab: of_assay(lab).update(pixel_size_um=0.4),
        {"detect": ALL, **FROM_CALLS},
    ),
    "note": (
        lambda lab: lab.rows["specimens"][0].update(note="clotted"),
        {"count": ONE, "gallery": ONE, **OF_ONE},
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_does_anew_what_hangs_on_it(lab: MarrowLaboratory, change: str) -> None:
    make, expected = CHANGES[change]
    make(lab)
    assert lab.planned() == expected


def test_a_slide_that_is_written_over(lab: MarrowLaboratory) -> None:
    slide = lab.folder / "images" / "a.svs"
    kept, state = slide.read_bytes(), slide.stat()
    slide.write_bytes((lab.folder / "images" / "b.svs").read_bytes())
    expected = {"detect": ONE, "classify": ONE, "count": ONE, "gallery": ONE, **OF_ONE}
    assert lab.planned() == expected
    slide.write_bytes(kept)
    os.utime(slide, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert lab.planned() == {}
