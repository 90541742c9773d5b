"""One run with a bad marrow slide of every kind among good ones: each has its row, all finish."""

import numpy as np
import pytest
import tifffile
from marrow_laboratory import MarrowLaboratory

DAMAGED = {  # specimen: status, gist of the reason
    "A_truncated": ("failed", "truncated"),
    "A_text": ("failed", "cannot be read"),
    "A_gone": ("failed", "does not exist"),
    "A_folder": ("failed", "is a folder"),
    "A_nosize": ("failed", "does not say its pixel size (set assays.dtc.pixel_size_um)"),
    "A_grey": ("failed", "grey"),
    "A_glass": ("inadequate", "no nucleated cell"),
    "A_other": ("inadequate", "its stain looks like fast_red, not dab as dtc.tsv says"),
    "A_alone": ("failed", "has only an isotype control"),
    "A_half": ("inadequate", "S2: "),
}
GOOD = ("B_good", "B_badcontrol")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> MarrowLaboratory:
    folder = tmp_path_factory.mktemp("bad_marrow")
    made = MarrowLaboratory(folder / "lab")
    images = made.folder / "images"
    whole = made.marrow("good.svs", tumour=2, seed=1).image.read_bytes()
    made.marrow("other.svs", tumour=4, stained=12, chromogen="fast_red", seed=2)
    made.marrow("plain.png", seed=3)
    (images / "truncated.svs").write_bytes(whole[: len(whole) // 2])
    (images / "text.svs").write_text("specimen\timage\n")
    (images / "folder.svs").mkdir()
    noise = np.random.default_rng(4).normal(0, 1.5, (600, 600, 3))
    tiled = {"tile": (240, 240), "resolution": (20000, 20000), "resolutionunit": "CENTIMETER"}
    glass = np.clip(243 + noise, 0, 255).astype(np.uint8)
    tifffile.imwrite(images / "glass.tif", glass, photometric="rgb", **tiled)
    tifffile.imwrite(images / "grey.tif", glass[..., 0], photometric="minisblack", **tiled)
    for name in ("truncated", "text", "gone", "folder", "other"):
        made.add_slide(f"A_{name}", "S1", f"{name}.svs")
    made.add_slide("A_nosize", "S1", "plain.png")
    made.add_slide("A_grey", "S1", "grey.tif")
    made.add_slide("A_glass", "S1", "glass.tif")
    made.add_slide("A_alone", "C1", "good.svs", role="isotype_control")
    made.add_slide("A_half", "S1", "good.svs")
    made.add_slide("A_half", "S2", "truncated.svs")
    made.add_slide("B_good", "S1", "good.svs")
    made.add_slide("B_badcontrol", "S1", "good.svs")
    made.add_slide("B_badcontrol", "C1", "truncated.svs", role="isotype_control")
    made.said = made.finish_at_once()  # type: ignore[attr-defined]
    return made


@pytest.mark.parametrize("name", DAMAGED)
def test_a_bad_specimen_says_so_in_its_row(lab: MarrowLaboratory, name: str) -> None:
    status, gist = DAMAGED[name]
    row = lab.count(name)
    assert row["status"] == status and gist in row["reason"], row["reason"]
    assert str(lab.folder) not in row["reason"]
    others = {r["status"] for r in lab.read("dtc", name, "observations.parquet").to_pylist()}
    assert "measured" not in others or name == "A_alone"


@pytest.mark.parametrize("name", GOOD)
def test_good_specimens_among_them_are_measured(lab: MarrowLaboratory, name: str) -> None:
    row = lab.count(name)
    assert (row["status"], row["count"]) == ("measured", 2)


def test_what_could_be_read_of_a_specimen_is_kept(lab: MarrowLaboratory) -> None:
    half, good = lab.count("A_half"), lab.count("B_good")
    assert (half["count"], half["denominator"]) == (good["count"], good["denominator"])


def test_a_control_that_cannot_be_read_clears_nothing(lab: MarrowLaboratory) -> None:
    row = lab.count("B_badcontrol", "dtc_probable_count")
    assert "the isotype control cannot be judged" in row["reason"]
    rows = lab.read("dtc", "B_badcontrol", "observations.parquet").to_pylist()
    (control,) = [r for r in rows if r["analyte"] == "isotype_stained_count"]
    assert (control["status"], control["target"]) == ("failed", "isotype_control")


def test_the_run_goes_to_its_end_and_names_them_all(lab: MarrowLaboratory) -> None:
    assert "(100%) done" in lab.said and "Traceback" not in lab.said  # type: ignore[attr-defined]
    lines = (lab.folder / "results/run/excluded.tsv").read_text().splitlines()
    assert {line.split("\t")[0] for line in lines[1:]} >= set(DAMAGED)
    assert not {line.split("\t")[0] for line in lines[1:]} & {"B_good"}
    for patient in "AB":
        assert (lab.folder / "results/reports" / patient / "report.html").stat().st_size > 1000
    logs = "".join(p.read_text() for p in (lab.folder / "results/logs").rglob("*.log"))
    assert "Traceback" not in logs


@pytest.mark.parametrize(
    ("stains", "words"),
    [
        ({"chromogens": {"dab": {"vector": [0.65, 0.70, 0.29]}}}, "cannot be told apart"),
        ({"chromogens": {"dab": {"vector": [-0.3, 0.5, 0.7]}}}, "has a negative part"),
        ({"haematoxylin": [0, 0, 0]}, "takes no light away"),
        ({"chromogens": {"dba": {}}}, "did you mean 'dab'"),
        ({"chromogens": {"dab": {"control": "images/no.svs"}}}, "images/no.svs"),
    ],
)
def test_impossible_stains_are_named_before_anything_runs(lab, stains, words, tmp_path) -> None:
    other = MarrowLaboratory(tmp_path / "lab")
    other.settings["assays"]["dtc"]["stains"] = stains
    other.add_slide("A", "S1", lab.folder / "images" / "good.svs")
    done = other.run("--dry-run")
    assert done.returncode == 1 and words in done.stdout and "Traceback" not in done.stdout
    assert "assays.dtc.stains" in done.stdout and not (other.folder / "results").exists()
