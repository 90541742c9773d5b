"""Agreement of two label images, object by object."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix


class Agreement(NamedTuple):
    """Counts of a one-to-one matching, and what follows from them."""

    matched: int
    missed: int
    spurious: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 1 where both images are empty."""
        total = 2 * self.matched + self.missed + self.spurious
        return 2 * self.matched / total if total else 1.0


def iou_pairs(
    found: NDArray[np.integer], truth: NDArray[np.integer]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64], int, int]:
    """All overlapping pairs of labels with their intersection over union.

    Returns the pair's index among the found labels, among the true ones, its IoU, and how many
    labels there are in each image. Label 0 is background.
    """
    if found.shape != truth.shape:
        raise ValueError(f"label images differ in shape: {found.shape} and {truth.shape}")
    _, a = np.unique(np.append(found.ravel(), 0), return_inverse=True)
    _, b = np.unique(np.append(truth.ravel(), 0), return_inverse=True)
    a, b = a[:-1], b[:-1]  # the appended 0 makes sure that index 0 is the background
    n_a, n_b = int(a.max(initial=0)) + 1, int(b.max(initial=0)) + 1
    area_a, area_b = np.bincount(a, minlength=n_a), np.bincount(b, minlength=n_b)
    both = (a > 0) & (b > 0)
    table = coo_matrix((np.ones(int(both.sum())), (a[both], b[both])), shape=(n_a, n_b)).tocsr()
    table.sum_duplicates()
    table = table.tocoo()
    i, j, shared = table.row, table.col, table.data
    iou = shared / (area_a[i] + area_b[j] - shared)
    return i, j, iou, n_a - 1, n_b - 1


def match_labels(
    found: NDArray[np.integer], truth: NDArray[np.integer], iou: float = 0.5
) -> Agreement:
    """Match objects one to one where they overlap by at least `iou`.

    Parameters
    ----------
    found, truth
        Label images of the same shape, negative labels not allowed, 0 is background.
    iou
        Least intersection over union, in (0, 1].

    Raises
    ------
    ValueError
        Where the shapes differ.
    """
    i, j, value, n_found, n_truth = iou_pairs(found, truth)
    keep = value >= iou
    if not keep.any():
        return Agreement(0, n_truth, n_found)
    rows, i = np.unique(i[keep], return_inverse=True)
    columns, j = np.unique(j[keep], return_inverse=True)
    if len(rows) == len(columns) == len(i):  # above 0.5 no object can have two partners
        return Agreement(len(i), n_truth - len(i), n_found - len(i))
    gain = np.zeros((len(rows), len(columns)))
    gain[i, j] = 1.0 + value[keep]
    chosen = linear_sum_assignment(gain, maximize=True)
    matched = int((gain[chosen] > 0).sum())
    return Agreement(matched, n_truth - matched, n_found - matched)


def f1_at_iou(found: NDArray[np.integer], truth: NDArray[np.integer], iou: float = 0.5) -> float:
    """F1 of `match_labels`."""
    return match_labels(found, truth, iou).f1
