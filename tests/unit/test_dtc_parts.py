"""Parts of the DTC assay against plain twins and by hand."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from liquidbiopsy.dtc.colours import (
    CHROMOGENS,
    Estimate,
    estimate_haematoxylin,
    estimate_stain,
    impossible,
    reference,
)
from liquidbiopsy.dtc.nuclei import Nuclear, edges, find_nuclei
from liquidbiopsy.dtc.once import once
from liquidbiopsy.dtc.places import as_text, collection
from liquidbiopsy.dtc.quality import Stained, unlike_marrow
from liquidbiopsy.dtc.seeds import group
from liquidbiopsy.dtc.slidewide import white_of
from liquidbiopsy.dtc.survey import like_usual
from liquidbiopsy.imaging.basins import basins
from liquidbiopsy.imaging.brightfield import (
    LEVELS_PER_OD,
    ZERO,
    optical_density,
    reduced,
    separate,
    separation_tables,
)
from liquidbiopsy.imaging.squares import at_square, percentiles, spread
from liquidbiopsy.imaging.stain_vectors import angle, unit, unmixing

WHITE = (240.0, 238.0, 244.0)


def picture(seed=1, shape=(60, 80)):
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3)).astype(np.uint8)


def test_optical_density_is_the_logarithm_of_what_passes():
    seen = picture()
    plain = -np.log10(np.maximum(seen.astype(float), 1) / np.array(WHITE))
    np.testing.assert_allclose(optical_density(seen, WHITE), plain, atol=1e-5)


@pytest.mark.parametrize("chromogen", CHROMOGENS)
def test_separation_agrees_with_a_plain_twin(chromogen):
    nuclear, stain = reference("haematoxylin"), reference(chromogen)
    seen = picture(2)
    amounts = optical_density(seen, WHITE) @ unmixing(nuclear, stain).T
    plain = np.clip(np.round(ZERO + LEVELS_PER_OD * amounts[..., :2]), 0, 255)
    for k, image in enumerate(separate(seen, separation_tables(WHITE, nuclear, stain))):
        assert np.abs(image.astype(float) - plain[..., k]).max() <= 1


def test_separation_gives_back_what_was_mixed():
    nuclear, stain = unit(reference("haematoxylin")), unit(reference("dab"))
    mixed = 0.4 * nuclear + 0.7 * stain
    np.testing.assert_allclose(unmixing(nuclear, stain) @ mixed, [0.4, 0.7, 0], atol=1e-9)


def test_reduced_is_the_mean_of_blocks():
    seen = picture(3, (61, 83))
    plain = seen[:60, :82].reshape(30, 2, 41, 2, 3).astype(float).mean(axis=(1, 3))
    assert np.abs(reduced(seen, 2) - plain).max() <= 0.5


def test_basins_of_separate_hills_are_their_components():
    rng = np.random.default_rng(4)
    image = ndimage.gaussian_filter(rng.random((120, 130)), 3)
    image = ((image - image.min()) / np.ptp(image) * 255).astype(np.uint8)
    inside = (image > 150).astype(np.uint8)
    labels, count = basins(image, inside, 1.1, 1)  # no saddle is deep enough to part two peaks
    components, expected = ndimage.label(inside, np.ones((3, 3)))
    assert count == expected
    pairs = set(zip(labels.ravel().tolist(), components.ravel().tolist(), strict=True))
    assert len(pairs) == count + 1


def test_basins_part_two_peaks_where_the_saddle_is_deep():
    y, x = np.mgrid[:40, :80]
    hills = np.maximum(
        200 - 2 * np.hypot(y - 20, x - 25) ** 1.5, 200 - 2 * np.hypot(y - 20, x - 55) ** 1.5
    )
    image = np.clip(hills, 0, 255).astype(np.uint8)
    saddle = image[20, 40] / 200
    for depth, expected in ((1 - saddle - 0.05, 2), (1 - saddle + 0.05, 1)):
        assert basins(image, (image > 0).astype(np.uint8), depth, 5)[1] == expected


def test_percentiles_and_their_spread_agree_with_plain_twins():
    image = np.random.default_rng(5).integers(90, 140, (96, 128)).astype(np.uint8)
    (found,) = percentiles(image, 32, (0.5,))
    for i in range(3):
        for j in range(4):
            part = image[32 * i : 32 * (i + 1) : 2, 32 * j : 32 * (j + 1) : 2]
            assert abs(found[i, j] - np.median(part)) <= 3
    wide = spread(found, 32, 0, 0, 96, 128)
    np.testing.assert_allclose(wide[16::32, 16::32], found, atol=4)
    assert wide[40, 70] == pytest.approx(at_square(found, 40, 70, 32), abs=1e-3)
    np.testing.assert_allclose(spread(found, 32, 10, 20, 30, 40), wide[10:40, 20:60], atol=1e-3)


def discs(centres, radius, density=0.5, shape=(100, 100), blur=0.6):
    y, x = np.mgrid[: shape[0], : shape[1]]
    image = np.zeros(shape)
    for cy, cx in centres:
        image = np.maximum(image, np.hypot(y - cy, x - cx) <= radius)
    image = ndimage.gaussian_filter(image * density, blur)
    return np.clip(ZERO + LEVELS_PER_OD * image, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("apart", [7.6, 8.0, 12.0])
def test_touching_nuclei_are_two(apart):
    image = discs([(50, 40), (50, 40 + apart)], 4)
    found = find_nuclei(image, np.full(image.shape, ZERO, np.float32), Nuclear.of(8, 0.08, 12, 1.0))
    assert len(found.area) == 2
    assert found.x.tolist() == pytest.approx([40, 40 + apart], abs=1) or found.x.tolist() == (
        pytest.approx([40 + apart, 40], abs=1)
    )


def test_a_dim_nucleus_has_the_area_of_a_dark_one():
    how = Nuclear.of(8, 0.08, 12, 1.0)
    areas = []
    for density in (0.2, 0.9):
        image = discs([(50, 50)], 5, density)
        areas.append(int(find_nuclei(image, np.full(image.shape, ZERO, np.float32), how).area[0]))
    assert areas[0] == pytest.approx(areas[1], rel=0.1)
    assert areas[0] == pytest.approx(np.pi * 25, rel=0.2)


def test_edges_are_wider_out_of_focus():
    widths = []
    for blur in (0.6, 3.0):
        image = discs([(25, 25), (70, 60)], 9, blur=blur)
        found = find_nuclei(
            image, np.full(image.shape, ZERO, np.float32), Nuclear.of(14, 0.08, 12, 1.0)
        )
        soft, length = edges(found.relative, 100)
        widths.append(soft.sum() / length.sum())
    assert widths[1] > 2 * widths[0]


def test_lobes_are_one_nucleus_and_debris_is_none():
    usual = [[10.0 * k, 500.0, 40.0, 0.5] for k in range(10)]
    lobes = [[100, 100, 12, 0.5], [100, 103, 12, 0.5], [100, 106, 12, 0.5]]
    other = [[300, 300, 5, 0.5], [300, 400, 40, 0.05]]  # a crumb, a shadow
    found = like_usual(np.array([*usual, *lobes, *other], np.float32), 12, 40, 0.5, 1.0)
    assert len(found) == 11
    assert found[-1, 2] == pytest.approx(36)


def test_groups_join_over_small_gaps_alone():
    block = np.argwhere(np.ones((6, 6)))
    near, far = block + [0, 9], block + [40, 0]
    seeds = group(np.concatenate([block, near, far]).astype(np.int32), 1.0, 12)
    assert [(s.top, s.left, s.bottom, s.right, s.area_px) for s in seeds] == [
        (0, 0, 6, 15, 72), (40, 0, 46, 6, 36),
    ]  # fmt: skip
    assert group(block.astype(np.int32), 1.0, 40) == []
    assert group(np.zeros((0, 2), np.int32), 1.0, 12) == []


def test_objects_in_the_same_place_are_told_once():
    rows = [
        {"x_px": 100.0, "y_px": 100.0, "area_um2": 80.0},
        {"x_px": 103.0, "y_px": 100.0, "area_um2": 200.0},
        {"x_px": 160.0, "y_px": 100.0, "area_um2": 80.0},
    ]
    assert [r["x_px"] for r in once(rows, 0.5)] == [103.0, 160.0]
    assert once([], 0.5) == []


def test_white_is_that_of_the_glass():
    rng = np.random.default_rng(6)
    glass = rng.normal(WHITE, 2, (200, 200, 3))
    glass[:, :120] = (120, 90, 150)
    white, remark = white_of([glass.clip(0, 255).astype(np.uint8)])
    assert white == pytest.approx(WHITE, abs=3) and not remark
    assert "no clear glass" in white_of([np.full((50, 50, 3), 60, np.uint8)])[1]


IMPOSSIBLE = {
    "negative": ([-0.1, 0.5, 0.5], "negative part"),
    "nothing": ([0, 0, 0], "takes no light away"),
    "not numbers": ([float("nan"), 1, 1], "not three numbers"),
    "haematoxylin": ([0.64, 0.72, 0.28], "cannot be told apart"),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_impossible_vectors_are_refused(case):
    vector, words = IMPOSSIBLE[case]
    assert words in impossible(vector, reference("haematoxylin"))


@pytest.mark.parametrize("chromogen", CHROMOGENS)
def test_reference_vectors_are_possible(chromogen):
    assert impossible(reference(chromogen), reference("haematoxylin")) == ""


def turned(vector, degrees):
    """A vector that strays from another by so many degrees."""
    aside = np.cross(unit(vector), [1.0, 0, 0])
    turn = np.radians(degrees)
    return np.cos(turn) * unit(vector) + np.sin(turn) * unit(aside)


def mixture(first, second, n=4000, seed=7):
    rng = np.random.default_rng(seed)
    amounts = np.abs(rng.normal(0.5, 0.15, (n, 1)))
    part = rng.random((n, 1)) * 0.6
    pixels = amounts * ((1 - part) * second + part * first)
    return (pixels + rng.normal(0, 0.01, (n, 3))).astype(np.float32)


def objects(first, second, several=12):
    """Stained objects, none like another."""
    return [mixture(first, second, seed=seed) for seed in range(several)]


def test_colours_are_estimated_where_they_are_plausible():
    nuclear, stain = reference("haematoxylin"), reference("dab")
    own = turned(nuclear, 6)
    found = estimate_haematoxylin(mixture(own, own), nuclear, stain, 15)
    assert angle(found.vector, own) < 1.5 and found.remark == ""
    other = turned(stain, 8)
    found = estimate_stain(objects(own, other), own.tolist(), stain, "dab", 15)
    assert angle(found.vector, other) < 4 and found.angle_deg == pytest.approx(8, abs=4)


def test_what_is_implausible_or_too_little_falls_back_and_says_so():
    nuclear, stain = reference("haematoxylin"), reference("dab")
    far = turned(stain, 22)
    found = estimate_stain(objects(far, far), nuclear, stain, "dab", 15)
    assert angle(found.vector, stain) < 1e-3 and "the reference is used" in found.remark
    small = [mixture(far, far, 300, seed=seed) for seed in range(9)]
    for too_few in ([mixture(far, far, 10)], small, objects(stain, stain, 2)):
        few = estimate_stain(too_few, nuclear, stain, "dab", 15)
        assert "too little stain" in few.remark and few.angle_deg is None


def test_what_lies_half_way_to_haematoxylin_is_a_mixture():
    nuclear, stain = unit(reference("haematoxylin")), unit(reference("dab"))
    found = estimate_stain(objects(nuclear, unit(nuclear + 2 * stain)), nuclear, stain, "dab", 15)
    assert angle(found.vector, stain) < 1e-3
    assert "nearer to haematoxylin than its reference: the reference is used" in found.remark


def test_dirt_has_no_say_in_the_colour():
    nuclear, stain = reference("haematoxylin"), reference("dab")
    other, black = turned(stain, 6), np.ones(3) / np.sqrt(3)
    cells = [mixture(nuclear, other, seed=seed) for seed in range(12)]
    dirt = [3 * mixture(black, black, seed=seed) for seed in range(12, 20)]
    found = estimate_stain([*cells, *dirt], nuclear, stain, "dab", 15)
    assert angle(found.vector, other) < 3


def test_grey_dirt_over_nuclei_has_no_say_in_the_colour():
    """The nuclei under it hide that both stains rise and fall together in it."""
    nuclear, stain = unit(reference("haematoxylin")), unit(reference("aec"))
    grey = np.full(3, 0.35, np.float32) + np.zeros((3000, 3), np.float32)
    grey[:600] += (0.5 * nuclear).astype(np.float32)
    dirt = [grey + np.random.default_rng(k).normal(0, 0.01, grey.shape) for k in range(12)]
    found = estimate_stain(dirt, nuclear, stain, "aec", 30)
    assert "too little stain" in found.remark


def test_another_chromogen_is_named():
    nuclear, dab = reference("haematoxylin"), reference("dab")
    red = unit(reference("fast_red"))
    found = estimate_stain(objects(red, red), nuclear, dab, "dab", 15)
    limits = {"max_stained": 0.3, "max_diffuse_od": 0.1}
    few = Stained(share=0.01, squares=0.6, between_od=0.05)
    assert unlike_marrow(found, "dab", few, limits, 15) == (
        "its stain looks like fast_red, not dab as dtc.tsv says"
    )
    assert unlike_marrow(found, "fast_red", few, limits, 15) is None
    much = Stained(share=0.5, squares=0.6, between_od=0.05)
    said = unlike_marrow(found, "fast_red", much, limits, 15)
    assert said == "50 % of its cells' area is stained, more than 30 % (max_stained)"


@pytest.mark.parametrize(
    ("squares", "between_od", "passes"), [(0.9, 0.2, False), (0.9, 0.05, True), (0.2, 0.2, True)]
)
def test_stain_between_the_cells_nearly_everywhere_is_no_marrow(squares, between_od, passes):
    limits = {"max_stained": 0.3, "max_diffuse_od": 0.1}
    plain = Estimate(unit(reference("aec")), None, "")
    said = unlike_marrow(plain, "aec", Stained(0.1, squares, between_od), limits, 15)
    assert said is None if passes else "the colour of aec lies between its cells" in said


def test_places_are_what_qupath_reads():
    cell = {
        "specimen_id": "S1", "slide_id": "A", "cell_id": "c1", "call": "tumour_cell", "x_px": 10.0,
        "y_px": 20.0, "confidence": 0.9, "nuclei": 1, "area_um2": 200.0, "nucleus_area_um2": 90.0,
        "nucleus_ratio": 2.0, "nc_ratio": 0.4, "stain_mean_od": 0.5, "stain_over_nucleus": None,
    }  # fmt: skip
    outline = {"c1": [0.0, 0.0, 20.0, 0.0, 20.0, 40.0]}
    text = as_text(collection([cell, {**cell, "cell_id": "c2"}], outline))
    found = json.loads(text)
    assert found["type"] == "FeatureCollection" and text == as_text(
        collection([cell, {**cell, "cell_id": "c2"}], outline)
    )
    first, second = found["features"]
    assert first["geometry"] == {
        "type": "Polygon", "coordinates": [[[0, 0], [20, 0], [20, 40], [0, 0]]],
    }  # fmt: skip
    assert first["properties"]["classification"]["name"] == "tumour_cell"
    assert first["properties"]["measurements"]["nucleus_ratio"] == 2.0
    assert second["geometry"] == {"type": "Point", "coordinates": [10.0, 20.0]}
    assert first["id"] != second["id"]


def test_every_gate_of_the_preset_names_what_objects_have():
    from liquidbiopsy.core.gates import check_names, resolve_gates
    from liquidbiopsy.dtc.tables import CALLS, FEATURES

    for preset in (Path(__file__).parents[2] / "resources" / "gates" / "dtc").glob("*.yaml"):
        gates = resolve_gates(preset.stem, "dtc")
        check_names(gates, [f.name for f in FEATURES], "dtc")
        assert {gate["call"] for gate in gates} <= set(CALLS)
