"""The stage: where frames lie, and events that two frames show."""

import numpy as np
import pytest

from liquidbiopsy.imaging.stage import Stage, repeated


def cells_of(**grid):
    stage = Stage(100, 80, 0.5, **grid)
    return [stage.cell(frame) for frame in range(6)]


def test_raster_and_serpentine():
    assert cells_of(columns=3) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert cells_of(columns=3, serpentine=True) == [
        *[(0, 0), (0, 1), (0, 2)],
        *[(1, 2), (1, 1), (1, 0)],
    ]


def test_without_a_grid_frames_lie_in_a_row_and_share_nothing():
    assert cells_of() == [(0, n) for n in range(6)]
    assert Stage(100, 80, 0.5, overlap_px=20).origin_px(3) == (0, 300)


def test_overlap_brings_frames_nearer():
    stage = Stage(100, 80, 0.5, overlap_px=10, columns=3, serpentine=True)
    origins = [stage.origin_px(n) for n in (0, 1, 2, 3, 5)]
    assert origins == [(0, 0), (0, 90), (0, 180), (70, 180), (70, 0)]


def test_a_simulated_slide_agrees(tmp_path):
    from liquidbiopsy.simulate import ctc_slide

    slide = ctc_slide(
        tmp_path, columns=3, rows=2, overlap_px=16, frame_width_px=120, frame_height_px=100,
        ctc=0, ctc_clusters=0, leukocytes_per_frame=0, tdev=0, debris=0, fibres=0, bare_nuclei=0,
        double_positive=0,
    )  # fmt: skip
    p = slide.parameters
    stage = Stage(120, 100, p.pixel_size_um, 16, 3, serpentine=p.order == "serpentine")
    told = [(f.y_px, f.x_px) for f in slide.frames.itertuples()]
    assert [stage.origin_px(n) for n in range(6)] == told and p.order == "serpentine"


def judged(*events):
    """Which events are left out; each is frame, x, y, area, and perhaps edge and cut."""
    rows = [(*e, *(False, True)[len(e) - 4 :]) for e in events]
    frames, x, y, area, edge, cut = (np.array(column) for column in zip(*rows, strict=True))
    dropped = repeated(frames, x.astype(float), y.astype(float), area.astype(float), edge, cut)
    return dropped.tolist()


def test_the_same_event_in_two_frames_counts_once():
    assert judged((0, 10, 10, 100), (1, 11, 10, 100)) == [False, True]


def test_the_larger_one_is_kept():
    assert judged((0, 10, 10, 100), (1, 11, 10, 140)) == [True, False]


def test_the_whole_one_is_kept_before_the_larger():
    assert judged((0, 10, 10, 100, False), (1, 11, 10, 140, True)) == [False, True]


def test_neighbours_in_one_frame_are_two():
    assert judged((0, 10, 10, 100), (0, 11, 10, 100)) == [False, False]


def test_neighbours_farther_than_their_radius_are_two():
    radius = np.sqrt(100 / np.pi)
    assert judged((0, 10, 10, 100), (1, 10 + radius * 1.01, 10, 100)) == [False, False]
    assert judged((0, 10, 10, 100), (1, 10 + radius * 0.99, 10, 100)) == [False, True]


def test_halves_of_a_cell_at_the_edge_of_abutting_frames_are_one():
    gap = 1.5 * np.sqrt(100 / np.pi)
    assert judged((0, 10, 10, 100, True), (1, 10 + gap, 10, 100, True)) == [False, True]
    assert judged((0, 10, 10, 100, False), (1, 10 + gap, 10, 100, True)) == [False, False]


def test_events_away_from_the_edges_are_never_compared():
    assert judged((0, 10, 10, 100, False, False), (1, 10, 10, 100, False, False)) == [False] * 2


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2), (2, 3, 1, 0)])
def test_four_frames_that_meet_at_a_corner_keep_one_whatever_their_order(order):
    events = [(f, 10 + f / 10, 10, 100 + 10 * (f == 2)) for f in range(4)]
    dropped = judged(*(events[n] for n in order))
    assert [n for n, gone in zip(order, dropped, strict=True) if not gone] == [2]


def test_no_events():
    none = np.zeros(0)
    flags = none.astype(bool)
    assert repeated(none.astype(int), none, none, none, flags, flags).tolist() == []
