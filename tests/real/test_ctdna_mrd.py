"""A plasma with the tumour's mutations and one without, of ctDNAtools: told apart, and counted.

ctDNAtools finds 14 of 3470 fragments mutated in T1, and 8.7e-5 errors a base.
"""

import os
import shutil
from pathlib import Path

import pytest
from repository import ROOT

from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.provenance import Provenance
from liquidbiopsy.ctdna.step_mrd import mrd_specimen
from liquidbiopsy.ctdna.tables import BACKGROUND, LIBRARIES

DATA = Path(os.environ.get("LIQUIDBIOPSY_SHARED_DATA", ROOT / "../shared/data")).resolve() / "mrd"
SETTINGS = {
    **{"max_p": 0.01, "min_informative": 1000, "confidence": 0.95, "max_outlier_p": 0.05},
    **{"max_background_vaf": 0.05, "min_mapq": 20, "min_base_q": 20},
}

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not (DATA / "T1.bam").exists(),
        reason="the shared data are not at hand: set LIQUIDBIOPSY_SHARED_DATA",
    ),
]


@pytest.fixture(scope="module")
def tested(tmp_path_factory):
    """Rows of both samples, tested without a reference and without a table of errors."""
    folder = tmp_path_factory.mktemp("mrd")
    none = {"role": "plasma", "library": "panel", "reference": None}
    items = []
    for name in ("T1", "N1"):
        row = {"specimen_id": "S1", "library_id": name, **none}
        row["mutations"] = str(DATA / "mutations.tsv")
        shutil.copy(DATA / f"{name}.bam", folder / f"{name}.bam")
        shutil.copy(DATA / f"{name}.bai", folder / f"{name}.bam.bai")
        told = {**row, "mutations": True, "status": "measured"}
        path = folder / f"{name}.parquet"
        write_table(table_of([told], LIBRARIES), path, LIBRARIES, Provenance("code"))
        items.append({"row": row, "consensus": str(folder / f"{name}.bam"), "library": str(path)})
    write_table(table_of([], BACKGROUND), folder / "b.parquet", BACKGROUND, Provenance("code"))
    out = {"mrd": str(folder / "mrd.parquet")}
    mrd_specimen(items, {}, str(folder / "b.parquet"), SETTINGS, "code", out)
    return read_table(out["mrd"]).to_pylist()


def of(rows, name):
    mine = [row for row in rows if row["library_id"] == name]
    return [row for row in mine if row["chrom"]], next(row for row in mine if not row["chrom"])


def test_tumour_is_detected(tested):
    each, found = of(tested, "T1")
    assert found["status"] == "measured" and found["p_value"] < 1e-12
    assert found["low"] < 14 / 3470 < found["high"]
    assert found["lod95"] < found["tumour_fraction"]
    # mutation by mutation as many as ctDNAtools finds, but for a fragment that has one of two in
    # phase: it was left out under both
    assert sum(row["alt_molecules"] for row in each) == 14 - 1
    assert [row["left_out"] for row in each] == [0, 0, 0, 0, 0, 1, 1, 0, 0, 0]
    assert sum(row["molecules"] for row in each) == pytest.approx(3470, rel=0.03)
    # 4 of the mutations lie on one molecule, which counts once
    assert (found["molecules"], found["alt_molecules"]) == (2570, 10)
    assert all(row["weight"] == 1 for row in each)


def test_background_is_theirs(tested):
    each, found = of(tested, "T1")
    assert found["background"] == "sample"
    assert 3 * each[0]["error_rate"] == pytest.approx(8.7e-5, rel=0.1)  # to one base of three


def test_normal_is_not_detected(tested):
    each, found = of(tested, "N1")
    assert (found["status"], found["alt_molecules"], found["p_value"]) == ("not_detected", 0, 1.0)
    assert found["low"] == found["tumour_fraction"] == 0 < found["high"] < 14 / 3470
    assert sum(row["molecules"] for row in each) == 2351 and found["molecules"] == 1755
