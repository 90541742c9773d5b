"""Where on a simulated slide there is still room."""

from __future__ import annotations

from collections import defaultdict


class Ground:
    """Circles already placed, in square bins of the slide."""

    BIN_UM = 64.0

    def __init__(self) -> None:
        self.bins: dict[tuple[int, int], list[tuple[float, float, float]]] = defaultdict(list)
        self.largest_um = 0.0

    def free(self, x_um: float, y_um: float, radius_um: float, slack: float) -> bool:
        """Say whether a circle lies clear; `slack` below 1 lets circles sink into each other."""
        reach = radius_um + self.largest_um
        rows = range(int((y_um - reach) // self.BIN_UM), int((y_um + reach) // self.BIN_UM) + 1)
        columns = range(int((x_um - reach) // self.BIN_UM), int((x_um + reach) // self.BIN_UM) + 1)
        return all(
            (x - x_um) ** 2 + (y - y_um) ** 2 >= (slack * (radius_um + r)) ** 2
            for row in rows
            for column in columns
            for x, y, r in self.bins.get((row, column), ())
        )

    def take(self, x_um: float, y_um: float, radius_um: float) -> None:
        """Mark a circle as taken."""
        key = int(y_um // self.BIN_UM), int(x_um // self.BIN_UM)
        self.bins[key].append((x_um, y_um, radius_um))
        self.largest_um = max(self.largest_um, radius_um)
