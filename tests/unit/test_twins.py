"""Every compiled kernel of the imaging beside a plain twin, on small random pictures."""

import numpy as np
import pytest
from scipy import ndimage as ndi
from skimage.measure import label, regionprops_table
from skimage.morphology import h_maxima

from liquidbiopsy.imaging import background, flood, measure, segment

SEEDS = range(4)
EIGHT = np.ones((3, 3), bool)


def blobs(seed, shape=(60, 75), share=0.7):
    """A smooth random picture and its labelled foreground, objects that touch the edge as well."""
    rng = np.random.default_rng(seed)
    smooth = ndi.gaussian_filter(rng.normal(size=shape), 2.5)
    return rng, smooth, label(smooth > np.quantile(smooth, share)).astype(np.int32)


def region(labels):
    """Flat places of the labelled pixels, by rows, and the label of each less one."""
    places = np.flatnonzero(labels)
    return places, (labels.ravel()[places] - 1).astype(np.int32)


def over_image(grid, shape):
    """A grid at every pixel: bilinear between the centres of its squares, constant beyond."""
    axes = [(np.arange(n) + 0.5) * g / n - 0.5 for n, g in zip(shape, grid.shape, strict=True)]
    places = np.meshgrid(*axes, indexing="ij")
    return ndi.map_coordinates(grid.astype(float), places, order=1, mode="nearest")


# --- background


