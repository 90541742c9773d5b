"""Real plasma reads without barcodes: every fragment is counted once, and no tumour is invented."""

import os
from pathlib import Path

import numpy as np
import pytest
from molecules import SETTINGS
from repository import ROOT

from liquidbiopsy.core.parquet import read_table, table_of, write_table
from liquidbiopsy.core.provenance import Provenance
from liquidbiopsy.ctdna.covered import regions_of
from liquidbiopsy.ctdna.mutations import read_mutations
from liquidbiopsy.ctdna.pileup import pile
from liquidbiopsy.ctdna.step_variants import variants_specimen
from liquidbiopsy.ctdna.tables import LIBRARIES

DATA = Path(os.environ.get("LIQUIDBIOPSY_SHARED_DATA", ROOT / "../shared/data")).resolve() / "mrd"
ALTERNATIVE = {"T1": 14, "N1": 0}  # fragments with a known mutation

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not DATA.exists(), reason="the shared data are not at hand: set LIQUIDBIOPSY_SHARED_DATA"
    ),
]


@pytest.mark.parametrize("name", ALTERNATIVE)
def test_fragments_with_a_known_mutation(name):
    mutations = read_mutations(str(DATA / "mutations.tsv"))
    bam = str(DATA / f"{name}.bam")
    found = pile(bam, regions_of(None, bam, mutations, SETTINGS), None, SETTINGS)
    alts = depth = 0
    for m in mutations:
        site = found.site(m.chrom, m.pos - 1)
        assert "ACGTN"[found.reference[site]] == m.ref  # the tags tell the reference
        alts += int(found.count(site, "ACGT".index(m.alt)).sum())
        depth += int(found.depth[site].sum())
    assert alts == ALTERNATIVE[name] and 2000 < depth < 4000


def test_no_variant_of_the_tumour_is_invented(tmp_path):
    libraries = []
    for name in ALTERNATIVE:
        row = {"specimen_id": "S", "library_id": name, "role": "plasma", "library": "panel"}
        told = {**row, "status": "measured", "mutations": True}
        path = tmp_path / f"{name}.parquet"
        write_table(table_of([told], LIBRARIES), path, LIBRARIES, Provenance("x"))
        row |= {"panel": None, "reference": None, "mutations": str(DATA / "mutations.tsv")}
        bam = str(DATA / f"{name}.bam")
        libraries.append({"row": row, "consensus": bam, "library": str(path)})
    outputs = {n: str(tmp_path / f"{n}.parquet") for n in ("variants", "background", "coverage")}
    outputs["vcf"] = str(tmp_path / "variants.vcf")
    variants_specimen(libraries, {}, {}, "breast_grch38", SETTINGS, "code", outputs)
    rows = read_table(outputs["variants"]).to_pylist()
    passed = [r for r in rows if r["filter"] == "PASS"]
    assert {r["origin"] for r in passed if not r["known"]} == {"germline"}
    known = [(r["library_id"], r["pos"], r["alt_molecules"]) for r in passed if r["known"]]
    assert known == [("T1", 106327649, 3)]  # of a list of ten, which needs less evidence
    assert sum(r["alt_molecules"] for r in rows if r["known"]) == 14
    back = read_table(outputs["background"]).to_pylist()
    rate = [
        sum(r[what] for r in back if ">" in r["change"] and r["library_id"] == "T1")
        for what in ("errors", "bases")
    ]
    assert 1e-5 < np.divide(*rate) < 1e-4  # a third of what counts any other base as an error
