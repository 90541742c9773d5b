"""The ISHAGE gates, on features measured on slides of a third make by an independent examiner."""

import numpy as np
import pytest

from liquidbiopsy.core.gates import call_events, resolve_gates
from liquidbiopsy.dtc.tables import FEATURES

NAMES = [
    "nuclei", "area_um2", "nucleus_ratio", "median_nucleus_ratio", "nc_ratio", "nucleus_od",
    "stain_area_um2", "stain_mean_od", "stain_snr", "stain_cv", "filament", "vacuoles",
    "stain_over_nucleus", "stain_coverage", "roundness", "eccentricity", "nucleus_roundness",
    "colour_angle", "stains_together", "blackness",
]  # fmt: skip
SEEN = {  # what it is: its call, its features
    "tumour cell": ("tumour_cell", [
        1, 440, 3.26, 3.26, 0.25, 0.30, 364, 0.54, 49, 0.33, 0.44, 0, 0.32, 0.83, 0.88, 0.54, 0.77,
        0.19, -0.61, 0.21]),
    "pale tumour cell": ("tumour_cell", [
        1, 306, 2.33, 2.33, 0.25, 0.39, 249, 0.16, 24, 0.28, 0.43, 0.01, 0.29, 0.82, 0.88, 0.53,
        0.90, 0.64, -0.76, 0.06]),
    "cluster of seven": ("tumour_cell", [
        7, 2058, 5.94, 3.68, 0.39, 0.34, 1650, 1.03, 65, 0.48, 0.22, 0.01, 0.52, 0.80, 0.52, 0.82,
        0.25, 0.43, -0.37, 0.36]),
    "strong stain beside a smaller nucleus": ("probable", [
        1, 186, 1.41, 1.41, 0.28, 0.31, 140, 0.67, 60, 0.37, 0.68, 0.03, 0.23, 0.75, 0.88, 0.56,
        0.78, 1.34, -0.71, 0.19]),
    "squame over eleven leukocytes": ("squamous", [
        11, 2328, 1.45, 0.76, 0.14, 0.42, 2304, 0.38, 15, 0.21, 0.19, 0, 0.93, 0.99, 0.73, 0.61,
        0.84, 0.14, -0.09, 0.10]),
    "pigment over a nucleus": ("artefact", [
        1, 101, 2.12, 2.12, 0.67, 0.25, 98, 0.43, 54, 0.33, 0.63, 0.03, 0.99, 0.97, 0.72, 0.59,
        0.34, 6.19, 0.51, 0.36]),
    "stained fibre over two nuclei": ("artefact", [
        2, 285, 1.16, 1.16, 0.25, 0.40, 254, 0.27, 25, 0.35, 0.51, 0, 0.57, 0.89, 0.24, 0.99, 0.88,
        0.52, -0.48, 0.15]),
    "degenerated cell": ("degenerated", [
        0, 189, 0, 0, 0, 0, 174, 0.15, 14, 0.39, 0.32, 0.08, 0, 0.92, 0.78, 0.79, 0, 0.78, 0.20,
        0.05]),
    "monocyte with an even stain": ("haematopoietic", [
        1, 178, 1.56, 1.56, 0.29, 0.34, 131, 0.16, 14, 0.25, 0.71, 0, 0.08, 0.73, 0.87, 0.46, 0.85,
        0.02, -0.86, 0.05]),
    "vacuolated cell": ("haematopoietic", [
        1, 173, 0.78, 0.78, 0.16, 0.50, 142, 0.13, 12, 0.23, 0.50, 0.02, 0.02, 0.82, 0.58, 0.39,
        0.87, 0.48, -0.67, 0.08]),
}  # fmt: skip


@pytest.mark.parametrize("kind", SEEN)
def test_each_kind_has_its_class(kind: str) -> None:
    call, values = SEEN[kind]
    known = dict(zip(NAMES, values, strict=True))
    columns = {f.name: np.array([float(known.get(f.name, 0))]) for f in FEATURES}
    calls, confidence = call_events(resolve_gates("ishage", "dtc"), columns, 1)
    assert list(calls) == [call] and 0.5 <= confidence[0] <= 1
