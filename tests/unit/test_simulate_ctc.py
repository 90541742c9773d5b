"""The simulated CTC slides are what their truth says, and say that they are simulated."""

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from liquidbiopsy.simulate import SlideParameters, ctc_slide, read_truth, write_slide
from liquidbiopsy.simulate.demo import PLATFORMS, SPECIMENS, parameters_of, write_specimen
from liquidbiopsy.simulate.optics import Microscope
from liquidbiopsy.simulate.parameters import CYTOKERATIN, HER2, LEUKOCYTE, NUCLEUS
from liquidbiopsy.simulate.scene import KINDS
from liquidbiopsy.simulate.slides import SimulatedSlide

FOUR = (NUCLEUS, CYTOKERATIN, LEUKOCYTE, HER2)
SMALL = {
    "frame_width_px": 400,
    "frame_height_px": 300,
    "columns": 2,
    "rows": 2,
    "ctc": 4,
    "leukocytes_per_frame": 8.0,
    "tdev": 2,
    "bare_nuclei": 2,
    "debris": 1,
    "channels": FOUR,
}
CONFIG = Path(__file__).parents[2] / "config"
EVEN = {"illumination_loss": 0.0, "background_gradient": 0.0, "frame_variation": 0.0}


def digests(folder: Path) -> dict[str, str]:
    """Return the checksum of every file in a folder by its name."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("layout", ["frames", "blocks", "stack"])
def test_same_seed_same_bytes(tmp_path, layout):
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        ctc_slide(tmp_path / name, layout=layout, seed=seed, **SMALL)
    a, b, c = (digests(tmp_path / name) for name in "abc")
    assert len(a) > 3
    assert a == b
    assert a.keys() == c.keys()
    assert [name for name in a if a[name] == c[name] and name != "README.md"] == ["frames.tsv"]


def test_truth_has_every_object_in_the_promised_columns(tmp_path):
    slide = ctc_slide(tmp_path, double_positive=2, ctc_clusters=2, **SMALL)
    assert list(slide.truth.columns) == [
        "object_id", "kind", "detail", "x_um", "y_um", "frames", "diameter_um", "nuclei",
        "nucleus_signal", "cytokeratin_signal", "leukocyte_signal", "her2_signal", "her2_level",
    ]  # fmt: skip
    counts = slide.truth["kind"].value_counts()
    assert set(counts.index) == set(KINDS)
    expected = {"ctc": 4, "ctc_cluster": 2, "tdev": 2, "bare_nucleus": 2, "double_positive": 2}
    assert {kind: counts[kind] for kind in expected} == expected
    truth = slide.truth.set_index("kind")
    assert truth.loc[["ctc_cluster"], "nuclei"].between(2, 5).all()
    assert (truth.loc[["tdev"], "nuclei"] == 0).all()
    assert (truth.loc[["ctc"], "leukocyte_signal"] == 0).all()
    assert truth.loc[["ctc"], "her2_level"].between(0, 3).all()
    assert truth.loc[["leukocyte"], "her2_level"].isna().all()
    assert slide.truth["object_id"].is_unique
    width, height = slide.parameters.size_um
    assert slide.truth["x_um"].between(0, width).all()
    assert slide.truth["y_um"].between(0, height).all()
    read = read_truth(tmp_path / "truth.tsv")
    assert read["object_id"].tolist() == slide.truth["object_id"].tolist()
    assert read["frames"].tolist() == slide.truth["frames"].tolist()
    assert np.allclose(read["x_um"], slide.truth["x_um"], atol=5e-4)


def test_sizes_follow_the_literature():
    slide = SimulatedSlide(
        SlideParameters(columns=4, rows=3, ctc=400, touching_fraction=0, leukocytes_per_frame=100)
    )
    diameters = slide.truth().groupby("kind")["diameter_um"].median()
    assert diameters["ctc"] == pytest.approx(12.4, rel=0.04)
    assert diameters["leukocyte"] == pytest.approx(9.4, rel=0.04)


@pytest.mark.parametrize("signal", [8.0, 30.0])
@pytest.mark.parametrize("pixel_size_um", [0.5, 0.9])
def test_signal_is_the_mean_over_the_noise_of_the_background(signal, pixel_size_um):
    parameters = SlideParameters(
        columns=1, rows=1, ctc=25, ctc_clusters=0, touching_fraction=0, fibres=0, debris=0, tdev=0,
        leukocytes_per_frame=30, signal=signal, signal_spread=0, pixel_size_um=pixel_size_um,
        **EVEN,
    )  # fmt: skip
    slide = SimulatedSlide(parameters)
    image = next(slide.images()).astype(float)
    truth = slide.truth()
    y, x = (np.indices(image.shape[1:]) + 0.5) * pixel_size_um
    distance = np.full(x.shape, np.inf)

    def near(cell, reach_um):
        """The pixels of a square around a cell: all that are less than `reach_um` from its edge."""
        reach = cell.diameter_um / 2 + reach_um + pixel_size_um
        return tuple(
            slice(max(int((at - reach) / pixel_size_um), 0), int((at + reach) / pixel_size_um) + 1)
            for at in (cell.y_um, cell.x_um)
        )

    for cell in truth.itertuples():
        own = near(cell, 15)
        edge = np.hypot(x[own] - cell.x_um, y[own] - cell.y_um) - cell.diameter_um / 2
        np.minimum(distance[own], edge, out=distance[own])
    for index, name, kind in ((1, "cytokeratin", "ctc"), (2, "leukocyte", "leukocyte")):
        background = image[index][distance > 15]
        mean, deviation = background.mean(), background.std()
        ratios = []
        for cell in truth[truth["kind"] == kind].itertuples():
            own = near(cell, 0)
            inside = np.hypot(x[own] - cell.x_um, y[own] - cell.y_um) < cell.diameter_um / 2
            height = (image[index][own][inside].mean() - mean) / deviation
            ratios.append(height / getattr(cell, f"{name}_signal"))
        assert np.median(ratios) == pytest.approx(1, abs=0.15)
        assert deviation == pytest.approx(
            parameters.sigma_electrons[name] * parameters.counts_per_electron, rel=0.03
        )


def test_noise_has_the_moments_of_a_camera():
    parameters = SlideParameters(read_noise_electrons=4.0, gain=0.5, offset_counts=50)
    electrons = np.full((1000, 1000), 40.0, np.float32)
    counts = Microscope(parameters).read(electrons, np.random.default_rng(1)).astype(float)
    noise = (counts - 50) / 0.5 - 40
    assert noise.mean() == pytest.approx(0, abs=0.03)
    assert noise.var() == pytest.approx(40 + 16, rel=0.01)
    assert (noise**3).mean() == pytest.approx(40, rel=0.15)  # the third moment is Poisson's alone


def test_neighbouring_frames_show_the_same_scene_in_their_overlap():
    parameters = SlideParameters(
        **SMALL | {"overlap_px": 80, "order": "raster", "leukocytes_per_frame": 40.0}, **EVEN
    )
    slide = SimulatedSlide(parameters)
    frames = [image.astype(float) for image in slide.images()]
    right, left = frames[0][:, :, -80:], frames[1][:, :, :80]
    for index, channel in enumerate(parameters.channels):
        sigma = parameters.sigma_electrons[channel.name] * parameters.counts_per_electron
        difference = right[index] - left[index]
        assert np.median(np.abs(difference)) / 0.6745 == pytest.approx(2**0.5 * sigma, rel=0.15)
    assert np.corrcoef(right[2].ravel(), left[2].ravel())[0, 1] > 0.8
    truth = slide.truth()
    shared = truth["x_um"].between(320 * 0.64 + 10, 400 * 0.64 - 10) & (truth["y_um"] < 200 * 0.64)
    assert shared.any()
    assert (truth.loc[shared, "frames"] == "0,1").all()


def test_frames_run_as_the_stage_does():
    raster = SimulatedSlide(SlideParameters(**SMALL, order="raster")).frame_table()
    serpentine = SimulatedSlide(SlideParameters(**SMALL, order="serpentine")).frame_table()
    assert raster["column"].tolist() == [0, 1, 0, 1]
    assert serpentine["column"].tolist() == [0, 1, 1, 0]
    assert serpentine["x_px"].tolist() == [0, 400, 400, 0]
    assert serpentine["y_px"].tolist() == [0, 0, 300, 300]


def test_lost_frames_are_blurred():
    slide = SimulatedSlide(SlideParameters(**SMALL, out_of_focus_fraction=0.5, **EVEN))
    lost = [frame.out_of_focus for frame in slide.frames]
    assert sum(lost) == 2
    steepest = [np.diff(image[0].astype(float)).max() for image in slide.images()]
    sharp = [value for value, gone in zip(steepest, lost, strict=True) if not gone]
    blurred = [value for value, gone in zip(steepest, lost, strict=True) if gone]
    assert min(sharp) > 2 * max(blurred)


@pytest.mark.parametrize("bit_depth", [8, 12, 16])
def test_counts_saturate_at_the_bit_depth(bit_depth):
    slide = SimulatedSlide(
        SlideParameters(**SMALL | {"debris": 3}, bit_depth=bit_depth, artefact_signal=3000)
    )
    images = np.stack(list(slide.images()))
    assert images.dtype == (np.uint8 if bit_depth == 8 else np.uint16)
    assert images.max() == 2**bit_depth - 1


def test_celltracks_like_folder(tmp_path):
    slide = ctc_slide(tmp_path, layout="frames", compression="zlib", **SMALL)
    paths = sorted(Path(slide.image).iterdir())
    assert [path.name for path in paths] == [f"Frame_{n:03d}.tif" for n in (1, 2, 3, 4)]
    drawn = list(SimulatedSlide(slide.parameters).images())
    for path, image in zip(paths, drawn, strict=True):
        with tifffile.TiffFile(path) as tif:
            assert len(tif.pages) == 4
            assert all("SIMULATED" in page.description for page in tif.pages)
            pages = np.stack([page.asarray() for page in tif.pages])
        assert np.array_equal(pages, image)


@pytest.mark.parametrize("ending", ["tif", "jpg"])
def test_hdsca_like_folder(tmp_path, ending):
    slide = ctc_slide(tmp_path, layout="blocks", image_format=ending, bit_depth=8, **SMALL)
    paths = sorted(Path(slide.image).iterdir())
    assert [path.name for path in paths] == [f"Tile{n:06d}.{ending}" for n in range(1, 17)]
    drawn = list(SimulatedSlide(slide.parameters).images())
    for number, path in enumerate(paths):
        channel, frame = divmod(number, 4)
        if ending == "tif":
            with tifffile.TiffFile(path) as tif:
                assert "SIMULATED" in tif.pages[0].description
                assert np.array_equal(tif.asarray(), drawn[frame][channel])
        else:
            with Image.open(path) as image:
                assert b"SIMULATED" in image.info["comment"]
                difference = np.asarray(image).astype(float) - drawn[frame][channel]
            assert np.abs(difference).mean() < 1


@pytest.mark.parametrize(("tile", "compression"), [(0, None), (128, "zlib"), (0, "zlib")])
def test_ome_tiff(tmp_path, tile, compression):
    slide = ctc_slide(tmp_path, layout="stack", tile=tile, compression=compression, **SMALL)
    drawn = np.stack(list(SimulatedSlide(slide.parameters).images()))
    with tifffile.TiffFile(slide.image) as tif:
        assert tif.is_ome
        assert tif.pages[0].is_tiled == bool(tile)
        assert np.array_equal(
            np.stack([page.asarray() for page in tif.pages]).ravel(), drawn.ravel()
        )
        assert tif.series[0].axes == "TCYX"
        described = tif.ome_metadata
    assert "SIMULATED" in described
    assert 'PhysicalSizeX="0.64"' in described
    assert all(f'Name="{channel.name}"' in described for channel in FOUR)


@pytest.mark.parametrize(
    ("ending", "bit_depth"), [("png", 16), ("png", 8), ("tif", 12), ("jpg", 8)]
)
def test_one_file_a_channel(tmp_path, ending, bit_depth):
    one = SMALL | {"columns": 1, "rows": 1, "bit_depth": bit_depth}
    slide = ctc_slide(tmp_path, layout="channels", image_format=ending, **one)
    drawn = next(SimulatedSlide(slide.parameters).images())
    for channel, plane in zip(FOUR, drawn, strict=True):
        path = Path(slide.image.format(channel=channel.name))
        assert b"SIMULATED" in path.read_bytes()
        with Image.open(path) as image:
            pixels = np.asarray(image).astype(float)
        assert np.abs(pixels - plane).mean() < (1 if ending == "jpg" else 1e-9)


def test_every_table_and_folder_says_it_is_simulated(tmp_path):
    ctc_slide(tmp_path, **SMALL)
    for name in ("truth.tsv", "frames.tsv", "README.md"):
        assert "SIMULATED" in (tmp_path / name).read_text(encoding="utf-8").splitlines()[0]


def test_a_slide_without_any_object_is_background(tmp_path):
    none = {"ctc": 0, "ctc_clusters": 0, "leukocytes_per_frame": 0, "double_positive": 0, "tdev": 0}
    none |= {"bare_nuclei": 0, "debris": 0, "fibres": 0}
    slide = ctc_slide(tmp_path, **SMALL | none, **EVEN)
    assert slide.truth.empty
    page = tifffile.imread(Path(slide.image) / "Frame_001.tif")[0].astype(float)
    sigma = slide.parameters.sigma_electrons["nucleus"]
    assert page.max() < page.mean() + 7 * sigma


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"order": "spiral"}, "order is 'spiral'"),
        ({"bit_depth": 10}, "bit_depth is 10"),
        ({"marker_fractions": (1, 1, 0, 0)}, "add up to 2"),
        ({"overlap_px": 200}, "overlap_px is 200"),
        ({"channels": (NUCLEUS, NUCLEUS)}, "named twice"),
        ({"layout": "mosaic"}, "layout is 'mosaic'"),
        ({"layout": "channels"}, "holds one frame"),
        ({"leukocytes_per_frame": 5000.0}, "too full"),
    ],
)
def test_wrong_parameters_are_named(tmp_path, wrong, message):
    with pytest.raises(ValueError, match=message):
        ctc_slide(tmp_path, **SMALL | wrong)


def test_a_slide_is_not_written_over_another(tmp_path):
    ctc_slide(tmp_path, **SMALL)
    with pytest.raises(FileExistsError, match="is not empty"):
        ctc_slide(tmp_path, **SMALL)


def test_the_demo_has_the_specimens_of_its_sheets():
    def rows(sheet: str) -> list[dict[str, str]]:
        with (CONFIG / sheet).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, delimiter="\t"))

    made = {specimen.specimen_id: specimen for specimen in SPECIMENS}
    assert [row["specimen_id"] for row in rows("ctc.tsv")] == list(made)
    assert {row["specimen_id"] for row in rows("specimens.tsv") if row["assay"] == "ctc"} == {*made}
    for row in rows("ctc.tsv"):
        assert row["platform"] == made[row["specimen_id"]].platform
        assert row["image"].startswith(f"demo/ctc/{row['specimen_id']}/images")
    patients = {row["patient_id"] for row in rows("patients.tsv")}
    assert {row["patient_id"] for row in rows("specimens.tsv")} == patients
    assert {row["patient_id"] for row in rows("events.tsv")} <= patients


def test_demo_slides_hold_the_ctcs_they_should_and_damage_is_done(tmp_path):
    for specimen in SPECIMENS:
        truth = SimulatedSlide(parameters_of(specimen)).truth()
        tumour = truth["kind"].isin(["ctc", "ctc_cluster"])
        assert tumour.sum() == specimen.ctc + specimen.clusters
    missing = next(s for s in SPECIMENS if s.damage == "missing")
    assert write_specimen(missing, tmp_path) is None
    assert not list(tmp_path.iterdir())
    truncated = next(s for s in SPECIMENS if s.damage == "truncated")
    write_specimen(truncated, tmp_path)
    writing = PLATFORMS[truncated.platform].writing
    whole = write_slide(tmp_path / "whole", parameters_of(truncated), **writing)
    intact = Path(whole.image).read_bytes()
    name = Path(whole.image).name
    damaged = (tmp_path / truncated.specimen_id / "images" / name).read_bytes()
    assert damaged == intact[: len(intact) // 2]
