"""How well called tumour cells agree with the truth of a slide, event by event."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

TUMOUR = ("ctc", "ctc_cluster")


@dataclass(frozen=True)
class Score:
    """Events found, missed and wrongly called; a cluster is one event."""

    n_truth: int  # events that had to be found
    n_called: int  # events called, without those that answer to ignored objects
    matched: int
    clusters: int  # true clusters that had to be found
    clusters_matched: int  # of these, matched by a call of either kind
    clusters_called: int  # of these, matched by a call `ctc_cluster`
    singles_as_clusters: int
    missed: list[int] = field(default_factory=list)  # index labels in the truth
    false_calls: list[int] = field(default_factory=list)  # index labels in the cells
    false_kinds: dict[str, int] = field(default_factory=dict)  # true kind nearest to a false call

    @property
    def recall(self) -> float:
        """Share of true events found, 1 where there was none to find."""
        return self.matched / self.n_truth if self.n_truth else 1.0

    @property
    def precision(self) -> float:
        """Share of called events that are true, 1 where none was called."""
        return self.matched / self.n_called if self.n_called else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of recall and precision."""
        both = self.n_truth + self.n_called
        return 2 * self.matched / both if both else 1.0


def score(
    cells: pd.DataFrame,
    truth: pd.DataFrame,
    radius_um: float = 8.0,
    min_signal: float = 0.0,
    ignore_cut: bool = True,
) -> Score:
    """Match calls `ctc` and `ctc_cluster` to true ones, one to one, by distance on the slide.

    Parameters
    ----------
    cells
        Called events with columns call, x_um, y_um; other calls are left out.
    truth
        Objects with kind, x_um, y_um, and where there are, ignore, cut, signal and reach_um.
    radius_um
        Greatest distance of a match. The matching has the most pairs, then the least distance.
    min_signal
        True tumour cells below this signal are ignored: neither needed nor held against.
    ignore_cut
        Ignore tumour cells that reach over their frame's border.

    Notes
    -----
    An ignored object takes every call within `radius_um` of its centre, or within its reach, that
    matched no true event.
    """
    called = cells[cells["call"].isin(TUMOUR)]
    ignored = truth.get("ignore", pd.Series(False, truth.index)).astype(bool)
    tumour = truth["kind"].isin(TUMOUR)
    if ignore_cut and "cut" in truth:
        ignored |= tumour & truth["cut"].astype(bool)
    if "signal" in truth:
        ignored |= tumour & (truth["signal"] < min_signal)
    wanted = truth[tumour & ~ignored]
    at_call, at_truth = match(_xy(called), _xy(wanted), radius_um)

    left = np.setdiff1d(np.arange(len(called)), at_call)
    excused = _excused(_xy(called)[left], truth[ignored], radius_um)
    false = called.iloc[left[~excused]]

    calls = called["call"].to_numpy()[at_call] == "ctc_cluster"
    truly = wanted["kind"].to_numpy()[at_truth] == "ctc_cluster"
    return Score(
        n_truth=len(wanted),
        n_called=len(at_call) + len(false),
        matched=len(at_call),
        clusters=int((wanted["kind"] == "ctc_cluster").sum()),
        clusters_matched=int(truly.sum()),
        clusters_called=int((truly & calls).sum()),
        singles_as_clusters=int((~truly & calls).sum()),
        missed=list(wanted.index.delete(at_truth)),
        false_calls=list(false.index),
        false_kinds=dict(Counter(_nearest_kind(_xy(false), truth, radius_um))),
    )


def match(
    a: NDArray[np.float64], b: NDArray[np.float64], radius: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pair points of `a` and `b` no farther than `radius`: most pairs, then least distance.

    Each group of points that can reach each other is solved by itself, so a big slide stays fast.
    """
    none = np.empty(0, np.intp)
    if not len(a) or not len(b):
        return none, none
    near = cKDTree(a).sparse_distance_matrix(cKDTree(b), radius, output_type="coo_matrix")
    i, j, apart = near.row, near.col, near.data
    n = len(a) + len(b)
    graph = coo_matrix((np.ones(len(i)), (i, j + len(a))), shape=(n, n))
    group = connected_components(graph, directed=False)[1][i]
    pairs_a, pairs_b = [none], [none]
    for name in np.unique(group):
        chosen = group == name
        rows, r = np.unique(i[chosen], return_inverse=True)
        columns, c = np.unique(j[chosen], return_inverse=True)
        gain = np.zeros((len(rows), len(columns)))
        # any further pair is worth more than all distances together
        gain[r, c] = 1.0 + len(r) - apart[chosen] / radius
        r, c = linear_sum_assignment(gain, maximize=True)
        real = gain[r, c] > 0
        pairs_a.append(rows[r[real]].astype(np.intp))
        pairs_b.append(columns[c[real]].astype(np.intp))
    return np.concatenate(pairs_a), np.concatenate(pairs_b)


def _xy(table: pd.DataFrame) -> NDArray[np.float64]:
    return table[["x_um", "y_um"]].to_numpy(float).reshape(-1, 2)


def _excused(
    points: NDArray[np.float64], ignored: pd.DataFrame, radius_um: float
) -> NDArray[np.bool_]:
    """Whether each point lies on an ignored object."""
    excused = np.zeros(len(points), dtype=bool)
    reach = np.full(len(ignored), radius_um)
    if "reach_um" in ignored:
        reach = np.maximum(reach, ignored["reach_um"].to_numpy(float))
    for centre, far in zip(_xy(ignored), reach, strict=True):
        excused |= np.hypot(*(points - centre).T) <= far
    return excused


def _nearest_kind(points: NDArray[np.float64], truth: pd.DataFrame, radius_um: float) -> list[str]:
    if not len(points) or not len(truth):
        return ["nothing"] * len(points)
    apart, index = cKDTree(_xy(truth)).query(points)
    kinds = truth["kind"].to_numpy()[index]
    return ["nothing" if d > radius_um else str(k) for d, k in zip(apart, kinds, strict=True)]