def clipped(values):
    values = np.sort(values.astype(float))
    for _ in range(4):
        middle = values[len(values) // 2]
        spread = (middle - values[len(values) // 4]) / 0.6745
        kept = max(
            np.searchsorted(values, middle + 2.5 * spread, side="right"), min(8, len(values))
        )
        if kept == len(values):
            break
        values = values[:kept]
    return middle, spread


@pytest.mark.parametrize("seed", SEEDS)
def test_clipped(seed):
    rng = np.random.default_rng(seed)
    cells = np.where(rng.random(100) < 0.2, rng.exponential(300, 100), 0)
    values = np.sort(rng.normal(200, 12, 100) + cells).astype(np.float32)
    np.testing.assert_allclose(background._clipped(values), clipped(values), rtol=1e-5)


@pytest.mark.parametrize("whole", [0.0, 1.0])
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("shape", "rows", "columns"), [((80, 95), 2, 3), ((64, 64), 1, 1)])
def test_squares(seed, shape, rows, columns, whole):
    rng, smooth, _ = blobs(seed, shape)
    image = np.clip(rng.normal(300, 10, shape) + 2000 * np.maximum(smooth, 0), 0, 4095)
    image, lag = image.astype(np.uint16), 3
    level, noise, zeros = background._squares(image, rows, columns, lag, np.float32(whole))
    assert not zeros.any()
    for i in range(rows):
        for j in range(columns):
            y, x = (
                np.arange(k * n // m, (k + 1) * n // m)
                for k, n, m in ((i, shape[0], rows), (j, shape[1], columns))
            )
            y, x = (a[:: -(-len(a) // background.SAMPLES_ALONG)] for a in (y, x))
            other = np.where(x + lag < shape[1], x + lag, x - lag)
            n = np.arange(len(y) * len(x))
            golden = background.GOLDEN  # whole counts are spread over their width
            here = image[np.ix_(y, x)].ravel() + whole * (n * golden % 1 - 0.5)
            there = image[np.ix_(y, other)].ravel() + whole * ((n + 0.5) * golden**2 % 1 - 0.5)
            pairs = np.sort(abs(here - there))
            middle, spread = clipped(here)
            assert level[i, j] == pytest.approx(middle, rel=1e-5)
            assert noise[i, j] == pytest.approx(
                min(spread, pairs[len(pairs) // 2] / 0.9539), rel=1e-4
            )


def test_whole_counts_do_not_make_the_background_jump():
    rng = np.random.default_rng(5)
    image = rng.normal(17.5, 1.0, (400, 400)).round().astype(np.uint8)
    surface = background.measure_surface(image, 40, 0.1)
    assert np.ptp(surface.level) < 1.2
    assert np.median(surface.level) == pytest.approx(17.5, abs=0.1)
    assert np.median(surface.noise) == pytest.approx(1.04, rel=0.15)


def test_what_no_picture_was_put_into_has_the_background_beside_it():
    rng = np.random.default_rng(6)
    image = rng.normal(300, 8, (400, 400)).round().astype(np.uint16)
    image[:, 215:] = 0  # the border runs through squares
    surface = background.measure_surface(image, 40, 0.1)
    np.testing.assert_allclose(surface.level, 300, atol=6)
    np.testing.assert_allclose(surface.noise, 8, rtol=0.6)


def test_zeros_of_a_dark_camera_are_its_background():
    dark = np.random.default_rng(6).poisson(0.8, (400, 400)).astype(np.uint8)
    dark[:, 200:] = 0
    assert background.measure_surface(dark, 40, 0.1).level[:, 6:].max() < 0.6


@pytest.mark.parametrize("edge", [30, 90])
def test_zeros_round_even_cells_are_their_background(edge):
    image = np.zeros((400, 400), np.uint16)
    for top in (20, 150, 290):
        for left in (10, 145, 280):
            image[top : top + edge, left : left + edge] = 900
    level = background.measure_surface(image, 40, 0.1).level
    assert np.median(level) < 1 and np.mean(level > 100) < (image > 0).mean() + 0.05


@pytest.mark.parametrize("grid", [(1, 1), (1, 4), (5, 7)])
def test_at(grid):
    values = np.random.default_rng(1).normal(size=grid).astype(np.float32)
    got = [[background.at(values, y, x, 30, 41) for x in range(41)] for y in range(30)]
    np.testing.assert_allclose(got, over_image(values, (30, 41)), atol=1e-6)


# --- flood


@pytest.mark.parametrize("grid", [(1, 1), (1, 4), (5, 7)])
def test_pixels_above(grid):
    rng = np.random.default_rng(2)
    image = rng.normal(100, 10, (50, 63)).astype(np.float32)
    level, noise = rng.uniform(90, 110, grid), rng.uniform(5, 15, grid)
    level, noise = level.astype(np.float32), noise.astype(np.float32)
    places, heights = flood.pixels_above(image, level, noise, 1.5)
    height = (image - over_image(level, image.shape)) / over_image(noise, image.shape)
    assert 50 < places.size < image.size / 3
    np.testing.assert_array_equal(places, np.flatnonzero(height > 1.5))
    np.testing.assert_allclose(heights, height[height > 1.5], rtol=1e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_descending(seed):
    heights = np.random.default_rng(seed).lognormal(2, 1, 5000).astype(np.float32)
    order = flood.descending(heights)
    np.testing.assert_array_equal(np.sort(order), np.arange(heights.size))
    # sorted but for what falls into the same of 4096 steps
    falls = heights[order].astype(float)
    step = (falls.max() / max(falls.min(), falls.max() * 1e-4)) ** (1 / (flood.LEVELS - 1))
    assert (falls[1:] <= falls[:-1] * step * 1.0001).all()
    whole = np.round(heights).clip(1, 60)  # far enough apart: exactly, the equal in their order
    np.testing.assert_array_equal(flood.descending(whole), np.argsort(-whole, kind="stable"))
    assert flood.descending(np.empty(0, np.float32)).size == 0


def flooded(places, heights, order, shape, walls, depth, step, min_area):
    """Basins as sets of pixels, the same rules told plainly."""
    width, value, basin = shape[1], {}, {}
    for k in order:
        y, x = divmod(int(places[k]), width)
        here, best, steepest = float(heights[k]), None, -1.0
        for near in [(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]:
            if near not in basin or (walls.size > 1 and walls[near] != walls[y, x]):
                continue
            other = basin[near]
            if best is not None and other is not best:
                low, high = (other, best) if other["peak"] < best["peak"] else (best, other)
                shallow = low["peak"] - here < max(depth * low["peak"], step)
                if shallow or min(len(low["pixels"]), len(high["pixels"])) < min_area:
                    high["pixels"] |= low["pixels"]
                    basin.update(dict.fromkeys(low["pixels"], high))
                    best = other = high
            if value[near] > steepest:
                best, steepest = other, value[near]
        if best is None:
            best = {"peak": here, "pixels": set()}
        best["pixels"].add((y, x))
        basin[y, x], value[y, x] = best, here
    labels, names = np.zeros(shape, np.int32), {}
    for place in sorted(basin):
        labels[place] = names.setdefault(id(basin[place]), len(names) + 1)
    return labels, len(names)


def foreground(seed, above):
    """Whole heights of a smooth picture, so that no rounding decides."""
    rng, smooth, _ = blobs(seed, (45, 52))
    heights = np.round(60 * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)
    places = np.flatnonzero(heights > above)
    return rng, heights, places, heights.ravel()[places]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("walled", [False, True])
@pytest.mark.parametrize(
    ("depth", "step", "min_area"), [(0.0, 0.0, 0), (0.25, 2.0, 6), (0.5, 8.0, 20)]
)
def test_flood(seed, walled, depth, step, min_area):
    _, heights, places, values = foreground(seed, 20)
    walls = (np.indices(heights.shape).sum(0) // 17).astype(np.int32) if walled else flood.NO_WALLS
    order = flood.descending(values)
    given = (places, values, order, heights.shape, walls, depth, step, min_area)
    labels, count = flood.flood(*given)
    expected, expected_count = flooded(*given)
    assert count == expected_count >= 1
    np.testing.assert_array_equal(labels, expected)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("step", [60, 200, 700])
def test_flood_keeps_the_peaks_that_h_maxima_keeps(seed, step):
    _, smooth, _ = blobs(seed, (45, 52))
    heights = smooth.ravel().argsort().argsort().reshape(smooth.shape) + 1  # no two alike
    places, order = np.arange(heights.size), np.argsort(-heights.ravel())
    values = heights.ravel().astype(np.float32)
    labels, count = flood.flood(
        places, values, order, heights.shape, flood.NO_WALLS, 0.0, float(step), 0
    )
    peaks = label(h_maxima(heights, step, EIGHT), connectivity=2)
    assert count == peaks.max() > 1
    # and one of them lies in each basin
    inside = [np.unique(labels[peaks == k]) for k in range(1, count + 1)]
    assert sorted(int(k[0]) for k in inside) == list(range(1, count + 1))


@pytest.mark.parametrize("seed", SEEDS)
def test_flood_without_depth_finds_connected_parts(seed):
    _, heights, places, values = foreground(seed, 38)
    order = flood.descending(values)
    labels, count = flood.flood(
        places, values, order, heights.shape, flood.NO_WALLS, 1.0, 0.0, heights.size
    )
    expected = label(heights > 38, connectivity=2)
    assert count == expected.max() > 1
    np.testing.assert_array_equal(labels, expected)


# --- segment


@pytest.mark.parametrize("seed", SEEDS)
def test_depth_inside(seed):
    rng, smooth, labels = blobs(seed, (40, 50), share=0.4)
    labels[labels > 0] += rng.integers(0, 3) * (np.indices(labels.shape)[1][labels > 0] > 25)
    places, _ = region(labels)
    depths = segment.depth_inside(places, labels)
    for place, depth in zip(places, depths, strict=True):
        y, x = np.divmod(place, labels.shape[1])
        outside = np.argwhere(labels != labels[y, x])
        apart = np.abs(outside - (y, x))
        chamfer = 3 * apart.max(1) + apart.min(1)  # 3 a straight step, 4 a slanting one
        assert depth == pytest.approx(chamfer.min() / 3)


@pytest.mark.parametrize("seed", SEEDS)
def test_heights_cut_and_numbers(seed):
    _, heights, places, values = foreground(seed, 20)
    order = flood.descending(values)
    basins = label(heights > 20, connectivity=2).astype(np.int32)
    count = int(basins.max())
    heads = segment._object_heights(places, values, order, basins, count)
    for basin in range(1, count + 1):
        own = np.sort(heights[basins == basin])[::-1]
        assert heads[basin] == own[int(len(own) * segment.PEAK_RANK)]
    cut = segment._cut_at_height(places, values, basins, heads, np.float32(0.5))
    np.testing.assert_array_equal(cut, np.where(heights > 0.5 * heads[basins], basins, 0))
    sizes = np.bincount(basins.ravel(), minlength=count + 1)
    least = int(np.median(sizes[1:])) + 1
    expected = label(np.where((sizes[basins] >= least), basins, 0), connectivity=2)
    numbered, kept = segment._numbered(places, basins.copy(), count, least)
    assert kept == expected.max()
    np.testing.assert_array_equal(numbered, expected)
    for got, own in zip(segment.labelled(places, numbered), region(numbered), strict=True):
        np.testing.assert_array_equal(got, own)


# --- measure


@pytest.mark.parametrize("seed", SEEDS)
def test_measure_light(seed):
    rng, smooth, labels = blobs(seed)
    n = int(labels.max())
    image = np.clip(200 + 3000 * smooth + rng.normal(0, 20, labels.shape), 0, 4095)
    image = image.astype(np.uint16)
    grids = [rng.uniform(*bounds, (3, 4)).astype(np.float32) for bounds in ((150, 250), (8, 12))]
    gain = rng.uniform(0.8, 1.2, (2, 2)).astype(np.float32)
    light = measure.measure_light(*region(labels), n + 1, image, *grids, gain)
    level, noise, even = (over_image(g, image.shape) for g in (*grids, gain))
    rise = image - level
    every = np.arange(1, n + 1)
    for values, picture, how in (
        (light.mean, rise / even, ndi.mean),
        (light.max, rise / even, ndi.maximum),
        (light.sum, rise / even, ndi.sum_labels),
        (light.sd, rise / even, ndi.standard_deviation),
        (light.snr, rise / noise, ndi.mean),
    ):
        np.testing.assert_allclose(values[:n], how(picture, labels, every), rtol=1e-4, atol=1e-2)
        assert np.isnan(values[n])  # nothing lies in the last region


@pytest.mark.parametrize("seed", SEEDS)
def test_measure_shape(seed):
    _, _, labels = blobs(seed)
    n = int(labels.max())
    shape = measure.measure_shape(*region(labels), n, labels)
    expected = regionprops_table(labels, properties=("area", "centroid"))
    np.testing.assert_array_equal(shape.area, expected["area"])
    np.testing.assert_allclose(shape.y, expected["centroid-0"])
    np.testing.assert_allclose(shape.x, expected["centroid-1"])
    # regionprops takes pixels for points; finer ones come near to the squares that they are
    squares = regionprops_table(np.kron(labels, np.ones((9, 9), int)), properties=["eccentricity"])
    np.testing.assert_allclose(shape.eccentricity, squares["eccentricity"], atol=2e-3)
    framed = np.pad(labels, 1)
    for k in range(1, n + 1):
        inside = framed == k
        sides = sum(int((inside != np.roll(inside, 1, axis)).sum()) for axis in (0, 1))
        perimeter = sides * np.pi / 4
        assert shape.p2a[k - 1] == pytest.approx(perimeter**2 / (4 * np.pi * inside.sum()))
        own = labels == k
        assert shape.edge[k - 1] == (own[[0, -1]].any() or own[:, [0, -1]].any())


def upper_quartile(values):
    return np.sort(values)[3 * len(values) // 4]


@pytest.mark.parametrize(("membrane", "of_sector"), [(False, np.mean), (True, upper_quartile)])
@pytest.mark.parametrize("seed", SEEDS)
def test_all_round_snr(seed, membrane, of_sector):
    rng, _, labels = blobs(seed)
    n = int(labels.max())
    image = rng.normal(300, 30, labels.shape).astype(np.float32)
    grids = [rng.uniform(*bounds, (3, 4)).astype(np.float32) for bounds in ((200, 250), (8, 12))]
    shape = measure.measure_shape(*region(labels), n, labels)
    got = measure.all_round_snr(*region(labels), shape, image, *grids, membrane=membrane)
    level, noise = (over_image(g, image.shape) for g in grids)
    rise = (image - level) / noise
    for k in range(1, n + 1):
        y, x = np.nonzero(labels == k)
        turn = np.arctan2(y - y.mean(), x - x.mean()) / (2 * np.pi) + 0.5
        sector = np.minimum((turn * measure.SECTORS).astype(int), measure.SECTORS - 1)
        means = [of_sector(rise[y, x][sector == s]) for s in np.unique(sector)]
        expected = np.percentile(means, measure.WEAKER_SECTORS)
        assert got[k - 1] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_rim(seed, steps):
    _, _, labels = blobs(seed, share=0.85)
    rim, owners = measure.rim_of(np.flatnonzero(labels), labels, steps)

    def grown(inside):
        for step in range(steps):
            inside = ndi.binary_dilation(inside, EIGHT if step % 2 else None)
        return inside

    np.testing.assert_array_equal(rim, np.flatnonzero(grown(labels > 0) & (labels == 0)))
    whole = labels.copy()
    whole.ravel()[rim] = owners + 1
    for k in range(1, int(labels.max()) + 1):
        mine, reach = whole == k, grown(labels == k)
        assert not (mine & ~reach).any()
        others = grown((labels > 0) & (labels != k))
        assert mine[reach & ~others].all()  # what no other could have reached
        assert label(mine, connectivity=2).max() == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_united(seed):
    rng = np.random.default_rng(seed)
    a, b = (np.unique(rng.integers(0, 300, n)) for n in (120, 200))
    none = np.empty(0, np.int64)
    for first, second in ((a, b), (b, a), (a, none), (none, b), (none, none)):
        np.testing.assert_array_equal(measure.united(first, second), np.union1d(first, second))


def test_paint():
    labels = np.arange(12, dtype=np.int32).reshape(3, 4)
    expected = labels.copy()
    np.put(expected, [1, 6, 11], [70, 80, 90])
    measure.paint(labels, np.array([1, 6, 11]), np.array([70, 80, 90], np.int32))
    np.testing.assert_array_equal(labels, expected)
