"""The objects of a simulated slide: what lies where, and the truth table that says so.

Positions are in µm from the top left corner of the slide's first frame. A body is one thing that
is drawn; an object is one row of the truth: a cluster is one object of several bodies.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from liquidbiopsy.simulate.ground import Ground
from liquidbiopsy.simulate.parameters import SlideParameters

#: Kinds of object in the truth table.
KINDS = (
    "ctc",
    "ctc_cluster",
    "leukocyte",
    "tdev",
    "bare_nucleus",
    "artefact",
    "double_positive",
)

#: Leukocyte types: share, diameter relative to the median over all of them.
LEUKOCYTES = {"lymphocyte": (0.30, 0.86), "granulocyte": (0.58, 1.03), "monocyte": (0.12, 1.24)}


@dataclass(frozen=True)
class Body:
    """One thing to draw."""

    form: str
    """`ctc`, a leukocyte type, `fragment`, `nucleus`, `debris` or `fibre`."""
    x_um: float
    """Centre on the slide, µm."""
    y_um: float
    """Centre on the slide, µm."""
    radius_um: float
    """Radius of the circle of equal area, µm (of a fibre: half its length)."""
    signals: dict[str, float]
    """Mean signal by channel, sigma."""
    seed: int
    """Seed of its shape and texture."""


@dataclass
class Scene:
    """Bodies on a slide and the objects they make up."""

    bodies: list[Body] = field(default_factory=list)
    objects: list[dict[str, object]] = field(default_factory=list)

    def truth(self, parameters: SlideParameters) -> pd.DataFrame:
        """Return the objects, one a row, without the frames they are seen in."""
        columns = ["object_id", "kind", "detail", "x_um", "y_um", "diameter_um", "nuclei"]
        columns += [f"{channel.name}_signal" for channel in parameters.channels]
        columns += [f"{marker}_level" for marker in parameters.markers]
        return pd.DataFrame(self.objects, columns=columns)


class Builder:
    """Puts objects on a slide one after the other."""

    def __init__(self, parameters: SlideParameters) -> None:
        self.p = parameters
        self.rng = np.random.default_rng([parameters.seed, 1])
        self.ground = Ground()
        self.scene = Scene()

    # --- small draws ---
    def spread(self, median: float, log_sd: float) -> float:
        """Draw from a log-normal distribution with its tails cut at two and a half sd."""
        return float(median * np.exp(log_sd * np.clip(self.rng.standard_normal(), -2.5, 2.5)))

    def stain(self, **signals: float) -> dict[str, float]:
        """Return signals in sigma for all channels: those named, autofluorescence in the others."""
        p = self.p
        return {
            channel.name: signals[channel.name]
            if channel.name in signals
            else self.spread(p.autofluorescence, p.stain_spread)
            for channel in p.channels
        }

    def nucleus(self) -> float:
        """Draw a nuclear signal, sigma."""
        return self.spread(self.p.nucleus_signal, self.p.stain_spread)

    def place(
        self, radius_um: float, slack: float = 1.1, inside: bool = True
    ) -> tuple[float, float]:
        """Find a free place; `inside` keeps the whole object on the slide."""
        width, height = self.p.size_um
        margin = min(radius_um + 2.0, width / 2, height / 2) if inside else 0.0
        for _ in range(2000):
            x = float(self.rng.uniform(margin, width - margin))
            y = float(self.rng.uniform(margin, height - margin))
            if self.ground.free(x, y, radius_um, slack):
                return x, y
        raise ValueError("the slide is too full for another object: use more frames or fewer cells")

    def beside(
        self, x_um: float, y_um: float, distance_um: float, radius_um: float
    ) -> tuple[float, float] | None:
        """Find a free place at a distance from a point, or None; it must lie on the slide."""
        width, height = self.p.size_um
        for angle in self.rng.uniform(0, 2 * np.pi, 12):
            x, y = x_um + distance_um * np.cos(angle), y_um + distance_um * np.sin(angle)
            on_slide = radius_um < x < width - radius_um and radius_um < y < height - radius_um
            if on_slide and self.ground.free(x, y, radius_um, 0.88):
                return float(x), float(y)
        return None

    # --- objects ---
    def add(
        self,
        kind: str,
        detail: str,
        bodies: list[tuple[str, float, float, float]],
        signals: dict[str, float],
        nuclei: int,
        levels: dict[str, int] | None = None,
    ) -> None:
        """Add one object; `bodies` are (form, x_um, y_um, radius_um)."""
        for form, x, y, radius in bodies:
            seed = len(self.scene.bodies)
            self.scene.bodies.append(Body(form, x, y, radius, signals, seed))
            self.ground.take(x, y, radius)
        areas = np.array([radius**2 for *_, radius in bodies])
        row: dict[str, object] = {
            "object_id": f"obj{len(self.scene.objects) + 1:05d}",
            "kind": kind,
            "detail": detail,
            "x_um": float(np.average([b[1] for b in bodies], weights=areas)),
            "y_um": float(np.average([b[2] for b in bodies], weights=areas)),
            "diameter_um": 2 * float(np.sqrt(areas.sum())),
            "nuclei": nuclei,
        }
        row |= {f"{name}_signal": value for name, value in signals.items()}
        row |= {f"{m}_level": (levels or {}).get(m) for m in self.p.markers}
        self.scene.objects.append(row)

    def tumour_stain(self, signal: float, nucleus: bool) -> tuple[dict[str, float], dict[str, int]]:
        """Draw a tumour cell's signals and marker levels."""
        p = self.p
        levels = {m: int(self.rng.choice(4, p=p.marker_fractions)) for m in p.markers}
        marks = {m: self.spread(p.marker_signals[v], p.stain_spread) for m, v in levels.items()}
        nuclear = self.nucleus() if nucleus else 0.0
        return self.stain(nucleus=nuclear, cytokeratin=signal, leukocyte=0.0, **marks), levels

    def ctc(self, touched: bool) -> None:
        """Add one CTC, with a leukocyte against it if `touched`."""
        p = self.p
        radius = self.spread(p.ctc_diameter_um, p.ctc_diameter_spread) / 2
        x, y = self.place(radius + 12.0)
        signals, levels = self.tumour_stain(self.spread(p.signal, p.signal_spread), nucleus=True)
        detail = "touched" if touched else "single"
        self.add("ctc", detail, [("ctc", x, y, radius)], signals, 1, levels)
        if touched:
            self.leukocyte((x, y, radius))

    def cluster(self) -> None:
        """Add a cluster of 2 to 5 touching CTCs."""
        p = self.p
        cells = int(self.rng.choice([2, 3, 4, 5], p=[0.5, 0.27, 0.15, 0.08]))
        radii = [self.spread(p.ctc_diameter_um, p.ctc_diameter_spread) / 2 for _ in range(cells)]
        x, y = self.place(min(2 * cells - 1, 5) * max(radii) + 4)
        bodies = [("ctc", x, y, radii[0])]
        while len(bodies) < cells:
            radius = radii[len(bodies)]
            _, x, y, other = bodies[int(self.rng.integers(len(bodies)))]
            angle = float(self.rng.uniform(0, 2 * np.pi))
            x += 0.92 * (other + radius) * np.cos(angle)
            y += 0.92 * (other + radius) * np.sin(angle)
            if all(np.hypot(x - b[1], y - b[2]) > 0.88 * (radius + b[3]) for b in bodies):
                bodies.append(("ctc", x, y, radius))
        signals, levels = self.tumour_stain(self.spread(p.signal, p.signal_spread), nucleus=True)
        self.add("ctc_cluster", "cluster", bodies, signals, cells, levels)

    def leukocyte(
        self, against: tuple[float, float, float] | None = None, double: bool = False
    ) -> None:
        """Add one leukocyte, beside the circle `against` (x, y, radius; µm) if there is room."""
        p = self.p
        shares = [share for share, _ in LEUKOCYTES.values()]
        form = str(self.rng.choice(list(LEUKOCYTES), p=shares))
        median = p.leukocyte_diameter_um * LEUKOCYTES[form][1]
        radius = self.spread(median, p.leukocyte_diameter_spread) / 2
        place = None
        if against is not None:
            place = self.beside(against[0], against[1], 0.95 * (against[2] + radius), radius)
        x, y = place or self.place(radius, 1.0, inside=double)
        stain = {
            "nucleus": self.nucleus(),
            "leukocyte": self.spread(p.leukocyte_signal, p.stain_spread),
        }
        if double:
            stain["cytokeratin"] = self.spread(p.double_positive_signal, p.stain_spread)
        kind = "double_positive" if double else "leukocyte"
        self.add(kind, form, [(form, x, y, radius)], self.stain(**stain), 1)

    def leukocytes(self) -> None:
        """Scatter leukocytes over the slide, some of them in contact."""
        p = self.p
        share = p.size_px[0] * p.size_px[1] / (p.frame_width_px * p.frame_height_px)
        first = len(self.scene.bodies)
        for _ in range(int(self.rng.poisson(p.leukocytes_per_frame * share))):
            others = len(self.scene.bodies) - first
            against = None
            if others and self.rng.random() < p.clumping_fraction:
                other = self.scene.bodies[first + int(self.rng.integers(others))]
                against = (other.x_um, other.y_um, other.radius_um)
            self.leukocyte(against)

    def tdev(self) -> None:
        """Add a vesicle of 1 to 4 µm or, one time in four, a fragment of up to 6 µm."""
        p = self.p
        fragment = self.rng.random() < 0.25
        diameter = float(self.rng.uniform(4.0, 6.0) if fragment else self.rng.uniform(1.0, 4.0))
        x, y = self.place(diameter / 2 + 6.0)
        stain, levels = self.tumour_stain(self.spread(p.tdev_signal, p.stain_spread), nucleus=False)
        detail = "fragment" if fragment else "vesicle"
        self.add("tdev", detail, [("fragment", x, y, diameter / 2)], stain, 0, levels)

    def bare_nucleus(self) -> None:
        """Add a nucleus without a cell."""
        radius = self.spread(7.5, 0.12) / 2
        x, y = self.place(radius + 4.0)
        stain = self.stain(nucleus=self.nucleus())
        self.add("bare_nucleus", "nucleus", [("nucleus", x, y, radius)], stain, 1)

    def artefact(self, form: str) -> None:
        """Add a speck (`debris`) or a `fibre`, bright in every channel."""
        p = self.p
        size = self.spread(9.0, 0.5) if form == "debris" else self.spread(120.0, 0.4)
        radius = min(size, 0.35 * min(p.size_um)) / 2
        x, y = self.place(radius + 6.0)
        level = self.spread(p.artefact_signal, p.stain_spread)
        signals = {c.name: self.spread(level, 0.25) for c in p.channels}
        self.add("artefact", form, [(form, x, y, radius)], signals, 0)


def build_scene(parameters: SlideParameters) -> Scene:
    """Place all objects of a slide, the large and rare ones first.

    Raises
    ------
    ValueError
        Where the slide has no room for all of them.
    """
    p = parameters
    builder = Builder(p)
    for _ in range(p.fibres):
        builder.artefact("fibre")
    for _ in range(p.ctc_clusters):
        builder.cluster()
    for number in range(p.ctc):
        builder.ctc(touched=number < round(p.touching_fraction * p.ctc))
    for _ in range(p.debris):
        builder.artefact("debris")
    for _ in range(p.tdev):
        builder.tdev()
    for _ in range(p.bare_nuclei):
        builder.bare_nucleus()
    for _ in range(p.double_positive):
        builder.leukocyte(double=True)
    builder.leukocytes()
    return builder.scene
