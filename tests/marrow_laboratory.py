"""A laboratory that scores marrow slides, small and simulated."""

from pathlib import Path
from typing import Any

from laboratory import SHEETS, Laboratory

from liquidbiopsy.simulate.marrow_parameters import MarrowParameters
from liquidbiopsy.simulate.marrow_writers import WrittenMarrow, write_marrow

MARROW: dict[str, Any] = {
    **{"width_px": 900, "height_px": 900, "nuclei": 600, "stained": 4, "debris": 1},
}


class MarrowLaboratory(Laboratory):
    """As `Laboratory`, with slides of bone marrow."""

    assay = "dtc"
    sheets = {
        **{name: columns for name, columns in SHEETS.items() if name != "ctc"},
        "dtc": ["specimen_id", "slide_id", "image", "chromogen", "role"],
    }

    def assay_settings(self) -> dict[str, Any]:
        return {"quality": {"min_mnc": 300}}

    def marrow(self, name: str, **parameters: Any) -> WrittenMarrow:
        """Write a small simulated slide as images/<name>; the ending says how."""
        made = MarrowParameters(**{**MARROW, **parameters})
        return write_marrow(self.folder / "images" / name, made)

    def add_slide(
        self, specimen: str, slide: str, image: str | Path, chromogen: str = "dab", **more: Any
    ) -> None:
        """A slide of a specimen; `role` may be given, the rest is of specimens.tsv."""
        role = more.pop("role", None)
        if specimen not in [row["specimen_id"] for row in self.rows["specimens"]]:
            self.add_specimen(specimen, **more)
        image = f"images/{image}" if isinstance(image, str) else image
        row = {"specimen_id": specimen, "slide_id": slide, "image": image, "chromogen": chromogen}
        self.rows["dtc"].append({**row, "role": role})
