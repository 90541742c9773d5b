"""The figures of the benchmarks are counted as they say."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.ctc_grid import kappa, paired
from benchmarks.ctc_simulated import EVEN, UNEVEN, draw
from benchmarks.ctc_tally import Tally, interval, share

SMALL = {
    **{"frame_width_px": 400, "frame_height_px": 300, "columns": 2, "rows": 1, "ctc": 12},
    **{"ctc_clusters": 0, "leukocytes_per_frame": 5, "signal": 40, "signal_spread": 0.0},
    **{"debris": 0, "fibres": 0, "seed": 3},
}


def test_tallies_add_up():
    truth = pd.DataFrame(
        {
            "kind": ["ctc", "ctc", "ctc_cluster", "leukocyte", "ctc"],
            "x_um": [0.0, 100.0, 200.0, 300.0, 400.0],
            "y_um": 0.0,
            "signal": [8.0, 20.0, 20.0, 0.0, 7.9],
        }
    )
    found = truth.iloc[[0, 2, 3, 4]].assign(call=["ctc", "ctc_cluster", "ctc", "ctc"])
    one = Tally.of(found, truth, 8.0)
    assert (one.truth, one.matched, one.called) == (3, 2, 3)  # the weak one is left out
    assert (one.on_slide, one.counted, one.false_on) == (4, 4, {"leukocyte": 1})
    both = one + Tally.of(found.head(0), truth, 8.0)
    assert (both.recall, both.precision) == (2 / 6, 2 / 3)
    assert not both.reached and not one.reached
    assert (both.clusters_called, both.clusters) == (1, 2)
    assert Tally().reached and np.isnan(Tally().recall)


def test_share_has_its_interval():
    assert interval(14, 52) == pytest.approx([14 / 52, 0.156, 0.410], abs=5e-4)
    assert share(14, 52) == "0.269 (0.156–0.410)"
    assert share(0, 0) == "–"


def test_kappa_by_hand():
    truth = np.repeat([0, 0, 1, 1], [20, 5, 10, 15])
    found = np.repeat([0, 1, 0, 1], [20, 5, 10, 15])
    assert kappa(truth, found) == pytest.approx(0.4)  # 0.7 agree, 0.5 by chance
    assert kappa(truth, truth) == 1.0


def test_grades_are_paired_by_place():
    cells = pd.DataFrame({"call": ["ctc", "leukocyte", "ctc"], "her2_grade": [1, 2, 3]})
    cells = cells.assign(x_um=[50.0, 0.0, 1.0], y_um=0.0)
    truth = pd.DataFrame({"kind": "ctc", "x_um": [0.0, 51.0], "y_um": 0.0, "cut": False})
    got = paired(cells, truth.assign(her2=[3, 2], her2_signal=[50.0, 10.0]))
    assert sorted(zip(got["level"], got["grade"], strict=True)) == [(2, 1), (3, 3)]


def test_signal_falls_with_the_light(tmp_path):
    _, even = draw(tmp_path / "even", **SMALL, **EVEN)
    _, uneven = draw(tmp_path / "uneven", **SMALL, **UNEVEN)
    cells = even["kind"] == "ctc"
    assert even.loc[cells, "signal"].to_numpy() == pytest.approx(40.0)
    left = uneven.loc[uneven["kind"] == "ctc", "signal"] / 40
    # where 40 % of the light is left, 40 % of the signal stands over 65 % of the noise
    assert 0.4 / 0.65 < left.min() < 0.9 < left.max() <= 1.0
    assert even.loc[cells, "cut"].sum() < cells.sum() / 2
